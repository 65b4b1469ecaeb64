"""短信. Texts of citizens that ask for nothing the machine knows: somebody reads each and says so."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from calls import seating
from calls.conversing import HELP
from calls.message_models import Message
from calls.message_sending import lock
from db import db
from tickets import errors
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, callers_known_to, visible_to

KEPT = timedelta(days=30)
"""Older ones are not asked for any more: the index by time bounds the search."""
PAGE = 50


def waiting(now: datetime, limit: int = PAGE) -> Sequence[Message]:
    """Those that nobody has dealt with, the oldest first."""
    query = select(Message).where(
        Message.created_at > now - KEPT, Message.direction == "in", Message.template == HELP,
        Message.settled_at.is_(None),
    )  # fmt: skip
    return db.session.scalars(query.order_by(Message.created_at, Message.id).limit(limit)).all()


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
