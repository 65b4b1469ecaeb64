"""The days before the demo city opens: tickets in every state, in the order of time, and a clean check."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.auth.accounts import actor_by_login
from app.checking import faults
from app.demo.call_history import DAYS as CALL_DAYS
from app.demo.history import DAYS, play_history
from app.outbox import stamp, take_lead, unit_of_work
from calls import figures, seat_figures
from calls.figures import Asked
from calls.kpis import of_calls
from calls.models import Call, Seat
from calls.replay import replay
from db import db
from routing import service as routing
from tickets import queries
from tickets.event_models import TicketEvent
from tickets.figures import Span
from tickets.models import Assignment, Deadline, Escalation, Ticket


@pytest.fixture(scope="module")
def opened(own_app: Flask) -> datetime:
    """The moment at which the city opens, its history written and published."""
    with own_app.app_context():
        with unit_of_work() as now:
            assert play_history(now, own_app.extensions["vault"]) >= 45
        lead = take_lead("a test")
        assert lead is not None
        while stamp(lead):
            pass
    return now


@pytest.fixture
def database(own_app: Flask, opened: datetime) -> Iterator[datetime]:
    with own_app.app_context():
        yield opened
        db.session.rollback()
        db.session.remove()


def test_the_checker_finds_nothing(database: datetime):
    assert faults() == {}


def test_four_weeks_of_calls_add_up_day_by_day(database: datetime):
    zone = routing.current().zone
    today = database.astimezone(zone).date()
    days = [datetime.combine(today - timedelta(days=back), time(), zone) for back in range(CALL_DAYS, 0, -1)]
    found = [replay(Span(day, day + timedelta(days=1), database)) for day in days]
    assert all(one.is_same and one.calls for one in found), [one.differences for one in found]
    four_weeks = Asked(Span(days[0], days[-1] + timedelta(days=1), database))
    counts = figures.counts(four_weeks)
    assert counts.inbound == counts.offered == sum(one.calls for one in found)
    assert counts.answered + counts.abandoned == counts.offered and 0 < counts.short < counts.abandoned
    kpis = of_calls(counts)
    assert 0.5 < kpis["service_level"].value < 1 and 60 < kpis["aht"].value < 500
    busy = seat_figures.kpis(seat_figures.operators(four_weeks))["occupancy"].value
    assert 0 < busy < 0.6
    assert set(db.session.scalars(select(Seat.state))) == {"offline"}


def test_whoever_took_a_ticket_down_was_at_the_telephone_then(database: datetime):
    query = select(Call, Ticket).join(Ticket, Ticket.id == Call.ticket_id)
    taken = [(row.Call, row.Ticket) for row in db.session.execute(query)]
    assert {call.disposition for call, _ in taken} == {"answered", "ticket"}
    assert len({call.ticket_id for call, _ in taken}) == len(taken)
    for call, ticket in taken:
        assert call.staff_id == ticket.registered_by
        assert (call.disposition == "answered") == (ticket.state == "ANSWERED")
        assert call.started_at < call.answered_at < call.ended_at < ticket.registered_at


def test_tickets_are_in_all_states_that_last(database: datetime):
    states = set(db.session.scalars(select(Ticket.state).distinct()))
    assert states >= {"TO_DISPATCH", "IN_PROGRESS", "TO_REVIEW", "TO_CALLBACK", "CLOSED", "ANSWERED", "REFERRED"}
    parts = set(db.session.scalars(select(Assignment.state).distinct()))
    assert parts >= {"PENDING_SIGN", "HANDLING", "RETURN_REQUESTED", "DONE"}


def test_everything_happened_in_order_and_none_of_it_in_the_future(database: datetime):
    events = select(TicketEvent.at).where(TicketEvent.subject == "ticket").order_by(TicketEvent.id)
    moments = db.session.scalars(events).all()
    assert moments == sorted(moments) and moments[-1] <= database
    assert database - moments[0] > timedelta(days=DAYS - 1)


def test_numbers_bear_the_day_on_which_they_were_given(database: datetime):
    tickets = db.session.scalars(select(Ticket).order_by(Ticket.id)).all()
    assert len({one.number[:8] for one in tickets}) > 3
    assert [one.registered_at for one in tickets] == sorted(one.registered_at for one in tickets)


def test_nothing_is_owed_any_more_and_what_was_late_was_escalated_in_time(database: datetime):
    assert db.session.scalar(select(func.count()).where(Deadline.next_at <= database)) == 0
    late = db.session.execute(select(Escalation.owed_at, Escalation.escalated_at)).all()
    assert late and all(row.escalated_at - row.owed_at < timedelta(seconds=10) for row in late)


@pytest.mark.parametrize(
    ("login", "name"),
    [("supervisor", "overdue"), ("supervisor", "review"), ("supervisor", "callback"), ("dispatcher", "triage"),
     ("dispatcher", "returns"), ("operator", "mine"), ("leader", "all"), ("handler-wanghe-urban", "in_hand")],
)  # fmt: skip
def test_no_board_of_the_tour_is_empty(database: datetime, login: str, name: str):
    assert queries.board(actor_by_login(login), database, name).rows


def test_it_is_written_once(database: datetime, own_app: Flask):
    with unit_of_work() as now:
        assert play_history(now, own_app.extensions["vault"]) == 0
