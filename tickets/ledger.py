"""The ledger of escalations: what acted or was skipped, how late, after which outage, and who saw it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true, tuple_

from db import db
from tickets import keys, notices
from tickets.escalating import ACTED, REFERS, key_of, rung_by_hand
from tickets.models import Assignment, Deadline, Escalation, Ticket
from tickets.notice_models import Outage
from tickets.overdue import HOTLINE
from tickets.permissions import Actor, may, visible_to

PAGE = 50
LATE = timedelta(seconds=60)
"""Reached later than this, it was caught up."""


@dataclass(frozen=True)
class Wanted:
    """What the ledger is narrowed to. `start` and `end` are those of a day of the city."""

    unit: int | None = None
    clock: str = ""
    tier: str = ""
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class LedgerPage:
    """Rows with the columns of `_COLUMNS`, and the key to ask for those after them (None at the end)."""

    rows: Sequence[Any]
    next: str | None


_OUTAGE = (
    select(Outage.name, Outage.began_at, Outage.ended_at)
    .where(
        Escalation.escalated_at - Escalation.owed_at > LATE,
        Outage.began_at <= Escalation.escalated_at,
        or_(Outage.ended_at.is_(None), Outage.ended_at >= Escalation.owed_at),
    )
    .order_by(Outage.began_at)
    .limit(1)
    .lateral("outage")
)
_COLUMNS = (
    Escalation.id, Escalation.deadline_id, Escalation.level, Escalation.tier, Escalation.owed_at,
    Escalation.escalated_at, Escalation.outcome, Escalation.cause, Escalation.planned_at, Escalation.ack_by,
    Escalation.acknowledged_at, Escalation.acknowledged_by, Escalation.clock, Escalation.department_id,
    Escalation.told, Deadline.due_at, Deadline.stopped_at, Ticket.id.label("ticket_id"), Ticket.number,
    _OUTAGE.c.name.label("outage"), _OUTAGE.c.began_at.label("outage_began"),
    _OUTAGE.c.ended_at.label("outage_ended"),
)  # fmt: skip


def ledger(actor: Actor, wanted: Wanted, after: str | None = None, limit: int = PAGE) -> LedgerPage:
    """The latest first, as far as the actor may see the tickets. Raises Invalid for a wrong key.

    Read along an index of the moments, of one unit's or one level's where that is wanted: what it costs does not
    grow with what is closed.
    """
    query = (
        select(*_COLUMNS)
        .select_from(Escalation)
        .join(Deadline, Deadline.id == Escalation.deadline_id)
        .join(Ticket, Ticket.id == Deadline.ticket_id)
        .outerjoin(_OUTAGE, true())
        .where(visible_to(actor, Ticket.rooms), *_narrowed(wanted))
    )
    if after:
        query = query.where(tuple_(Escalation.escalated_at, Escalation.id) < tuple_(*keys.decode(after)))
    order = (Escalation.escalated_at.desc(), Escalation.id.desc())
    found = db.session.execute(query.order_by(*order).limit(limit + 1)).all()
    more = keys.encode(found[limit - 1].escalated_at, found[limit - 1].id) if len(found) > limit else None
    return LedgerPage(found[:limit], more)


def _narrowed(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.unit is not None:
        of_unit = Escalation.department_id
        yield of_unit.is_(None) if wanted.unit == HOTLINE else of_unit == wanted.unit
    if wanted.clock:
        yield Escalation.clock == wanted.clock
    if wanted.tier:
        yield Escalation.tier == wanted.tier
    if wanted.start is not None and wanted.end is not None:
        yield Escalation.escalated_at >= wanted.start
        yield Escalation.escalated_at < wanted.end


@dataclass(frozen=True)
class Standing:
    """Where one running clock stands on its ladder, and what this person may do about it.

    `reached` is the last rung that acted, or None; `may_see_to`: this person was told of it, and nobody confirmed.
    """

    deadline_id: int
    clock: str
    unit: int | None
    reached: Escalation | None
    may_see_to: bool
    refers_to: str | None


def standing(actor: Actor, now: datetime, ticket_id: int) -> list[Standing]:
    """Of the running clocks of a ticket that have reached a rung, or that can be referred by hand."""
    rows = db.session.execute(
        select(Deadline, Assignment.department_id)
        .outerjoin(Assignment, Assignment.id == Deadline.assignment_id)
        .where(Deadline.ticket_id == ticket_id, Deadline.stopped_at.is_(None))
        .order_by(Deadline.due_at, Deadline.id)
    ).all()
    acted = last_acted([row.id for row, _unit in rows])
    mine = notices.told(actor, [key_of(one.deadline_id, one.level) for one in acted.values()])
    found = []
    for row, unit in rows:
        last = acted.get(row.id)
        rung = rung_by_hand(row, now) if may(actor, REFERS) else None
        if last is not None or rung is not None:
            sees_to = last is not None and last.acknowledged_at is None and key_of(row.id, last.level) in mine
            found.append(Standing(row.id, row.clock, unit, last, sees_to, rung.tier if rung else None))
    return found


def last_acted(deadline_ids: Sequence[int]) -> Mapping[int, Escalation]:
    """The highest rung of each of these clocks that acted."""
    acted = select(Escalation).where(Escalation.deadline_id.in_(deadline_ids), Escalation.outcome == ACTED)
    rows = db.session.scalars(acted.order_by(Escalation.level)) if deadline_ids else ()
    return {row.deadline_id: row for row in rows}


def to_see_to(actor: Actor, deadline_ids: Sequence[int]) -> Mapping[int, bool]:
    """Of clocks that have reached a rung: whether this person is to confirm it."""
    acted = last_acted(deadline_ids)
    mine = notices.told(actor, [key_of(one.deadline_id, one.level) for one in acted.values()])
    return {
        one.deadline_id: one.acknowledged_at is None and key_of(one.deadline_id, one.level) in mine
        for one in acted.values()
    }


def units_named() -> list[int]:
    """Units of which the ledger tells at all, for its filter."""
    walk = select(func.min(Escalation.department_id).label("unit")).cte("units", recursive=True)
    following = select(func.min(Escalation.department_id)).where(Escalation.department_id > walk.c.unit)
    walk = walk.union_all(select(following.scalar_subquery()).where(walk.c.unit.is_not(None)))
    return [unit for unit in db.session.scalars(select(walk.c.unit)) if unit is not None]
