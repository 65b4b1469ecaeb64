"""Clocks that stand still: what is corrected, granted or answered meanwhile does not let them run."""

from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD_LOGIN, OTHER, UNIT_HEAD, City

from tickets import clocks, errors, rescheduling, service
from tickets.permissions import SYSTEM, caller_of


def test_an_amended_urgency_lets_no_clock_of_a_suspended_ticket_run(monday: City):
    city = monday
    ticket_id = city.suspended()
    before = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    since = before.paused_at
    city.ticket(ticket_id).urgency = "urgent"
    clocks.follow_facts(city.ticket(ticket_id), city.later(hours=3))
    after = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    assert after.id != before.id
    assert (after.paused_at, after.next_at) == (since, None)


def test_more_time_granted_while_the_citizen_is_asked_is_kept_for_afterwards(monday: City):
    city = monday
    ticket_id = city.signed()
    part = city.part(ticket_id).id
    first_due = city.clock(ticket_id, "handle", part).due_at
    service.ask_extension(city.who(UNIT_HEAD), city.now, ticket_id, part, "3", "等配件")
    service.ask_citizen(city.who(LEAD_LOGIN), city.now, ticket_id, part, "请补充具体位置")
    service.grant_extension(city.who("supervisor"), city.later(hours=1), ticket_id, part, "同意")
    row = city.clock(ticket_id, "handle", part)
    assert row.paused_at is not None and row.next_at is None and row.due_at > first_due
    granted = row.due_at
    service.supplement(caller_of(ticket_id), city.later(days=1), ticket_id, "在明德路口")
    row = city.clock(ticket_id, "handle", part)
    assert row.paused_at is None and row.next_at is not None and row.due_at > granted


def test_what_is_overdue_goes_on_climbing_while_the_citizen_is_asked(monday: City):
    city = monday
    ticket_id = city.signed()
    part = city.part(ticket_id).id
    row = city.clock(ticket_id, "handle", part)
    city.now = row.due_at + timedelta(hours=1)
    service.ask_citizen(city.who(LEAD_LOGIN), city.now, ticket_id, part, "请补充具体位置")
    assert row.paused_at is None and row.next_at is not None


def test_a_unit_may_not_ask_for_ever(monday: City):
    city = monday
    ticket_id = city.signed()
    part = city.part(ticket_id).id
    who = city.who(LEAD_LOGIN)
    for _ in range(2):
        service.ask_citizen(who, city.later(hours=1), ticket_id, part, "请补充具体位置")
        service.carry_on(who, city.later(hours=1), ticket_id, part, "来电人已在电话中说明")
    with pytest.raises(errors.NotNow) as refusal:
        service.ask_citizen(who, city.now, ticket_id, part, "再问一次")
    assert refusal.value.values["guard"] == "may_ask"


def test_an_answer_is_taken_while_it_is_suspended_and_lets_nothing_run(monday: City):
    city = monday
    ticket_id = city.signed(assists=(ASSIST,))
    lead, part = city.part(ticket_id), city.part(ticket_id, ASSIST)
    service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, part.id)
    service.ask_citizen(city.who(ASSIST_LOGIN), city.now, ticket_id, part.id, "请补充具体位置")
    on = city.in_days(30)
    service.ask_suspension(city.who(UNIT_HEAD), city.now, ticket_id, lead.id, "planned", on, "列入计划")
    service.grant_suspension(city.who("supervisor"), city.now, ticket_id, lead.id, on, "列入计划")
    service.supplement(caller_of(ticket_id), city.later(days=1), ticket_id, "在明德路口")
    assert city.part(ticket_id, ASSIST).state == "HANDLING"
    assert city.clock(ticket_id, "handle", part.id).paused_at is not None
    service.resume(city.who("supervisor"), city.later(days=1), ticket_id, "计划已实施")
    assert city.clock(ticket_id, "handle", part.id).paused_at is None


def test_it_is_not_suspended_while_a_unit_waits_to_hear_whether_it_keeps_the_matter(monday: City):
    city = monday
    ticket_id = city.signed(assists=(ASSIST,))
    lead = city.part(ticket_id)
    on = city.in_days(30)
    service.ask_suspension(city.who(UNIT_HEAD), city.now, ticket_id, lead.id, "planned", on, "列入计划")
    city.ask_return(ticket_id, ASSIST, ASSIST_LOGIN, suggested=OTHER)
    with pytest.raises(errors.NotNow) as refusal:
        service.grant_suspension(city.who("supervisor"), city.now, ticket_id, lead.id, on, "列入计划")
    assert refusal.value.values["guard"] == "may_be_suspended"


def test_counting_anew_leaves_alone_what_began_after_dispatch(monday: City):
    city = monday
    ticket_id = city.signed()
    part = city.part(ticket_id).id
    city.later(days=2)
    service.ask_extension(city.who(UNIT_HEAD), city.now, ticket_id, part, "3", "等配件")
    service.ask_citizen(city.who(LEAD_LOGIN), city.now, ticket_id, part, "请补充具体位置")
    before = {row.clock: row.due_at for row in city.clocks(ticket_id) if row.clock in ("decision", "info")}
    assert len(before) == 2
    assert rescheduling.foreseen([ticket_id], city.now)[ticket_id].keys() <= {"same", "overdue"}
    rescheduling.reschedule(SYSTEM, city.now, ticket_id, may_shorten=True, rescheduling=1)
    after = {row.clock: row.due_at for row in city.clocks(ticket_id) if row.clock in ("decision", "info")}
    assert after == before


def test_a_rejected_reply_keeps_its_extension_and_its_pauses(monday: City):
    city = monday
    ticket_id = city.signed()
    part = city.part(ticket_id).id
    service.ask_citizen(city.who(LEAD_LOGIN), city.now, ticket_id, part, "请补充具体位置")
    service.supplement(caller_of(ticket_id), city.later(days=1), ticket_id, "在明德路口")
    service.ask_extension(city.who(UNIT_HEAD), city.now, ticket_id, part, "3", "等配件")
    service.grant_extension(city.who("supervisor"), city.now, ticket_id, part, "同意")
    was = city.clock(ticket_id, "handle", part)
    city.reply(ticket_id)
    service.reject(city.who("supervisor"), city.now, ticket_id, "没有写明时间")
    row = city.clock(ticket_id, "handle", part)
    assert (row.prolonged, row.pauses, row.due_at) == (True, was.pauses, was.due_at) and row.pauses
