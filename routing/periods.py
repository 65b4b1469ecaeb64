"""Periods of a day as they are typed, stored and counted with: "08:30-12:00", the last may end at 24:00. Pure."""

import re
from collections.abc import Sequence
from datetime import time
from itertools import pairwise

Typed = Sequence[Sequence[str]]
MIDNIGHT = "24:00"
"""How a period ends with the day; no moment is called so."""
_EDGE = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_BETWEEN = re.compile(r"\s*[-–—~至]\s*")


def lines(text: str) -> list[list[str]]:
    """ "08:30-12:00" a line, not checked."""
    return [_BETWEEN.split(line.strip().replace("：", ":")) for line in text.splitlines() if line.strip()]


def as_lines(periods: Typed) -> str:
    """As `lines` reads them."""
    return "\n".join("-".join(period) for period in periods)


def checked(periods: Typed) -> list[list[str]]:
    """The periods as they are stored, hours of two digits. Raises ValueError unless each has a length and they are
    in order and apart: one over midnight is two."""
    found = [[_edge(edge) for edge in period] for period in periods]
    if any(len(period) != 2 or period[0] == MIDNIGHT for period in found):
        raise ValueError("A period has a beginning and an end.")
    if any(earlier >= later for earlier, later in pairwise(edge for period in found for edge in period)):
        raise ValueError("Periods must each have a length, in order, apart.")
    return found


def times(periods: Typed) -> tuple[tuple[time, time], ...]:
    """Stored periods as the clocks count with them: 24:00 is the midnight at which the day ends."""
    return tuple((time.fromisoformat(begins), _end(ends)) for begins, ends in periods)


def typed(found: tuple[tuple[time, time], ...]) -> list[list[str]]:
    """As they are stored."""
    return [[f"{begins:%H:%M}", MIDNIGHT if ends == time(0) else f"{ends:%H:%M}"] for begins, ends in found]


def _edge(text: str) -> str:
    match = _EDGE.fullmatch(text)
    if match is None and text != MIDNIGHT:
        raise ValueError(f"{text!r} is no time of the day.")
    return f"{int(match[1]):02d}:{match[2]}" if match else MIDNIGHT


def _end(text: str) -> time:
    return time(0) if text == MIDNIGHT else time.fromisoformat(text)
