"""Filters of lists: read from an address or a form, kept under a name, and shared with a unit."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, ForeignKey, Identity, Text, UniqueConstraint, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app import list_wording, wording
from app.auth.models import Staff
from app.templating import category_name, city, day, region_name, unit_name
from db import Base, db
from tickets import errors
from tickets.boards import BOARDS
from tickets.lifecycle import AssignmentState
from tickets.narrowing import DAYS, LIGHTS, NO_CLOCK, STATES, Wanted
from tickets.permissions import Actor

FIND = "find"
"""The search, among the places that can be narrowed; the others are boards."""
MOST = 50
LONGEST_NAME = 40
_CHOICES: Mapping[str, Any] = {
    "light": LIGHTS, "clock": wording.CLOCKS, "type": wording.TYPES, "urgency": wording.URGENCIES,
}  # fmt: skip


class SavedFilter(Base):
    """A filter of one place under the name that a person gave it; `department_id`: whom it is shared with."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("staff_id", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_at: Mapped[datetime]


def narrows(place: str) -> bool:
    """Whether lists of this place can be narrowed."""
    return place == FIND or (place in BOARDS and BOARDS[place].narrows)


def is_of_parts(place: str) -> bool:
    """Whether its lines are parts of a unit rather than tickets."""
    return place != FIND and BOARDS[place].assigned


def states_of(place: str) -> list[tuple[str, str]]:
    """The states by which a place can be narrowed, in words."""
    if is_of_parts(place):
        gone = (AssignmentState.DONE, AssignmentState.RETURNED)
        return [(code, str(name)) for code, name in wording.PART_STATES.items() if code not in gone]
    return [(state, str(wording.TICKET_STATES[state])) for state in STATES]


def read(place: str, given: Mapping[str, str]) -> Wanted:
    """What an address or form asks for. Raises Invalid for what no form of ours offers."""
    values = {name: given.get(name, "").strip() for name in Wanted.__dataclass_fields__}
    values = {name: value for name, value in values.items() if value}
    if not narrows(place):
        return Wanted()
    faults = {name: "unknown" for name in values if not _is_offered(place, name, values[name])}
    staff = _staff_id(values["staff"]) if "staff" in values else None
    if "staff" in values and staff is None:
        faults["staff"] = "unknown"
    if faults:
        raise errors.Invalid(fields=faults)
    return Wanted(**{name: _value(name, value, staff) for name, value in values.items()})


def _is_offered(place: str, name: str, value: str) -> bool:
    if name in _CHOICES:
        return value in _CHOICES[name]
    if name == "state":
        return value in dict(states_of(place))
    if name == "category":
        return value in city().categories
    if name == "area":
        return value in city().places
    if name == "unit":
        return value.isdecimal() and len(value) < 10 and int(value) in city().units_by_id
    return name not in DAYS or _is_day(value)


def _is_day(text: str) -> bool:
    try:
        return 1990 < date.fromisoformat(text).year < 2200
    except ValueError:
        return False


def _value(name: str, text: str, staff: int | None) -> Any:
    if name in DAYS:
        return date.fromisoformat(text)
    if name == "staff":
        return staff
    return int(text) if name == "unit" else text


def _staff_id(text: str) -> int | None:
    """By login, as a person types it; by id, as an address holds it."""
    if text.isdecimal() and len(text) < 10:
        return int(text)
    return db.session.scalar(select(Staff.id).where(Staff.login == text.lower())) if text.isprintable() else None


def words(place: str, wanted: Wanted) -> list[tuple[str, str]]:
    """(what, which) of a filter, to be read."""
    given = wanted.to_data().items()
    return [(str(list_wording.FILTERS[name]), _value_words(place, name, value)) for name, value in given]


def _value_words(place: str, name: str, value: Any) -> str:
    if name == "light" and value == NO_CLOCK:
        return _("no clock runs")
    found = {
        "state": lambda: dict(states_of(place))[value],
        "light": lambda: wording.LIGHTS[value],
        "clock": lambda: wording.CLOCKS[value],
        "type": lambda: wording.TYPES[value],
        "urgency": lambda: wording.URGENCIES[value],
        "category": lambda: category_name(value),
        "area": lambda: region_name(value),
        "unit": lambda: unit_name(value),
        "staff": lambda: db.session.scalar(select(Staff.name).where(Staff.id == value)) or value,
    }
    return str(found[name]()) if name in found else day(date.fromisoformat(value))


def save(actor: Actor, now: datetime, name: str, place: str, wanted: Wanted, unit: int | None) -> None:
    """Keep a filter under a name; one of the same name gives way. Raises Invalid."""
    name = _checked_name(name)
    if wanted.is_empty or not narrows(place):
        raise errors.Invalid(fields={"name": "nothing_chosen"})
    row = db.session.scalar(select(SavedFilter).where(SavedFilter.staff_id == actor.id, SavedFilter.name == name))
    if row is None:
        mine = select(func.count()).select_from(SavedFilter).where(SavedFilter.staff_id == actor.id)
        if (db.session.scalar(mine) or 0) >= MOST:
            raise errors.Invalid(fields={"name": "too_many"})
        row = SavedFilter(staff_id=actor.id, name=name)
        db.session.add(row)
    row.place, row.wanted, row.saved_at = place, wanted.to_data(), now
    row.department_id = _shared_with(actor, unit)


def change(actor: Actor, filter_id: int, name: str, unit: int | None) -> None:
    """Another name, or other people to share it with. Raises NotFound, Invalid."""
    row = _own(actor, filter_id)
    name = _checked_name(name)
    same = select(SavedFilter.id).where(
        SavedFilter.staff_id == actor.id, SavedFilter.name == name, SavedFilter.id != row.id
    )
    if db.session.scalar(same) is not None:
        raise errors.Invalid(fields={"name": "name_taken"})
    row.name, row.department_id = name, _shared_with(actor, unit)


def forget(actor: Actor, filter_id: int) -> None:
    """Throw a filter away. Raises NotFound."""
    db.session.delete(_own(actor, filter_id))


def saved(actor: Actor) -> Sequence[SavedFilter]:
    """A person's own filters, and those that others share with the person's units."""
    mine = or_(SavedFilter.staff_id == actor.id, SavedFilter.department_id.in_(sorted(actor.departments)))
    rows = db.session.scalars(select(SavedFilter).where(mine).order_by(SavedFilter.name, SavedFilter.id)).all()
    return [row for row in rows if row.place == FIND or actor.holds(BOARDS[row.place].who)]


def _own(actor: Actor, filter_id: int) -> SavedFilter:
    row = db.session.get(SavedFilter, filter_id, with_for_update=True)
    if row is None or row.staff_id != actor.id:
        raise errors.NotFound()
    return row


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise errors.Invalid(fields={"name": "missing" if not name else "unreadable"})
    return name


def _shared_with(actor: Actor, unit: int | None) -> int | None:
    if unit is not None and unit not in actor.departments:
        raise errors.Invalid(fields={"unit": "unknown"})
    return unit
