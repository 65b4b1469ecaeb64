"""Reference data out of the database, kept by version; and the one question: which unit?

Reads see committed data. No function here commits; edits belong to the caller's unit of work.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import db
from routing import periods, search
from routing.calendar_models import CalendarYear, DepartmentHours
from routing.directory import Directory
from routing.models import (
    CalendarDay,
    Category,
    CitySetting,
    Department,
    DirectoryItem,
    Policy,
    ReferenceVersion,
    Region,
    RoutingRule,
    TextIndex,
)
from routing.reference import CategoryNode, PolicyRow, Reference
from routing.values import Duty, Hours, Place, Rule, Target, Unit, When

_kept: dict[int, Reference] = {}
_KEPT_BY_SESSION = "reference"
_loading = Lock()


def reference(version: int) -> Reference:
    """Reference data of `version` or later, loaded at most once for each version and process.

    Loading uses a connection and a snapshot of its own, so nothing uncommitted is ever kept. A version not
    yet committed is known only to the transaction that raised it, and read through it every time.
    """
    found = _kept.get(version)
    if found is not None:
        return found
    # Whoever comes while one loads waits and then finds it kept: a cold process loads once, not once a request.
    with _loading:
        return _kept.get(version) or _load_and_keep(version)


def _load_and_keep(version: int) -> Reference:
    with Session(db.engine.execution_options(isolation_level="REPEATABLE READ")) as snapshot:
        found = load(snapshot)
    if found.version < version:
        return load(db.session())
    _kept.clear()
    _kept.update({version: found, found.version: found})
    return found


def current_version(session: Session) -> int:
    """The number to pass to the functions below; one row, read once at the start of a unit of work."""
    return session.scalars(select(ReferenceVersion.version)).one()


def current() -> Reference:
    """Reference data as the running unit of work sees it: asked for once, then kept with its session."""
    session = db.session()
    found: Reference | None = session.info.get(_KEPT_BY_SESSION)
    if found is None:
        found = session.info[_KEPT_BY_SESSION] = reference(current_version(session))
    return found


def load(session: Session) -> Reference:
    """Everything, as this session sees it."""
    settings = {row.key: row.value for row in session.scalars(select(CitySetting))}
    policies = session.scalars(select(Policy).where(Policy.is_active).order_by(Policy.id))
    days = session.execute(select(CalendarDay.day, CalendarDay.is_working, CalendarDay.note)).all()
    return Reference(
        version=current_version(session),
        directory=_directory(session, float(settings.get("routing_threshold", 1.0))),
        categories=_categories(session),
        settings=settings,
        policies=tuple(_policy(row) for row in policies),
        calendar={row.day: row.is_working for row in days},
        day_names={row.day: row.note for row in days if row.note},
        announced=frozenset(session.scalars(select(CalendarYear.year).where(CalendarYear.is_announced))),
        hours=_hours(session),
    )


def descendants(unit_id: int, version: int) -> frozenset[int]:
    """Ids of the unit itself and of all below it."""
    return reference(version).descendants(unit_id)


def index_texts(session: Session, texts: Mapping[str, str]) -> None:
    """Put texts into the word index by key, in place of what was there."""
    if not texts:
        return
    rows = [{"key": key, "words": search.tokens(text)} for key, text in texts.items()]
    vector = func.to_tsvector("simple", bindparam("words"))
    statement = insert(TextIndex).values(key=bindparam("key"), tokens=vector)
    update = {"tokens": statement.excluded.tokens}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["key"], set_=update), rows)


def add_directory_version(
    session: Session, code: str, valid_from: date, *, replacing: bool = False, **changes: Any
) -> DirectoryItem:
    """The duty's next version with these columns changed, in force from that day; the one before ends then.

    Raises NoResultFound for an unknown code, ValueError when the last version starts no earlier; `replacing`
    sets such versions aside instead.
    """
    versions = select(DirectoryItem).where(DirectoryItem.code == code).order_by(DirectoryItem.version.desc())
    last = session.scalars(versions.limit(1).with_for_update()).one()
    if valid_from <= last.valid_from and not replacing:
        raise ValueError(f"{code} version {last.version} starts on {last.valid_from}")
    kept = {column.key: getattr(last, column.key) for column in DirectoryItem.__table__.columns}
    kept.update(valid_until=None, is_active=True)
    kept.update(changes, version=last.version + 1, valid_from=valid_from)
    del kept["id"]
    _end_before(session, code, valid_from)
    item = DirectoryItem(**kept)
    session.add(item)
    session.flush()
    session.info.pop(_KEPT_BY_SESSION, None)
    return item


def _end_before(session: Session, code: str, day: date) -> None:
    """End the duty's versions on the day before; those that would only begin later are never in force."""
    for row in session.scalars(select(DirectoryItem).where(DirectoryItem.code == code, DirectoryItem.is_active)):
        if row.valid_from >= day:
            row.is_active = False
        elif row.valid_until is None or row.valid_until >= day:
            row.valid_until = day - timedelta(days=1)


