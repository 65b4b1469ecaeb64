"""What an operator's page shows: the seat, the offer, the talk, and what is known of the number. Reads only."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from calls import free_texts, keeping, outgoing, settings
from calls.machine import CallState
from calls.models import PUSHED, Call, Callback, CallLeg, Effect, Offer, PhoneLine, Seat
from calls.seats import SeatState
from calls.settling import OPEN
from db import db
from routing import service as routing
from tickets import masking, queries
from tickets.lifecycle import ENDED
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, callers_known_to, visible_to
from tickets.vault import Vault

MOST_KNOWN = 5
MOST_TALKS = 100
LATEST = 5
UNFINISHED = timedelta(hours=12)
TOLD_FOR = timedelta(minutes=1)
Data = dict[str, Any]


def state(actor: Actor, seat: Seat | None, now: datetime, vault: Vault) -> Data:
    """All of the page in one answer; `seat` None where another window has taken over."""
    offer = _open_offer(actor) if seat else None
    call_id = offer.call_id if offer else (seat.call_id if seat else None)
    call = db.session.get(Call, call_id) if call_id else None
    waiting, since = _waiting()
    return {
        "now": now.isoformat(),
        "waiting": waiting,
        "waiting_since": _iso(since),
        "seat": _seat(seat) if seat else None,
        "elsewhere": _elsewhere(actor, now) if seat is None else None,
        "offer": _offer(offer) if offer and offer.state == "pending" else None,
        "call": _call(actor, call, vault) if call else None,
        "unfinished": _unfinished(actor, now, call_id, vault) if seat else [],
        "not_reached": _not_reached(actor, now) if seat and call is None else None,
        "callbacks": outgoing.count_waiting(now),
        "texts": free_texts.waiting_since(now)[0],
    }


def _waiting() -> tuple[int, datetime | None]:
    """How many callers are in the queue, and since when the one who has waited longest."""
    query = select(func.count(), func.min(Call.waiting_since)).where(Call.state == CallState.QUEUED)
    count, since = db.session.execute(query).one()
    return count, since


def _elsewhere(actor: Actor, now: datetime) -> str | None:
    """The other window of this person's that answers, and has lately been heard of."""
    seat = db.session.get(Seat, actor.id)
    if seat is None or seat.state == SeatState.OFFLINE:
        return None
    return seat.console if seat.seen_at > now - settings.current().span("seat_lost") else None


def _not_reached(actor: Actor, now: datetime) -> Data | None:
    """What came of the citizen's line, where the actor's latest call was one of ours and has just come to nothing.

    `again_at`: when a call that is owed is due again; `given_up`: it has been tried often enough.
    """
    latest = select(Call).where(Call.staff_id == actor.id).order_by(Call.id.desc()).limit(1)
    call = db.session.scalar(latest)
    if call is None or call.direction == "in" or call.answered_at or not call.ended_at:
        return None
    if call.ended_at < now - TOLD_FOR:
        return None
    owed = select(Callback).where(Callback.ticket_id == call.ticket_id).order_by(Callback.id.desc()).limit(1)
    callback = db.session.scalar(owed) if call.purpose == outgoing.CALLBACK else None
    is_due = callback is not None and callback.closed_at is None and call.end_reason != "cancelled"
    return {
        "id": call.id, "reason": call.end_reason,
        "again_at": _iso(callback.due_at) if callback and is_due else None,
        "given_up": callback is not None and callback.outcome == "unreachable",
    }  # fmt: skip


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
        "chosen": [fact.value for fact in sorted(keeping.facts_of(call)) if fact.kind == "chose"],
        "asked_number": call.asked_number,
        "queued_at": _iso(call.queued_at),
        "waiting_since": _iso(call.waiting_since),
        "answered_at": _iso(call.answered_at),
        "talk_ended_at": _iso(call.talk_ended_at),
        "ended_at": _iso(call.ended_at),
        "disposition": call.disposition,
        "again": call.epoch > 1,
        "is_held": after.is_held,
        "interrupted": after.interrupted_at is not None,
        "recording": _recording(call) if call.state == CallState.TALKING else None,
        "number": masked_number(call, vault),
        "known": _known(actor, call),
        "parties": _parties(call),
        "ticket": _ticket(ticket),
    }


