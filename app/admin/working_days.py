"""The administrator's pages on the working calendar: a year by months, its arrangement as a whole, and one day."""

from calendar import Calendar
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, request
from sqlalchemy import select

from app import edits
from app.access import requires
from app.admin.edit import Page, Refusal, answer, attempt, done, recorded, seen, text
from app.outbox import unit_of_work
from app.templating import city, today
from db import db
from routing import seed, terms, working_time
from routing.calendar_models import CalendarYear
from routing.models import CalendarDay
from tickets import errors, rescheduling

bp = Blueprint("working_days", __name__, url_prefix="/admin/calendar")
YEARS_AROUND = 2


@bp.get("")
@requires("admin.directory")
def year() -> Page:
    """The months of one year: the one asked for, or this one."""
    with unit_of_work() as now:
        this = today(now).year
        asked = request.args.get("year", this, type=int)
        number = asked if abs(asked - this) <= 50 else this
        days = _days(date(number, 1, 1), date(number, 12, 31))
        row = db.session.get(CalendarYear, number)
        begins = datetime(number, 1, 1, tzinfo=city().zone).astimezone(UTC)
        months = [(month, Calendar().monthdatescalendar(number, month)) for month in range(1, 13)]
        return answer(
            "admin/calendar.html", None, {}, year=number, months=months, days=days, today=today(now),
            years=range(this - YEARS_AROUND, this + YEARS_AROUND + 1), arrangement=row,
            announced=_announced(),
            provisional=0 if row and row.is_announced else rescheduling.running_after(begins),
            sources=sorted(Counter(day.source for day in days.values()).items()),
        )  # fmt: skip


@bp.get("/<int:year>/arrangement")
@requires("admin.directory")
def arrangement(year: int) -> Page:
    """All days of a year that are named, as lines; or as the holidays package knows them."""
    return _arrangement_page(year)


@bp.post("/<int:year>/arrangement")
@requires("admin.directory")
def set_year(year: int) -> Page:
    """Say of every day of the year whether it is worked."""
    days, is_announced = request.form.get("days", ""), "is_announced" in request.form
    do = recorded(
        lambda now: working_time.set_year(db.session(), year, seen(), days, text("source"), is_announced)
    )
    refusal = attempt(working_time.YEAR, str(year), do)
    return _arrangement_page(year, refusal) if refusal else done("working_days.year", year=year)


@bp.get("/<day>")
@requires("admin.directory")
def day(day: str) -> Page:
    """One day."""
    return _day_page(_date(day))


@bp.post("/<day>")
@requires("admin.directory")
def set_day(day: str) -> Page:
    """Say whether it is worked."""
    found = _date(day)
    is_working = text("is_working") == "yes"
    do = recorded(
        lambda now: terms.set_day(db.session(), found, seen(), is_working, text("note"), text("source"))
    )
    refusal = attempt(terms.DAY, found.isoformat(), do)
    return _day_page(found, refusal) if refusal else done("working_days.year", year=found.year)


def _date(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError as fault:
        raise errors.NotFound() from fault


def _announced() -> set[int]:
    """The years whose arrangement is known."""
    return set(db.session.scalars(select(CalendarYear.year).where(CalendarYear.is_announced)))


def _days(first: date, last: date) -> dict[date, CalendarDay]:
    """Days of which something is said."""
    rows = db.session.scalars(select(CalendarDay).where(CalendarDay.day.between(first, last)))
    return {row.day: row for row in rows}


def _arrangement_page(year: int, refusal: Refusal | None = None) -> Page:
    if not working_time.FIRST_YEAR <= year <= working_time.LAST_YEAR:
        raise errors.NotFound()
    from_package = "from_package" in request.args
    with unit_of_work():
        row = db.session.get(CalendarYear, year)
        rows = seed.calendar_days([year]) if from_package else _days(date(year, 1, 1), date(year, 12, 31)).values()
        said = {one.day: (one.is_working, one.note) for one in rows}
        lines = working_time.arrangement(
            {day: says for day, says in said.items() if not working_time.says_nothing(day, *says)}
        )
        stored = {"days": lines, "source": seed.SOURCE if from_package else row.source if row else ""}
        stored |= {"is_announced": "1"} if row and row.is_announced else {}
        return answer(
            "admin/calendar_year.html", refusal, stored, year=year, version=row.version if row else 0,
            from_package=from_package, past=edits.history(working_time.YEAR, str(year)),
        )  # fmt: skip


def _day_page(day: date, refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        row = db.session.get(CalendarDay, day)
        is_working = row.is_working if row else day.weekday() < 5
        stored = {
            "is_working": "yes" if is_working else "no",
            "note": row.note if row else "",
            "source": row.source if row else "",
        }
        return answer(
            "admin/day.html", refusal, stored, day=day, row=row, before=day - timedelta(days=1),
            after=day + timedelta(days=1), past=edits.history(terms.DAY, day.isoformat()),
        )  # fmt: skip
