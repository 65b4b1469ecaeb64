"""How a due time was counted, day by day, for people who want to check it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from tickets.calendars import SATURDAY, Calendar, Span
from tickets.deadlines import DAY_UNITS, WORKING_UNITS, Limit, due_at
from tickets.pauses import Pauses, in_utc, is_paused, merged, without

Reason = Literal[
    "first_day", "calendar_day", "working", "makeup", "weekend", "holiday", "paused", "hours", "no_hours"
]  # fmt: skip

_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One day on the way to a due time. `number` is which day of the limit it is, where it is counted in days;
    `spans` (UTC) what of the day was counted, where it is counted in hours or minutes.

    `name` is that of its holiday; `is_provisional`, whether the arrangement of its year may still change it.
    """

    day: date
    reason: Reason
    number: int | None = None
    spans: tuple[Span, ...] = ()
    name: str = ""
    is_provisional: bool = False

    @property
    def is_counted(self) -> bool:
        return self.number is not None or bool(self.spans)


def steps(
    start: datetime,
    limit: Limit,
    calendar: Calendar,
    pauses: Pauses = (),
    names: Mapping[date, str] | None = None,
) -> list[Step]:
    """Every day from the start's to the one on which it is due, as `due_at` counts them."""
    due = due_at(start, limit, calendar, pauses)
    stops = merged(pauses)
    if limit.unit in DAY_UNITS:
        found = _by_days(start, due, limit, calendar, stops)
    else:
        found = _by_hours(in_utc(start), due, limit, calendar, stops)
    return [_told(step, limit, calendar, names or {}) for step in found]


def is_provisional(start: datetime, due: datetime, limit: Limit, calendar: Calendar) -> bool:
    """Whether a promise runs on days of a year whose arrangement of holidays is not announced."""
    first, last = _days(start, due, calendar)
    years = range(first.year, last.year + 1)
    return limit.unit in WORKING_UNITS and any(calendar.is_provisional(date(year, 1, 1)) for year in years)


def _days(start: datetime, due: datetime, calendar: Calendar) -> tuple[date, date]:
    """The day on which it began, and the one on which it is due: what ends at 24:00 ends on the day before."""
    zone = calendar.zone
    first = start.astimezone(zone).date()
    return first, max(first, (due - _INSTANT).astimezone(zone).date())


def _each(first: date, last: date) -> Iterator[date]:
    return (first + number * _ONE_DAY for number in range((last - first).days + 1))


def _by_days(
    start: datetime, due: datetime, limit: Limit, calendar: Calendar, stops: list[Span]
) -> Iterator[Step]:
    first, last = _days(start, due, calendar)
    number = 0
    for day in _each(first, last):
        if day == first:
            yield Step(day, "first_day")
        elif limit.unit == "wd" and not calendar.is_working(day):
            yield Step(day, _free(day))
        elif is_paused(calendar.end_of(day) if limit.unit == "d" else calendar.end_of_work(day), stops):
            yield Step(day, "paused")
        else:
            number += 1
            yield Step(day, "calendar_day" if limit.unit == "d" else _worked(day, calendar), number)


def _by_hours(
    start: datetime, due: datetime, limit: Limit, calendar: Calendar, stops: list[Span]
) -> Iterator[Step]:
    for day in _each(*_days(start, due, calendar)):
        whole = (calendar.end_of(day - _ONE_DAY), calendar.end_of(day))
        of_day = calendar.spans_on(day) if limit.unit == "wh" else (whole,)
        left = [(max(begins, start), min(ends, due)) for begins, ends in of_day]
        left = [span for span in left if span[0] < span[1]]
        spans = tuple(without(left, stops))
        if spans:
            yield Step(day, "hours", spans=spans)
        elif left:
            yield Step(day, "paused")
        else:
            yield Step(day, "no_hours" if calendar.is_working(day) else _free(day))


def _free(day: date) -> Reason:
    return "weekend" if day.weekday() >= SATURDAY else "holiday"


def _worked(day: date, calendar: Calendar) -> Reason:
    return "makeup" if calendar.days.get(day) and day.weekday() >= SATURDAY else "working"


def _told(step: Step, limit: Limit, calendar: Calendar, names: Mapping[date, str]) -> Step:
    """With the name of its holiday, and what is not certain of it."""
    name = names.get(step.day, "")
    reason: Reason = "holiday" if step.reason == "weekend" and name else step.reason
    decides = limit.unit in WORKING_UNITS and step.reason != "first_day"
    uncertain = decides and calendar.is_provisional(step.day)
    return Step(step.day, reason, step.number, step.spans, name, uncertain)
