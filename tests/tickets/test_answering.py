"""How a matter ends at the front desk: discarded, answered at once, referred elsewhere."""

import pytest
from scenes import City
from sqlalchemy import select

from db import db
from tickets import errors, service
from tickets.models import TicketText


def _answers(ticket_id: int) -> list[str]:
    query = select(TicketText.body).where(TicketText.ticket_id == ticket_id, TicketText.field == "answer")
    return list(db.session.scalars(query))


def test_discarding_wants_a_reason_and_leaves_no_number(city: City):
    ticket_id = city.draft()
    with pytest.raises(errors.Invalid) as refusal:
        service.discard(city.who("operator"), city.now, ticket_id, " ")
    assert refusal.value.values["fields"] == {"reason": "missing"}
    service.discard(city.who("operator"), city.now, ticket_id, "电话断了", 1)
    ticket = city.ticket(ticket_id)
    assert (ticket.state, ticket.number, ticket.closed_at) == ("DISCARDED", None, city.now)


def test_answering_at_once_ends_it_and_stops_its_clock(city: City):
    ticket_id = city.waiting()
    service.answer(city.who("operator"), city.now, ticket_id, "政策是这样的", 2)
    ticket = city.ticket(ticket_id)
    assert (ticket.state, ticket.closed_at) == ("ANSWERED", city.now)
    assert not city.clocks(ticket_id)
    assert _answers(ticket_id) == ["政策是这样的"]


def test_referring_says_why_and_where(city: City):
    ticket_id = city.waiting()
    service.refer(city.who("dispatcher"), city.now, ticket_id, "emergency", "fire", "请拨打119")
    ticket = city.ticket(ticket_id)
    assert (ticket.state, ticket.disposition, ticket.refer_reason) == ("REFERRED", "emergency", "fire")
    told = city.events(ticket_id)[-1]
    assert (told.payload["disposition"], told.payload["reason"]) == ("emergency", "fire")
    assert (told.actor_id, told.at) == (city.who("dispatcher").id, city.now)


@pytest.mark.parametrize(
    ("disposition", "reason", "text", "fields"),
    [
        ("", "", "", {"disposition": "missing", "refer_reason": "missing", "referral": "missing"}),
        ("nonsense", "fire", "请起诉", {"disposition": "unknown", "refer_reason": "not_of_this_kind"}),
        ("emergency", "litigation", "请起诉", {"refer_reason": "not_of_this_kind"}),
        ("explain", "secret", "不能公开", {"disposition": "needs_supervisor"}),
        ("statutory", "litigation", "\x00", {"referral": "unreadable"}),
    ],
)
def test_what_is_missing_is_named(city: City, disposition: str, reason: str, text: str, fields: dict[str, str]):
    ticket_id = city.waiting()
    with pytest.raises(errors.Invalid) as refusal:
        service.refer(city.who("operator"), city.now, ticket_id, disposition, reason, text)
    assert refusal.value.values["fields"] == fields


def test_an_empty_answer_is_none(city: City):
    with pytest.raises(errors.Invalid):
        service.answer(city.who("operator"), city.now, city.waiting(), "  ")
