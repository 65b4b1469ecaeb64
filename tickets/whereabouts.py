"""What a citizen waits for besides the lead unit: until when who decides, how many people it is of, what was split
off. Columns of a query of tickets; nothing of it is stored a second time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from db import db
from tickets.lifecycle import GONE
from tickets.models import Assignment, Deadline, Ticket
from tickets.terms import URGE

TOLD = ("dispatch", "info", "decision", "dispute", "review", "callback", "appeal", URGE)
"""Clocks whose end a citizen is told: that of the hotline, of the city, and the citizen's own."""
_NEXT = (
    select(Deadline.clock, func.min(Deadline.due_at).label("due_at"))
    .where(Deadline.ticket_id == Ticket.id, Deadline.clock.in_(TOLD))
    .where(Deadline.stopped_at.is_(None), Deadline.paused_at.is_(None))
    .correlate(Ticket)
    .group_by(Deadline.clock)
    .subquery()
)
CLOCKS = select(func.jsonb_object_agg(_NEXT.c.clock, _NEXT.c.due_at)).scalar_subquery()
_SAME, _SPLIT = aliased(Ticket), aliased(Ticket)
_MAIN = func.coalesce(Ticket.parent_id, Ticket.id)
PERSONS = (
    select(func.sum(_SAME.person_count))
    .where(or_(_SAME.id == _MAIN, _SAME.parent_id == _MAIN))
    .correlate(Ticket)
    .scalar_subquery()
)
"""How many people the matter is of, with all that were merged into it."""
SPLIT_OFF = (
    select(func.array_agg(_SPLIT.number))
    .where(_SPLIT.split_from_id == Ticket.id)
    .correlate(Ticket)
    .scalar_subquery()
)


def moments(told: Mapping[str, str] | None) -> dict[str, datetime]:
    """clock -> its end, of what CLOCKS found."""
    return {clock: datetime.fromisoformat(at) for clock, at in (told or {}).items()}


def helping(ticket_id: int) -> list[int]:
    """The units that assist while nobody leads: whose it is is being decided."""
    query = select(Assignment.department_id).where(
        Assignment.ticket_id == ticket_id, Assignment.role == "assist", Assignment.state.not_in(sorted(GONE))
    )
    return list(db.session.scalars(query.order_by(Assignment.id)))


def again(events: Sequence[Any]) -> int:
    """How often it was taken up once more: not solved, or a review that was granted."""
    return sum(event.kind in ("ticket.redone", "appeal.granted") for event in events)


def has_open_appeal(events: Sequence[Any]) -> bool:
    """Whether a review is asked for and not decided."""
    told = [event.kind for event in events if event.kind in ("appeal.asked", "appeal.granted", "appeal.refused")]
    return bool(told) and told[-1] == "appeal.asked"
