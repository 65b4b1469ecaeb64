"""The numbers that can be dialled: those of the demo city, and a city's own as its administrators edit them.

The verbs are edits like those of the reference data (routing/editing.py); no version of it counts these rows,
which are read anew with each call.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calls.arriving import TOP
from calls.models import PhoneLine, Seat
from routing import periods
from routing.editing import Edit, Refused, added, changed, lock, refuse, text_fault
from routing.models import CitySetting
from routing.terms import LINE_NO, TELEPHONE
from routing.units import PHONE

DEMO = Path(__file__).with_name("demo_lines.json")
DEMO_FOLLOW_UP = {"follow_up_lines": 3, "follow_up_after_minutes": 2, "follow_up_from": 0, "follow_up_to": 24}
"""At any hour: who tries the demo city at night is to see it too."""
LINE = "phone_line"
HOLIDAYS, OUTSIDE = ("open", "outside"), ("crew", "closed")
SKILL = re.compile(r"[a-z][a-z0-9_-]{0,19}")
MOST_SKILLS = 10


@dataclass(frozen=True)
class LineFields:
    """A line as a form describes it. `skills` are words, `hours` pairs like ("08:00", "20:00")."""

    line_no: str
    name: str
    skills: Collection[str]
    priority: int
    hours: Sequence[Sequence[str]]
    holidays: str
    outside: str


def seed_demo(session: Session) -> None:
    """The demo city's lines, where there are none; and citizens that are rung soon, for somebody to see it."""
    if session.scalar(select(PhoneLine.number).limit(1)) is None:
        session.add_all(PhoneLine(**row) for row in json.loads(DEMO.read_text(encoding="utf-8")))
        numbers = session.get_one(CitySetting, TELEPHONE)
        numbers.value = {**numbers.value, **DEMO_FOLLOW_UP}


def add_line(session: Session, number: str, fields: LineFields) -> Edit:
    """A number that was not answered as a line of its own. Raises Refused."""
    number = number.strip()
    if not PHONE.fullmatch(number):
        raise Refused({"number": "phone_shape" if number else "missing"})
    if session.get(PhoneLine, number) is not None:
        raise Refused({"number": "number_taken"})
    values = _checked(fields)
    _alone(session, values["line_no"], number)
    return added(session, PhoneLine(number=number, **values), LINE, number, *values)


def change_line(session: Session, number: str, version: int, fields: LineFields) -> Edit:
    """What the line is called and who answers it; its number stays. Raises NoResultFound, Outdated, Refused."""
    line = lock(session, PhoneLine, PhoneLine.number == number, version)
    values = _checked(fields)
    if line.is_active:
        _alone(session, values["line_no"], number)
    return changed(session, line, LINE, number, **values)


def switch_line(session: Session, number: str, version: int, is_active: bool) -> Edit:
    """Take the line out of use, or use it again. Raises NoResultFound, Outdated, Refused."""
    line = lock(session, PhoneLine, PhoneLine.number == number, version)
    if is_active:
        _alone(session, line.line_no, number)
    return changed(session, line, LINE, number, is_active=is_active)


def all_lines(session: Session) -> list[PhoneLine]:
    """Every line, those in use first, by the number that citizens know."""
    order = (PhoneLine.is_active.desc(), PhoneLine.line_no, PhoneLine.number)
    return list(session.scalars(select(PhoneLine).order_by(*order)))


def labels(session: Session) -> dict[str, str]:
    """The number that citizens know -> how to call the line, of all ever used; one in use goes before others."""
    return {line.line_no: label(line) for line in reversed(all_lines(session))}


def label(line: PhoneLine) -> str:
    """The line's name, with its number before it unless it holds it."""
    return line.name if line.line_no in line.name else f"{line.line_no} {line.name}"


def skills_of_seats(session: Session) -> list[str]:
    """The skills that some seat has."""
    return sorted(set(session.scalars(select(func.unnest(Seat.skills)))))


def _alone(session: Session, line_no: str, number: str) -> None:
    """A call knows its line, not by which number it came: one line in use has one number, and one set of hours."""
    same = select(PhoneLine.number).where(
        PhoneLine.line_no == line_no, PhoneLine.is_active, PhoneLine.number != number
    )
    other = session.scalar(same.with_for_update().limit(1))
    if other is not None:
        raise Refused({"line_no": "line_taken"}, number=other)


def _checked(fields: LineFields) -> dict[str, Any]:
    values = asdict(fields) | {"skills": sorted(set(fields.skills)), "name": fields.name.strip()}
    faults = {
        "line_no": "" if LINE_NO.fullmatch(fields.line_no) else "line_no_shape" if fields.line_no else "missing",
        "name": text_fault(values["name"]),
        "skills": "" if _are_skills(values["skills"]) else "skill_shape",
        "priority": "" if 0 <= fields.priority < TOP else "line_priority",
        "holidays": "" if fields.holidays in HOLIDAYS else "unknown",
        "outside": "" if fields.outside in OUTSIDE else "unknown",
    }
    try:
        values["hours"] = periods.checked(fields.hours)
    except ValueError:
        faults["hours"] = "line_hours"
    refuse({name: fault for name, fault in faults.items() if fault})
    return values


def _are_skills(given: Collection[str]) -> bool:
    return len(given) <= MOST_SKILLS and all(SKILL.fullmatch(skill) for skill in given)
