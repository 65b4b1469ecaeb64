"""发送. The course of one text towards the providers: whom to ask next, and what an answer means.

A provider is named on the row, and the row committed, before it is asked. So whoever finds the row after a crash
knows that it may have been sent, and asks what became of it; nothing is sent a second time while that is unclear.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from calls import message_routes, messaging, settings
from calls.message_models import Message, MessageReceipt
from calls.message_states import ENDS, RANKS, UNDER_WAY, MessageState, higher
from calls.ports import Outgoing, Sent, SmsPort, TextState
from db import db
from tickets import sealing
from tickets.models import Contact
from tickets.vault import Vault

log = logging.getLogger(__name__)

LONGEST_CALL = timedelta(seconds=20)
"""No provider is given longer for an answer; until then nobody else meddles."""
BELIEVED_AFTER = timedelta(minutes=2)
"""A provider that knows nothing of a text so long after it was asked has not got it: what hung has arrived."""
LOOKS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 130, 600, 3600, 6 * 3600, 24 * 3600, 72 * 3600))
"""How long after the try an unclear text is asked about; after the last it stays unknown, and a person sees it."""
GIVE_UP = timedelta(hours=24)
MOST_TRIES = 3
"""So often at most a text is sent whose fate was unclear before."""


@dataclass(frozen=True)
class Step:
    """What is to be done next: `send` to a port or `look` there; with neither, come back at `due_at`, or never."""

    port: SmsPort | None = None
    send: Outgoing | None = None
    look: Sent | None = None
    due_at: datetime | None = None
    outcome: str = "done"


def next_step(
    message_id: int, ports: Sequence[SmsPort], tried: Collection[str], now: datetime, vault: Vault
) -> Step:
    """Lock the row and say what comes next. A step that sends has put the row under way; commit before sending.

    `tried` are providers that did not take it in this round.
    """
    message = lock(message_id)
    if message.state in UNDER_WAY:
        return _look(message, ports, now, vault)
    if message.state != MessageState.PENDING:
        return Step()
    is_reply = message.template == messaging.REPLY
    if not is_reply and messaging.has_opted_out(message.phone_hash):
        _end(message, MessageState.FAILED, now, messaging.OPTED_OUT)
        return Step(outcome="moot")
    if messaging.is_moot(message, vault):
        _end(message, MessageState.FAILED, now, messaging.MOOT)
        return Step(outcome="moot")
    starts = message.created_at
    if message.template in messaging.BY_DAY:
        starts = settings.when_asked(starts)
        if (later := settings.when_asked(now)) > now:
            return Step(due_at=later)
    number, phone_hash = _addressee(message, vault)
    if not messaging.is_mobile(number):
        _end(message, MessageState.FAILED, now, "no_number")
        return Step(outcome="moot")
    if now - starts > GIVE_UP:
        _end(message, MessageState.FAILED, now, message.error_code or "unreachable")
        log.error("message %s given up: nobody took it for a day", message.id)
        return Step(outcome="failed")
    port = next((one for one in ports if one.name not in tried and message_routes.let_in(one.name, now)), None)
    if port is None:
        return Step(due_at=message_routes.next_open([one.name for one in ports], now))
    message.phone_hash = phone_hash
    message.state, message.rank = MessageState.SENDING, RANKS[MessageState.SENDING]
    message.provider, message.provider_sid, message.tried_at = port.name, None, now
    message.tries += 1
    wording = messaging.wording_of(message, vault)
    return Step(
        port, send=Outgoing(message.reference, number, wording.text, message.template, wording.values)
    )


def _addressee(message: Message, vault: Vault) -> tuple[str, bytes | None]:
    """The number and its hash: of the ticket's contact as it is now, or of whoever asked. Empty: there is none."""
    if message.template == messaging.REPLY:
        return messaging.wording_of(message, vault).number, message.phone_hash
    contact = db.session.get(Contact, message.ticket_id)
    if contact is None:
        return "", None
    return sealing.normalise_phone(vault.open_contact(contact, "phone")), contact.phone_hash


def _look(message: Message, ports: Sequence[SmsPort], now: datetime, vault: Vault) -> Step:
    """A text of which nobody knows whether it was sent is asked about, ever more seldom."""
    port = next((one for one in ports if one.name == message.provider), None)
    tried_at = message.tried_at or message.created_at
    if message.state == MessageState.SENDING:
        if now < tried_at + LONGEST_CALL:
            return Step(due_at=tried_at + LONGEST_CALL)
        message.state, message.rank = MessageState.UNKNOWN, RANKS[MessageState.UNKNOWN]
    number, phone_hash = _addressee(message, vault)
    if port is None or not number or phone_hash != message.phone_hash:
        return Step(outcome="unknown")
    is_reply = message.template == messaging.REPLY
    theirs = Message.phone_hash == phone_hash if is_reply else Message.ticket_id == message.ticket_id
    others = select(Message.provider_sid).where(
        theirs, Message.id != message.id, Message.provider == message.provider, Message.provider_sid.is_not(None)
    )
    known = frozenset(sid for sid in db.session.scalars(others) if sid)
    text = messaging.wording_of(message, vault).text
    return Step(port, look=Sent(message.reference, message.provider_sid, number, text, tried_at, known))


