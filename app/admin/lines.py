"""The administrator's pages on the numbers that can be dialled: what each is called, and who answers it when."""

import re
from datetime import timedelta
from typing import Any

from flask import Blueprint
from sqlalchemy import select

from app import edits
from app.access import requires
from app.admin.edit import Page, Refusal, answer, attempt, done, number, recorded, seen, text
from app.admin.phone_wording import SHIFTS
from app.outbox import unit_of_work
from app.skill_wording import skill_name
from app.templating import city, today
from calls import lines
from calls.hours import shift, whole_day
from calls.lines import LineFields
from calls.models import PhoneLine
from db import db
from routing import periods
from routing.models import CalendarDay
from tickets import clocks, errors

bp = Blueprint("lines", __name__, url_prefix="/admin/lines")


@bp.get("")
@requires("admin.directory")
def all_lines() -> Page:
    """Every line, and who answers it now."""
    with unit_of_work() as now:
        rows = lines.all_lines(db.session())
        local = now.astimezone(city().zone)
        is_working = clocks.clock_rules(city()).calendar.is_working(local.date())
        shifts = {
            row.number: shift(local, row.hours, is_working, row.holidays, row.outside) for row in rows
        }
        return answer(
            "admin/line_list.html", None, {}, rows=rows, shifts=shifts, SHIFTS=SHIFTS, skill_name=skill_name
        )


@bp.get("/new")
@requires("admin.directory")
def new() -> Page:
    """An empty form."""
    return _new_page()


@bp.post("")
@requires("admin.directory")
def add() -> Page:
    """Answer a number as a line of its own."""
    given = text("number")
    refusal = attempt(
        lines.LINE, given, recorded(lambda now: lines.add_line(db.session(), given, _fields()))
    )
    return _new_page(refusal) if refusal else done("lines.line", given=given)


@bp.get("/<given>")
@requires("admin.directory")
def line(given: str) -> Page:
    """One line."""
    return _line_page(given)


@bp.post("/<given>")
@requires("admin.directory")
def change(given: str) -> Page:
    """Call it otherwise, or let others answer it."""
    do = recorded(lambda now: lines.change_line(db.session(), given, seen(), _fields()))
    return _done(given, attempt(lines.LINE, given, do))


@bp.post("/<given>/off")
@requires("admin.directory")
def take_out(given: str) -> Page:
    """Take it out of use."""
    do = recorded(lambda now: lines.switch_line(db.session(), given, seen(), is_active=False))
    return _done(given, attempt(lines.LINE, given, do))


@bp.post("/<given>/on")
@requires("admin.directory")
def use_again(given: str) -> Page:
    """Use it again."""
    do = recorded(lambda now: lines.switch_line(db.session(), given, seen(), is_active=True))
    return _done(given, attempt(lines.LINE, given, do))


def _fields() -> LineFields:
    """The form as typed. Raises Refused."""
    return LineFields(
        line_no=text("line_no"),
        name=text("name"),
        skills=[skill for skill in re.split(r"[\s,，、;；]+", text("skills")) if skill],
        priority=number("priority"),
        hours=periods.lines(text("hours")),
        holidays=text("holidays"),
        outside=text("outside"),
    )


def _stored(row: PhoneLine) -> dict[str, object]:
    return {
        "line_no": row.line_no, "name": row.name, "skills": ", ".join(row.skills), "priority": str(row.priority),
        "hours": periods.as_lines(row.hours), "holidays": row.holidays,
        "outside": row.outside,
    }  # fmt: skip


def _done(given: str, refusal: Refusal | None) -> Page:
    return _line_page(given, refusal) if refusal else done("lines.line", given=given)


def _known_skills() -> list[str]:
    """The skills that some seat has, by their codes, which are what one types, with what they are called."""
    named = [(code, skill_name(code)) for code in lines.skills_of_seats(db.session())]
    return [code if code == name else f"{code} ({name})" for code, name in named]


def _new_page(refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        stored = {"priority": "0", "holidays": "open", "outside": "crew"}
        known = _known_skills()
        return answer("admin/line_page.html", refusal, stored, row=None, known=known)


def _line_page(given: str, refusal: Refusal | None = None) -> Page:
    with unit_of_work() as now:
        row = db.session.get(PhoneLine, given)
        if row is None:
            raise errors.NotFound()
        known, past = _known_skills(), edits.history(lines.LINE, given)
        return answer(
            "admin/line_page.html", refusal, _stored(row), row=row, known=known, past=past, SHIFTS=SHIFTS,
            called=lines.label(row),
            **_preview(row, now),
        )  # fmt: skip


def _preview(row: PhoneLine, now: Any) -> dict[str, Any]:
    """Who answers now, through today, and through the next day off that the calendar names."""
    local = now.astimezone(city().zone)
    calendar = clocks.clock_rules(city()).calendar
    off = db.session.scalar(
        select(CalendarDay)
        .where(CalendarDay.day > today(now), ~CalendarDay.is_working)
        .order_by(CalendarDay.day)
        .limit(1)
    )
    day_off = off.day if off else today(now) + timedelta(days=6 - today(now).weekday() or 7)
    is_working = calendar.is_working(local.date())
    return {
        "shift_now": shift(local, row.hours, is_working, row.holidays, row.outside),
        "local": local,
        "days": [
            (local.date(), "", whole_day(row.hours, is_working, row.holidays, row.outside)),
            (day_off, off.note if off else "", whole_day(row.hours, False, row.holidays, row.outside)),
        ],
    }
