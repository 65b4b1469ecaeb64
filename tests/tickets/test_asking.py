"""待补充: asking the citizen, standing still meanwhile, going on with or without an answer."""

from datetime import timedelta

import pytest
from scenes import LEAD_LOGIN, City

from tickets import errors, queries, service
from tickets.permissions import SYSTEM, caller_of


def test_before_dispatch_it_waits_and_goes_on_with_the_answer(city: City):
    ticket_id, code = city.from_web()
    service.ask_info(city.who("dispatcher"), city.now, ticket_id, "请说明是哪个路口")
    assert {row.clock for row in city.clocks(ticket_id)} == {"info"}
    found = queries.public_status(city.ticket(ticket_id).number or "", code, city.vault)
    assert found is not None and found.questions == ((None, "请说明是哪个路口"),)
    service.supplement(caller_of(ticket_id), city.later(hours=2), ticket_id, "明德路和东六路口")
    assert city.ticket(ticket_id).state == "TO_DISPATCH"
    assert {row.clock for row in city.clocks(ticket_id)} == {"dispatch"}
    found = queries.public_status(city.ticket(ticket_id).number or "", code, city.vault)
    assert found is not None and not found.questions


def test_a_units_question_belongs_to_its_part_whose_clock_stands_still(monday: City):
    city = monday
    ticket_id, code = city.from_web()
    city.signed(ticket_id=ticket_id)
    part = city.part(ticket_id)
    handle = city.clock(ticket_id, "handle", part.id)
    due = handle.due_at
    service.ask_citizen(city.who(LEAD_LOGIN), city.now, ticket_id, part.id, "请提供现场照片")
    assert (part.state, handle.paused_at, city.ticket(ticket_id).state) == ("NEED_INFO", city.now, "IN_PROGRESS")
    found = queries.public_status(city.ticket(ticket_id).number or "", code, city.vault)
    assert found is not None and found.questions == (("望河区城市管理局", "请提供现场照片"),)
    with pytest.raises(errors.NotNow):
        city.reply(ticket_id)
    service.supplement(caller_of(ticket_id), city.later(days=1), ticket_id, "已经发到你们邮箱")
    assert part.state == "HANDLING" and handle.paused_at is None
    assert handle.due_at == due + timedelta(days=1)
    assert city.clock(ticket_id, "handle", part.id) is handle


def test_without_an_answer_it_goes_on_by_itself(city: City):
    ticket_id = city.citizen_asked()
    part = city.part(ticket_id)
    clock = city.clock(ticket_id, "info", part.id)
    city.now = clock.due_at
    assert service.act_on_deadline(SYSTEM, city.now, clock.id)
    assert part.state == "HANDLING" and clock.stopped_at == city.now
    assert city.events(ticket_id)[-1].kind == "ticket.went_on"
    assert not service.act_on_deadline(SYSTEM, city.now, clock.id)
    waiting = city.info_asked()
    clock = city.clock(waiting, "info")
    city.now = clock.due_at
    service.act_on_deadline(SYSTEM, city.now, clock.id)
    assert city.ticket(waiting).state == "TO_DISPATCH" and city.clock(waiting, "dispatch")


def test_who_asked_may_go_on_when_the_answer_came_another_way(city: City):
    ticket_id = city.citizen_asked()
    part = city.part(ticket_id)
    service.carry_on(city.who(LEAD_LOGIN), city.now, ticket_id, part.id, "市民来电说明了")
    assert part.state == "HANDLING"
    waiting = city.info_asked()
    service.go_on(city.who("dispatcher"), city.now, waiting)
    assert city.ticket(waiting).state == "TO_DISPATCH"


def test_nobody_answers_what_nobody_asked(city: City):
    ticket_id = city.signed()
    with pytest.raises(errors.NotNow):
        service.supplement(caller_of(ticket_id), city.now, ticket_id, "补充一点")
    asked = city.citizen_asked()
    with pytest.raises(errors.Invalid):
        service.supplement(caller_of(asked), city.now, asked, "  ")


def test_danger_has_no_more_time_after_a_question_than_before(monday: City):
    city = monday
    ticket_id = city.waiting(content="小区里有浓烈的煤气味，有人要跳楼，情况危险")
    before = city.clock(ticket_id, "dispatch")
    service.ask_info(city.who("dispatcher"), city.now, ticket_id, "请说明具体位置")
    service.supplement(caller_of(ticket_id), city.now, ticket_id, "在明德路口")
    after = city.clock(ticket_id, "dispatch")
    assert (after.policy_id, after.limit) == (before.policy_id, before.limit)
    assert before.limit != city.clock(city.waiting(), "dispatch").limit, "it was given less"
