"""Task sheets for somebody outside: nothing of who asked or is accused, only by the unit at work, on record."""

import dataclasses

import pytest
from scenes import ASSIST_LOGIN, LEAD, LEAD_LOGIN, City

from tickets import errors, service
from tickets.hiding import HIDDEN, without
from tickets.sheets import TaskSheet, draft, task_sheet

SAID = "我叫张三丰，电话13800138000，住明德路12号3单元401室，楼下刘记烧烤店半夜扰民，刘记烧烤店屡教不改。"


def made(city: City, ticket_id: int, task: str = "请清理油烟管道", login: str = LEAD_LOGIN) -> TaskSheet:
    part = city.part(ticket_id)
    return task_sheet(city.who(login), city.now, ticket_id, part.id, task, city.vault, is_read=True)


def test_holds_task_limit_and_office_and_nothing_of_the_complaint(city: City):
    ticket_id = city.signed(content=SAID, demand="让张三丰睡好觉", accused="刘记烧烤店", title="钱七烧烤店扰民")
    sheet = made(city, ticket_id, "请联系刘记烧烤店整改，王小五女士家在5栋1202室")
    text = str(dataclasses.astuple(sheet))
    for secret in ("张三丰", "钱七", "13800138000", "401室", "12号", "刘记烧烤店", "半夜扰民", "王小五", "1202"):
        assert secret not in text, secret
    assert sheet.number == city.ticket(ticket_id).number
    assert sheet.due_at == city.clock(ticket_id, "handle", city.part(ticket_id).id).due_at
    assert sheet.unit.id == city.part(ticket_id).department_id and HIDDEN in sheet.task


def test_the_task_begins_with_the_matter_as_far_as_it_can_be_masked_and_is_read_by_somebody(city: City):
    ticket_id = city.signed(content=SAID, accused="刘记烧烤店")
    begun = draft(ticket_id, city.vault)
    assert "半夜扰民" in begun
    for secret in ("张三丰", "13800138000", "401室", "刘记烧烤店"):
        assert secret not in begun, secret
    part = city.part(ticket_id).id
    with pytest.raises(errors.Invalid) as refusal:
        task_sheet(city.who(LEAD_LOGIN), city.now, ticket_id, part, begun, city.vault)
    assert refusal.value.values["fields"] == {"task_read": "missing"}


def test_the_place_is_shown_unless_it_is_the_callers_own(city: City):
    assert made(city, city.signed(place="望河区幸福路8号东门", address="")).place == "望河区幸福路8号东门"
    own = made(city, city.signed(place="望河区明德路12号3单元401室", address="明德路12号3单元401室"))
    assert own.place == "望河区明德路"


def test_is_on_the_tickets_record_and_makes_no_form_stale(city: City):
    ticket_id = city.signed()
    before = city.ticket(ticket_id).version
    made(city, ticket_id)
    event = city.events(ticket_id)[-1]
    assert (event.kind, event.payload["assignment"]) == ("ticket.task_sheet", city.part(ticket_id).id)
    assert event.payload["texts"] == {"task_note": 1} and "油烟" not in str(event.payload)
    city.reply(ticket_id)  # a form of before goes through
    assert city.ticket(ticket_id).version > before + 1


def test_only_for_the_unit_at_work_and_never_of_a_confidential_ticket(city: City):
    ticket_id = city.signed()
    for login in (ASSIST_LOGIN, "leader", "operator"):
        with pytest.raises((errors.Forbidden, errors.NotFound)):
            made(city, ticket_id, login=login)
    with pytest.raises(errors.Invalid):
        made(city, ticket_id, " ")
    city.reply(ticket_id)
    with pytest.raises(errors.NotNow):
        made(city, ticket_id)
    secret = city.waiting(confidential=True)
    service.dispatch(city.who("supervisor"), city.now, secret, city.unit(LEAD), [])
    with pytest.raises(errors.NotNow):
        made(city, secret, login="lead-wanghe")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("张三说", f"{HIDDEN}说"), ("张 三", HIDDEN), ("１３８０", HIDDEN), ("1 3-8 0", HIDDEN),
        ("张是姓", "张是姓"), ("无关", "无关"), ("ABC店", "ABC店"), ("abc 公司", HIDDEN),
    ],
)  # fmt: skip
def test_names_and_numbers_go_however_they_are_written(text: str, left: str):
    assert without(text, ["张三", "1380", "ABC公司", "", "张"]) == left
