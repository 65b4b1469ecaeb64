"""Edits of the directory of duties: each makes a version that is in force from a day; none is overwritten."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from routing import service
from routing.editing import (
    LONGEST_TEXT,
    Edit,
    Outdated,
    Refused,
    added,
    check_category,
    check_targets,
    difference,
    lead_columns,
    plain,
    refuse,
    target_data,
    text_fault,
)
from routing.models import DirectoryItem
from routing.values import Target
from routing.words import MIN_LENGTH, normal

DUTY = "duty"
CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}")
HEAVIEST = 10
TOLD = (
    "matter", "category_code", "lead_department_code", "lead_line", "lead_level", "assists", "legal_basis",
    "keywords", "anti_keywords", "valid_from", "valid_until",
)  # fmt: skip
"""The columns of a version that its record tells."""


@dataclass(frozen=True)
class DutyFields:
    """A duty as a form describes it. `keywords` are (word, weight)."""

    matter: str
    category_code: str
    lead: Target | None
    assists: tuple[Target, ...]
    legal_basis: str
    keywords: tuple[tuple[str, float], ...]
    anti_keywords: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None = None


def add_duty(session: Session, code: str, today: date, fields: DutyFields) -> Edit:
    """A new duty, in force from a day that is not past. Raises Refused."""
    code = code.strip()
    if not CODE.fullmatch(code):
        raise Refused({"code": "code_shape" if code else "missing"})
    if session.scalar(select(DirectoryItem.id).where(DirectoryItem.code == code).limit(1)) is not None:
        raise Refused({"code": "code_taken"})
    item = DirectoryItem(code=code, **_checked(session, fields, today))
    return added(session, item, DUTY, code, *TOLD)


def change_duty(session: Session, code: str, version: int, today: date, fields: DutyFields) -> Edit:
    """The duty's next version, in force from a day that is not past. Raises NoResultFound, Outdated, Refused.

    A version that would begin no earlier was never in force for a whole day: the new one takes its place.
    """
    last = latest(session, code)
    if last.version != version:
        raise Outdated()
    values = _checked(session, fields, today)
    before = {name: getattr(last, name) for name in TOLD}
    first = values.pop("valid_from")
    item = service.add_directory_version(session, code, first, replacing=True, **values)
    told_before, told_after = difference(before, {name: getattr(item, name) for name in TOLD})
    return Edit(DUTY, code, item.version, told_before, told_after)


def latest(session: Session, code: str) -> DirectoryItem:
    """The duty's last version, under its lock. Raises NoResultFound."""
    rows = select(DirectoryItem).where(DirectoryItem.code == code).order_by(DirectoryItem.version.desc())
    return session.scalars(rows.limit(1).with_for_update()).one()


def next_code(session: Session, category: str) -> str:
    """A code for a new duty of a category that no duty has: "D" and the category's digits, then a letter."""
    stem = "D" + category.replace("-", "")
    taken = set(session.scalars(select(DirectoryItem.code).where(func.starts_with(DirectoryItem.code, stem))))
    free = [stem, *(f"{stem}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
    return next((code for code in free if code not in taken), "")


def _checked(session: Session, fields: DutyFields, today: date) -> dict[str, Any]:
    """The columns as stored. Raises Refused."""
    matter, basis = fields.matter.strip(), " ".join(fields.legal_basis.split())
    faults = {
        "matter": text_fault(matter),
        "legal_basis": text_fault(basis, LONGEST_TEXT),
        "lead": "" if fields.lead else "missing",
        "category_code": "" if fields.category_code else "missing",
        "keywords": _keywords_fault(fields.keywords),
        "anti_keywords": "word_short" if any(_is_short(word) for word in fields.anti_keywords) else "",
        "valid_from": _first_day_fault(fields.valid_from, today),
    }
    if fields.valid_from and fields.valid_until and fields.valid_until < fields.valid_from:
        faults["valid_until"] = "ends_early"
    refuse({name: fault for name, fault in faults.items() if fault}, today=plain(today))
    assert fields.lead is not None
    check_category(session, "category_code", fields.category_code)
    check_targets(session, "lead", fields.lead)
    check_targets(session, "assists", *fields.assists)
    return {
        "matter": matter,
        "category_code": fields.category_code,
        **lead_columns(fields.lead),
        "assists": [target_data(one) for one in dict.fromkeys(fields.assists)],
        "legal_basis": basis,
        "keywords": [[word, weight] for word, weight in fields.keywords],
        "anti_keywords": list(dict.fromkeys(fields.anti_keywords)),
        "valid_from": fields.valid_from,
        "valid_until": fields.valid_until,
    }


def _first_day_fault(first: date | None, today: date) -> str:
    if first is None:
        return "missing"
    return "past" if first < today else ""


def _keywords_fault(keywords: tuple[tuple[str, float], ...]) -> str:
    words = [normal(word) for word, _ in keywords]
    if not words:
        return "missing"
    if any(_is_short(word) for word in words):
        return "word_short"
    if len(set(words)) < len(words):
        return "word_twice"
    return "" if all(0 < weight <= HEAVIEST for _, weight in keywords) else "weight"


def _is_short(word: str) -> bool:
    """Too short to be looked for: one character says nothing."""
    return len(normal(word)) < MIN_LENGTH or not word.isprintable()
