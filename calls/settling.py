"""What follows in our own tables from what a call is at: offers closed, seats freed, drafts dropped.

Asked after every fact, and of the state alone, so that it does not matter in which order the facts came.
"""

from datetime import datetime

from sqlalchemy import select

from calls import seating, settings
from calls.keeping import facts_of, progress_of
from calls.machine import CallState, Progress
from calls.models import Call, Offer
from calls.owing import owe
from calls.seats import SeatState
from db import db
from tickets import events
from tickets.permissions import SYSTEM

OPEN = ("pending", "accepted", "connected")
_WITH_OPERATOR = (CallState.OFFERED, CallState.CONNECTING, CallState.TALKING)


def settle(call: Call, now: datetime) -> Progress:
    """Bring offers, seats and debts of a locked call in line with its state."""
    after = progress_of(call)
    offer = db.session.scalar(
        select(Offer).where(Offer.call_id == call.id, Offer.state.in_(OPEN)).with_for_update()
    )
    if offer and (after.state not in _WITH_OPERATOR or offer.epoch < after.epoch):
        _release(offer, call, now)
    came = sum(fact.kind in ("operator_joined", "party_joined") for fact in facts_of(call))
    if after.state == CallState.ENDED and came:
        # Once more for each that comes: one who was on the way finds a room that was closed before, and opens it.
        owe(call, "hang_up", f"rest:{came}", now)
    return after


def _release(offer: Offer, call: Call, now: datetime) -> None:
    """The call needs this operator no longer: after a talk comes the work on it, after an offer nothing."""
    has_talked = any(fact.kind == "caller_joined" and fact.epoch == offer.epoch for fact in facts_of(call))
    close(offer, now, "over" if has_talked else "gone")
    seat = seating.lock(offer.staff_id)
    if seat.call_id != call.id:
        return
    if has_talked and seat.state == SeatState.ON_CALL:
        seating.move(seat, "wrap_up", now, call=call, until=now + settings.current().span("wrap_up"))
    elif seat.state in (SeatState.OFFERED, SeatState.ON_CALL):
        seating.move(seat, "withdraw", now)


def close(offer: Offer, now: datetime, outcome: str) -> None:
    """Close an open offer and tell the seat's page; the call's own facts are the caller's business."""
    offer.state, offer.closed_at = outcome, now
    db.session.flush()
    room = (f"staff:{offer.staff_id}",)
    events.record(
        "offer.closed", subject="offer", subject_id=offer.id, version=2, actor=SYSTEM, now=now,
        rooms_before=room, rooms_after=room, call=offer.call_id, outcome=outcome,
    )  # fmt: skip

