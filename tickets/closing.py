"""Verbs after the reply: review, ask, rate, redo, close; and the end of a clock that closes by itself."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from db import db
from routing import service as routing
from routing.terms import REDO_ROUNDS, SHIPPED_ROUNDS
from tickets import (
    applying,
    asking,
    clocks,
    dispatching,
    errors,
    escalating,
    guards,
    handling,
    merging,
    terms,
)
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.lifecycle import TicketState, Transition, follows
from tickets.models import Assignment, Deadline, FollowUp, Rating, Ticket
from tickets.permissions import SYSTEM, Actor
from tickets.request_models import Application

OUTCOMES = ("confirmed", "unreachable", "declined")
TRIES = ("no_answer", "busy", "wrong_number", "call_later")
"""What came of one try of a person to reach the citizen."""
UNRATED, UNREACHABLE = "unrated", "unreachable"
ASKED = ("answered", "partly", "declined", "no_key", "no_answer", "busy", "failed")
"""What came of one try to ask a citizen by an automatic call."""
NOT_REACHED = frozenset({"no_key", "no_answer", "busy", "wrong_number"})
FAILED = "failed"
"""A call that could not be made says nothing of the citizen."""


def accept(actor: Actor, now: datetime, ticket_id: int, version: int | None = None) -> None:
    """审核通过. The reply goes out to the citizen, who is asked to rate."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "accept", version)
    for part in _follow(locked, "accept"):
        part.ended_at = now
    clocks.stop(ticket_id, now, clocks=("review", *clocks.OF_WORK))
    move(locked.ticket, row)
    clocks.start(locked.ticket, "callback", now, epoch=locked.ticket.version)
    finish(locked, actor, now, "ticket.accepted")
    merging.share(locked, now)


def reject(actor: Actor, now: datetime, ticket_id: int, note: str, version: int | None = None) -> None:
    """驳回. The lead unit's reply is not good enough; it does it again, in the time that was left."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "reject", version)
    require(review_note=note)
    clocks.stop(ticket_id, now, clocks=("review",))
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
    of_round: int | None = None,
) -> None:
    """评价. The citizen's word: solved or not; 1 not satisfied, 2 basically, 3 satisfied.

    Closes the ticket. One that is not solved goes back to its unit instead, as often as the city has set.
    `of_round` is the round that the citizen was asked about: a word on an earlier one comes too late.
    """
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "rate", version)
    if of_round not in (None, locked.ticket.round):
        raise errors.NotNow(action="rate", state=str(locked.ticket.state))
    require(solved=solved, satisfied=satisfied)
    if satisfied not in (1, 2, 3):
        raise errors.Invalid(fields={"satisfied": "unknown"})
    _keep_rating(locked, row, actor, now, bool(solved), satisfied, note)


def _keep_rating(
    locked: Locked, row: Transition, actor: Actor, now: datetime, solved: bool, satisfied: int, note: str
) -> None:
    """The word is kept whatever follows: the end, or another round."""
    ticket = locked.ticket
    db.session.add(
        Rating(ticket_id=ticket.id, round=ticket.round, solved=solved, satisfied=satisfied, rated_at=now)
    )
    goes_on = not solved and _may_be_redone(locked)
    if not goes_on:
        _close(locked, row, now)
    texts = write_texts(ticket, {"rating_note": note}, actor, now)
    finish(locked, actor, now, "ticket.rated", solved=solved, satisfied=satisfied, texts=texts)
    if goes_on:
        _redo(locked, SYSTEM, now)


def note_try(
    actor: Actor, now: datetime, ticket_id: int, tried: str, again_at: datetime | None = None,
    version: int | None = None,
) -> None:  # fmt: skip
    """回访. One try to reach the citizen that came to nothing, and when to try again."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "note_try", version)
    require(tried=tried)
    if tried not in TRIES:
        raise errors.Invalid(fields={"tried": "unknown"})
    if again_at is not None and again_at <= now:
        raise errors.Invalid(fields={"try_again_at": "not_ahead"})
    db.session.add(
        FollowUp(
            ticket_id=ticket_id, asked_by=actor.id, asked_at=now, outcome=tried, round=locked.ticket.round,
            again_at=again_at,
        )
    )
    again = again_at.isoformat() if again_at else None
    finish(locked, actor, now, "ticket.asked", outcome=tried, again_at=again)


