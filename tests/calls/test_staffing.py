"""Seats for a load: values that others computed, and what must hold for any load."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.staffing import (
    Aim,
    around,
    asa,
    blocking,
    occupancy,
    offered_load,
    seats_for,
    service_level,
    staffing,
    waiting,
)

HOUR = 3600
loads = st.floats(0.01, 500)


def aim(share: float) -> Aim:
    return Aim(share=share, within=15, busiest=1, shrinkage=0)


@pytest.mark.parametrize(
    ("calls", "at_95", "at_80"), [(300, 34, 30), (480, 51, 46), (960, 94, 88)]
)  # fmt: skip
def test_seats_of_a_citys_busy_hour(calls: int, at_95: int, at_80: int):
    """Five minutes a call, answered within 15 seconds."""
    assert seats_for(calls, HOUR, 300, aim(0.95)).seats == at_95
    assert seats_for(calls, HOUR, 300, aim(0.80)).seats == at_80


def test_by_the_formula_itself_where_factorials_still_fit():
    for load, seats in ((0.5, 1), (2, 3), (8.5, 12), (20, 21)):
        top = load**seats / math.factorial(seats)
        below = sum(load**k / math.factorial(k) for k in range(seats))
        assert blocking(load, seats) == pytest.approx(top / (below + top), rel=1e-12)
        queue = top * seats / (seats - load)
        assert waiting(load, seats) == pytest.approx(queue / (below + queue), rel=1e-12)


def test_one_seat_waits_as_long_as_it_is_busy():
    """With one seat the model is M/M/1: who waits is the share of time it is busy."""
    assert waiting(0.8, 1) == pytest.approx(0.8)
    assert asa(0.8, 1, 60) == pytest.approx(0.8 * 60 / 0.2)
    assert service_level(0.8, 1, 60, 30) == pytest.approx(1 - 0.8 * math.exp(-0.2 * 30 / 60))


def test_very_many_seats():
    assert 0 < waiting(50_000, 50_200) < 1 and not math.isnan(service_level(50_000, 50_200, 300, 15))
    assert waiting(100, 5000) == pytest.approx(0, abs=1e-300)
    assert seats_for(480_000, HOUR, 300, aim(0.95)).seats > 40_000


def test_nobody_rings():
    none = seats_for(0, HOUR, 300, aim(0.95))
    assert (none.seats, none.scheduled, none.level, none.asa, none.occupancy) == (0, 0, 1.0, 0.0, 0.0)


def test_too_few_seats_answer_nobody_in_time_and_are_always_busy():
    drowned = staffing(40, 40, 300, aim(0.95))
    assert (drowned.waits, drowned.level, drowned.asa, drowned.occupancy) == (1.0, 0.0, math.inf, 1.0)


def test_nobody_is_to_be_busier_than_asked():
    rested = seats_for(480, HOUR, 300, Aim(share=0.8, within=15, busiest=0.75, shrinkage=0))
    assert rested.seats == math.ceil(40 / 0.75) and rested.occupancy <= 0.75


def test_who_is_away_is_counted_on_top_and_nobody_twice():
    found = seats_for(480, HOUR, 300, Aim(share=0.95, within=15, busiest=1, shrinkage=0.25))
    assert (found.seats, found.scheduled) == (51, 68)
    assert staffing(1, 70, 300, Aim(shrinkage=0.3)).scheduled == 100


@pytest.mark.parametrize(
    ("calls", "period", "aht", "wanted"),
    [
        (-1, HOUR, 300, Aim()), (1, 0, 300, Aim()), (1, HOUR, 0, Aim()), (1, HOUR, 300, Aim(share=1)),
        (1, HOUR, 300, Aim(share=0)), (1, HOUR, 300, Aim(busiest=0)), (1, HOUR, 300, Aim(shrinkage=1)),
        (1, HOUR, 300, Aim(within=-1)), (1e9, HOUR, 300, Aim()),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(calls: float, period: float, aht: float, wanted: Aim):
    with pytest.raises(ValueError, match=r"."):
        seats_for(calls, period, aht, wanted)


def test_the_neighbourhood_shows_what_one_seat_more_is_worth():
    found = seats_for(480, HOUR, 300, aim(0.95))
    rows = around(found, 300, aim(0.95))
    assert [row.seats for row in rows] == list(range(46, 57)) and found in rows
    assert min(row.seats for row in around(seats_for(12, HOUR, 300, aim(0.5)), 300, aim(0.5))) == 2


@given(loads, st.integers(1, 600))
def test_one_seat_more_never_makes_it_worse(load: float, seats: int):
    assert waiting(load, seats + 1) <= waiting(load, seats) + 1e-12
    assert service_level(load, seats + 1, 300, 15) >= service_level(load, seats, 300, 15) - 1e-12
    assert asa(load, seats + 1, 300) <= asa(load, seats, 300) + 1e-9
    assert occupancy(load, seats + 1) <= occupancy(load, seats)


@given(loads, st.floats(0, 100), st.integers(1, 600))
def test_more_load_never_makes_it_better(load: float, more: float, seats: int):
    assert waiting(load + more, seats) >= waiting(load, seats) - 1e-12
    assert service_level(load + more, seats, 300, 15) <= service_level(load, seats, 300, 15) + 1e-12


@given(st.floats(0.1, 2000), st.sampled_from([0.8, 0.9, 0.95]))
def test_what_is_found_reaches_the_aim_and_one_less_does_not(calls: float, share: float):
    load = offered_load(calls, HOUR, 300)
    seats = seats_for(calls, HOUR, 300, aim(share)).seats
    assert service_level(load, seats, 300, 15) >= share
    assert seats <= load + 1 or service_level(load, seats - 1, 300, 15) < share
