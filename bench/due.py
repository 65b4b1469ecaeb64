"""What it costs to count due times: a million, of all units, over three years of the calendar that ships."""

import random
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench import machine
from routing import periods, seed
from tickets.calendars import Calendar
from tickets.deadlines import Limit, due_at

MANY = 1_000_000
ROUNDS = 10
"""Ours and the floor by turns, a tenth of all each time, so that both meet the same machine."""
MARK_SECONDS = 20
LIMITS = tuple(map(Limit.parse, (
    "15min", "30min", "2h", "24h", "1wh", "4wh", "16wh", "40wh",
    "1d", "7d", "15d", "1wd", "2wd", "5wd", "15wd", "60wd",
)))  # fmt: skip
PAUSED = 0.1
FIVE_DAYS = timedelta(days=5)
FIRST, DAYS = datetime(2024, 1, 1, tzinfo=UTC), 3 * 365

Asked = tuple[datetime, Limit, tuple[tuple[datetime, datetime], ...]]


def due(tell: Callable[[str], None]) -> dict[str, Any]:
    """All due times, a tenth with a pause; beside them one addition of a span to each of the same starts."""
    calendar = shipped()
    others = machine.Others()
    ours: list[float] = []
    floors: list[float] = []
    for turn in range(ROUNDS):
        asked = draw(random.Random(turn), MANY // ROUNDS)
        ours.append(_seconds(asked, lambda one: due_at(one[0], one[1], calendar, one[2])))
        floors.append(_seconds(asked, lambda one: one[0] + FIVE_DAYS))
        tell(f"due: {(turn + 1) * MANY // ROUNDS:,} of {MANY:,}")
    total = sum(ours)
    shares = [floor / one for one, floor in zip(ours, floors, strict=True)]
    return {
        "benchmark": "due", "due_times": MANY, "limits": list(map(str, LIMITS)), "share_with_a_pause": PAUSED,
        "others_cores": others.cores(), "seconds": round(total, 2),
        "microseconds_each": round(total / MANY * 1e6, 2),
        "floor": {"what": "datetime + timedelta", "microseconds_each": round(sum(floors) / MANY * 1e6, 3)},
        "share_of_floor": round(statistics.median(shares), 4),
        "mark": {"seconds": MARK_SECONDS, "met": total < MARK_SECONDS},
    }  # fmt: skip


def shipped() -> Calendar:
    """The calendar that a new city begins with."""
    settings = seed.document("settings")
    days = {row.day: row.is_working for row in seed.calendar_days()}
    return Calendar(ZoneInfo(settings["zone"]), periods.times(settings["working_periods"]), days)


def draw(rng: random.Random, many: int) -> list[Asked]:
    """Starts at any second of three years, with limits and some pauses."""
    return [_drawn(rng) for _ in range(many)]


def _drawn(rng: random.Random) -> Asked:
    start = FIRST + timedelta(seconds=rng.randrange(DAYS * 86_400))
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    if rng.random() < PAUSED:
        begins = start + timedelta(minutes=rng.randrange(7 * 1440))
        pauses = ((begins, begins + timedelta(minutes=rng.randrange(1, 7 * 1440))),)
    return start, rng.choice(LIMITS), pauses


def _seconds(asked: Iterable[Asked], count: Callable[[Asked], datetime]) -> float:
    began = time.perf_counter()
    for one in asked:
        count(one)
    return time.perf_counter() - began
