"""Running clocks that are overdue or have reached a rung of their ladder, for whoever urges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Select, and_, cast, func, or_, select, true, tuple_

from db import db
from routing import service as routing
from tickets import keys
from tickets.lifecycle import WORKED_ON
from tickets.models import Assignment, Deadline, Escalation, Ticket
from tickets.permissions import Actor, visible_to

PAGE = 50
OVERDUE = "overdue"
HOTLINE = 0
"""In the place of a unit: clocks of the hotline's own, which belong to no unit's part."""


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to. `level` is overdue, or the tier of the highest rung reached."""

    unit: int | None = None
    level: str = ""
    clock: str = ""


@dataclass(frozen=True)
class LateClock:
    """One clock: of which ticket, whose, since when due, and the highest rung it has reached."""

    id: int
    ticket_id: int
    number: str
    title: str
    urgency: str
    confidential: bool
    clock: str
    unit_name: str | None
    due_at: datetime
    tier: str | None
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: int | None
    ack_by: datetime | None


@dataclass(frozen=True)
class LatePage:
    """Some clocks, the longest overdue first, and the key to ask for those after them (None at the end)."""

    rows: list[LateClock]
    next: str | None


_RUNG = (
    select(
        Escalation.tier, Escalation.escalated_at, Escalation.acknowledged_at, Escalation.acknowledged_by,
        Escalation.ack_by,
    )  # fmt: skip
    .where(Escalation.deadline_id == Deadline.id)
    .order_by(Escalation.level.desc())
    .limit(1)
    .lateral("rung")
)
_UNIT = func.coalesce(Assignment.department_id, HOTLINE)
_FIRST_MOMENT = cast(Deadline.levels[0][2].astext, DateTime(timezone=True))
# What is owed next tells that something was done already, without a look at every clock's escalations.
_HAS_REACHED = (func.jsonb_array_length(Deadline.levels) > 0) & or_(
    Deadline.next_at.is_(None), Deadline.next_at > _FIRST_MOMENT
)


def _from(columns: Iterable[Any], actor: Actor, now: datetime) -> Select[Any]:
    """These columns of every clock concerned. That its ticket is open follows; said, it finds the index."""
    query: Select[Any] = (
        select(*columns)
        .select_from(Deadline)
        .join(Ticket, Ticket.id == Deadline.ticket_id)
        .outerjoin(Assignment, Assignment.id == Deadline.assignment_id)
        .outerjoin(_RUNG, true())
    )
    return query.where(
        Deadline.stopped_at.is_(None),
        Deadline.paused_at.is_(None),
        Ticket.closed_at.is_(None),
        visible_to(actor, Ticket.rooms),
        or_(Deadline.due_at < now, _HAS_REACHED),
    )


def late_clocks(
    actor: Actor, now: datetime, wanted: Wanted, after: str | None = None, limit: int = PAGE
) -> LatePage:
    """One page of those the actor may see. Costs depend on what is open. Raises Invalid for a wrong key."""
    columns = (
        Deadline.id, Deadline.ticket_id, Ticket.number, Ticket.title, Ticket.urgency, Ticket.confidential,
        Deadline.clock, _UNIT.label("unit"), Deadline.due_at, *_RUNG.c,
    )  # fmt: skip
    query = _from(columns, actor, now).where(*_narrowed(wanted, now))
    if after:
        query = query.where(tuple_(Deadline.due_at, Deadline.id) > tuple_(*keys.decode(after)))
    found = db.session.execute(query.order_by(Deadline.due_at, Deadline.id).limit(limit + 1)).all()
    more = keys.encode(found[limit - 1].due_at, found[limit - 1].id) if len(found) > limit else None
    return LatePage([_late_clock(row) for row in found[:limit]], more)


def _narrowed(wanted: Wanted, now: datetime) -> Iterable[ColumnElement[bool]]:
    if wanted.unit == HOTLINE:
        yield Assignment.id.is_(None)
    elif wanted.unit is not None:
        # A running clock's part is at work; said, it finds the index of the unit's open parts.
        yield and_(Assignment.department_id == wanted.unit, Assignment.state.in_(sorted(WORKED_ON)))
    if wanted.clock:
        yield Deadline.clock == wanted.clock
    if wanted.level == OVERDUE:
        yield Deadline.due_at < now
    elif wanted.level:
        yield _RUNG.c.tier == wanted.level


def _late_clock(row: Any) -> LateClock:
    values: dict[str, Any] = dict(row._mapping)
    unit = routing.current().units_by_id.get(values.pop("unit"))
    return LateClock(**values, unit_name=unit.short_name if unit else None)


@dataclass(frozen=True)
class Totals:
    """How many of these clocks there are: in all, by level (overdue is one), by clock, by unit's id."""

    all: int
    levels: Mapping[str, int]
    clocks: Mapping[str, int]
    units: Mapping[int, int]


def totals(actor: Actor, now: datetime) -> Totals:
    """Of all clocks that the actor may see, whatever the list is narrowed to."""
    labels = (_UNIT.label("unit"), Deadline.clock, _RUNG.c.tier, (Deadline.due_at < now).label("is_overdue"))
    inner = _from(labels, actor, now).subquery()
    shared = select(*inner.c, func.count().label("many")).group_by(*inner.c)
    levels: dict[str, int] = {}
    clocks: dict[str, int] = {}
    units: dict[int, int] = {}
    everything = 0
    for row in db.session.execute(shared):
        everything += row.many
        units[row.unit] = units.get(row.unit, 0) + row.many
        clocks[row.clock] = clocks.get(row.clock, 0) + row.many
        if row.tier:
            levels[row.tier] = levels.get(row.tier, 0) + row.many
        if row.is_overdue:
            levels[OVERDUE] = levels.get(OVERDUE, 0) + row.many
    return Totals(everything, levels, clocks, units)