def hear(
    actor: Actor, now: datetime, ticket_id: int, was_contacted: bool | None, is_true: bool | None,
    solved: bool | None, satisfied: int | None, note: str = "", version: int | None = None,
) -> None:  # fmt: skip
    """回访. The citizen was reached, and said: whether the unit spoke with them, whether what it wrote is true,
    whether it is solved, how satisfied they are. Their word, written down by somebody else than who handled it."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "hear", version)
    require(was_contacted=was_contacted, is_true=is_true, is_solved=solved, satisfaction=satisfied)
    if satisfied not in (1, 2, 3):
        raise errors.Invalid(fields={"satisfaction": "unknown"})
    db.session.add(
        FollowUp(
            ticket_id=ticket_id, asked_by=actor.id, asked_at=now, outcome="answered", round=locked.ticket.round,
            was_contacted=was_contacted, is_true=is_true,
        )
    )
    finish(locked, actor, now, "ticket.asked", outcome="answered", contacted=was_contacted, true=is_true)
    _keep_rating(locked, row, actor, now, bool(solved), satisfied, note)


def redo(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> None:
    """重办. The citizen said that it is not solved: the unit that led handles it again, in a new round.

    A person may decide so as often as it is needed; what happens by itself is counted apart, and limited.
    """
    locked = lock(actor, ticket_id)
    check(actor, locked, "redo", version)
    require(redo_reason=reason)
    _redo(locked, actor, now, write_texts(locked.ticket, {"redo_reason": reason}, actor, now))


def unsolved(now: datetime, ticket_id: int, of_round: int) -> None:
    """The citizen told a machine that it is not solved, and no more: handled again where a rating would do it."""
    locked = lock(SYSTEM, ticket_id)
    if locked.ticket.round == of_round and _may_be_redone(locked):
        _redo(locked, SYSTEM, now)


def asked(now: datetime, ticket_id: int, of_round: int, outcome: str, solved: bool | None = None) -> None:
    """One try to ask the citizen by an automatic call, and what came of it. Raises Invalid."""
    locked = lock(SYSTEM, ticket_id)
    if outcome not in ASKED:
        raise errors.Invalid(fields={"outcome": "unknown"})
    db.session.add(FollowUp(ticket_id=ticket_id, asked_at=now, outcome=outcome, round=of_round))
    finish(locked, SYSTEM, now, "ticket.asked", outcome=outcome, solved=solved)


def would_be_redone(ticket_id: int, of_round: int) -> bool:
    """Whether the citizen's saying that it is not solved would have it handled again, as things stand."""
    locked = lock(SYSTEM, ticket_id)
    return locked.ticket.round == of_round and _may_be_redone(locked)


def _may_be_redone(locked: Locked) -> bool:
    """Whether another round may begin by itself."""
    rounds = routing.current().settings.get(REDO_ROUNDS, SHIPPED_ROUNDS)
    return locked.ticket.state == TicketState.TO_CALLBACK and locked.ticket.redos < rounds


def _redo(locked: Locked, actor: Actor, now: datetime, texts: dict[str, int] | None = None) -> None:
    """The first time by the unit that led, then by the one above it."""
    ticket = locked.ticket
    clocks.stop(ticket.id, now, but=("order",))
    move(ticket, check(SYSTEM, locked, "redo"))
    level_up = ticket.redos > 0
    ticket.redos += actor.kind == "system"
    finish(locked, actor, now, "ticket.redone", texts=texts)
    dispatching.dispatch_again(locked, now, level_up=level_up)


