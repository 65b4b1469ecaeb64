"""Edits of when there is work: the arrangement of a whole year, and the hours of a unit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from routing import periods
from routing.calendar_models import CalendarYear, DepartmentHours
from routing.editing import (
    LONGEST_TEXT,
    Edit,
    Outdated,
    Refused,
    added,
    changed,
    difference,
    lock,
    refuse,
    text_fault,
    texts,
)
from routing.models import CalendarDay, Department

YEAR, HOURS = "calendar_year", "department_hours"
FIRST_YEAR, LAST_YEAR = 1900, 2999
SATURDAY = 5
OFF, ON = "休", "班"
"""Free and worked, as official calendars print them beside a day."""
_LINE = re.compile(
    r"(?P<first>\d{4}-\d\d-\d\d)(?:\s*[~～至]\s*(?P<last>\d{4}-\d\d-\d\d))?\s+(?P<mark>[休班])(?:\s+(?P<note>.*))?"
)
_ONE_DAY = timedelta(days=1)

Days = Mapping[date, tuple[bool, str]]
"""(is it worked, note) of each day that departs from Monday to Friday, or has a name."""


@dataclass(frozen=True)
class HoursFields:
    """A unit's hours as a form describes them; periods are pairs like ("08:30", "12:00")."""

    weekdays: list[list[str]]
    saturday: list[list[str]]
    sunday: list[list[str]]
    keeps_holidays: bool
    source: str


def set_hours(session: Session, code: str, version: int, fields: HoursFields) -> Edit:
    """Give a unit hours of its own; `version` is 0 where it never had any.

    Raises NoResultFound, Outdated, Refused.
    """
    unit, row = _lock_hours(session, code, version)
    values = _checked(fields)
    if row is None:
        return added(session, DepartmentHours(department_id=unit.id, **values), HOURS, code, *values)
    return changed(session, row, HOURS, code, **values, is_active=True)


def drop_hours(session: Session, code: str, version: int) -> Edit:
    """Let the unit work as the one above it. Raises NoResultFound, Outdated, Refused."""
    _unit, row = _lock_hours(session, code, version)
    if row is None:
        raise Refused({"state": "no_hours"})
    return changed(session, row, HOURS, code, is_active=False)


def set_year(session: Session, year: int, version: int, text: str, source: str, is_announced: bool) -> Edit:
    """Say of every day of a year whether it is worked; `version` is 0 where nothing was said of the year.

    `text` names the days that depart from Monday to Friday, as `arrangement` writes them; all others are as
    the weekday says. Raises Outdated, Refused.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused({"state": "unknown"})
    days = read_arrangement(year, text)
    values: dict[str, Any] = {**texts(LONGEST_TEXT, source=source), "is_announced": is_announced}
    query = select(CalendarYear).where(CalendarYear.year == year).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if (row.version if row else 0) != version:
        raise Outdated()
    before, after = _set_days(session, year, days, values["source"])
    if row is None:
        edit = added(session, CalendarYear(year=year, **values), YEAR, str(year), *values)
    else:
        if before or after:
            row.version += 1
        edit = changed(session, row, YEAR, str(year), **values)
    return Edit(YEAR, str(year), edit.version, {**before, **edit.before}, {**after, **edit.after})


def arrangement(days: Days) -> str:
    """The days as `read_arrangement` reads them: one stretch of the same kind a line."""
    return "\n".join(_line(first, last, *days[first]) for first, last in _stretches(days))


def read_arrangement(year: int, text: str) -> dict[date, tuple[bool, str]]:
    """ "2026-10-01~2026-10-07 休 国庆节" a line. Raises Refused naming the first line that is wrong."""
    days: dict[date, tuple[bool, str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        stretch = _read_line(year, line)
        if stretch is None or days.keys() & stretch.keys():
            raise Refused({"days": "arrangement" if stretch is None else "day_twice"}, line=line[:60])
        days |= stretch
    return days


def says_nothing(day: date, is_working: bool, note: str) -> bool:
    """Whether the weekday says as much."""
    return not note and is_working == (day.weekday() < SATURDAY)


def _lock_hours(session: Session, code: str, version: int) -> tuple[Department, DepartmentHours | None]:
    """The unit under its lock, so that two who give it hours come one after the other, and its row."""
    unit = lock(session, Department, Department.code == code)
    row = session.get(DepartmentHours, unit.id, populate_existing=True)
    if (row.version if row else 0) != version:
        raise Outdated()
    return unit, row


def _checked(fields: HoursFields) -> dict[str, Any]:
    """The columns as stored. Raises Refused."""
    values = asdict(fields) | {"source": " ".join(fields.source.split())}
    faults = {"source": text_fault(values["source"], LONGEST_TEXT)}
    for name in ("weekdays", "saturday", "sunday"):
        try:
            values[name] = periods.checked(values[name])
        except ValueError:
            faults[name] = "periods"
    if not values["weekdays"]:
        faults["weekdays"] = "missing"
    refuse({name: fault for name, fault in faults.items() if fault})
    return values


def _set_days(session: Session, year: int, days: Days, source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Bring the year's rows to what is wanted; returns what differs, day by day in words.

    A day that is no longer named keeps its row, which then says what its weekday says.
    """
    span = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    rows = {row.day: row for row in session.scalars(select(CalendarDay).where(span).with_for_update())}
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for day in sorted(rows.keys() | days.keys()):
        row, wanted = rows.get(day), days.get(day, (day.weekday() < SATURDAY, ""))
        stored = (row.is_working, row.note) if row else None
        if stored == wanted:
            continue
        before |= {day.isoformat(): _words(*stored)} if stored else {}
        after[day.isoformat()] = _words(*wanted)
        if row is None:
            session.add(CalendarDay(day=day, is_working=wanted[0], note=wanted[1], source=source))
        else:
            row.is_working, row.note, row.source = *wanted, source
            row.version += 1
    return difference(before, after)


def _words(is_working: bool, note: str) -> str:
    return f"{ON if is_working else OFF} {note}".rstrip()


def _line(first: date, last: date, is_working: bool, note: str) -> str:
    days = first.isoformat() if first == last else f"{first.isoformat()}~{last.isoformat()}"
    return f"{days} {_words(is_working, note)}"


def _stretches(days: Days) -> Iterator[tuple[date, date]]:
    """First and last day of each run of neighbours of which the same is said."""
    ordered = sorted(days)
    for position, day in enumerate(ordered):
        if position and ordered[position - 1] == day - _ONE_DAY and days[day - _ONE_DAY] == days[day]:
            continue
        last = day
        while days.get(last + _ONE_DAY) == days[day]:
            last += _ONE_DAY
        yield day, last


def _read_line(year: int, line: str) -> dict[date, tuple[bool, str]] | None:
    """The days of one line; None where it is not right."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    try:
        first = date.fromisoformat(match["first"])
        last = date.fromisoformat(match["last"] or match["first"])
    except ValueError:
        return None
    note = (match["note"] or "").strip()
    if not first <= last or not first.year == last.year == year or (note and text_fault(note)):
        return None
    says = (match["mark"] == ON, note)
    return {first + number * _ONE_DAY: says for number in range((last - first).days + 1)}
