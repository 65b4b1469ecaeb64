"""Who answers a line at a moment: the ordinary crew, the night's, or nobody. Pure."""

from datetime import datetime, time
from enum import StrEnum
from itertools import pairwise

from routing.periods import MIDNIGHT
from routing.periods import Typed as Periods


class Shift(StrEnum):
    """班次."""

    DAY = "day"
    NIGHT = "night"
    CLOSED = "closed"


NIGHT_SKILL = "night"


def shift(local: datetime, periods: Periods, is_working_day: bool, holidays: str, outside: str) -> Shift:
    """The shift at a moment of the city's own clock.

    `periods` are ("08:00", "20:00"), the second may be "24:00"; none at all is round the clock. `holidays` is open
    (as any day) or outside; `outside` is crew or closed.
    """
    is_ordinary = is_working_day or holidays == "open"
    if is_ordinary and (not periods or any(_covers(local.time(), *period) for period in periods)):
        return Shift.DAY
    return Shift.NIGHT if outside == "crew" else Shift.CLOSED


def whole_day(
    periods: Periods, is_working_day: bool, holidays: str, outside: str
) -> list[tuple[str, str, Shift]]:
    """(from, to, shift) through one day from "00:00" to "24:00"; neighbours differ."""
    edges = sorted({"00:00", MIDNIGHT, *(edge for period in periods for edge in period)})
    spans: list[tuple[str, str, Shift]] = []
    for begins, ends in pairwise(edges):
        at = datetime.combine(datetime.min, time.fromisoformat(begins))
        found = shift(at, periods, is_working_day, holidays, outside)
        if spans and spans[-1][2] == found:
            begins = spans.pop()[0]
        spans.append((begins, ends, found))
    return spans


def _covers(moment: time, begins: str, ends: str) -> bool:
    return time.fromisoformat(begins) <= moment and (ends == MIDNIGHT or moment < time.fromisoformat(ends))
