"""How many seats a load of calls needs: Erlang C, with the recurrence that stays exact for any number. Pure.

The model lets everybody wait who rings: nobody gives up, calls come at random. Real queues, where some give up, do
a little better. Lengths of time are in seconds, shares between 0 and 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_SEATS = 100_000
"""More than this is no question of a hotline."""


@dataclass(frozen=True)
class Aim:
    """What is wanted: this share of calls answered within so many seconds, nobody busy for more than `busiest`.

    `shrinkage` is the share of paid time in which nobody sits at the telephone: breaks, training, leave.
    """

    share: float = 0.9
    within: float = 15
    busiest: float = 0.85
    shrinkage: float = 0.3


@dataclass(frozen=True)
class Staffing:
    """What so many seats come to. `scheduled` counts those who are away as well."""

    seats: int
    scheduled: int
    load: float
    waits: float
    level: float
    asa: float
    occupancy: float


def offered_load(calls: float, period: float, aht: float) -> float:
    """Erlangs: how many calls are handled at a time, on average. Raises ValueError for what cannot be."""
    if calls < 0 or period <= 0 or aht <= 0:
        raise ValueError("calls must not be negative, period and handling time must be more than nothing")
    return calls * aht / period


def blocking(load: float, seats: int) -> float:
    """Erlang B, from nobody upwards: each step divides by what only grows, so nothing overflows or cancels."""
    blocked = 1.0
    for seat in range(1, seats + 1):
        blocked = load * blocked / (seat + load * blocked)
    return blocked


def waiting(load: float, seats: int) -> float:
    """Erlang C: the share of callers who have to wait. All of them where the seats cannot keep up."""
    if load <= 0:
        return 0.0
    return _waiting(load, seats, blocking(load, seats))


def _waiting(load: float, seats: int, blocked: float) -> float:
    if seats <= load:
        return 1.0
    return blocked / (1 - load / seats * (1 - blocked))


def service_level(load: float, seats: int, aht: float, within: float) -> float:
    """The share of calls answered within so many seconds."""
    return _level(waiting(load, seats), load, seats, aht, within)


def _level(waits: float, load: float, seats: int, aht: float, within: float) -> float:
    if load <= 0:
        return 1.0
    if seats <= load:
        return 0.0
    return 1 - waits * math.exp(-(seats - load) * within / aht)


def asa(load: float, seats: int, aht: float) -> float:
    """The average wait of all callers; endless where the seats cannot keep up."""
    if load <= 0:
        return 0.0
    return waiting(load, seats) * aht / (seats - load) if seats > load else math.inf


def occupancy(load: float, seats: int) -> float:
    """The share of a seat's time that calls take."""
    return min(1.0, load / seats) if seats else float(load > 0)


def seats_for(calls: float, period: float, aht: float, aim: Aim = Aim()) -> Staffing:
    """The fewest seats that reach the aim. Raises ValueError for what cannot be, or needs more than MOST_SEATS."""
    _check(aim)
    load = offered_load(calls, period, aht)
    if load >= MOST_SEATS * min(1.0, aim.busiest):
        raise ValueError("no hotline has so many seats")
    seats, blocked = 0, 1.0
    while not _reaches(load, seats, blocked, aht, aim):
        seats += 1
        blocked = load * blocked / (seats + load * blocked)
    return staffing(load, seats, aht, aim)


def staffing(load: float, seats: int, aht: float, aim: Aim = Aim()) -> Staffing:
    """What this number of seats comes to."""
    waits = waiting(load, seats)
    return Staffing(
        seats=seats,
        # Rounded first: 70 / 0.7 is a hair more than 100, and no 101st person follows from it.
        scheduled=math.ceil(round(seats / (1 - aim.shrinkage), 9)),
        load=load,
        waits=waits,
        level=_level(waits, load, seats, aht, aim.within),
        asa=asa(load, seats, aht),
        occupancy=occupancy(load, seats),
    )


def around(found: Staffing, aht: float, aim: Aim, fewer: int = 5, more: int = 5) -> Sequence[Staffing]:
    """What a few seats fewer and more would come to, from the fewest that keep up."""
    first = max(1, math.floor(found.load) + 1, found.seats - fewer)
    return [staffing(found.load, seats, aht, aim) for seats in range(first, found.seats + more + 1)]


def _reaches(load: float, seats: int, blocked: float, aht: float, aim: Aim) -> bool:
    if load <= 0:
        return True
    if seats <= load or load / seats > aim.busiest:
        return False
    return _level(_waiting(load, seats, blocked), load, seats, aht, aim.within) >= aim.share


def _check(aim: Aim) -> None:
    if not (0 < aim.share < 1 and aim.within >= 0 and 0 < aim.busiest <= 1 and 0 <= aim.shrinkage < 1):
        raise ValueError("shares must lie between nothing and all")
