"""Verbs of calls that we make: an operator rings a citizen whom the hotline owes an answer, or a machine asks one
how it went."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select, update

from calls import following, messaging, seating, settings
from calls.keeping import facts_of, lock, note
from calls.machine import CallState
from calls.models import Call, Callback, Offer, Seat
from calls.owing import owe
from calls.seats import SeatState
from calls.settling import settle
from db import db
from tickets import calling, errors
from tickets.permissions import SYSTEM, Actor
from tickets.reveal import reach

CALLBACK, TICKET = "callback", "ticket"
NOT_REACHED = {"busy": "busy", "no-answer": "no_answer", "failed": "failed", "canceled": "cancelled"}
MOST_TRIES = 3
TRY_AGAIN = timedelta(minutes=15)
UNHEARD = timedelta(seconds=90)
TAKEN_FOR = timedelta(minutes=10)
PAGE = 50


@dataclass(frozen=True)
class Outgoing:
    """A call that an operator's browser is to be connected to."""

    call: Call
    offer: Offer


def call_back(actor: Actor, now: datetime, callback_id: int, console: str, provider: str) -> Outgoing:
    """Ring somebody who is owed a callback. Raises Forbidden, NotFound, NotNow, Stale."""
    seat = _free_seat(actor, console)
    callback = _locked(callback_id)
    if callback.closed_at is not None or _is_taken(callback, actor, now):
        raise errors.NotNow(action="call_back", state="taken" if callback.closed_at is None else "closed")
    first = db.session.get_one(Call, callback.call_id)
    if first.phone_hash is None:
        raise errors.NotNow(action="call_back", state="withheld")
    callback.taken_by, callback.taken_at = actor.id, now
    call = _begin(actor, now, provider, callback.ticket_id, CALLBACK, first.line_no, first.phone_hash)
    call.lang = first.lang
    calling.hand_to(now, callback.ticket_id, actor.id or 0)
    return Outgoing(call, _connect(call, seat, now, actor))


def call_caller(actor: Actor, now: datetime, ticket_id: int, console: str, provider: str) -> Outgoing:
    """Ring the caller of a ticket, whose number is dialled and not shown. Raises as above."""
    reach(actor, ticket_id, "call_caller")
    seat = _free_seat(actor, console)
    call = _begin(actor, now, provider, ticket_id, TICKET)
    return Outgoing(call, _connect(call, seat, now, actor))


def ask_next(now: datetime, provider: str) -> bool:
    """Ring the next citizen who is to be asked how it went; returns whether there was one."""
    row = following.take_due(now)
    if row is None:
        return False
    first = db.session.scalar(select(Call).where(Call.ticket_id == row.ticket_id).order_by(Call.id).limit(1))
    line_no = first.line_no if first else "12345"
    call = _begin(SYSTEM, now, provider, row.ticket_id, following.FOLLOW_UP, line_no)
    call.lang = messaging.lang_of(row.ticket_id)
    row.call_id, row.is_on = call.id, True
    return owe(call, "dial_citizen", "ask", now)


def _free_seat(actor: Actor, console: str) -> Seat:
    seat = seating.own(actor, console)
    if seat.state in (SeatState.OFFERED, SeatState.ON_CALL):
        raise errors.NotNow(action="call_back", state=seat.state)
    return seat


def _begin(
    actor: Actor, now: datetime, provider: str, ticket_id: int, purpose: str, line_no: str = "12345",
    phone_hash: bytes | None = None,
) -> Call:  # fmt: skip
    call = Call(
        ref=secrets.token_hex(16), provider=provider, direction="out", purpose=purpose, line_no=line_no, lang="zh",
        phone_hash=phone_hash, ticket_id=ticket_id, skills=[], priority=0, state=CallState.NEW, epoch=1, version=0,
        tries=0, facts=[], started_at=now, seen_at=now,
    )  # fmt: skip
    db.session.add(call)
    db.session.flush()
    note(call, "started", now, now, actor=actor)
    return call


def _connect(call: Call, seat: Seat, now: datetime, actor: Actor) -> Offer:
    """The operator has this call, as if they had accepted it."""
    offer = Offer(
        call_id=call.id, epoch=1, staff_id=seat.staff_id, state="accepted", offered_at=now, accepted_at=now,
        expires_at=now + settings.current().span("connect"),
    )  # fmt: skip
    db.session.add(offer)
    db.session.flush()
    seating.move(seat, "connect", now, actor=actor, call=call)
    note(call, "accepted", now, now, actor=actor, value=offer.id)
    return offer


def answered(call: Call, sid: str, at: datetime, now: datetime, by: str = "human") -> None:
    """Somebody, or a machine, has picked up."""
    call.provider_sid = call.provider_sid or sid
    note(call, "picked_up", at, now, value=by)
    settle_late(call, now)


def settle_late(call: Call, now: datetime) -> None:
    """Something of an automatic call was told after its end: it counts all the same."""
    if call.ended_at is not None:
        following.settle(call, facts_of(call), now)


def status(call: Call, sid: str, said: str, at: datetime, now: datetime) -> None:
    """What the carrier says of the citizen's line. Not reached: the callback is tried again, or given up."""
    call.provider_sid = call.provider_sid or sid or None
    if said in NOT_REACHED or said == "completed":
        end(call, at, now, said)


