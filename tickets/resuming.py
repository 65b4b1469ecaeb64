"""When a clock is due that stood still. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tickets.calendars import Calendar
from tickets.deadlines import DAY_UNITS, Unit, working_time_between
from tickets.pauses import in_utc

_ONE_DAY = timedelta(days=1)


def after_pause(
    due: datetime, unit: Unit, paused: datetime, resumed: datetime, calendar: Calendar
) -> datetime:
    """When a clock is due that stood still from `paused` to `resumed` and would have been due at `due`. UTC.

    What was left when it stopped is left when it goes on: in min and h on the wall clock, in wh working time, in d
    and wd days by their ends. A clock that was due before it stopped stays so.
    """
    due, paused, resumed = in_utc(due), in_utc(paused), in_utc(resumed)
    if due <= paused or resumed <= paused:
        return due
    if unit == "wh":
        return _worked(resumed, working_time_between(paused, due, calendar), calendar)
    if unit in DAY_UNITS:
        return _nth_end(resumed, _ends_between(paused, due, unit, calendar), unit, calendar)
    return due + (resumed - paused)


def _worked(start: datetime, left: timedelta, calendar: Calendar) -> datetime:
    """The moment at which so much working time has passed since `start`."""
    day = start.astimezone(calendar.zone).date()
    while True:
        for begins, ends in calendar.spans_on(day):
            begins = max(begins, start)
            if begins < ends and left <= ends - begins:
                return begins + left
            left -= max(ends - begins, timedelta(0))
        day += _ONE_DAY


def _ends_between(start: datetime, end: datetime, unit: Unit, calendar: Calendar) -> int:
    """How many counted days end after `start`, up to `end`."""
    count = 0
    for at in _ends_from(start, unit, calendar):
        if at > end:
            return count
        count += 1
    return count


def _nth_end(start: datetime, count: int, unit: Unit, calendar: Calendar) -> datetime:
    for number, at in enumerate(_ends_from(start, unit, calendar), start=1):
        if number >= count:
            return at
    raise AssertionError("days go on without end")


def _ends_from(start: datetime, unit: Unit, calendar: Calendar) -> Iterator[datetime]:
    """The ends of the days that this unit counts, after `start`, without end."""
    day = start.astimezone(calendar.zone).date() - _ONE_DAY
    while True:
        if unit == "d" or calendar.is_working(day):
            at = calendar.end_of(day) if unit == "d" else calendar.end_of_work(day)
            if at > start:
                yield at
        day += _ONE_DAY
