"""What a unit does: sign, keep a record of its steps, reply."""

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, City
from sqlalchemy import select

from db import db
from tickets import errors, service
from tickets.models import TicketText


def test_signing_stops_the_signing_clock_of_that_part_alone(city: City):
    ticket_id = city.dispatched(assists=(ASSIST,))
    part, other = city.part(ticket_id), city.part(ticket_id, ASSIST)
    service.sign(city.who(LEAD_LOGIN), city.later(minutes=5), ticket_id, part.id, 3)
    assert (part.state, part.signed_at) == ("HANDLING", city.now)
    stopped = [row for row in city.clocks(ticket_id, running=False) if row.stopped_at is not None]
    assert {(row.clock, row.assignment_id) for row in stopped} == {("dispatch", None), ("sign", part.id)}
    assert city.clock(ticket_id, "sign", other.id).next_at is not None
    event = city.events(ticket_id)[-1]
    assert (event.kind, event.department_id, event.payload) == (
        "assignment.signed", city.unit(LEAD), {"assignment": part.id},
    )  # fmt: skip


def test_a_step_is_kept_and_the_first_contact_with_the_citizen_stands(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id)
    who = city.who(LEAD_LOGIN)
    service.handle(who, city.now, ticket_id, part.id, "现场查看")
    assert part.first_contact_at is None
    first = city.later(hours=1)
    service.handle(who, first, ticket_id, part.id, "电话联系", contacted=True)
    service.handle(who, city.later(hours=1), ticket_id, part.id, "又联系", contacted=True)
    assert (part.state, part.first_contact_at) == ("HANDLING", first)
    notes = select(TicketText.version, TicketText.body).where(TicketText.field == "handle_note")
    assert db.session.execute(notes.order_by(TicketText.version)).all() == [
        (1, "现场查看"), (2, "电话联系"), (3, "又联系"),
    ]  # fmt: skip
    assert [event.payload["texts"] for event in city.events(ticket_id)[-3:]] == [
        {"handle_note": 1}, {"handle_note": 2}, {"handle_note": 3},
    ]  # fmt: skip


def test_replying_ends_the_units_clocks_and_calls_the_reviewer(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id)
    service.reply(city.who(LEAD_LOGIN), city.later(hours=2), ticket_id, part.id, "已修好", "已核实", 4)
    ticket = city.ticket(ticket_id)
    assert (part.state, part.submitted_at, ticket.state) == ("SUBMITTED", city.now, "TO_REVIEW")
    assert [row.clock for row in city.clocks(ticket_id)] == ["review"]
    replied, submitted = city.events(ticket_id)[-2:]
    assert replied.payload["texts"] == {"public_reply": 1, "internal_note": 1}
    assert (submitted.kind, submitted.payload) == ("ticket.submitted", {})


def test_the_whole_waits_for_every_unit_at_work(city: City):
    ticket_id = city.replied(assists=(ASSIST,))
    assert city.ticket(ticket_id).state == "IN_PROGRESS"
    assist = city.part(ticket_id, ASSIST)
    service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, assist.id)
    city.reply(ticket_id, ASSIST, ASSIST_LOGIN)
    assert city.ticket(ticket_id).state == "TO_REVIEW"


def test_it_waits_for_a_return_that_is_not_decided(city: City):
    ticket_id = city.replied(assists=(ASSIST,))
    assist = city.part(ticket_id, ASSIST)
    service.request_return(city.who(ASSIST_LOGIN), city.now, ticket_id, assist.id, "other", "不归我们")
    assert city.ticket(ticket_id).state == "IN_PROGRESS"


def test_both_accounts_of_the_outcome_are_needed(city: City):
    ticket_id = city.signed()
    with pytest.raises(errors.Invalid) as refusal:
        service.reply(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, "", " ")
    assert refusal.value.values["fields"] == {"public_reply": "missing", "internal_note": "missing"}
    with pytest.raises(errors.Invalid):
        service.handle(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, " ")


def test_a_lead_of_units_may_do_the_work_of_those_below(city: City):
    ticket_id = city.dispatched()
    service.sign(city.who("lead-wanghe"), city.now, ticket_id, city.part(ticket_id).id)
    assert city.part(ticket_id).state == "HANDLING"


def test_a_neighbour_sees_the_ticket_and_does_nothing_to_anothers_part(city: City):
    ticket_id = city.dispatched(assists=(ASSIST,))
    with pytest.raises(errors.Forbidden):
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, city.part(ticket_id).id)


def test_refusals_come_in_their_order(city: City):
    ticket_id = city.dispatched()
    part, who = city.part(ticket_id).id, city.who(LEAD_LOGIN)
    elsewhere = city.dispatched()
    with pytest.raises(errors.NotFound):
        service.reply(city.who("handler-heat"), city.now, ticket_id, part, "", "", 9)
    with pytest.raises(errors.NotFound):  # a part of another ticket
        service.reply(who, city.now, elsewhere, part, "", "", 9)
    with pytest.raises(errors.NotFound):
        service.reply(who, city.now, 10**12, part, "", "", 9)
    with pytest.raises(errors.Forbidden):
        service.reply(city.who("supervisor"), city.now, ticket_id, part, "", "", 9)
    with pytest.raises(errors.Stale):
        service.reply(who, city.now, ticket_id, part, "", "", 9)
    with pytest.raises(errors.NotNow):
        service.reply(who, city.now, ticket_id, part, "", "", 3)
    service.sign(who, city.now, ticket_id, part, 3)
    with pytest.raises(errors.Invalid):
        service.reply(who, city.now, ticket_id, part, "", "", 4)