def end(call: Call, at: datetime, now: datetime, said: str) -> None:
    """The citizen's line is down, whoever noticed it first."""
    was_over = call.ended_at is not None
    note(call, "ended", at, now, value=said)
    settle(call, now)
    if not was_over:
        _settle_callback(call, now)
        following.settle(call, facts_of(call), now)


def cancel(actor: Actor, call: Call, now: datetime) -> None:
    """The operator hangs up before the citizen is there. That was no try: who is owed a call still is."""
    note(call, "ended", now, now, actor=actor, value="canceled")
    owe(call, "drop_citizen", "cancelled", now)
    settle(call, now)
    if call.purpose == CALLBACK:
        open_one = (Callback.ticket_id == call.ticket_id) & Callback.closed_at.is_(None)
        db.session.execute(update(Callback).where(open_one).values(taken_by=None, taken_at=None))


def is_ringing(call: Call) -> bool:
    """Whether the call is one that we make, and the citizen has not come into the talk yet."""
    return call.direction == "out" and call.epoch == 1 and call.state == CallState.CONNECTING


def give_up_unheard(now: datetime) -> int:
    """Calls of ours of which the carrier has never said a word are over; returns how many."""
    unheard = select(Call.id).where(
        Call.direction == "out", Call.ended_at.is_(None), Call.provider_sid.is_(None),
        Call.started_at < now - UNHEARD,
    )  # fmt: skip
    found = db.session.scalars(unheard.limit(PAGE)).all()
    for call_id in found:
        status(lock(call_id), "", "failed", now, now)
    return len(found)


def _settle_callback(call: Call, now: datetime) -> None:
    if call.purpose != CALLBACK:
        return
    callback = db.session.scalar(
        select(Callback)
        .where(Callback.ticket_id == call.ticket_id, Callback.closed_at.is_(None))
        .with_for_update()
    )
    if callback is None:
        return
    callback.attempts += 1
    callback.taken_by = callback.taken_at = None
    if call.answered_at is not None:
        callback.closed_at, callback.outcome = now, "reached"
    elif callback.attempts >= MOST_TRIES:
        callback.closed_at, callback.outcome = now, "unreachable"
    else:
        callback.due_at, callback.outcome = now + TRY_AGAIN, call.end_reason


def give_up(actor: Actor, now: datetime, callback_id: int, reason: str) -> Callback:
    """Close a callback without ringing, for a reason. Raises Forbidden, NotFound, Invalid, NotNow."""
    seating.demand(actor)
    if reason not in REASONS:
        raise errors.Invalid(fields={"reason": "unknown"})
    callback = _locked(callback_id)
    if callback.closed_at is not None:
        raise errors.NotNow(action="give_up", state="closed")
    callback.closed_at, callback.outcome, callback.taken_by = now, reason, actor.id
    return callback


def take_down(actor: Actor, now: datetime, callback_id: int) -> int:
    """The matter of a message, such as one of a withheld number, is taken down without a call. Returns the id of
    its draft, which is the actor's from now on. Raises Forbidden, NotFound, NotNow."""
    seating.demand(actor)
    callback = _locked(callback_id)
    if callback.closed_at is not None or _is_taken(callback, actor, now):
        raise errors.NotNow(action="take_down", state="taken" if callback.closed_at is None else "closed")
    callback.closed_at, callback.outcome, callback.taken_by = now, "taken_down", actor.id
    calling.hand_to(now, callback.ticket_id, actor.id or 0)
    return callback.ticket_id


REASONS = ("called_again", "done_otherwise", "no_matter")
"""Why somebody need not be called back: they rang again and were answered, it is settled, there was nothing."""


_ON_THE_LINE = exists().where(Call.id == Callback.call_id, Call.ended_at.is_(None))
IS_OWED = Callback.closed_at.is_(None) & ~((Callback.reason == "voicemail") & _ON_THE_LINE)
"""Whether a call-back is owed by now: whoever is still speaking a message is not."""


def waiting(now: datetime, limit: int = PAGE) -> list[Callback]:
    """Open callbacks, those due first; one that somebody has just taken, or who still speaks, is left out."""
    query = select(Callback).where(_waits(now))
    return list(db.session.scalars(query.order_by(Callback.due_at, Callback.id).limit(limit)))


def count_waiting(now: datetime) -> int:
    """How many of them there are."""
    return db.session.scalar(select(func.count()).select_from(Callback).where(_waits(now))) or 0


def _waits(now: datetime) -> ColumnElement[bool]:
    free = Callback.taken_at.is_(None) | (Callback.taken_at < now - TAKEN_FOR)
    return IS_OWED & free


def _is_taken(callback: Callback, actor: Actor, now: datetime) -> bool:
    if callback.taken_at is None or callback.taken_by == actor.id:
        return False
    return callback.taken_at > now - TAKEN_FOR


def _locked(callback_id: int) -> Callback:
    query = select(Callback).where(Callback.id == callback_id).with_for_update()
    callback = db.session.scalar(query.execution_options(populate_existing=True))
    if callback is None:
        raise errors.NotFound()
    return callback


def lock_of(ref: str) -> Call:
    """The locked outgoing call that the carrier was told this name of. Raises NotFound."""
    call_id = db.session.scalar(select(Call.id).where(Call.ref == ref, Call.direction == "out"))
    if call_id is None:
        raise errors.NotFound()
    return lock(call_id)
