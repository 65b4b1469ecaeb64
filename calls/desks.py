"""Verbs of a talk on the telephone on an operator's desk, for carriers that bring no sound to a browser.

The operator accepts on the page, and the caller's line is led to a document that rings the desk.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from calls import seating
from calls.keeping import facts_of, lock, note
from calls.machine import CallState
from calls.models import Call, Offer, Seat
from calls.offering import give_up_line, leg_of
from calls.owing import owe
from calls.settling import settle
from db import db
from tickets import errors

LONGEST_TALK = timedelta(hours=2)
"""Whoever is rung answers, does not answer or hangs up within this time, and the carrier tells which."""


def demand_extension(staff_id: int | None) -> None:
    """Raise Invalid for somebody on whose desk no telephone is known."""
    if db.session.scalar(select(Seat.extension).where(Seat.staff_id == staff_id)) is None:
        raise errors.Invalid(fields={"extension": "missing"})


def ring(offer: Offer, now: datetime) -> None:
    """The offer was accepted: lead the caller to where the desk is rung. The same again changes nothing."""
    demand_extension(offer.staff_id)
    call = lock(offer.call_id)
    offer.expires_at = now + LONGEST_TALK
    owe(call, "bring_caller", f"desk:{offer.id}", now, epoch=offer.epoch, offer=offer.id)


def desk_of(call: Call, offer_id: int) -> str | None:
    """What is to be rung for the locked call; None where the offer holds no longer."""
    offer = db.session.get(Offer, offer_id)
    if offer is None or offer.call_id != call.id or offer.state != "accepted":
        return None
    if call.state != CallState.CONNECTING or call.epoch != offer.epoch:
        return None
    return db.session.scalar(select(Seat.extension).where(Seat.staff_id == offer.staff_id))


def answered(offer_id: int, provider: str, sid: str, at: datetime, now: datetime) -> None:
    """The operator has picked up, and talks to the caller. The same again changes nothing. Raises NotFound."""
    found = db.session.get(Offer, offer_id)
    if found is None:
        raise errors.NotFound()
    call = lock(found.call_id)
    db.session.refresh(found, with_for_update=True)
    if found.state not in ("accepted", "connected"):
        return
    leg = leg_of(call, found, provider, sid, now)
    leg.status, leg.joined_at = "joined", min(leg.joined_at or at, at)
    if found.state == "accepted":
        found.state = "connected"
        seating.move(seating.lock(found.staff_id), "connect", now, call=call)
    note(call, "operator_joined", at, now, epoch=found.epoch, value=f"{found.staff_id}-{leg.id}")
    note(call, "caller_joined", at, now, epoch=found.epoch)
    settle(call, now)


def has_talked(call: Call, offer_id: int) -> bool:
    """Whether that offer led to a talk, as far as was told."""
    offer = db.session.get(Offer, offer_id)
    return offer is not None and any(
        fact.kind == "caller_joined" and fact.epoch == offer.epoch for fact in facts_of(call)
    )


def not_answered(call: Call, now: datetime) -> None:
    """Nobody picked up: the locked call goes on waiting in its old place, and the seat takes a break."""
    give_up_line(call, now, "no_answer")


def over(call: Call, offer_id: int, at: datetime, now: datetime) -> None:
    """The operator has put the receiver down: that ends the talk as a click on the page does."""
    offer = db.session.get(Offer, offer_id)
    if offer is not None and offer.call_id == call.id:
        note(call, "operator_leaving", at, now, epoch=offer.epoch, value=offer.staff_id)
        settle(call, now)
