"""Who answers a line at a moment: the ordinary crew, the night's, or nobody. Pure."""

from collections.abc import Sequence
from datetime import datetime, time
from enum import StrEnum


class Shift(StrEnum):
    """班次."""

    DAY = "day"
    NIGHT = "night"
    CLOSED = "closed"


NIGHT_SKILL = "night"
Periods = Sequence[Sequence[str]]


def shift(local: datetime, periods: Periods, is_working_day: bool, holidays: str, outside: str) -> Shift:
    """The shift at a moment of the city's own clock.

    `periods` are ("08:00", "20:00"), the second may be "24:00"; none at all is round the clock. `holidays` is open
    (as any day) or outside; `outside` is crew or closed.
    """
    is_ordinary = is_working_day or holidays == "open"
    if is_ordinary and (not periods or any(_covers(local.time(), *period) for period in periods)):
        return Shift.DAY
    return Shift.NIGHT if outside == "crew" else Shift.CLOSED


def _covers(moment: time, begins: str, ends: str) -> bool:
    return time.fromisoformat(begins) <= moment and (ends == "24:00" or moment < time.fromisoformat(ends))
