"""短信. Texts of citizens that ask for nothing the machine knows: somebody reads each and says so."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, text

from calls import seating
from calls.message_models import TO_BE_READ, Message
from calls.message_sending import lock
from db import db
from tickets import errors
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, callers_known_to, visible_to

KEPT = timedelta(days=30)
"""Older ones are not asked for any more."""
PAGE = 50


def _waits(now: datetime) -> ColumnElement[bool]:
    return and_(text(TO_BE_READ), Message.created_at > now - KEPT)


def waiting(now: datetime, limit: int = PAGE) -> Sequence[Message]:
    """Those that nobody has dealt with, the oldest first."""
    query = select(Message).where(_waits(now))
    return db.session.scalars(query.order_by(Message.created_at, Message.id).limit(limit)).all()


def waiting_since(now: datetime) -> tuple[int, datetime | None]:
    """How many of them there are, and since when the oldest."""
    query = select(func.count(), func.min(Message.created_at)).where(_waits(now))
    count, since = db.session.execute(query).one()
    return count, since


def latest_tickets(actor: Actor, messages: Sequence[Message]) -> Mapping[bytes, int]:
    """Sender -> the latest ticket of that telephone number, of those whose caller the actor may know."""
    senders = {message.phone_hash for message in messages}
    query = (
        select(Contact.phone_hash, func.max(Ticket.id))
        .join(Ticket, Ticket.id == Contact.ticket_id)
        .where(
            Contact.phone_hash.in_(senders), Ticket.number.is_not(None),
            visible_to(actor, Ticket.rooms), callers_known_to(actor, Ticket.rooms),
        )
        .group_by(Contact.phone_hash)
    )  # fmt: skip
    return {sender: ticket for sender, ticket in db.session.execute(query) if sender is not None}


def done(actor: Actor, now: datetime, message_id: int) -> Message:
    """Somebody has dealt with it; who said so first stays. Raises Forbidden, NotFound."""
    seating.demand(actor)
    if db.session.scalar(select(Message.direction).where(Message.id == message_id)) != "in":
        raise errors.NotFound()
    message = lock(message_id)
    if message.settled_at is None:
        message.settled_at, message.asked_by = now, actor.id
    return message
