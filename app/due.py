"""The command that counts a due time and says how: for people who check a promise, and for tests of calendars."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError

from app.outbox import unit_of_work
from routing import periods, seed
from routing import service as routing
from tickets import clocks, reckoning
from tickets.calendars import MIDNIGHT, Calendar, Span
from tickets.deadlines import DAY_UNITS, Limit, due_at
from tickets.reckoning import Step

FIRST_YEAR, LAST_YEAR = 1950, 2100
"""Between these the holidays package knows China's holidays."""
DAYS_A_YEAR = 240
"""Fewer than any year has working days."""
WHY: Mapping[str, str] = {
    "first_day": "the day it begins is not counted",
    "calendar_day": "counted",
    "working": "counted: working day",
    "makeup": "counted: make-up day",
    "weekend": "not counted: weekend",
    "holiday": "not counted: holiday",
    "paused": "not counted: paused",
    "hours": "counted",
    "no_hours": "not counted: outside working hours",
}


@dataclass(frozen=True)
class Counted:
    """By which days, and what its free days are called."""

    calendar: Calendar
    names: Mapping[date, str]


@click.command("due")
@click.option("--start", required=True, metavar="MOMENT", help="When it begins, such as 2026-09-30T16:00+08:00.")
@click.option("--limit", "limit_text", required=True, metavar="LIMIT", help="30min, 2h, 4wh, 7d or 5wd.")
@click.option("--pause", "pause_texts", multiple=True, metavar="FROM/TO", help="When it does not run; repeatable.")
@click.option("--department", metavar="CODE", help="By this unit's hours and the calendar of the database.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def due_command(
    start: str, limit_text: str, pause_texts: tuple[str, ...], department: str | None, as_json: bool
) -> None:
    """When a limit ends, and how each day on the way was counted.

    min and h run day and night, wh in working time; d are calendar days and wd working days, from the next day
    on. Without --department no database is needed: holidays are those of the holidays package, zone and hours
    those that ship.
    """
    begins = _moment("--start", start)
    pauses = [_pause(text) for text in pause_texts]
    try:
        limit = Limit.parse(limit_text)
        counted = _of_department(department) if department is not None else _shipped(begins, limit)
        due = due_at(begins, limit, counted.calendar, pauses)
        steps = reckoning.steps(begins, limit, counted.calendar, pauses, counted.names)
    except OverflowError as fault:
        raise click.UsageError("That ends after the last day that a date can hold.") from fault
    except ValueError as fault:
        raise click.UsageError(str(fault)) from fault
    zone = counted.calendar.zone
    if as_json:
        told = {"due_at": due.astimezone(zone).isoformat(), "steps": [_data(step, zone) for step in steps]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in _table(steps, zone):
        click.echo(line)
    ends_day = " (the end of the day before)" if limit.unit in DAY_UNITS and _is_midnight(due, zone) else ""
    click.echo(f"due at {due.astimezone(zone):%Y-%m-%d %H:%M:%S%z}{ends_day}")
    if reckoning.is_provisional(begins, due, limit, counted.calendar):
        click.echo("provisional: the holidays of a year on the way are not announced yet")


def _moment(option: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as fault:
        raise click.UsageError(f"{option}: {text!r} is not a moment such as 2026-09-30T16:00+08:00.") from fault
    if found.tzinfo is None:
        raise click.UsageError(f"{option}: {text!r} lacks its offset from UTC, such as +08:00.")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise click.UsageError(f"{option}: the year must be between {FIRST_YEAR} and {LAST_YEAR}.")
    return found


def _pause(text: str) -> Span:
    begins, slash, ends = text.partition("/")
    if not slash:
        raise click.UsageError(f"--pause: {text!r} is not FROM/TO.")
    span = _moment("--pause", begins), _moment("--pause", ends)
    if span[0] > span[1]:
        raise click.UsageError(f"--pause: {text!r} ends before it begins.")
    return span


def _shipped(begins: datetime, limit: Limit) -> Counted:
    """What a new city begins with, for the years on the way."""
    settings = seed.document("settings")
    first = max(FIRST_YEAR, begins.astimezone(UTC).year - 1)
    years = range(first, min(LAST_YEAR, first + 3 + limit.value // DAYS_A_YEAR) + 1)
    days = list(seed.calendar_days(years))
    announced = frozenset(row.year for row in seed.calendar_years(days) if row.is_announced)
    calendar = Calendar(
        ZoneInfo(settings["zone"]), periods.times(settings["working_periods"]),
        {row.day: row.is_working for row in days}, announced=announced,
    )  # fmt: skip
    return Counted(calendar, {row.day: row.note for row in days})


@with_appcontext
def _of_department(code: str) -> Counted:
    try:
        with unit_of_work():
            reference = routing.current()
    except OperationalError as fault:
        raise click.UsageError("The database does not answer, and --department needs it.") from fault
    unit = reference.units.get(code)
    if unit is None:
        raise click.UsageError(f"--department: there is no unit {code!r}.")
    return Counted(clocks.clock_rules(reference).calendar_of_unit(unit.id), reference.day_names)


def _data(step: Step, zone: ZoneInfo) -> dict[str, Any]:
    told: dict[str, Any] = {
        "date": step.day.isoformat(), "weekday": f"{step.day:%A}", "counted": step.is_counted,
        "reason": step.reason, "why": _why(step),
    }  # fmt: skip
    told |= {"number": step.number} if step.number else {}
    told |= {"holiday": step.name} if step.name and step.reason == "holiday" else {}
    told |= {"periods": _periods(step.spans, zone)} if step.spans else {}
    return told | ({"provisional": True} if step.is_provisional else {})


def _why(step: Step) -> str:
    name = f", {step.name}" if step.name and step.reason in ("holiday", "makeup") else ""
    return WHY[step.reason] + name + (", provisional year" if step.is_provisional else "")


def _periods(spans: Iterable[Span], zone: ZoneInfo) -> list[list[str]]:
    return [[_clock(begins, zone), _clock(ends, zone, is_end=True)] for begins, ends in spans]


def _clock(at: datetime, zone: ZoneInfo, is_end: bool = False) -> str:
    local = at.astimezone(zone)
    if is_end and local.time() == MIDNIGHT:
        return periods.MIDNIGHT
    return f"{local:%H:%M:%S}" if local.second or local.microsecond else f"{local:%H:%M}"


def _is_midnight(at: datetime, zone: ZoneInfo) -> bool:
    return at.astimezone(zone).time() == MIDNIGHT


def _table(steps: list[Step], zone: ZoneInfo) -> Iterable[str]:
    for step in steps:
        number = f"{step.number}." if step.number else ""
        spans = ", ".join("-".join(period) for period in _periods(step.spans, zone))
        yield f"{step.day} {step.day:%a} {number:>4} {_why(step)}{f': {spans}' if spans else ''}"


if __name__ == "__main__":
    due_command(prog_name="flask due")
