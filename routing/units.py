"""Edits of the tree of units and of the tree of categories. Nothing is ever deleted."""

import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from routing.editing import Edit, Refused, added, changed, check_category, lock, refuse, text_fault, texts
from routing.models import KINDS, Category, Department, DirectoryItem, Region, RoutingRule

UNIT, CATEGORY = "department", "category"
UNIT_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}")
LINE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
"""E.164: never a short number such as 110, which no carrier abroad can dial."""
EMAIL = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,180}")
LEVELS_OF_KIND = {"district": 2, "town": 3, "village": 4}
"""Kinds that stand on one level only; a bureau, a utility and the others may stand on any."""
NAMED_AT_MOST = 10


@dataclass(frozen=True)
class UnitFields:
    """A unit as a form describes it; `parent` is a unit's code, None for the one at the top."""

    name: str
    short_name: str
    kind: str
    line: str | None
    level: int
    parent: str | None
    region_code: str
    phone: str = ""
    email: str = ""


def add_unit(session: Session, code: str, fields: UnitFields) -> Edit:
    """A new unit. Raises Refused."""
    code = code.strip()
    if not UNIT_CODE.fullmatch(code):
        raise Refused({"code": "code_shape" if code else "missing"})
    if session.scalar(select(Department.id).where(Department.code == code)) is not None:
        raise Refused({"code": "code_taken"})
    values, parent = _checked(session, fields, None)
    unit = Department(code=code, path="", **values, parent_id=parent.id if parent else None)
    edit = added(session, unit, UNIT, code, *values)
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    session.flush()
    return Edit(UNIT, code, edit.version, {}, {**edit.after, "parent": fields.parent})


def change_unit(session: Session, code: str, version: int, fields: UnitFields) -> Edit:
    """Rename, move or describe a unit anew; all below it move along. Raises NoResultFound, Outdated, Refused."""
    unit = lock(session, Department, Department.code == code, version)
    values, parent = _checked(session, fields, unit)
    old_parent = session.get(Department, unit.parent_id) if unit.parent_id is not None else None
    edit = changed(session, unit, UNIT, code, **values, parent_id=parent.id if parent else None)
    if "parent_id" not in edit.after:
        return edit
    _move(session, unit, parent)
    moved_from = {"parent": old_parent.code if old_parent else None}
    return Edit(
        UNIT, code, edit.version,
        {name: value for name, value in edit.before.items() if name != "parent_id"} | moved_from,
        {name: value for name, value in edit.after.items() if name != "parent_id"} | {"parent": fields.parent},
    )  # fmt: skip


def close_unit(session: Session, code: str, version: int, today: date) -> Edit:
    """Take a unit out of service. Raises NoResultFound, Outdated, and Refused while anything names it.

    Its row is locked against new parts of tickets; whether it has open ones is the caller's to ask after this.
    """
    unit = lock(session, Department, Department.code == code, version)
    _refuse_while(session, "has_units", "units", select(Department.name).where(
        Department.parent_id == unit.id, Department.is_active
    ).order_by(Department.code))  # fmt: skip
    in_force = or_(DirectoryItem.valid_until.is_(None), DirectoryItem.valid_until >= today)
    _refuse_while(session, "has_duties", "duties", select(DirectoryItem.code).where(
        DirectoryItem.is_active, in_force, _names(DirectoryItem, code)
    ).distinct().order_by(DirectoryItem.code))  # fmt: skip
    _refuse_while(session, "has_rules", "rules", select(RoutingRule.name).where(
        RoutingRule.is_active, _names(RoutingRule, code)
    ).order_by(RoutingRule.position))  # fmt: skip
    return changed(session, unit, UNIT, code, is_active=False)


def reopen_unit(session: Session, code: str, version: int) -> Edit:
    """Put a unit into service again. Raises NoResultFound, Outdated, Refused."""
    unit = lock(session, Department, Department.code == code, version)
    parent = session.get(Department, unit.parent_id) if unit.parent_id is not None else None
    if parent is not None and not parent.is_active:
        raise Refused({"state": "parent_closed"})
    return changed(session, unit, UNIT, code, is_active=True)


def add_category(session: Session, code: str, name: str, name_en: str) -> Edit:
    """A new category; its code says what it lies under, and stays. Raises Refused."""
    names = texts(name=name, name_en=name_en)
    if not re.fullmatch(r"[0-9]{2}(-[0-9]{2}){0,2}", code):
        raise Refused({"code": "category_code_shape" if code else "missing"})
    if session.scalar(select(Category.id).where(Category.code == code)) is not None:
        raise Refused({"code": "code_taken"})
    above = code.rpartition("-")[0] or None
    check_category(session, "code", above)
    parent = session.scalars(select(Category).where(Category.code == above)).one_or_none()
    level = code.count("-") + 1
    row = Category(code=code, **names, level=level, parent_id=parent.id if parent else None, path="")
    edit = added(session, row, CATEGORY, code, *names)
    row.path = f"{parent.path if parent else '/'}{row.id}/"
    session.flush()
    return edit


