"""Verbs after the reply: review, rate, close; and the end of a clock that closes by itself."""

from datetime import datetime

from sqlalchemy import select

from db import db
from tickets import clocks, errors
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.lifecycle import Transition, follows
from tickets.models import Assignment, Deadline, FollowUp, Rating
from tickets.permissions import Actor

OUTCOMES = ("confirmed", "unreachable", "declined")
UNRATED = "unrated"


def accept(actor: Actor, now: datetime, ticket_id: int, version: int | None = None) -> None:
    """审核通过. The reply goes out to the citizen, who is asked to rate."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "accept", version)
    for part in _follow(locked, "accept"):
        part.ended_at = now
    clocks.stop(ticket_id, now)
    move(locked.ticket, row)
    clocks.start(locked.ticket, "callback", now, epoch=locked.ticket.version)
    finish(locked, actor, now, "ticket.accepted")


def reject(actor: Actor, now: datetime, ticket_id: int, note: str, version: int | None = None) -> None:
    """驳回. The lead unit's reply is not good enough; it does it again, in the time that was left."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "reject", version)
    require(review_note=note)
    clocks.stop(ticket_id, now)
    move(locked.ticket, row)
    for part in _follow(locked, "reject"):
        clocks.take_up(locked.ticket, now, part)
    texts = write_texts(locked.ticket, {"review_note": note}, actor, now)
    finish(locked, actor, now, "ticket.rejected", texts=texts)


def _follow(locked: Locked, action: str) -> list[Assignment]:
    """Move along the parts that follow the ticket's action; returns them."""
    moved = []
    for part in locked.parts:
        target = follows(action, part.state, part.role)
        if target is not None:
            part.state = target
            moved.append(part)
    return moved


def rate(
    actor: Actor,
    now: datetime,
    ticket_id: int,
    solved: bool | None,
    satisfied: int | None,
    note: str = "",
    version: int | None = None,
) -> None:
    """评价. The citizen's word: solved or not; 1 not satisfied, 2 basically, 3 satisfied. Closes the ticket."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "rate", version)
    require(solved=solved, satisfied=satisfied)
    if satisfied not in (1, 2, 3):
        raise errors.Invalid(fields={"satisfied": "unknown"})
    db.session.add(
        Rating(
            ticket_id=ticket_id,
            round=locked.ticket.round,
            solved=bool(solved),
            satisfied=satisfied,
            rated_at=now,
        )
    )
    _close(locked, row, now)
    texts = write_texts(locked.ticket, {"rating_note": note}, actor, now)
    finish(locked, actor, now, "ticket.rated", solved=bool(solved), satisfied=satisfied, texts=texts)


def close(actor: Actor, now: datetime, ticket_id: int, outcome: str, version: int | None = None) -> None:
    """回访结案. Close after asking the citizen; `outcome` says what came of it, silence is never satisfied."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "close", version)
    require(outcome=outcome)
    if outcome not in OUTCOMES:
        raise errors.Invalid(fields={"outcome": "unknown"})
    _close_with(locked, row, actor, now, outcome)


def act_on_deadline(actor: Actor, now: datetime, deadline_id: int) -> bool:
    """Do what a due deadline asks for. Safe to repeat and to overlap. Returns whether anything was done."""
    row = db.session.execute(
        select(Deadline.ticket_id, Deadline.clock).where(Deadline.id == deadline_id)
    ).one_or_none()
    if row is None:
        return False
    if row.clock != clocks.CLOSES_AT_END:
        return clocks.escalate(actor, now, deadline_id)
    locked = lock(actor, row.ticket_id)
    due = db.session.scalar(
        select(Deadline.id).where(Deadline.id == deadline_id, Deadline.next_at <= now)
    )
    if due is None:
        return False
    _close_with(locked, check(actor, locked, "close"), actor, now, UNRATED)
    return True


def _close_with(locked: Locked, row: Transition, actor: Actor, now: datetime, outcome: str) -> None:
    asked_by = actor.id if actor.kind == "staff" else None
    db.session.add(FollowUp(ticket_id=locked.ticket.id, asked_by=asked_by, asked_at=now, outcome=outcome))
    _close(locked, row, now)
    finish(locked, actor, now, "ticket.closed", outcome=outcome)


def _close(locked: Locked, row: Transition, now: datetime) -> None:
    clocks.stop(locked.ticket.id, now)
    move(locked.ticket, row)
    locked.ticket.closed_at = now
