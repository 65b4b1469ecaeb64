"""What the pages of oversight show, put together from queries: figures in words, filters, names of people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import format_timedelta
from flask_babel import gettext as _
from sqlalchemy import select

from app.auth.models import Staff
from app.oversight import wording
from app.templating import category_name, city, region_name, unit_name
from db import db
from tickets import errors, figures
from tickets.figures import UNIT, Behind, Span

_STEPS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
_ALWAYS = 1e9  # the threshold that keeps a length in the unit asked for


def staff_id(login: str) -> int | None:
    """Whose login that is, or None."""
    return db.session.scalar(select(Staff.id).where(Staff.login == login))


def midnight(day: date) -> datetime:
    """The beginning of a day in the city."""
    return datetime.combine(day, time(), city().zone)


def day_of(text: str) -> date:
    """A day as a form writes it. Raises Invalid."""
    try:
        day = date.fromisoformat(text)
        midnight(day + timedelta(days=1)), midnight(day - timedelta(days=max(wording.PERIODS)))
    except (ValueError, OverflowError) as fault:
        raise errors.Invalid(fields={"day": "unknown"}) from fault
    return day


def span_of(last: date, days: int, now: datetime) -> Span:
    """So many days up to and with the last."""
    return Span(midnight(last - timedelta(days=days - 1)), midnight(last + timedelta(days=1)), now)


def length(span: timedelta | None) -> str:
    """A length of time in its two largest units: "3 days 4 hours"; empty for none."""
    if span is None:
        return ""
    parts = []
    left = abs(span)
    for step, size in _STEPS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(format_timedelta(count * size, granularity=step, threshold=_ALWAYS) if count else "")
    return " ".join(part for part in parts[:2] if part) or _("less than a minute")


@dataclass(frozen=True)
class Rate:
    """A share and its whole. With few in the whole, the share says nothing and `percent` is None."""

    part: int
    whole: int

    @property
    def percent(self) -> str | None:
        return f"{100 * self.part / self.whole:.1f}%" if self.whole >= figures.FEW else None


@dataclass(frozen=True)
class Line:
    """One line of a table: a value of the dimension, its name, and figure -> count."""

    value: str
    name: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Figures:
    """All figures of a span: whole, as rates, by dimension, and the units with most overdue."""

    counts: Mapping[str, int]
    rates: Mapping[str, Rate]
    to_sign: timedelta | None
    to_close: timedelta | None
    tables: Mapping[str, list[Line]]
    units: list[Line]


COLUMNS = ("taken_in", "answered", "closed", "open", "overdue")
_SINGLE = ("dispatched", "handled", "returned", "signed", "rated", "solved", "satisfied", "so_so", "dissatisfied",
           "unrated")  # fmt: skip


def figures_of(span: Span) -> Figures:
    """Asked for afresh; each number is that of the list behind it."""
    spread = _spread(span)
    # Every ticket has a channel, so those of all channels are all.
    counts = {name: sum(spread["channel", name].values()) for name in COLUMNS}
    counts |= {name: figures.count(Behind(name), span) for name in _SINGLE}
    counts |= figures.due_and_on_time(span)
    return Figures(
        counts=counts,
        rates={
            part: Rate(counts[part], counts[whole])
            for part, whole in (
                ("answered", "taken_in"), ("solved", "rated"), ("satisfied", "rated"), ("on_time", "due"),
                ("on_time_extended", "due"),
            )
        },
        to_sign=figures.median_to_sign(span),
        to_close=figures.median_to_close(span),
        tables={dimension: _lines(dimension, spread) for dimension in figures.DIMENSIONS},
        units=[
            Line(str(load.unit), unit_name(load.unit), {"open": load.open, "overdue": load.overdue})
            for load in figures.units_most_loaded(span)
        ],
    )


def _spread(span: Span) -> dict[tuple[str, str], dict[str, int]]:
    """(dimension, figure) -> value -> count, of the figures that tables show."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for whole, within in (("taken_in", "answered"), ("open", "overdue"), ("closed", "")):
        for dimension, values in figures.spread(span, whole, within).items():
            found[dimension, whole] = {value: pair[0] for value, pair in values.items()}
            if within:
                found[dimension, within] = {value: pair[1] for value, pair in values.items()}
    return found


def _lines(dimension: str, spread: Mapping[tuple[str, str], Mapping[str, int]]) -> list[Line]:
    """Most taken in first; what is not known comes last."""
    by_figure = {name: spread[dimension, name] for name in COLUMNS}
    values = {value for counts in by_figure.values() for value in counts}
    lines = [
        Line(value, value_name(dimension, value), {name: by_figure[name].get(value, 0) for name in COLUMNS})
        for value in values
    ]
    return sorted(lines, key=lambda line: (not line.value, -line.counts["taken_in"], line.value))


def value_name(dimension: str, value: str) -> str:
    """What one value of a dimension is called."""
    if not value:
        return _("not known")
    if dimension == UNIT:
        return unit_name(int(value)) if value.isdecimal() and len(value) < 10 else ""
    names = wording.NAMES.get(dimension)
    if names is not None:
        return str(names.get(value, value))
    return (region_name(value) if dimension == "district" else category_name(value)) or value


def days_of(span: Span, counts: Mapping[int, int]) -> list[tuple[str, int]]:
    """(day, tickets) for each day of the span, those without any too."""
    first = span.start.date()
    days = [first + timedelta(days=number) for number in range((span.end.date() - first).days)]
    return [(f"{day.month}-{day.day}", counts.get(day.toordinal(), 0)) for day in days]


def narrowing(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a link to the next page must keep of a filter."""
    return {name: value for name, value in values.items() if value not in ("", None)}
