"""Showing one field of a contact to one person, for a reason that is kept; how often one person may look."""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from db import db
from tickets import errors
from tickets.change import finish, lock, require, write_texts
from tickets.event_models import TicketEvent
from tickets.lifecycle import SIDE_RECORDS
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, knows_caller, may
from tickets.vault import CONTACT_FIELDS, Vault

log = logging.getLogger(__name__)

PER_HOUR = 30
_LOOKS = 1
"""The class of the advisory locks that stand for persons who look."""


def reveal(actor: Actor, now: datetime, ticket_id: int, field: str, reason: str, vault: Vault) -> str:
    """The clear value of one contact field; who, when, which and why become an event.

    A unit never learns who stands behind a confidential ticket. Raises NotFound, Forbidden, Invalid, TooMany.
    """
    locked = lock(actor, ticket_id)
    if not may_reveal(actor, locked.ticket):
        raise errors.Forbidden(action="reveal")
    require(reveal_reason=reason)
    if field not in CONTACT_FIELDS:
        raise errors.Invalid(fields={"field": "unknown"})
    if len(looks_lately(actor, now, "contact.revealed")) >= PER_HOUR:
        raise too_many_looks(actor, "reveal")
    contact = db.session.get(Contact, ticket_id)
    value = vault.open_contact(contact, field) if contact else ""
    texts = write_texts(locked.ticket, {"reveal_reason": reason}, actor, now)
    finish(locked, actor, now, "contact.revealed", field=field, texts=texts)
    return value


def may_reveal(actor: Actor, ticket: Ticket) -> bool:
    """Whether this actor may ask for this ticket's contact at all."""
    return may(actor, SIDE_RECORDS["reveal"]) and knows_caller(actor, ticket.rooms)


def looks_lately(actor: Actor, now: datetime, kind: str) -> list[dict[str, Any]]:
    """The payloads of a person's events of this kind within the hour.

    Until the transaction ends nobody else counts this person's looks: those at several tickets at the same
    moment would otherwise all find the count below the limit.
    """
    db.session.execute(select(func.pg_advisory_xact_lock(_LOOKS, actor.id)))
    looks = select(TicketEvent.payload).where(
        TicketEvent.kind == kind, TicketEvent.actor_id == actor.id, TicketEvent.at > now - timedelta(hours=1)
    )
    return list(db.session.scalars(looks))


def too_many_looks(actor: Actor, action: str) -> errors.TooMany:
    """The refusal, and a warning for whoever watches the log: nobody's work asks for so many callers."""
    log.warning("limit of looks at callers reached: account %s, %s", actor.id, action)
    return errors.TooMany(action=action, limit=PER_HOUR)
