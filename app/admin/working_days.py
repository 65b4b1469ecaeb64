"""The administrator's pages on the working calendar: a year by months, and one day."""

from calendar import Calendar
from collections import Counter
from datetime import date, timedelta

from flask import Blueprint, request
from sqlalchemy import select

from app import edits
from app.access import requires
from app.admin.edit import Page, Refusal, answer, attempt, done, recorded, seen, text
from app.outbox import unit_of_work
from app.templating import today
from db import db
from routing import terms
from routing.models import CalendarDay
from tickets import errors

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
        months = [(month, Calendar().monthdatescalendar(number, month)) for month in range(1, 13)]
        return answer(
            "admin/calendar.html", None, {}, year=number, months=months, days=days, today=today(now),
            years=range(this - YEARS_AROUND, this + YEARS_AROUND + 1), is_announced=_is_announced(days),
            sources=sorted(Counter(day.source for day in days.values()).items()),
        )  # fmt: skip


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


def _days(first: date, last: date) -> dict[date, CalendarDay]:
    """Days of which something is said."""
    rows = db.session.scalars(select(CalendarDay).where(CalendarDay.day.between(first, last)))
    return {row.day: row for row in rows}


def _is_announced(days: dict[date, CalendarDay]) -> bool:
    """Whether the year's official arrangement is known: every one of them makes up for holidays on weekends."""
    return any(row.is_working and row.day.weekday() > 4 for row in days.values())


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
