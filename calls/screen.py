"""What an operator's page shows: the seat, the offer, the talk, and what is known of the number. Reads only."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from calls import keeping
from calls.machine import CallState
from calls.models import PUSHED, Call, CallLeg, Offer, PhoneLine, Seat
from calls.settling import OPEN
from db import db
from routing import service as routing
from tickets import masking, queries
from tickets.lifecycle import ENDED
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, callers_known_to, visible_to
from tickets.vault import Vault

MOST_KNOWN = 5
Data = dict[str, Any]


def state(actor: Actor, seat: Seat | None, now: datetime, vault: Vault) -> Data:
    """All of the page in one answer; `seat` None where another window has taken over."""
    offer = _open_offer(actor) if seat else None
    call_id = offer.call_id if offer else (seat.call_id if seat else None)
    call = db.session.get(Call, call_id) if call_id else None
    return {
        "now": now.isoformat(),
        "waiting": waiting(),
        "seat": _seat(seat) if seat else None,
        "offer": _offer(offer) if offer and offer.state == "pending" else None,
        "call": _call(actor, call, vault) if call else None,
    }


def waiting() -> int:
    """How many callers are in the queue."""
    return db.session.scalar(select(func.count()).select_from(Call).where(Call.state == CallState.QUEUED)) or 0


def _open_offer(actor: Actor) -> Offer | None:
    return db.session.scalar(select(Offer).where(Offer.staff_id == actor.id, Offer.state.in_(OPEN)))


def _seat(seat: Seat) -> Data:
    return {
        "state": seat.state, "reason": seat.reason, "since": seat.since.isoformat(),
        "until": seat.until.isoformat() if seat.until else None, "skills": seat.skills,
        "extension": seat.extension,
    }  # fmt: skip


def _offer(offer: Offer) -> Data:
    return {"id": offer.id, "expires_at": offer.expires_at.isoformat()}


def _call(actor: Actor, call: Call, vault: Vault) -> Data:
    after = keeping.progress_of(call)
    ticket = db.session.get(Ticket, call.ticket_id) if call.ticket_id else None
    return {
        "id": call.id,
        "state": call.state,
        "direction": call.direction,
        "is_told": call.provider.startswith(PUSHED),
        "line": call.line_no,
        "line_name": db.session.scalar(select(PhoneLine.name).where(PhoneLine.line_no == call.line_no).limit(1)),
        "lang": call.lang,
        "skills": call.skills,
        "queued_at": _iso(call.queued_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "again": call.epoch > 1,
        "is_held": after.is_held,
        "interrupted": after.interrupted_at is not None,
        "number": masked_number(call, vault),
        "known": _known(actor, call),
        "parties": _parties(call),
        "ticket": {"id": ticket.id, "number": ticket.number, "state": ticket.state} if ticket else None,
    }


def masked_number(call: Call, vault: Vault) -> str:
    """The number as it may be shown: it says who may be calling, and proves nothing."""
    contact = db.session.get(Contact, call.ticket_id) if call.ticket_id else None
    # Without the country's code, as people here say their numbers.
    return masking.mask_phone(vault.open_contact(contact, "phone").removeprefix("+86")) if contact else ""


def _known(actor: Actor, call: Call) -> Data:
    """Tickets of this number that the actor may know of, the open ones first: candidates, no more."""
    if call.phone_hash is None:
        return {"open": 0, "tickets": []}
    same = select(Contact.ticket_id).where(
        Contact.phone_hash == call.phone_hash, Contact.ticket_id != call.ticket_id
    )
    mine = (
        Ticket.id.in_(same) & visible_to(actor, Ticket.rooms) & callers_known_to(actor, Ticket.rooms)
        & Ticket.number.is_not(None)
    )  # fmt: skip
    is_open = Ticket.state.not_in(ENDED)
    rows = db.session.scalars(
        select(Ticket.id).where(mine).order_by(is_open.desc(), Ticket.id.desc()).limit(MOST_KNOWN)
    ).all()
    every = Ticket.id.in_(same) & Ticket.number.is_not(None) & is_open
    count = db.session.scalar(select(func.count()).select_from(Ticket).where(every)) or 0
    found = queries.rows_by_id(set(rows))
    return {"open": count, "tickets": [found[one].to_data() for one in rows]}


def _parties(call: Call) -> list[Data]:
    """Departments that are being rung or are in the talk."""
    legs = db.session.scalars(
        select(CallLeg)
        .where(CallLeg.call_id == call.id, CallLeg.role == "department", CallLeg.epoch == call.epoch)
        .order_by(CallLeg.id)
    )
    units = routing.current().units_by_id
    return [
        {
            "id": leg.id, "name": units[leg.department_id or 0].short_name, "status": leg.status,
            "is_open": not leg.left_at,
        }
        for leg in legs
    ]  # fmt: skip


def is_told(call_id: int) -> bool:
    """Whether a platform only tells us of this call."""
    provider = db.session.scalar(select(Call.provider).where(Call.id == call_id)) or ""
    return provider.startswith(PUSHED)


def units_to_ring() -> list[tuple[int, str]]:
    """Units with a duty telephone, for the choice in a talk."""
    units = routing.current().units.values()
    return [(unit.id, unit.name) for unit in units if unit.is_active and unit.phone]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
