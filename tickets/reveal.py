"""Showing one field of a contact, or a new query code, to one person, for a reason that is kept."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from db import db
from tickets import errors
from tickets.change import finish, lock, require, write_texts
from tickets.event_models import TicketEvent
from tickets.lifecycle import SIDE_RECORDS
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, may
from tickets.vault import CONTACT_FIELDS, Vault

PER_HOUR = 30


def reveal(actor: Actor, now: datetime, ticket_id: int, field: str, reason: str, vault: Vault) -> str:
    """The clear value of one contact field; who, when, which and why become an event.

    A unit never learns who stands behind a confidential ticket. Raises NotFound, Forbidden, Invalid.
    """
    locked = lock(actor, ticket_id)
    if not may_reveal(actor, locked.ticket):
        raise errors.Forbidden(action="reveal")
    require(reveal_reason=reason)
    if field not in CONTACT_FIELDS:
        raise errors.Invalid(fields={"field": "unknown"})
    _check_rate(actor, now, "reveal")
    contact = db.session.get(Contact, ticket_id)
    value = vault.open_contact(contact, field) if contact else ""
    texts = write_texts(locked.ticket, {"reveal_reason": reason}, actor, now)
    finish(locked, actor, now, "contact.revealed", field=field, texts=texts)
    return value


def reissue_code(actor: Actor, now: datetime, ticket_id: int, reason: str, vault: Vault) -> str:
    """A new query code for a citizen who lost theirs, returned this once; the old one opens nothing any more.

    Raises NotFound, Forbidden, NotNow for a ticket without a number, Invalid.
    """
    locked = lock(actor, ticket_id)
    ticket = locked.ticket
    if not _may_reissue_codes(actor, ticket):
        raise errors.Forbidden(action="reissue_code")
    if ticket.number is None:
        raise errors.NotNow(action="reissue_code", state=ticket.state)
    require(reissue_reason=reason)
    _check_rate(actor, now, "reissue_code")
    code = vault.give_code(ticket)
    texts = write_texts(ticket, {"reissue_reason": reason}, actor, now)
    finish(locked, actor, now, "code.reissued", texts=texts)
    return code


def hides_caller(actor: Actor, ticket: Ticket) -> bool:
    """Who stands behind a confidential ticket stays in the hotline centre."""
    return ticket.confidential and ticket.registered_by != actor.id and "see.city" not in actor.permissions


def may_reveal(actor: Actor, ticket: Ticket) -> bool:
    """Whether this actor may ask for this ticket's contact at all."""
    return may(actor, SIDE_RECORDS["reveal"]) and not hides_caller(actor, ticket)


def may_reissue_code(actor: Actor, ticket: Ticket) -> bool:
    """Whether this actor may give this ticket a new query code now."""
    return ticket.number is not None and _may_reissue_codes(actor, ticket)


def _may_reissue_codes(actor: Actor, ticket: Ticket) -> bool:
    # Held for the whole city: with a code a unit could rate its own work in the citizen's name.
    return SIDE_RECORDS["reissue_code"] in actor.permissions and may_reveal(actor, ticket)


def _check_rate(actor: Actor, now: datetime, action: str) -> None:
    if _shown_lately(actor, now) >= PER_HOUR:
        raise errors.Forbidden(action=action, limit=PER_HOUR)


def _shown_lately(actor: Actor, now: datetime) -> int:
    count = db.session.scalar(
        select(func.count())
        .select_from(TicketEvent)
        .where(
            TicketEvent.kind.in_(("contact.revealed", "code.reissued")),
            TicketEvent.actor_id == actor.id,
            TicketEvent.at > now - timedelta(hours=1),
        )
    )
    return count or 0