def change_category(
    session: Session, code: str, version: int, name: str, name_en: str, wants_photo: bool
) -> Edit:
    """Other names for a category, and whether it asks for a photo. Raises NoResultFound, Outdated, Refused."""
    row = lock(session, Category, Category.code == code, version)
    return changed(
        session, row, CATEGORY, code, **texts(name=name, name_en=name_en), wants_photo=wants_photo
    )


def _checked(
    session: Session, fields: UnitFields, unit: Department | None
) -> tuple[dict[str, Any], Department | None]:
    """The columns as stored, and the unit above. Raises Refused."""
    values = asdict(fields)
    values |= {"name": fields.name.strip(), "short_name": fields.short_name.strip(), "line": fields.line or None}
    values |= {"phone": fields.phone or None, "email": fields.email.strip() or None}
    del values["parent"]
    faults = {name: text_fault(values[name]) for name in ("name", "short_name")}
    if fields.line and not LINE.fullmatch(fields.line):
        faults["line"] = "line_shape"
    if fields.phone and not PHONE.fullmatch(fields.phone):
        faults["phone"] = "phone_shape"
    if values["email"] and not EMAIL.fullmatch(values["email"]):
        faults["email"] = "email_shape"
    if fields.kind not in KINDS:
        faults["kind"] = "unknown"
    elif fields.level != LEVELS_OF_KIND.get(fields.kind, fields.level):
        faults["kind"] = "kind_of_level"
    region = session.get(Region, fields.region_code)
    if region is None:
        faults["region_code"] = "missing"
    elif region.level != fields.level:
        faults["region_code"] = "region_level"
    refuse({name: fault for name, fault in faults.items() if fault})
    assert region is not None
    parent = _parent(session, fields, region, unit)
    if unit is not None:
        _check_children(session, unit, fields.level, region)
    return values, parent


def _parent(
    session: Session, fields: UnitFields, region: Region, unit: Department | None
) -> Department | None:
    """The unit above: on the same level or the next higher one, of the same place or one around it."""
    if not fields.parent:
        other = session.scalar(
            select(Department.id).where(Department.parent_id.is_(None), Department.id != (unit.id if unit else 0))
        )
        if other is not None or fields.level != 1:
            raise Refused({"parent": "missing"})
        return None
    parent = session.scalars(select(Department).where(Department.code == fields.parent)).one_or_none()
    if parent is None:
        raise Refused({"parent": "unknown"})
    if unit is not None and parent.path.startswith(unit.path):
        raise Refused({"parent": "below_itself"})
    if not parent.is_active:
        raise Refused({"parent": "parent_closed"})
    if not 0 <= fields.level - parent.level <= 1 or parent.region_code not in region.path.split("/"):
        raise Refused({"parent": "parent_level"})
    return parent


def _check_children(session: Session, unit: Department, level: int, region: Region) -> None:
    """What hangs below must still fit: no level left out, no place outside. Raises Refused."""
    children = session.execute(
        select(Department.level, Region.path, Department.name)
        .join(Region, Region.code == Department.region_code)
        .where(Department.parent_id == unit.id, Department.is_active)
    )
    unfit = [
        name for below, path, name in children
        if not 0 <= below - level <= 1 or region.code not in path.split("/")
    ]  # fmt: skip
    refuse({"level": "children_level"} if unfit else {}, units="、".join(unfit[:NAMED_AT_MOST]))


def _move(session: Session, unit: Department, parent: Department | None) -> None:
    """Give the unit and all below it the paths of their new place."""
    old, new = unit.path, f"{parent.path if parent else '/'}{unit.id}/"
    moved = Department.path.startswith(old, autoescape=True)
    path = func.concat(new, func.substr(Department.path, len(old) + 1))
    session.execute(
        update(Department).where(moved).values(path=path), execution_options={"synchronize_session": False}
    )
    session.expire(unit, ["path"])


def _names(model: Any, code: str) -> ColumnElement[bool]:
    """Whether a duty or rule names the unit as lead or assisting."""
    return or_(model.lead_department_code == code, model.assists.contains([{"unit": code}]))


def _refuse_while(session: Session, fault: str, what: str, query: Any) -> None:
    found = list(session.scalars(query.limit(NAMED_AT_MOST)))
    refuse({"state": fault} if found else {}, **{what: "、".join(found)})
