"""What every edit of the reference data does around its own change: lock, compare, tell before from after.

The verbs stand in units.py, duties.py, rulebook.py and terms.py. None commits or asks who may: the caller
checks the permission and keeps the record of what a verb returns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from routing.models import Category, Department
from routing.values import Target

LONGEST_NAME, LONGEST_TEXT = 100, 1000


class Versioned(Protocol):
    version: Any


Row = TypeVar("Row", bound=Versioned)


@dataclass(frozen=True)
class Edit:
    """One change of one thing. `key` names it among its kind; `before` and `after` hold what differs.

    `before` is empty for a new thing, both are where nothing was changed.
    """

    what: str
    key: str
    version: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


class Refused(Exception):
    """A value is missing or wrong: `fields` maps it to the kind of fault, `values` are for the sentence."""

    def __init__(self, fields: Mapping[str, str], **values: str) -> None:
        super().__init__(fields, values)
        self.fields = fields
        self.values = values


class Outdated(Exception):
    """Somebody changed the thing since the form was opened."""


def lock(session: Session, model: type[Row], which: ColumnElement[bool], version: int | None = None) -> Row:
    """The row under its lock; with a version, as the person saw it. Raises NoResultFound, Outdated."""
    query = select(model).where(which).with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).one()
    if version is not None and row.version != version:
        raise Outdated()
    return row


def added(session: Session, row: Any, what: str, key: str, *names: str) -> Edit:
    """Store a new row; `names` are the columns worth telling."""
    session.add(row)
    session.flush()
    after = {name: plain(getattr(row, name)) for name in names}
    return Edit(what, key, row.version or 1, {}, after)


def changed(session: Session, row: Any, what: str, key: str, **values: Any) -> Edit:
    """Set columns and raise the version, or leave all as it is where nothing differs."""
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    before = {name: plain(getattr(row, name)) for name in differing}
    for name, value in differing.items():
        setattr(row, name, value)
    if differing:
        row.version += 1
    session.flush()
    return Edit(what, key, row.version, before, {name: plain(value) for name, value in differing.items()})


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of two states differs, each side as JSON can hold it."""
    names = [name for name, value in after.items() if before.get(name) != value]
    return {name: plain(before.get(name)) for name in names}, {name: plain(after[name]) for name in names}


def plain(value: Any) -> Any:
    """A column's value as JSON can hold it."""
    return value.isoformat() if isinstance(value, date) else value


def texts(longest: int = LONGEST_NAME, **given: str) -> dict[str, str]:
    """The texts without blanks around them. Raises Refused, naming each that is empty or cannot be kept."""
    kept = {name: text.strip() for name, text in given.items()}
    faults = {name: text_fault(text, longest) for name, text in kept.items()}
    refuse({name: fault for name, fault in faults.items() if fault})
    return kept


def text_fault(text: str, longest: int = LONGEST_NAME) -> str:
    """What is wrong with a needed text, or nothing."""
    if not text:
        return "missing"
    if not text.isprintable():
        return "unreadable"
    return "too_long" if len(text) > longest else ""


def refuse(faults: Mapping[str, str], **values: str) -> None:
    """Raise Refused if there is any fault."""
    if faults:
        raise Refused(faults, **values)


def check_category(session: Session, field: str, code: str | None) -> None:
    """Raise Refused for a category that does not exist; None is none."""
    if code is not None and session.scalar(select(Category.id).where(Category.code == code)) is None:
        raise Refused({field: "unknown"})


def check_targets(session: Session, field: str, *targets: Target) -> None:
    """Raise Refused for a unit that is not active, or a line that no active unit has."""
    active = select(Department.id).where(Department.is_active).limit(1)
    for target in targets:
        named = Department.code == target.unit if target.unit else Department.line == target.line
        if session.scalar(active.where(named)) is None:
            raise Refused({field: "unknown"})


def target_data(target: Target) -> dict[str, Any]:
    """A target as `assists` holds it."""
    return {"unit": target.unit} if target.unit else {"line": target.line, "level": target.level}


def lead_columns(lead: Target | None) -> dict[str, Any]:
    """A target as the columns of a duty or a rule."""
    lead = lead or Target()
    return {"lead_department_code": lead.unit, "lead_line": lead.line, "lead_level": lead.level}
