"""A unit's working hours on the administrator's pages: the form, and what is in force in words."""

from typing import Any

from flask import request

from app import edits
from app.admin.edit import Page, Refusal, answer, text
from app.admin.wording import value_text
from app.outbox import unit_of_work
from app.templating import city
from db import db
from routing import periods, working_time
from routing.calendar_models import DepartmentHours
from routing.values import Hours
from routing.working_time import HoursFields
from tickets import errors

WEEK = ("weekdays", "saturday", "sunday")


def fields() -> HoursFields:
    """The form as typed."""
    weekdays, saturday, sunday = (periods.lines(request.form.get(name, "")) for name in WEEK)
    return HoursFields(weekdays, saturday, sunday, "keeps_holidays" in request.form, text("source"))


def in_words(unit_id: int) -> dict[str, Any] | None:
    """The hours by which a unit works and whose they are; None where it works as the city does."""
    found = city().hours_of(unit_id)
    if found is None:
        return None
    whose, hours = found
    told = {name: value_text(periods.typed(getattr(hours, name))) for name in WEEK}
    return told | {"keeps_holidays": hours.keeps_holidays, "whose": city().units_by_id[whose].name}


def page(code: str, refusal: Refusal | None = None) -> Page:
    """The form of a unit's hours; of one without its own, filled with those by which it works."""
    with unit_of_work():
        unit = city().units.get(code)
        if unit is None:
            raise errors.NotFound()
        row, found = db.session.get(DepartmentHours, unit.id), city().hours_of(unit.id)
        whose, hours = found or (None, Hours(city().working_periods, (), (), True))
        stored: dict[str, object] = {name: periods.as_lines(periods.typed(getattr(hours, name))) for name in WEEK}
        stored |= {"keeps_holidays": "1"} if hours.keeps_holidays else {}
        return answer(
            "admin/unit_hours.html", refusal, stored | {"source": row.source if row and row.is_active else ""},
            unit=unit, version=row.version if row else 0, is_own=whose == unit.id,
            whose=city().units_by_id[whose].name if whose is not None else "",
            past=edits.history(working_time.HOURS, code),
        )  # fmt: skip
