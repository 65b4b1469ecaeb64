"""Seeing a contact in clear, giving out a code: for a reason, on record, and not of whom one should not know."""

import logging
from datetime import timedelta

import pytest
from scenes import LEAD_LOGIN, UNSURE, City
from sqlalchemy import select

from db import db
from tickets import errors, queries, service
from tickets.models import TicketText
from tickets.reveal import PER_HOUR, may_reissue_code, may_reveal


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


class TestNewCode:
    def _reissue(self, city: City, login: str, ticket_id: int, reason: str = "来电人遗失查询码") -> str:
        return service.reissue_code(city.who(login), city.now, ticket_id, reason, city.vault)

    def test_the_new_code_opens_and_the_old_one_does_not(self, city: City):
        ticket_id, old = city.from_web()
        number = city.ticket(ticket_id).number or ""
        new = self._reissue(city, "supervisor", ticket_id)
        assert new != old and city.ticket(ticket_id).code_counter == 2
        assert queries.public_status(number, old, city.vault) is None
        assert queries.public_status(number, new, city.vault) is not None
        event = city.events(ticket_id)[-1]
        assert (event.kind, event.actor_id) == ("code.reissued", city.who("supervisor").id)
        assert event.payload == {"texts": {"reissue_reason": 1}}
        assert queries.ticket_page(city.who("supervisor"), city.now, ticket_id, city.vault).timeline[-1].texts == (
            ("reissue_reason", None, "来电人遗失查询码"),
        )

    def test_it_wants_a_reason_and_a_number(self, city: City):
        with pytest.raises(errors.Invalid) as refusal:
            self._reissue(city, "operator", city.waiting(), " ")
        assert refusal.value.values["fields"] == {"reissue_reason": "missing"}
        draft = city.draft()
        with pytest.raises(errors.NotNow):
            self._reissue(city, "operator", draft)
        assert not may_reissue_code(city.who("operator"), city.ticket(draft))

    def test_a_unit_could_rate_itself_and_gets_none(self, city: City):
        ticket_id = city.accepted()
        for login in (LEAD_LOGIN, "lead-wanghe", "auditor", "leader"):
            with pytest.raises(errors.Forbidden):
                self._reissue(city, login, ticket_id)
            assert not may_reissue_code(city.who(login), city.ticket(ticket_id))
        with pytest.raises(errors.NotFound):
            self._reissue(city, "operator2", ticket_id)

    def test_it_counts_with_the_contacts_that_were_shown(self, city: City):
        ticket_id = city.waiting()
        for _ in range(PER_HOUR - 1):
            _reveal(city, "operator", ticket_id)
        self._reissue(city, "operator", ticket_id)
        with pytest.raises(errors.TooMany):
            self._reissue(city, "operator", ticket_id)
        with pytest.raises(errors.TooMany):
            _reveal(city, "operator", ticket_id)
