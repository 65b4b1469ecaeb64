"""Verbs of an offer: assign waiting calls to ready seats, accept, decline, let it run out, connect.

The two partial unique indexes of the offer decide every race; a lock only spares work.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.exc import IntegrityError

from calls import seating, settings
from calls.keeping import lock, note
from calls.machine import CallState
from calls.models import PUSHED, Call, CallLeg, Effect, Offer, Seat
from calls.owing import owe
from calls.seats import SeatState
from calls.settling import close, settle
from db import db
from tickets import calling, errors, events
from tickets.permissions import SYSTEM, Actor

BATCH = 50


def assign(now: datetime) -> int:
    """Offer waiting calls to ready seats, as many as there are. Returns how many were offered."""
    ready = db.session.scalar(
        select(func.count()).select_from(Seat).where(Seat.state == SeatState.READY, Seat.seen_at > _silent(now))
    )
    if not ready:
        return 0
    waiting = (
        select(Call.id)
        .where(Call.state == CallState.QUEUED, Call.provider.not_like(f"{PUSHED}%"))
        .order_by(Call.priority.desc(), Call.queued_at, Call.id)
        .limit(BATCH)
    )
    made = 0
    for call_id in db.session.scalars(waiting).all():
        # Locked one by one: those who wait on are also told how long it will take, and may leave meanwhile.
        one = select(Call).where(Call.id == call_id, Call.state == CallState.QUEUED)
        one = one.with_for_update(skip_locked=True).execution_options(populate_existing=True)
        call = db.session.scalar(one)
        seat = _best_seat(call, now) if call is not None else None
        if call is not None and seat is not None and _offer(call, seat, now):
            made += 1
            ready -= 1
        if not ready:
            break
    return made


def _best_seat(call: Call, now: datetime) -> Seat | None:
    """The seat to offer to: with the skills, the caller's last operator for a while, then the longest idle."""
    limits = settings.current()
    waited = now - (call.waiting_since or now)
    query = select(Seat).where(Seat.state == SeatState.READY, Seat.seen_at > _silent(now))
    if waited < limits.span("skill_wait"):
        query = query.where(Seat.skills.contains(_worth_waiting_for(call.skills)))
    if call.wanted_staff_id is not None and waited < limits.span("first_operator"):
        query = query.order_by(case((Seat.staff_id == call.wanted_staff_id, 0), else_=1))
    # Whoever has most of the skills comes first once they are no longer insisted on.
    query = query.order_by(case((Seat.skills.contains(call.skills), 0), else_=1), Seat.since, Seat.staff_id)
    return db.session.scalar(query.limit(1).with_for_update(skip_locked=True))


def _worth_waiting_for(skills: Sequence[str]) -> list[str]:
    """As many of these skills as any one person on duty has: nobody waits for who is not there."""
    if not skills:
        return []
    held = db.session.scalars(
        select(Seat.skills).where(Seat.state != SeatState.OFFLINE, Seat.skills.overlap(skills)).distinct()
    )
    return max(([skill for skill in skills if skill in each] for each in held), key=len, default=[])


