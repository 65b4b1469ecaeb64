"""The telephone at this moment: what is told of waiting calls, seats and unusual hours."""

from datetime import timedelta

import pytest
from exchange import Exchange

from calls import arriving, seating, wallboard
from calls.kpis import mean, minutes_to_wait
from calls.models import PhoneLine
from calls.wallboard import Surge, Waiting
from db import db


def test_who_waits_rings_in_the_menu_and_talks(exchange: Exchange):
    exchange.talk()
    exchange.wait(10)
    first = exchange.queue("+8613800138001")
    exchange.wait(10)
    other = exchange.queue("+8613800138002")
    other.line_no = "12315"
    exchange.ring("+8613800138003")
    exchange.ring("+8613800138004").direction = "out"
    gone = exchange.queue("+8613800138005")
    arriving.end(gone, exchange.city.now, exchange.city.now)
    db.session.flush()
    found = wallboard.open_calls()
    assert found.waiting == {"12345": Waiting(1, first.queued_at), "12315": Waiting(1, other.queued_at)}
    assert (found.all, found.in_menu, found.talking) == (Waiting(2, first.queued_at), 1, 1)


def test_whoever_is_offered_to_a_seat_waits_still(exchange: Exchange):
    exchange.sit()
    exchange.queue()
    exchange.assign()
    assert wallboard.open_calls().all.count == 1


def test_seats_with_their_calls_line_and_the_busy_first(exchange: Exchange):
    call = exchange.talk()
    exchange.sit("operator2")
    seating.pause(exchange.who("operator2"), exchange.city.now, "operator2", "meal")
    today = exchange.city.now - timedelta(hours=1)
    found = wallboard.seats(today)
    assert [(seat.staff_id, seat.state, seat.reason, seat.line_no) for seat in found] == [
        (exchange.who("operator").id, "on_call", None, call.line_no),
        (exchange.who("operator2").id, "break", "meal", None),
    ]
    seating.leave(exchange.who("operator2"), exchange.city.now, "operator2")
    assert [seat.state for seat in wallboard.seats(today)] == ["on_call", "offline"]
    assert len(wallboard.seats(exchange.city.now + timedelta(seconds=1))) == 1


@pytest.mark.parametrize(
    ("position", "aht", "there", "minutes"),
    [(1, mean(1500, 5), 5, 1), (6, mean(1500, 5), 5, 6), (7, mean(1500, 5), 5, 7), (1, mean(3000, 10), 0, 5),
     (99, mean(1500, 5), 2, 11), (1, mean(1200, 4), 5, None), (1, mean(0, 0), 5, None)],
)  # fmt: skip
def test_expected_wait_is_rounded_up_capped_and_not_guessed(position, aht, there, minutes):
    assert minutes_to_wait(position, aht, there) == minutes


@pytest.mark.parametrize(("talk", "minutes"), [(59, None), (60, 1), (61, 2)])
def test_less_than_what_is_worth_saying_is_not_said(talk: int, minutes: int | None):
    assert minutes_to_wait(1, mean(talk * 5, 5), 1, least=60) == minutes


def test_more_than_on_this_weekday_before(exchange: Exchange):
    now = exchange.city.now
    for weeks, calls in ((1, 2), (2, 1)):
        for _ in range(calls):
            exchange.city.now = now - timedelta(weeks=weeks, seconds=20)
            exchange.ring()
    exchange.city.now = now - timedelta(weeks=2, minutes=9)
    exchange.ring()  # too early for the five minutes, and the first that is known
    exchange.city.now = now - timedelta(days=1)
    exchange.ring()
    exchange.city.now = now
    assert wallboard.surge(now) == Surge(0, 1.5)
    exchange.ring()
    assert wallboard.surge(now).calls == 1


def test_without_a_week_behind_there_is_no_usual(exchange: Exchange):
    exchange.ring()
    assert wallboard.surge(exchange.city.now) == Surge(1, None)


def test_lines_by_name(exchange: Exchange):
    for number, name in (("+8610", "热线"), ("+8611", "热线二"), ("+8612", "市场监管")):
        line_no = "12315" if name == "市场监管" else "12345"
        db.session.add(PhoneLine(number=number, line_no=line_no, name=name, hours=[], skills=[]))
    db.session.flush()
    assert wallboard.line_names() == {"12345": "热线", "12315": "市场监管", "12333": "12333人力资源和社会保障"}