def _ticket(ticket: Ticket | None) -> Data | None:
    return {"id": ticket.id, "number": ticket.number, "state": ticket.state} if ticket else None


def _recording(call: Call) -> str:
    """on, pausing, paused, resuming; not_paused or not_resumed where the carrier did not do as it was told."""
    kinds = ("pause_recording", "resume_recording")
    query = select(Effect).where(Effect.call_id == call.id, Effect.kind.in_(kinds)).order_by(Effect.id.desc())
    owed = db.session.scalar(query.limit(1))
    if owed is None or owed.payload.get("epoch") != call.epoch:
        return "on"
    pauses = owed.kind == "pause_recording"
    if owed.done_at is None:
        return "pausing" if pauses else "resuming"
    if owed.outcome == "done":
        return "paused" if pauses else "on"
    return "not_paused" if pauses else "not_resumed"


def _unfinished(actor: Actor, now: datetime, but: int | None, vault: Vault) -> list[Data]:
    """Talks of the actor's that are over and of which nobody has said what became, besides the one on the page."""
    query = select(Call).where(Call.staff_id == actor.id).order_by(Call.id.desc()).limit(LATEST)
    return [
        {
            "id": call.id, "number": masked_number(call, vault), "answered_at": _iso(call.answered_at),
            "ticket": _ticket(db.session.get(Ticket, call.ticket_id) if call.ticket_id else None),
        }
        for call in db.session.scalars(query)
        if call.id != but and call.disposition is None and call.ended_at and call.answered_at
        and call.ended_at > now - UNFINISHED
    ]  # fmt: skip


def talks() -> list[Data]:
    """Talks that go on, the longest first: who talks, since when, on which line.

    `handed_to`: the department with which the operator, who has left, let the caller talk on.
    """
    query = select(Call).where(Call.state == CallState.TALKING, Call.staff_id.is_not(None))
    return [
        {
            "id": call.id, "staff": call.staff_id, "line": call.line_no, "lang": call.lang,
            "answered_at": _iso(call.answered_at), "handed_to": _handed_to(call),
        }
        for call in db.session.scalars(query.order_by(Call.answered_at).limit(MOST_TALKS))
    ]  # fmt: skip


def _handed_to(call: Call) -> str | None:
    facts = keeping.facts_of(call)
    if not any(fact.kind == "operator_leaving" and fact.epoch == call.epoch for fact in facts):
        return None
    return next((party["name"] for party in _parties(call) if party["is_open"]), None)


def masked_number(call: Call, vault: Vault) -> str:
    """The number as it may be shown: it says who may be calling, and proves nothing."""
    return masked_numbers([call], vault).get(call.id, "")


def masked_numbers(calls: Sequence[Call], vault: Vault) -> dict[int, str]:
    """Id of the call -> its number as it may be shown; a call without one is left out."""
    ids = {call.ticket_id for call in calls if call.ticket_id}
    contacts = db.session.scalars(select(Contact).where(Contact.ticket_id.in_(ids)))
    # Without the country's code, as people here say their numbers.
    shown: dict[int | None, str] = {
        contact.ticket_id: masking.mask_phone(vault.open_contact(contact, "phone").removeprefix("+86"))
        for contact in contacts
    }
    return {call.id: shown[call.ticket_id] for call in calls if shown.get(call.ticket_id)}


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
    """Units with a duty telephone, for the choice in a talk; the hotline itself is in it already."""
    units = routing.current().units.values()
    return [(unit.id, unit.name) for unit in units if unit.is_active and unit.phone and unit.kind != "hotline"]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def skills_of(staff_ids: Collection[int]) -> dict[int, list[str]]:
    """What each of these can answer; whoever has none of their own is left out."""
    query = select(Seat.staff_id, Seat.skills).where(Seat.staff_id.in_(staff_ids), Seat.skills != [])
    return {row.staff_id: row.skills for row in db.session.execute(query)}


def skills_in_use() -> list[str]:
    """What lines ask for and people have, by code."""
    asked = select(func.unnest(PhoneLine.skills)).union(select(func.unnest(Seat.skills)))
    return sorted(db.session.scalars(asked))
