"""Stretches of time in which a clock does not run. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from tickets.calendars import Span

Pauses = Sequence[Span]
"""(from, to), aware, in any order, overlapping or not."""


def merged(pauses: Pauses) -> list[Span]:
    """The pauses in UTC, in order, apart, those without a length left out. Raises ValueError."""
    stops: list[Span] = []
    for begins, ends in sorted((in_utc(begins), in_utc(ends)) for begins, ends in pauses):
        if begins > ends:
            raise ValueError(f"A pause ends before it begins: {begins.isoformat()} to {ends.isoformat()}.")
        if stops and begins <= stops[-1][1]:
            stops[-1] = (stops[-1][0], max(stops[-1][1], ends))
        elif begins < ends:
            stops.append((begins, ends))
    return stops


def without(spans: Iterable[Span], stops: Sequence[Span]) -> Iterable[Span]:
    """What of the spans lies outside the stops, both in order and apart."""
    return _outside(spans, stops) if stops else spans


def is_paused(ends: datetime, stops: Sequence[Span]) -> bool:
    """Whether a day that ends then does not count: after a pause began, and not after it was over."""
    return any(begins < ends <= resumes for begins, resumes in stops)


def in_utc(at: datetime) -> datetime:
    """Arithmetic between datetimes of one zone ignores its clock changes, so all of it is done in UTC."""
    if at.tzinfo is None:
        raise ValueError("A moment without a time zone.")
    return at.astimezone(UTC)


def _outside(spans: Iterable[Span], stops: Sequence[Span]) -> Iterator[Span]:
    for begins, ends in spans:
        for stops_at, resumes in stops:
            if resumes <= begins:
                continue
            if stops_at >= ends:
                break
            if begins < stops_at:
                yield begins, stops_at
            begins = min(resumes, ends)
        if begins < ends:
            yield begins, ends