def _hours(session: Session) -> dict[int, Hours]:
    rows = session.scalars(select(DepartmentHours).where(DepartmentHours.is_active))
    return {
        row.department_id: Hours(
            periods.times(row.weekdays), periods.times(row.saturday), periods.times(row.sunday), row.keeps_holidays
        )
        for row in rows
    }


def _directory(session: Session, threshold: float) -> Directory:
    items = session.scalars(select(DirectoryItem).where(DirectoryItem.is_active).order_by(DirectoryItem.id))
    ordered = select(RoutingRule).where(RoutingRule.is_active).order_by(RoutingRule.position, RoutingRule.id)
    return Directory(
        units=_units(session),
        duties=tuple(_duty(row) for row in items),
        rules=tuple(_rule(row) for row in session.scalars(ordered)),
        places={
            row.code: Place(row.code, row.name, row.level, row.parent_code)
            for row in session.scalars(select(Region).order_by(Region.code))
        },
        threshold=threshold,
    )


def _units(session: Session) -> dict[str, Unit]:
    rows = list(session.scalars(select(Department).order_by(Department.id)))
    codes = {row.id: row.code for row in rows}
    return {
        row.code: Unit(
            code=row.code,
            id=row.id,
            name=row.name,
            short_name=row.short_name,
            level=row.level,
            kind=row.kind,
            line=row.line,
            region=row.region_code,
            parent=codes[row.parent_id] if row.parent_id is not None else None,
            is_active=row.is_active,
            phone=row.phone,
        )
        for row in rows
    }


def _categories(session: Session) -> dict[str, CategoryNode]:
    rows = list(session.scalars(select(Category).order_by(Category.code)))
    codes = {row.id: row.code for row in rows}
    return {
        row.code: CategoryNode(
            row.code,
            row.id,
            row.name,
            row.name_en,
            row.level,
            codes[row.parent_id] if row.parent_id is not None else None,
            row.wants_photo,
        )
        for row in rows
    }


def _policy(row: Policy) -> PolicyRow:
    return PolicyRow(
        id=row.id,
        clock=row.clock,
        ticket_type=row.ticket_type,
        urgency=row.urgency,
        category_code=row.category_code,
        line_no=row.line_no,
        limit_value=row.limit_value,
        limit_unit=row.limit_unit,
        ladder=tuple(row.ladder),
        statutory=row.statutory,
        source=row.source,
        version=row.version,
    )


def _targets(stored: list[dict[str, Any]]) -> tuple[Target, ...]:
    return tuple(Target(**one) for one in stored)


def _duty(row: DirectoryItem) -> Duty:
    return Duty(
        code=row.code,
        version=row.version,
        matter=row.matter,
        category=row.category_code,
        lead=Target(row.lead_department_code, row.lead_line, row.lead_level),
        assists=_targets(row.assists),
        legal_basis=row.legal_basis,
        keywords=tuple((str(word), float(weight)) for word, weight in row.keywords),
        anti_keywords=tuple(row.anti_keywords),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _rule(row: RoutingRule) -> Rule:
    has_lead = row.lead_department_code is not None or row.lead_line is not None
    return Rule(
        id=row.id,
        position=row.position,
        name=row.name,
        when=When.from_data(row.when_),
        lead=Target(row.lead_department_code, row.lead_line, row.lead_level) if has_lead else None,
        assists=_targets(row.assists),
        category=row.category_code,
        disposition=row.disposition,
    )
