"""回访名单: tickets with a reply whose citizens are to be asked, who was tried when, and when to try again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true, tuple_

from db import db
from routing import service as routing
from tickets import keys, terms
from tickets.lifecycle import TicketState
from tickets.models import Assignment, Deadline, FollowUp, Ticket
from tickets.permissions import Actor, visible_to

PAGE = 50
DUE, LATER, REST = "due", "later", "rest"
SHOWN = (DUE, LATER, REST)
"""To be called now; at an hour that was agreed or set; left out of the sample."""


@dataclass(frozen=True)
class ToCall:
    """One citizen to be asked. `tries` are this round's, the latest first: (what came of it, when)."""

    id: int
    number: str
    title: str
    unit_name: str | None
    redos: int
    since: datetime
    closes_at: datetime
    again_at: datetime | None
    tries: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True)
class CallList:
    """Some of them, who waits longest first, and the key to ask for those after them (None at the end)."""

    rows: list[ToCall]
    next: str | None


_TRIES = (
    select(func.max(FollowUp.again_at).label("again_at"))
    .where(FollowUp.ticket_id == Ticket.id, FollowUp.round == Ticket.round)
    .lateral("tries")
)
_LEAD = (
    select(Assignment.department_id)
    .where(Assignment.ticket_id == func.coalesce(Ticket.parent_id, Ticket.id), Assignment.role == "lead")
    .where(Assignment.state == "DONE")
    .order_by(Assignment.id.desc())
    .limit(1)
    .lateral("lead")
)
_WAITS = func.coalesce(_TRIES.c.again_at, Deadline.started_at)


def call_list(
    actor: Actor, now: datetime, shown: str, after: str | None = None, limit: int = PAGE
) -> CallList:
    """One page of those the actor may see. Costs depend on what waits. Raises Invalid for a wrong key."""
    query = (
        select(
            Ticket.id, Ticket.number, Ticket.title, Ticket.redos, Ticket.round, _LEAD.c.department_id,
            Deadline.started_at, Deadline.due_at, _TRIES.c.again_at, _WAITS.label("waits"),
        )
        .join(Deadline, (Deadline.ticket_id == Ticket.id) & (Deadline.clock == "callback"))
        .outerjoin(_TRIES, true())
        .outerjoin(_LEAD, true())
        .where(
            Ticket.state == TicketState.TO_CALLBACK,
            Deadline.stopped_at.is_(None),
            visible_to(actor, Ticket.rooms),
            _narrowed(shown, now),
        )
        .order_by(_WAITS, Ticket.id)
    )
    if after:
        query = query.where(tuple_(_WAITS, Ticket.id) > tuple_(*keys.decode(after)))
    found = db.session.execute(query.limit(limit + 1)).all()
    more = keys.encode(found[limit - 1].waits, found[limit - 1].id) if len(found) > limit else None
    rows = found[:limit]
    tries = _tries({row.id: row.round for row in rows})
    return CallList([_to_call(row, tries) for row in rows], more)


def _narrowed(shown: str, now: datetime) -> ColumnElement[bool]:
    # Spread over all tickets alike, and the same whoever asks: what is asked about twice is asked always.
    in_sample = or_(Ticket.id * 7919 % 100 < terms.asked_percent(), Ticket.redos > 0)
    if shown == REST:
        return ~in_sample
    is_later = _TRIES.c.again_at > now
    return in_sample & (is_later if shown == LATER else func.coalesce(~is_later, True))


def _tries(rounds: Mapping[int, int]) -> dict[int, list[tuple[str, datetime]]]:
    query = select(FollowUp).where(FollowUp.ticket_id.in_(rounds)).order_by(FollowUp.id.desc())
    found: dict[int, list[tuple[str, datetime]]] = {}
    for row in db.session.scalars(query):
        if row.round == rounds[row.ticket_id]:
            found.setdefault(row.ticket_id, []).append((row.outcome, row.asked_at))
    return found


def _to_call(row: Any, tries: Mapping[int, list[tuple[str, datetime]]]) -> ToCall:
    unit = routing.current().units_by_id.get(row.department_id)
    return ToCall(
        id=row.id,
        number=row.number or "",
        title=row.title,
        unit_name=unit.short_name if unit else None,
        redos=row.redos,
        since=row.started_at,
        closes_at=row.due_at,
        again_at=row.again_at,
        tries=tuple(tries.get(row.id, ())),
    )