def taken(message_id: int, sid: str, now: datetime) -> None:
    """A provider has it. What was told of it before it had a name is taken up."""
    message = lock(message_id)
    message_routes.worked(message.provider or "")
    _name(message, sid)
    rise(message, MessageState.ACCEPTED, now)
    for receipt in _overtaking(message):
        receipt.message_id = message.id
        rise(message, MessageState(receipt.state), now, receipt.error_code)


def found(message_id: int, there: TextState, now: datetime) -> None:
    """Its provider was asked, and has it."""
    taken(message_id, there.sid, now)
    rise(lock(message_id), there.state, now, there.error_code)


def unclear(message_id: int, now: datetime, fault: str) -> datetime | None:
    """It may have been sent. When to ask about it, or None: a receipt has said meanwhile that it was sent."""
    message = lock(message_id)
    message_routes.failed(message.provider or "", now, fault)
    if message.state not in UNDER_WAY:
        return None
    message.state, message.rank = MessageState.UNKNOWN, RANKS[MessageState.UNKNOWN]
    message.error_code = fault
    return next_look(message, now)


def next_look(message: Message, now: datetime) -> datetime | None:
    """When to ask the next time; None when that is given up."""
    tried_at = message.tried_at or message.created_at
    return next((tried_at + after for after in LOOKS if tried_at + after > now), None)


def unseen(message_id: int, now: datetime) -> datetime | None:
    """Its provider knows nothing of it. Returns when to ask again; the moment itself where it may be sent anew."""
    message = lock(message_id)
    if message.state not in UNDER_WAY:
        return None
    if now < (message.tried_at or message.created_at) + BELIEVED_AFTER:
        return next_look(message, now)
    if message.tries >= MOST_TRIES:
        return None
    _back(message, "unclear")
    return now


def still_unclear(message_id: int, now: datetime) -> datetime | None:
    """Nobody could say. When to ask the next time; None when it stays unknown."""
    message = lock(message_id)
    return next_look(message, now) if message.state in UNDER_WAY else None


def not_taken(message_id: int, now: datetime, fault: str, wait: float | None) -> None:
    """It is certain that the provider has it not: the next one may."""
    message = lock(message_id)
    message_routes.failed(message.provider or "", now, fault, wait)
    _back(message, fault)


def refused(message_id: int, fault: str, now: datetime, *, is_last: bool) -> None:
    """The provider will not send it; when that was the last one, nobody will."""
    message = lock(message_id)
    message_routes.worked(message.provider or "")
    if is_last:
        _end(message, MessageState.FAILED, now, fault)
    else:
        _back(message, fault)


def lock(message_id: int) -> Message:
    """The row, locked."""
    query = select(Message).where(Message.id == message_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def rise(message: Message, told: MessageState, now: datetime, error_code: str | None = None) -> bool:
    """Bring a locked message to a state that was told, if that is further on. Returns whether it was."""
    if not higher(message.state, told):
        return False
    message.state, message.rank, message.error_code = told, RANKS[told], error_code
    message.sent_at = message.sent_at or now
    if told in ENDS:
        message.settled_at = message.settled_at or now
    return True


def _back(message: Message, fault: str) -> None:
    if message.state in UNDER_WAY:
        message.state, message.rank = MessageState.PENDING, RANKS[MessageState.PENDING]
        message.error_code = fault


def _end(message: Message, state: MessageState, now: datetime, error_code: str) -> None:
    if higher(message.state, state) and message.state in (*UNDER_WAY, MessageState.PENDING):
        message.state, message.rank, message.error_code, message.settled_at = state, RANKS[state], error_code, now


def _name(message: Message, sid: str) -> None:
    """Keep the provider's name of it; one that another message has already is a provider's slip."""
    if not sid or message.provider_sid:
        return
    taken_by = select(Message.id).where(Message.provider == message.provider, Message.provider_sid == sid)
    if db.session.scalar(taken_by) is None:
        message.provider_sid = sid
    else:
        log.error("message %s: its provider has given the same name to another one", message.id)


def _overtaking(message: Message) -> list[MessageReceipt]:
    if not message.provider_sid:
        return []
    early = select(MessageReceipt).where(
        MessageReceipt.message_id.is_(None), MessageReceipt.provider == message.provider,
        MessageReceipt.provider_sid == message.provider_sid,
    )  # fmt: skip
    return list(db.session.scalars(early.order_by(MessageReceipt.id).with_for_update()))
