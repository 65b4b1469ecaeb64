"""回执. What providers tell of a text, in any order and any number of times; and what staff see of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from calls import message_sending, messaging
from calls.message_models import Message, MessageReceipt
from calls.message_states import MISSED, MessageState
from db import db

UNKNOWN_KEPT = timedelta(days=4)
"""Receipts of what is not known are kept so long: one may overtake the answer to its sending by far."""
SHOWN = 100


def tell(
    provider: str, sid: str, state: MessageState, said: str, now: datetime, *, reference: str = "",
    error_code: str | None = None,
) -> bool:  # fmt: skip
    """Keep what is told, and bring the message there if it is further on. Returns whether a message is known.

    `reference` is our own name, where the provider knows it. It counts only for a message that has no name at the
    provider's yet, or this one.
    """
    message_id = _find(provider, sid, reference)
    message = message_sending.lock(message_id) if message_id is not None else None
    receipt = MessageReceipt(
        message_id=message_id, provider=provider, provider_sid=sid, state=state, said=said[:60],
        error_code=error_code[:60] if error_code else None, received_at=now,
    )  # fmt: skip
    db.session.add(receipt)
    if message is None:
        return False
    if not message.provider_sid and sid:
        message.provider_sid = sid
    message_sending.rise(message, state, now, receipt.error_code)
    return True


def _find(provider: str, sid: str, reference: str) -> int | None:
    named = select(Message.id).where(
        Message.provider == provider, Message.provider_sid == sid, Message.direction == "out"
    )
    found = db.session.scalar(named) if sid else None
    if found is not None or not reference:
        return found
    unnamed = select(Message.id).where(
        Message.reference == reference, Message.provider == provider, Message.direction == "out",
        Message.provider_sid.is_(None),
    )  # fmt: skip
    return db.session.scalar(unnamed)


def sweep(now: datetime) -> None:
    """Delete receipts of what never became known."""
    old = MessageReceipt.received_at < now - UNKNOWN_KEPT
    db.session.execute(delete(MessageReceipt).where(MessageReceipt.message_id.is_(None), old))


_NEEDED = func.coalesce(Message.error_code, "") != messaging.MOOT
"""One that was not needed any more is no trouble of delivery."""


@dataclass(frozen=True)
class Line:
    """One message as staff see it: what it is and how far, never what it says."""

    direction: str
    template: str
    state: str
    error_code: str | None
    at: datetime
    settled_at: datetime | None
    asked_by: int | None
    ticket_id: int | None
    segments: int


_LINE = (
    Message.direction, Message.template, Message.state, Message.error_code, Message.created_at,
    Message.settled_at, Message.asked_by, Message.ticket_id, Message.segments,
)  # fmt: skip


def of_ticket(ticket_id: int) -> list[Line]:
    """The messages of a ticket, in order."""
    rows = db.session.execute(select(*_LINE).where(Message.ticket_id == ticket_id).order_by(Message.id))
    return [Line(*row) for row in rows]


def is_missed(lines: list[Line]) -> bool:
    """Whether the last receipt did not arrive, as far as is known."""
    receipts = [line for line in lines if line.template == messaging.RECEIPT and line.direction == "out"]
    return bool(receipts) and receipts[-1].state in MISSED


def counts(start: datetime, end: datetime) -> Mapping[str, int]:
    """State -> how many messages of a span went out."""
    rows = db.session.execute(
        select(Message.state, func.count().label("number"))
        .where(Message.direction == "out", Message.created_at >= start, Message.created_at < end, _NEEDED)
        .group_by(Message.state)
    )
    return {row.state: row.number for row in rows}


def missed(start: datetime, end: datetime) -> list[Line]:
    """Messages of a span that nobody can say the citizen has, the latest first."""
    rows = db.session.execute(
        select(*_LINE)
        .where(
            Message.direction == "out", Message.created_at >= start, Message.created_at < end,
            Message.state.in_(MISSED), _NEEDED,
        )
        .order_by(Message.id.desc())
        .limit(SHOWN)
    )  # fmt: skip
    return [Line(*row) for row in rows]
