"""Showing one field of a contact to one person, for a reason that is kept."""

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
    if _revealed_lately(actor, now) >= PER_HOUR:
        raise errors.Forbidden(action="reveal", limit=PER_HOUR)
    contact = db.session.get(Contact, ticket_id)
    value = vault.open_contact(contact, field) if contact else ""
    texts = write_texts(locked.ticket, {"reveal_reason": reason}, actor, now)
    finish(locked, actor, now, "contact.revealed", field=field, texts=texts)
    return value


def hides_caller(actor: Actor, ticket: Ticket) -> bool:
    """Who stands behind a confidential ticket stays in the hotline centre."""
    return ticket.confidential and ticket.registered_by != actor.id and "see.city" not in actor.permissions


def may_reveal(actor: Actor, ticket: Ticket) -> bool:
    """Whether this actor may ask for this ticket's contact at all."""
    return may(actor, SIDE_RECORDS["reveal"]) and not hides_caller(actor, ticket)


def _revealed_lately(actor: Actor, now: datetime) -> int:
    count = db.session.scalar(
        select(func.count())
        .select_from(TicketEvent)
        .where(
            TicketEvent.kind == "contact.revealed",
            TicketEvent.actor_id == actor.id,
            TicketEvent.at > now - timedelta(hours=1),
        )
    )
    return count or 0
