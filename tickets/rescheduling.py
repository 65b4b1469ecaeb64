"""Running clocks counted anew after the calendar, a unit's hours or a policy changed: what moves, and moving."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from db import db
from routing import service as routing
from routing.models import Policy
from tickets import deadlines, escalating
from tickets.change import finish, lock
from tickets.clocks import clock_rules, due_from_the_beginning, promise_of, rungs
from tickets.models import Assignment, Deadline, Ticket
from tickets.permissions import Actor
from tickets.terms import HANDLING

Fate = Literal["same", "later", "sooner", "past", "overdue"]
NAMED = ("order", "suspension")
"""Clocks whose end a person names."""
MOVED: Mapping[bool, tuple[Fate, ...]] = {False: ("later",), True: ("later", "sooner")}
"""What is moved: promises that become later, and where it was chosen also those that become sooner."""


@dataclass(frozen=True)
class Anew:
    """A running clock counted from its beginning by the rules in force."""

    row: Deadline
    policy: deadlines.Policy
    limit: deadlines.Limit
    due_at: datetime
    fate: Fate


def fate_of(due_at: datetime, anew: datetime, now: datetime) -> Fate:
    """What becomes of a promise. One that is broken stays broken, and none is moved into the past."""
    if due_at <= now:
        return "overdue"
    if anew == due_at:
        return "same"
    if anew > due_at:
        return "later"
    return "sooner" if anew > now else "past"


def tickets_after(ticket_id: int, limit: int) -> list[int]:
    """The next tickets with running clocks, in the order of their ids."""
    query = select(Deadline.ticket_id).where(Deadline.stopped_at.is_(None), Deadline.ticket_id > ticket_id)
    return list(db.session.scalars(query.distinct().order_by(Deadline.ticket_id).limit(limit)))


def count_tickets() -> int:
    """How many tickets have running clocks."""
    query = select(func.count(Deadline.ticket_id.distinct())).where(Deadline.stopped_at.is_(None))
    return db.session.scalar(query) or 0


def running_after(moment: datetime) -> int:
    """How many clocks that run are due at that moment or later."""
    query = select(func.count()).where(Deadline.stopped_at.is_(None), Deadline.due_at >= moment)
    return db.session.scalar(query) or 0


def foreseen(ticket_ids: Collection[int], now: datetime) -> dict[int, Counter[str]]:
    """What would become of the promises of these tickets, without a lock."""
    found: dict[int, Counter[str]] = {ticket_id: Counter() for ticket_id in ticket_ids}
    tickets = {row.id: row for row in db.session.scalars(select(Ticket).where(Ticket.id.in_(ticket_ids)))}
    for row in _running(ticket_ids):
        anew = _counted(tickets[row.ticket_id], row, now)
        found[row.ticket_id][anew.fate if anew else "same"] += 1
    return found


def reschedule(
    actor: Actor, now: datetime, ticket_id: int, *, may_shorten: bool, rescheduling: int
) -> Counter[str]:
    """Move what moves of one ticket's running clocks, under its lock, with one event; returns what became of all.

    Rows decide, so a repeat finds nothing to move. A promise that would become sooner is kept, unless it was
    chosen otherwise. Raises NotFound.
    """
    locked = lock(actor, ticket_id)
    counted = [(row, _counted(locked.ticket, row, now)) for row in _running([ticket_id], fresh=True)]
    moved = [anew for _, anew in counted if anew and anew.fate in MOVED[may_shorten]]
    if moved:
        told = [_reset(anew) for anew in moved]
        promised = [clock["due_at"] for clock, anew in zip(told, moved, strict=True) if _is_promised(anew)]
        finish(
            locked, actor, now, "ticket.rescheduled", rescheduling=rescheduling, clocks=told,
            promised=next(iter(promised), None),
        )  # fmt: skip
    return Counter(anew.fate if anew else "same" for _, anew in counted)


def _running(ticket_ids: Collection[int], fresh: bool = False) -> Sequence[Deadline]:
    """Those whose end follows from a limit: what a person granted or named stands, and what stands still waits."""
    query = (
        select(Deadline)
        .outerjoin(Assignment, Assignment.id == Deadline.assignment_id)
        .where(
            Deadline.ticket_id.in_(ticket_ids), Deadline.stopped_at.is_(None), Deadline.paused_at.is_(None),
            ~Deadline.prolonged, Deadline.clock.not_in(NAMED), func.coalesce(Assignment.role, "") != "sub",
        )
    )
    query = query.options(joinedload(Deadline.part)).order_by(Deadline.id)
    return db.session.scalars(query.execution_options(populate_existing=fresh)).all()


def _counted(ticket: Ticket, row: Deadline, now: datetime) -> Anew | None:
    """None where no policy is for it any more: it runs on as it began.

    A dispatch clock keeps the urgency that it was started with, since what reads like danger has its own.
    """
    rules = clock_rules(routing.current())
    urgency = None
    if row.clock == "dispatch" and row.policy_id is not None:
        urgency = db.session.get_one(Policy, row.policy_id).urgency
    promise = promise_of(rules, ticket, row.clock, urgency)
    if promise is None:
        return None
    policy, limit = promise
    due_at = due_from_the_beginning(rules, row, limit)
    return Anew(row, policy, limit, due_at, fate_of(row.due_at, due_at, now))


def _is_promised(anew: Anew) -> bool:
    """Whether it is the moment that the citizen was told: the end of the lead unit's work."""
    part = anew.row.part
    return anew.row.clock in HANDLING and part is not None and part.role == "lead"


def _reset(anew: Anew) -> dict[str, Any]:
    """Let a running clock end otherwise; returns what differs, for the event.

    Its row stays, so that of what its people were told already they are not told again.
    """
    rules, row = clock_rules(routing.current()), anew.row
    calendar = rules.calendar_of(row.part)
    told = {
        "clock": row.clock,
        "limit": [row.limit, str(anew.limit)],
        "due_at": [row.due_at.isoformat(), anew.due_at.isoformat()],
    }
    row.policy_id, row.limit, row.due_at = anew.policy.id, str(anew.limit), anew.due_at
    row.levels = rungs(anew.policy, anew.limit, row.started_at, row.due_at, calendar)
    row.yellow_at = rules.yellow_at(row.started_at, row.due_at, anew.limit, calendar)
    row.next_at = escalating.next_moment(row, row.started_at)
    row.claimed_until = None
    return told | ({"unit": row.part.department_id} if row.part else {})
