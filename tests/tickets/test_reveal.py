"""Seeing a contact in clear: for a reason, on record, and not of whom one should not know."""

import logging
from datetime import timedelta

import pytest
from scenes import LEAD_LOGIN, UNSURE, City
from sqlalchemy import select

from db import db
from tickets import errors, service
from tickets.models import TicketText
from tickets.reveal import PER_HOUR, may_reveal


def _reveal(city: City, login: str, ticket_id: int, field: str = "phone", reason: str = "回访核实") -> str:
    return service.reveal(city.who(login), city.now, ticket_id, field, reason, city.vault)


def test_the_value_is_shown_and_who_when_which_and_why_are_kept(city: City):
    ticket_id = city.waiting()
    assert _reveal(city, "operator", ticket_id) == "13800138000"
    event = city.events(ticket_id)[-1]
    assert (event.kind, event.actor_id, event.at) == ("contact.revealed", city.who("operator").id, city.now)
    assert event.payload == {"field": "phone", "texts": {"reveal_reason": 1}}
    reason = db.session.scalars(select(TicketText).where(TicketText.field == "reveal_reason")).one()
    assert reason.body == "回访核实"


def test_a_field_that_was_not_given_is_empty(city: City):
    assert _reveal(city, "operator", city.waiting(address=""), "address") == ""
    bare = city.waiting(anonymous=True, name="", phone="", address="")
    assert _reveal(city, "operator", bare) == ""


@pytest.mark.parametrize(
    ("field", "reason", "fields"),
    [("phone", " ", {"reveal_reason": "missing"}), ("version", "看看", {"field": "unknown"})],
)
def test_a_reason_and_a_field_are_needed(city: City, field: str, reason: str, fields: dict[str, str]):
    with pytest.raises(errors.Invalid) as refusal:
        _reveal(city, "operator", city.waiting(), field, reason)
    assert refusal.value.values["fields"] == fields


def test_a_unit_sees_its_caller_but_never_who_stands_behind_a_confidential_ticket(city: City):
    open_one = city.dispatched()
    assert _reveal(city, LEAD_LOGIN, open_one) == "13800138000"
    ticket_id = city.waiting(confidential=True)
    service.dispatch(
        city.who("supervisor"), city.now, ticket_id, city.unit("990102.urban")
    )  # a dispatcher does not see it
    with pytest.raises(errors.NotFound):
        _reveal(city, LEAD_LOGIN, ticket_id)
    with pytest.raises(errors.Forbidden):
        _reveal(city, "lead-wanghe", ticket_id)
    assert _reveal(city, "supervisor", ticket_id) == "13800138000"
    assert _reveal(city, "operator", ticket_id) == "13800138000"
    assert not may_reveal(city.who("lead-wanghe"), city.ticket(ticket_id))


@pytest.mark.parametrize("login", ["auditor", "leader"])
def test_who_reads_everything_reads_no_contact(city: City, login: str):
    with pytest.raises(errors.Forbidden):
        _reveal(city, login, city.waiting())


def test_a_stranger_learns_not_even_that_there_is_one(city: City):
    with pytest.raises(errors.NotFound):
        _reveal(city, "operator2", city.waiting())


def test_nobody_looks_up_more_than_so_many_an_hour(city: City, caplog: pytest.LogCaptureFixture):
    ticket_id = city.waiting()
    for _ in range(PER_HOUR):
        _reveal(city, "operator", ticket_id)
    with caplog.at_level(logging.WARNING), pytest.raises(errors.TooMany) as refusal:
        _reveal(city, "operator", ticket_id)
    assert refusal.value.values == {"action": "reveal", "limit": PER_HOUR}
    assert f"account {city.who('operator').id}" in caplog.text and UNSURE.phone not in caplog.text
    assert _reveal(city, "supervisor", ticket_id) == UNSURE.phone
    city.later(hours=1, seconds=1)
    assert _reveal(city, "operator", ticket_id) == UNSURE.phone
    assert timedelta(0) < city.now - city.events(ticket_id)[0].at
