"""短信互动. Texts that citizens send: taken down once, and what somebody's number alone gives access to."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from calls import settings
from calls.message_models import Message, OptOut
from calls.message_sending import lock
from calls.message_states import RANKS, MessageState
from calls.messaging import seal
from calls.texting import segments
from db import db
from tickets.lifecycle import TABLE, TicketState
from tickets.models import Contact, Ticket
from tickets.vault import Vault

HELP = "help"
ONE_HELP = timedelta(hours=24)
URGEABLE = frozenset(str(row.source) for row in TABLE if (row.machine, row.action) == ("ticket", "urge"))


def take_down(
    provider: str, sid: str, phone_hash: bytes, body: str, now: datetime, vault: Vault
) -> tuple[Message, bool]:
    """The row of a text that came in, locked, and whether it is new: of twins the second waits for the first."""
    reference = secrets.token_urlsafe(12)
    row = {
        "reference": reference, "direction": "in", "provider": provider, "provider_sid": sid,
        "phone_hash": phone_hash, "template": HELP, "round": 0, "again": 0, "tries": 0,
        "body": seal(vault, reference, body), "segments": segments(body), "state": MessageState.RECEIVED,
        "rank": RANKS[MessageState.RECEIVED], "created_at": now, "settled_at": now,
    }  # fmt: skip
    made = db.session.execute(
        insert(Message).values(row).on_conflict_do_nothing().returning(Message.id)
    ).scalar()
    first = select(Message.id).where(Message.provider == provider, Message.provider_sid == sid)
    message_id = made if made is not None else db.session.scalars(first).one()
    return lock(message_id), made is not None


def keep_reply(message: Message, kind: str, reply: str, ticket_id: int | None, vault: Vault) -> None:
    """What it was about and what it was answered: the same text, told again, gets the same answer."""
    message.template, message.ticket_id = kind, ticket_id
    if kind == HELP:
        message.settled_at = None  # no machine has dealt with it: see free_texts.py
    message.reply = seal(vault, message.reference, reply) if reply else None


def own_ticket(number: str, phone_hash: bytes, now: datetime) -> Ticket | None:
    """The ticket of this number, if whoever texts is the one it was written down for, and not too long ago."""
    return next(iter(_own(phone_hash, now, Ticket.number == number)), None)


def to_rate(phone_hash: bytes, now: datetime, number: str = "") -> list[Ticket]:
    """Tickets of this telephone number that have a reply and wait for the citizen's word on it."""
    wanted = [Ticket.state == TicketState.TO_CALLBACK, *([Ticket.number == number] if number else [])]
    return _own(phone_hash, now, *wanted)


def to_urge(phone_hash: bytes, now: datetime, number: str = "") -> list[Ticket]:
    """Tickets of this telephone number that may still be added to."""
    wanted = [Ticket.state.in_(URGEABLE), *([Ticket.number == number] if number else [])]
    return _own(phone_hash, now, *wanted)


def _own(phone_hash: bytes, now: datetime, *wanted: object) -> list[Ticket]:
    since = now - timedelta(days=settings.current().number_days)
    query = (
        select(Ticket)
        .join(Contact, Contact.ticket_id == Ticket.id)
        .where(Contact.phone_hash == phone_hash, Contact.updated_at >= since, Ticket.number.is_not(None), *wanted)  # type: ignore[arg-type]
        .order_by(Ticket.id.desc())
        .limit(2)
    )
    return list(db.session.scalars(query))


def was_helped(phone_hash: bytes, message_id: int, now: datetime) -> bool:
    """Whether somebody was told within a day what can be asked for."""
    earlier = select(Message.id).where(
        Message.phone_hash == phone_hash, Message.direction == "in", Message.template == HELP,
        Message.created_at > now - ONE_HELP, Message.reply.is_not(None), Message.id != message_id,
    )  # fmt: skip
    return db.session.scalar(earlier.limit(1)) is not None


def stop(phone_hash: bytes, now: datetime) -> None:
    """退订. No texts from now on but answers to what is asked."""
    row = {"phone_hash": phone_hash, "since": now}
    db.session.execute(insert(OptOut).values(row).on_conflict_do_nothing())


def start(phone_hash: bytes) -> None:
    """恢复."""
    db.session.execute(delete(OptOut).where(OptOut.phone_hash == phone_hash))


def is_confidential(ticket_id: int) -> bool:
    """Whether even the unit that has it gives something away."""
    return db.session.get_one(Ticket, ticket_id).confidential
