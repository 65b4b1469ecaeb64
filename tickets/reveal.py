"""Showing one field of a contact, or a new query code, to one person, for a reason that is kept; how often."""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from db import db
from tickets import errors
from tickets.change import Locked, finish, lock, require, write_texts
from tickets.event_models import TicketEvent
from tickets.lifecycle import SIDE_RECORDS
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, knows_caller, may
from tickets.vault import CONTACT_FIELDS, Vault

log = logging.getLogger(__name__)

PER_HOUR = 30
SHOWN = ("contact.revealed", "code.reissued")
_LOOKS = 1
"""The class of the advisory locks that stand for persons who look."""


def reveal(actor: Actor, now: datetime, ticket_id: int, field: str, reason: str, vault: Vault) -> str:
    """The clear value of one contact field; who, when, which and why become an event.

    A unit never learns who stands behind a confidential ticket. Raises NotFound, Forbidden, Invalid, TooMany.
    """
    locked = reach(actor, ticket_id, "reveal")
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

    Raises NotFound, Forbidden, NotNow for a ticket without a number, Invalid, TooMany.
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


def reach(actor: Actor, ticket_id: int, action: str) -> Locked:
    """The locked ticket whose caller this actor may be shown, write to or ring. Raises NotFound, Forbidden."""
    locked = lock(actor, ticket_id)
    if not may_reveal(actor, locked.ticket):
        raise errors.Forbidden(action=action)
    return locked


def may_reveal(actor: Actor, ticket: Ticket) -> bool:
    """Whether this actor may ask for this ticket's contact at all."""
    return may(actor, SIDE_RECORDS["reveal"]) and knows_caller(actor, ticket.rooms)


def may_reissue_code(actor: Actor, ticket: Ticket) -> bool:
    """Whether this actor may give this ticket a new query code now."""
    return ticket.number is not None and _may_reissue_codes(actor, ticket)


def _may_reissue_codes(actor: Actor, ticket: Ticket) -> bool:
    # Held for the whole city: with a code a unit could rate its own work in the citizen's name.
    return SIDE_RECORDS["reissue_code"] in actor.permissions and may_reveal(actor, ticket)


def _check_rate(actor: Actor, now: datetime, action: str) -> None:
    if len(looks_lately(actor, now, *SHOWN)) >= PER_HOUR:
        raise too_many_looks(actor, action)


def looks_lately(actor: Actor, now: datetime, *kinds: str) -> list[dict[str, Any]]:
    """The payloads of a person's events of these kinds within the hour.

    Until the transaction ends nobody else counts this person's looks: those at several tickets at the same
    moment would otherwise all find the count below the limit.
    """
    db.session.execute(select(func.pg_advisory_xact_lock(_LOOKS, actor.id)))
    looks = select(TicketEvent.payload).where(
        TicketEvent.kind.in_(kinds), TicketEvent.actor_id == actor.id, TicketEvent.at > now - timedelta(hours=1)
    )
    return list(db.session.scalars(looks))


def too_many_looks(actor: Actor, action: str) -> errors.TooMany:
    """The refusal, and a warning for whoever watches the log: nobody's work asks for so many callers."""
    log.warning("limit of looks at callers reached: account %s, %s", actor.id, action)
    return errors.TooMany(action=action, limit=PER_HOUR)
