"""Who answers a line at a moment: the ordinary crew, the night's, or nobody. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime, time
from enum import StrEnum
from itertools import pairwise


class Shift(StrEnum):
    """班次."""

    DAY = "day"
    NIGHT = "night"
    CLOSED = "closed"


NIGHT_SKILL = "night"
Periods = Sequence[Sequence[str]]
MIDNIGHT = "24:00"
"""How a period ends with the day; no moment is called so."""
_EDGE = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


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


def checked(periods: Periods) -> list[list[str]]:
    """The periods as they are stored, hours of two digits. Raises ValueError unless each has a length and they are
    in order and apart: one over midnight is two."""
    found = [[_edge(edge) for edge in period] for period in periods]
    if any(len(period) != 2 or period[0] == MIDNIGHT for period in found):
        raise ValueError("A period has a beginning and an end.")
    if any(earlier >= later for earlier, later in pairwise(edge for period in found for edge in period)):
        raise ValueError("Periods must each have a length, in order, apart.")
    return found


def _edge(text: str) -> str:
    match = _EDGE.fullmatch(text)
    if match is None and text != MIDNIGHT:
        raise ValueError(f"{text!r} is no time of the day.")
    return f"{int(match[1]):02d}:{match[2]}" if match else MIDNIGHT


def _covers(moment: time, begins: str, ends: str) -> bool:
    return time.fromisoformat(begins) <= moment and (ends == MIDNIGHT or moment < time.fromisoformat(ends))