def _offer(call: Call, seat: Seat, now: datetime) -> bool:
    """Offer the call; False where the index says that somebody was quicker."""
    expires = now + settings.current().span("offer")
    offer = Offer(
        call_id=call.id, epoch=call.epoch, staff_id=seat.staff_id, state="pending", offered_at=now,
        expires_at=expires,
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(offer)
    except IntegrityError:
        return False
    seating.move(seat, "offer", now, call=call, until=expires)
    note(call, "offered", now, now, value=offer.id)
    room = (f"staff:{seat.staff_id}",)
    events.record(
        "offer.made", subject="offer", subject_id=offer.id, version=1, actor=SYSTEM, now=now,
        rooms_before=room, rooms_after=room, call=call.id,
    )  # fmt: skip
    return True


def accept(actor: Actor, now: datetime, offer_id: int, console: str) -> Offer:
    """接听. The browser then has some seconds to bring its line. The same answer to a second click.

    Raises Forbidden, NotFound, NotNow when it has run out or the caller is gone, Stale for a console that is none.
    """
    seating.demand(actor)
    call = lock(_call_of(actor, offer_id))
    offer = _locked(offer_id)
    seating.own(actor, console)
    if offer.state == "accepted":
        return offer
    if offer.state != "pending" or offer.expires_at <= now:
        raise errors.NotNow(action="accept", state=offer.state)
    offer.state, offer.accepted_at = "accepted", now
    offer.expires_at = now + settings.current().span("connect")
    note(call, "accepted", now, now, actor=actor, value=offer.id)
    if call.ticket_id is not None:
        calling.hand_to(now, call.ticket_id, offer.staff_id)
    return offer


def decline(actor: Actor, now: datetime, offer_id: int, console: str) -> None:
    """Not this one: the call goes on waiting in its old place, and the seat takes a break. Raises as accept."""
    call = lock(_call_of(actor, offer_id))
    offer = _locked(offer_id)
    seating.own(actor, console)
    if offer.state != "pending":
        raise errors.NotNow(action="decline", state=offer.state)
    _miss(offer, call, now, "declined", "no_answer")


def run_out(now: datetime, limit: int = BATCH) -> int:
    """Close offers that nobody took, or whose line never came. Returns how many."""
    due = select(Offer.id, Offer.call_id).where(Offer.state.in_(("pending", "accepted")), Offer.expires_at <= now)
    # By call: two processes that close the same offers must lock them in the same order.
    rows = db.session.execute(due.order_by(Offer.call_id).limit(limit))
    found: Sequence[tuple[int, int]] = [tuple(row) for row in rows]  # type: ignore[misc]
    for offer_id, call_id in found:
        call, offer = lock(call_id), _locked(offer_id)
        if offer.state == "pending" and offer.expires_at <= now:
            _miss(offer, call, now, "expired", "no_answer")
        elif offer.state == "accepted" and offer.expires_at <= now:
            _miss(offer, call, now, "cancelled", "device")
    return len(found)


def _miss(offer: Offer, call: Call, now: datetime, outcome: str, reason: str) -> None:
    """Back to waiting; the seat is not offered another call until somebody says that it is ready."""
    close(offer, now, outcome)
    seat = seating.lock(offer.staff_id)
    if seat.call_id == call.id and seat.state in (SeatState.OFFERED, SeatState.ON_CALL):
        seating.move(seat, "miss", now, reason=reason)
    call.tries += 1
    note(call, "unoffered", now, now, epoch=offer.epoch, value=offer.id)
    if _is_to_ring(call, offer):
        note(call, "ended", now, now, value="canceled")
    settle(call, now)


def _is_to_ring(call: Call, offer: Offer) -> bool:
    """Whether the operator comes before the citizen; one whose operator was cut off is on the line and waits."""
    return call.direction == "out" and offer.epoch == 1


def connect(now: datetime, offer_id: int, staff_id: int, provider: str, sid: str) -> CallLeg | None:
    """The operator's line has reached us: it waits in the talking room, and the caller is to be brought there.

    None where the offer is no longer this person's to take up. The same line again changes nothing.
    """
    offer = db.session.get(Offer, offer_id)
    if offer is None or offer.staff_id != staff_id:
        return None
    call, offer = lock(offer.call_id), _locked(offer_id)
    if offer.state not in ("accepted", "connected") or call.state == CallState.ENDED:
        return None
    leg = leg_of(call, offer, provider, sid, now)
    if offer.state == "accepted":
        offer.state = "connected"
        seat = seating.lock(staff_id)
        if seat.call_id != call.id or seat.state != SeatState.ON_CALL:
            seating.move(seat, "connect", now, call=call)
        kind = "dial_citizen" if _is_to_ring(call, offer) else "bring_caller"
        owe(call, kind, f"{offer.epoch}:{offer.id}", now, epoch=offer.epoch)
    return leg


def brought(call: Call) -> Effect | None:
    """What has led the caller to the operator who has the call now; None where nothing has yet."""
    query = select(Effect).where(
        Effect.call_id == call.id, Effect.kind == "bring_caller", Effect.outcome == "done",
        Effect.payload["epoch"].as_integer() == call.epoch,
    )  # fmt: skip
    found = db.session.scalar(query.order_by(Effect.id.desc()).limit(1))
    since = db.session.scalar(
        select(Offer.accepted_at).where(Offer.call_id == call.id, Offer.state == "connected")
    )
    # One that went before the present operator had the call has led to somebody who is gone.
    return found if found is not None and since is not None and found.created_at >= since else None


def bring_again(call: Call, now: datetime) -> None:
    """The operator is in the room and the locked call's caller never came there. Once for what is known now."""
    if call.state == CallState.CONNECTING and (call.direction == "in" or call.epoch > 1):
        owe(call, "bring_caller", f"{call.epoch}:again:{call.version}", now, epoch=call.epoch)


def give_up_line(call: Call, now: datetime, reason: str = "device") -> None:
    """The operator's line broke before the caller was there: the locked call goes on waiting."""
    taken = Offer.state.in_(("accepted", "connected"))
    offer = db.session.scalar(select(Offer).where(Offer.call_id == call.id, taken).with_for_update())
    if offer is not None:
        _miss(offer, call, now, "cancelled", reason)


def leg_of(call: Call, offer: Offer, provider: str, sid: str, now: datetime) -> CallLeg:
    """The operator's line into the call; a page that was loaded again brings another one."""
    leg = db.session.scalar(select(CallLeg).where(CallLeg.provider == provider, CallLeg.provider_sid == sid))
    if leg is None:
        leg = CallLeg(
            call_id=call.id, epoch=offer.epoch, role="operator", label="", provider=provider,
            provider_sid=sid, staff_id=offer.staff_id, status="connecting", created_at=now,
        )  # fmt: skip
        db.session.add(leg)
        db.session.flush()
        leg.label = f"op-{offer.staff_id}-{leg.id}"
    return leg


def reclaim(actor: Actor, now: datetime, console: str) -> Offer:
    """Come back to the talk one is in, from a page loaded anew. Raises NotFound, NotNow."""
    seat = seating.own(actor, console)
    offer = db.session.scalar(
        select(Offer).where(Offer.staff_id == seat.staff_id, Offer.state.in_(("accepted", "connected")))
    )
    if offer is None:
        raise errors.NotNow(action="reclaim", state=seat.state)
    return offer


def _silent(now: datetime) -> datetime:
    return now - settings.current().span("seat_lost")


def _call_of(actor: Actor, offer_id: int) -> int:
    """The call of an offer made to this person. Raises NotFound."""
    call_id = db.session.scalar(select(Offer.call_id).where(Offer.id == offer_id, Offer.staff_id == actor.id))
    if call_id is None:
        raise errors.NotFound()
    return call_id


def _locked(offer_id: int) -> Offer:
    query = select(Offer).where(Offer.id == offer_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()