def appeal(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> None:
    """复核申请. Once, within the city's days, the citizen says why the end should not stand."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "appeal", version, now=now)
    require(appeal_reason=reason)
    db.session.add(Application(ticket_id=ticket_id, kind="appeal", asked_by=actor.id, asked_at=now))
    clocks.start(locked.ticket, "appeal", now, epoch=locked.ticket.version + 1)
    texts = write_texts(locked.ticket, {"appeal_reason": reason}, actor, now)
    finish(locked, actor, now, "appeal.asked", texts=texts)


def grant_appeal(actor: Actor, now: datetime, ticket_id: int, note: str, version: int | None = None) -> None:
    """The citizen is right: it is handled again, one level up."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "grant_appeal", version)
    require(decision_note=note)
    applying.decide(locked, actor, now, None, "appeal", "granted")
    _reopen(locked, row, actor, now, "appeal.granted", {"decision_note": note})


def refuse_appeal(actor: Actor, now: datetime, ticket_id: int, note: str, version: int | None = None) -> None:
    """The end stands; the citizen reads why."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "refuse_appeal", version)
    require(decision_note=note)
    applying.decide(locked, actor, now, None, "appeal", "refused")
    clocks.stop(ticket_id, now, clocks=("appeal",))
    texts = write_texts(locked.ticket, {"appeal_answer": note}, actor, now)
    finish(locked, actor, now, "appeal.refused", texts=texts)


def reopen(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> None:
    """A bad rating is reasonable: it is handled again, one level up."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "reopen", version)
    require(redo_reason=reason)
    _judge(locked, "reasonable")
    _reopen(locked, row, actor, now, "ticket.redone", {"redo_reason": reason})


def dismiss(actor: Actor, now: datetime, ticket_id: int, note: str, version: int | None = None) -> None:
    """A bad rating is not for a reason in the unit's hands; it stays what it is, and the ticket closed."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "dismiss", version)
    require(decision_note=note)
    _judge(locked, "dismissed")
    texts = write_texts(locked.ticket, {"decision_note": note}, actor, now)
    finish(locked, actor, now, "rating.dismissed", texts=texts)


def _judge(locked: Locked, judgement: str) -> None:
    rating = guards.last_rating(locked.ticket)
    assert rating is not None
    rating.judged = judgement


def _reopen(
    locked: Locked, row: Transition, actor: Actor, now: datetime, kind: str, words: dict[str, str]
) -> None:
    clocks.stop(locked.ticket.id, now, but=("order",))
    applying.lapse_appeal(locked, now)
    move(locked.ticket, row)
    locked.ticket.closed_at = None
    finish(locked, actor, now, kind, texts=write_texts(locked.ticket, words, actor, now))
    dispatching.dispatch_again(locked, now, level_up=True)


def archive(actor: Actor, now: datetime, ticket_id: int) -> None:
    """归档. It ended long enough ago."""
    locked = lock(actor, ticket_id)
    move(locked.ticket, check(actor, locked, "archive"))
    finish(locked, actor, now, "ticket.archived")


def to_archive(now: datetime, limit: int) -> list[int]:
    """Tickets whose time has come, the longest ended first."""
    ended = ("CLOSED", "ANSWERED", "REFERRED", "WITHDRAWN")
    old = now - timedelta(days=terms.archive_days())
    query = select(Ticket.id).where(Ticket.state.in_(ended), Ticket.closed_at < old)
    return list(db.session.scalars(query.order_by(Ticket.closed_at).limit(limit)))


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
        select(Deadline.ticket_id, Deadline.assignment_id, Deadline.clock, Deadline.due_at).where(
            Deadline.id == deadline_id
        )
    ).one_or_none()
    if row is None:
        return False
    if row.clock in clocks.ENDS:
        return _end(actor, now, deadline_id, row)
    locked = lock(actor, row.ticket_id)
    acted, _held = escalating.escalate(actor, now, [deadline_id])
    if row.clock == clocks.SIGN and row.due_at <= now:
        return handling.sign_for(locked, now, row.assignment_id) or bool(acted)
    return bool(acted)


def _end(actor: Actor, now: datetime, deadline_id: int, row: Any) -> bool:
    """The clock's own end has come: close without a word of the citizen, or go on without the answer."""
    locked = lock(actor, row.ticket_id)
    due = select(Deadline.id).where(Deadline.id == deadline_id, Deadline.next_at <= now)
    if db.session.scalar(due) is None:
        return False
    if row.clock == "info":
        asking.end_of_waiting(locked, now, locked.part(row.assignment_id) if row.assignment_id else None)
    else:
        _close_with(locked, check(actor, locked, "close"), actor, now, _silence(locked.ticket))
    return True


def _silence(ticket: Ticket) -> str:
    """What a silence is: nobody was reached in this round, however often it was tried, or nobody said anything."""
    tries = select(FollowUp.outcome).where(FollowUp.ticket_id == ticket.id, FollowUp.round == ticket.round)
    outcomes = set(db.session.scalars(tries))
    return UNREACHABLE if outcomes - {FAILED} and outcomes <= NOT_REACHED | {FAILED} else UNRATED


def _close_with(locked: Locked, row: Transition, actor: Actor, now: datetime, outcome: str) -> None:
    asked_by = actor.id if actor.kind == "staff" else None
    ticket = locked.ticket
    db.session.add(
        FollowUp(ticket_id=ticket.id, asked_by=asked_by, asked_at=now, outcome=outcome, round=ticket.round)
    )
    _close(locked, row, now)
    finish(locked, actor, now, "ticket.closed", outcome=outcome)


def _close(locked: Locked, row: Transition, now: datetime) -> None:
    """What a unit was ordered to answer it still has to."""
    clocks.stop(locked.ticket.id, now, but=("order",))
    move(locked.ticket, row)
    locked.ticket.closed_at = now
