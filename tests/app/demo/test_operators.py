"""Played operators: they answer while they are wanted, by the verbs alone, and never in a person's place."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from telephone import LINE, Telephone

from app.auth.accounts import actor_by_login
from app.auth.models import Staff, StaffSession
from app.demo import operators
from app.outbox import unit_of_work
from calls import seating
from calls.models import Seat
from db import db
from simulator.rush import Rush, begin
from tickets.models import Ticket


@pytest.fixture
def app(ringing_app):
    with ringing_app.app_context(), unit_of_work():
        db.session.execute(update(StaffSession).values(seen_at=func.now() - timedelta(days=400)))
    return ringing_app


def pass_(network: Telephone, seconds: int) -> None:
    """Time goes on, second by second, with the operators at play."""
    for _ in range(seconds):
        network.pass_(1)
        with network.app.app_context():
            operators.play()


def until(network: Telephone, holds: Callable[[], bool], seconds: int) -> None:
    """Time goes on until something holds, for so many seconds at most."""
    for _ in range(seconds):
        if holds():
            return
        pass_(network, 1)
    assert holds()


def seats(network: Telephone) -> dict[str, str]:
    query = select(Staff.login, Seat.state).join(Seat, Seat.staff_id == Staff.id)
    return network.read(lambda: dict(db.session.execute(query).all()))


def test_a_rush_hour_is_answered_and_written_down(network: Telephone):
    begin(network.network, Rush(LINE, callers=12, minutes=2, patience=300, talk=20, seed=3))
    until(network, lambda: sum(bool(call.disposition) for call in network.calls()) == 12, 420)
    calls = network.calls()
    assert len(calls) == 12 and all(call.state == "ENDED" for call in calls)
    answered = [call for call in calls if call.answered_at]
    assert len(answered) >= 10
    assert {call.disposition for call in answered} <= {"answered", "ticket", "nothing"}
    assert {call.staff_id for call in answered} == set(
        network.read(lambda: db.session.scalars(select(Staff.id).where(Staff.login.in_(operators.LOGINS))).all())
    )
    # Two minutes after the last caller the room is empty again.
    until(network, lambda: set(seats(network).values()) == {"offline"}, 150)


def test_nobody_answers_a_single_call_unasked(network: Telephone):
    line = network.phone().dial(LINE)
    pass_(network, 60)
    assert seats(network) == {} and line.state == "in-progress"
    network.network.crew = "always"
    pass_(network, 15)
    assert network.network.truth.is_talking(line.sid)


def test_the_operator_ends_a_talk_that_goes_on(network: Telephone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(operators, "TALKS", (20.0, 30.0))
    network.network.crew = "always"
    line = network.phone().dial(LINE)
    until(network, lambda: line.is_over, 90)
    assert network.call().ended_by == "operator"


@pytest.mark.parametrize("what", ["answered", "nothing", "ticket"])
@pytest.mark.parametrize("withheld", [False, True])
def test_what_becomes_of_a_call(network: Telephone, what: str, withheld: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(operators, "BECOMES", {what: 1.0})
    network.network.crew = "always"
    line = network.phone().dial(LINE, withheld)
    until(network, lambda: network.network.truth.is_talking(line.sid), 60)
    line.hang_up()
    until(network, lambda: network.call().disposition == what, 30)
    columns = select(Ticket.state, Ticket.number, Ticket.anonymous).where(Ticket.id == network.call().ticket_id)
    ticket = network.read(lambda: db.session.execute(columns).one())
    assert ticket.state != "draft" and bool(ticket.number) == (what != "nothing")
    assert ticket.anonymous == withheld or what == "nothing"


class TestAPerson:
    def test_who_is_signed_in_is_not_played(
        self, network: Telephone, new_browser, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(operators, "REST", 0)  # nobody takes a break by chance
        network.network.crew = "always"
        pass_(network, 2)
        assert seats(network)["operator4"] == "ready"
        browser = new_browser()
        assert browser.sign_in("operator4").status_code in (302, 303)
        pass_(network, 2)
        assert (seats(network)["operator4"], seats(network)["operator3"]) == ("offline", "ready")

    def test_a_seat_that_another_window_holds_is_left_alone(self, network: Telephone):
        with network.app.app_context(), unit_of_work() as now:
            person = actor_by_login("operator5")
            seating.sit_down(person, now, "window-1")
            seating.ready(person, now, "window-1")
        network.network.crew = "always"
        pass_(network, 2)
        held = select(Seat.console).where(Seat.staff_id == person.id)
        assert network.read(lambda: db.session.scalar(held)) == "window-1"


def test_without_the_network_nothing_happens(ringing_app):
    with ringing_app.app_context():
        operators.play()

