"""The water cut: one unit leads, two assist, forty callers are merged into one matter, and each gets an answer."""

from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER, OTHER_LOGIN, City
from sqlalchemy import func, select

from app.subscribers import ASK_TO_RATE
from db import db
from tickets import errors, service
from tickets.event_models import JobOwed

from .conftest import Stage, local

CALLERS = 40
REPLY = "主管网已抢修完毕，今晚八点前恢复供水。"


def test_the_water_cut_with_forty_callers(stage: Stage):
    stage.at("2026-03-02 10:00")
    master, number, code = stage.write_in(type="help", urgency="urgent")
    stage.do("dispatcher", service.dispatch, master, stage.unit(LEAD), [stage.unit(ASSIST), stage.unit(OTHER)])

    # Side by side, each with a limit of its own: a day on the wall clock for what is urgent.
    for unit in (LEAD, ASSIST, OTHER):
        clock = stage.clock(master, "handle", unit)
        assert (clock.limit, clock.due_at) == ("24h", stage.now + timedelta(hours=24))
    assert len(stage.all_clocks(master, "sign")) == 3 and len(stage.all_clocks(master, "contact")) == 1
    for login, unit in ((LEAD_LOGIN, LEAD), (ASSIST_LOGIN, ASSIST), (OTHER_LOGIN, OTHER)):
        stage.do(login, service.sign, master, stage.part(master, unit).id)

    callers = _forty_call(stage, master)
    for ticket_id, own_number, own_code in callers[:3]:
        said = stage.public(own_number, own_code)
        assert stage.state(ticket_id) == "MERGED" and "合并办理" in said
        assert "承办单位 望河区城市管理局" in said and "协办单位：" in said and number not in said

    # A visit together, called by the lead and minuted.
    stage.later(hours=1)
    lead = stage.part(master).id
    visit = stage.now + timedelta(hours=2)
    with pytest.raises(errors.NotNow):
        stage.do(OTHER_LOGIN, service.schedule, master, stage.part(master, OTHER).id, "visit", visit, "阀门井")
    stage.do(LEAD_LOGIN, service.schedule, master, lead, "visit", visit, "明德路阀门井")
    assert "明德路阀门井" in stage.desk(OTHER_LOGIN, master)
    assert "有关部门联合研究" in stage.public(number, code)
    stage.later(hours=3)
    stage.do(LEAD_LOGIN, service.minute, master, lead, "三方确认爆管位置，热力公司配合关阀。")
    assert "三方确认爆管位置" in stage.desk(ASSIST_LOGIN, master)
    assert "三方确认爆管位置" not in stage.public(number, code)

    # The lead cannot answer while a part is missing; a helper's is never the answer.
    account = stage.read(lambda city: city.account(REPLY, "内部：三方已核实。"))
    with pytest.raises(errors.NotNow) as refusal:
        stage.do(LEAD_LOGIN, service.reply, master, lead, account)
    assert refusal.value.values["guard"] == "all_in"
    stage.do(OTHER_LOGIN, service.contribute, master, stage.part(master, OTHER).id, "内部：阀门已关。")
    assert not [row for row in stage.all_clocks(master, "handle") if row.stopped_at and row.assignment_id == lead]
    with pytest.raises(errors.NotNow):
        stage.do(LEAD_LOGIN, service.reply, master, lead, account)

    # The one that stays away is waived by the lead, and nobody else, with a reason on record.
    stage.run_to(local("2026-03-03 09:00"), master)
    missing = stage.part(master, ASSIST).id
    with pytest.raises(errors.Invalid):
        stage.do(LEAD_LOGIN, service.waive, master, missing, " ")
    with pytest.raises(errors.Forbidden):
        stage.do(OTHER_LOGIN, service.waive, master, missing, "不需要它")
    stage.do(LEAD_LOGIN, service.waive, master, missing, "路面不需开挖，无需住建配合")
    assert stage.part(master, ASSIST).state == "CANCELLED"
    assert "路面不需开挖" in stage.desk("supervisor", master)
    account = stage.read(lambda city: city.account(REPLY, "内部：三方已核实。"))
    stage.do(LEAD_LOGIN, service.reply, master, lead, account)
    stage.do("supervisor", service.accept, master)

    _each_has_the_one_answer(stage, [(master, number, code), *callers])
    _each_rates_the_own(stage, callers)
    assert stage.state(master) == "TO_CALLBACK"


def _forty_call(stage: Stage, master: int) -> list[tuple[int, str, str]]:
    """Their own tickets, each with its number and code, taken into the one that is at work."""

    def call(city: City) -> list[tuple[int, str, str]]:
        made = [city.from_web(type="help", phone=f"1380013{one:04}") for one in range(CALLERS)]
        return [(ticket_id, city.ticket(ticket_id).number or "", code) for ticket_id, code in made]

    callers = stage.play(call)
    numbers = [number for _id, number, _code in callers]
    assert len(set(numbers)) == CALLERS
    stage.do("supervisor", service.take_in, master, numbers)
    assert stage.kinds(master).count("ticket.taken_in") == CALLERS
    return callers


def _each_has_the_one_answer(stage: Stage, everybody: list[tuple[int, str, str]]) -> None:
    ids = [ticket_id for ticket_id, _number, _code in everybody]
    for ticket_id in ids:
        assert (stage.state(ticket_id), stage.running(ticket_id)) == ("TO_CALLBACK", {"callback"})
    for _id, number, code in (everybody[0], everybody[1], everybody[-1]):
        said = stage.public(number, code)
        assert said.count(REPLY) == 1 and "望河区城市管理局的答复" in said.replace(" ", "")
        assert "阀门已关" not in said
    asked = select(func.count()).where(JobOwed.job == ASK_TO_RATE, JobOwed.subject_id.in_(ids))
    with stage.work():
        assert db.session.scalar(asked) == len(ids)  # each by a message of their own


def _each_rates_the_own(stage: Stage, callers: list[tuple[int, str, str]]) -> None:
    first, second, *others = [ticket_id for ticket_id, _number, _code in callers]
    stage.rate(first, True, 3)
    stage.rate(second, False, 1, "我家还没有水")
    assert stage.state(first) == "CLOSED"
    assert (stage.state(second), stage.part(second).state) == ("IN_PROGRESS", "PENDING_SIGN")
    assert {stage.state(ticket_id) for ticket_id in others} == {"TO_CALLBACK"}
    for ticket_id in others:
        stage.rate(ticket_id, True, 2)
    assert {stage.state(ticket_id) for ticket_id in others} == {"CLOSED"}
    assert stage.state(second) == "IN_PROGRESS"
