"""Verbs that end a matter at the front desk: discard a draft, answer at once, refer elsewhere."""

from datetime import datetime

from tickets import clocks, errors
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.intake import DISPOSITIONS
from tickets.lifecycle import Transition
from tickets.models import Ticket
from tickets.permissions import Actor


def discard(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> Ticket:
    """Throw a draft away; it never had a number."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "discard", version)
    require(reason=reason)
    _end(locked, row, now)
    texts = write_texts(locked.ticket, {"reason": reason}, actor, now)
    finish(locked, actor, now, "ticket.discarded", texts=texts)
    return locked.ticket


def answer(actor: Actor, now: datetime, ticket_id: int, text: str, version: int | None = None) -> Ticket:
    """Answer at once, at the desk. Ends the ticket."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "answer", version)
    require(answer=text)
    _end(locked, row, now)
    texts = write_texts(locked.ticket, {"answer": text}, actor, now)
    finish(locked, actor, now, "ticket.answered", texts=texts)
    return locked.ticket


def refer(
    actor: Actor, now: datetime, ticket_id: int, disposition: str, text: str, version: int | None = None
) -> Ticket:
    """Tell the citizen which other channel is right, and why. Ends the ticket."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "refer", version)
    require(disposition=disposition, referral=text)
    if disposition not in DISPOSITIONS:
        raise errors.Invalid(fields={"disposition": "unknown"})
    _end(locked, row, now)
    locked.ticket.disposition = disposition
    texts = write_texts(locked.ticket, {"referral": text}, actor, now)
    finish(locked, actor, now, "ticket.referred", disposition=disposition, texts=texts)
    return locked.ticket


def _end(locked: Locked, row: Transition, now: datetime) -> None:
    clocks.stop(locked.ticket.id, now)
    move(locked.ticket, row)
    locked.ticket.closed_at = now
