"""短信通知. What the city writes to a citizen of its own accord: when, to whom, and what it says.

The row is written before anybody is asked to send it, with the debt that carries it out, in one transaction: there
is no text without its row, and none is lost. What calls for one is an event of a ticket. Tickets know nothing of
messages, so the event owes a job (in the transaction that publishes it), and the job writes the row here. Each
step is a row of Postgres that goes only when the next one stands: outbox, job owed, message with its effect.
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from calls import settings, texting, texts
from calls.message_models import Message, OptOut
from calls.message_states import MISSED, RANKS, MessageState
from calls.models import Call
from calls.owing import SEND_MESSAGE, owe
from db import db
from routing import service as routing
from tickets import errors, promises, sealing
from tickets.lifecycle import TicketState
from tickets.models import Contact, Ticket
from tickets.permissions import Actor
from tickets.reveal import reach
from tickets.vault import Vault

RECEIPT, RATE, REPLY, EXTENDED, SUSPENDED = "receipt", "rate", "reply", "extended", "suspended"
ASKED, AGAIN = "asked", "again"
PROMISES: Mapping[str, Callable[[Ticket], date | None]] = {
    EXTENDED: promises.extended_to, SUSPENDED: promises.looked_at_again_on, ASKED: promises.to_be_answered_by,
    AGAIN: promises.again_by,
}
"""Texts that name a day, and where it comes from: none, and the text is not called for (any more)."""
BY_DAY = frozenset({RATE, *PROMISES})
"""What can wait for the morning."""
TOLD_CHANNELS = frozenset({"phone", "web", "wechat", "app", "sms"})
"""Who tells us there hears from us; what other lines and offices hand over, they answer themselves."""
STALE = timedelta(days=1)
"""So long after the event a text is no news any more: a history that is imported writes to nobody."""
OPTED_OUT, MOOT = "opted_out", "moot"
_CONTEXT = "message:"
_DIALABLE = re.compile(r"\+86[0-9]{7,12}")


@dataclass(frozen=True)
class Wording:
    """What a text says, and the values in it, for providers that fill in texts of their own.

    `number` is whom it goes to where that is no ticket's contact, but whoever asked.
    """

    text: str
    values: dict[str, str]
    number: str = ""


def intend(ticket_id: int, template: str, now: datetime, vault: Vault, *, may_link: bool, link: str = "") -> bool:
    """Write down that a ticket's citizen is to be told. Once for each round, or for each day that a promise names;
    returns whether it is owed now."""
    ticket, contact = db.session.get_one(Ticket, ticket_id), db.session.get(Contact, ticket_id)
    if contact is None or not _is_called_for(ticket, template, now):
        return False
    if not is_to_be_told(ticket, vault.open_contact(contact, "phone")):
        return False
    wording = _wording(ticket, template, vault, link, may_link)
    row = _row(ticket, contact, template, wording, now, vault) | {"round": ticket.round}
    if template in PROMISES and (last := _last(ticket_id, template)) is not None:
        if wording_of(last, vault).values == wording.values:
            return False
        row["again"] = last.again + 1
    return _write_down(row, now, settings.when_asked(now) if template in BY_DAY else now)


def send_again(
    actor: Actor, now: datetime, ticket_id: int, vault: Vault, *, may_link: bool, link: str = ""
) -> None:
    """再次发送. Send the receipt anew, with the code as it is now. Raises NotFound, Forbidden, NotNow."""
    ticket = reach(actor, ticket_id, "send_again").ticket
    contact, last = db.session.get(Contact, ticket_id), _last(ticket_id, RECEIPT)
    if contact is None or last is None or last.state not in MISSED:
        raise errors.NotNow(action="send_again", state=str(ticket.state))
    if not is_to_be_told(ticket, vault.open_contact(contact, "phone")):
        raise errors.NotNow(action="send_again", state=str(ticket.state))
    wording = _wording(ticket, RECEIPT, vault, link, may_link)
    row = _row(ticket, contact, RECEIPT, wording, now, vault)
    _write_down(row | {"round": last.round, "again": last.again + 1, "asked_by": actor.id}, now, now)


def answer(asked: Message, number: str, text: str, now: datetime, vault: Vault) -> None:
    """Send what a text that came in is answered, where the answer to its request cannot say it. Also to somebody
    who wants no texts: they have asked."""
    if not text or not is_mobile(number):
        return
    reference = secrets.token_urlsafe(12)
    row: dict[str, object] = {
        "reference": reference, "direction": "out", "phone_hash": asked.phone_hash, "template": REPLY, "round": 0,
        "again": 0, "tries": 0, "state": MessageState.PENDING, "rank": RANKS[MessageState.PENDING],
        "segments": texting.segments(text), "created_at": now,
        "body": seal(vault, reference, json.dumps([text, {}, number], ensure_ascii=False)),
    }  # fmt: skip
    _write_down(row, now, now)


def is_to_be_told(ticket: Ticket, phone: str) -> bool:
    """Whether a ticket's citizen gets texts: wants a reply, and gave a mobile number."""
    return ticket.wants_reply and ticket.channel in TOLD_CHANNELS and is_mobile(phone)


def is_mobile(phone: str) -> bool:
    """Whether a text can reach a number."""
    number = sealing.normalise_phone(phone)
    if number.startswith("+86"):
        return len(number) == 14 and number[3] == "1"
    return number.startswith("+")


def is_dialable(number: str) -> bool:
    """Whether we ring a number, in E.164: of this country alone, as one abroad or at a premium could be somebody's
    way to be paid."""
    return _DIALABLE.fullmatch(number) is not None


def has_opted_out(phone_hash: bytes | None) -> bool:
    """Whether somebody wants no texts."""
    return phone_hash is not None and db.session.get(OptOut, phone_hash) is not None


def is_moot(message: Message, vault: Vault) -> bool:
    """Whether it asks for a rating that was given while it waited for the morning, or names a day that is past."""
    ticket = db.session.get(Ticket, message.ticket_id) if message.template in BY_DAY else None
    if ticket is None:
        return False
    if message.template == RATE:
        return (ticket.state, ticket.round) != (TicketState.TO_CALLBACK, message.round)
    return wording_of(message, vault).values.get("day") != _day(ticket, message.template)


def _day(ticket: Ticket, template: str) -> str:
    """The day that a promise names, as it is said, or nothing."""
    day = PROMISES[template](ticket) if template in PROMISES else None
    return texts.day_said(day, lang_of(ticket.id)) if day else ""


def _last(ticket_id: int, template: str) -> Message | None:
    latest = select(Message).where(
        Message.ticket_id == ticket_id, Message.template == template, Message.direction == "out"
    )
    return db.session.scalar(latest.order_by(Message.id.desc()).limit(1))


def _is_called_for(ticket: Ticket, template: str, now: datetime) -> bool:
    """Whether it still is as it was when the event happened."""
    if template == RATE:
        return ticket.state == TicketState.TO_CALLBACK
    if template in PROMISES:
        return _day(ticket, template) != ""
    if ticket.channel == "phone" and ticket.state == TicketState.ANSWERED:
        return False  # they have had their answer in the call
    fresh = ticket.registered_at is not None and ticket.registered_at > now - STALE
    return fresh and ticket.number is not None and ticket.code_counter > 0


def _wording(ticket: Ticket, template: str, vault: Vault, link: str, may_link: bool) -> Wording:
    """Number and code, and never the matter: a telephone is read by others too."""
    lang = lang_of(ticket.id)
    values = {"sign": sign(lang), "number": ticket.number or "", "link": link if may_link else ""}
    if template == RECEIPT:
        values["code"] = vault.code_of(ticket)
    if template in PROMISES:
        values["day"] = _day(ticket, template)
    body = texts.fill(texts.text(f"sms_{template}", lang, ticket.line_no), **values)
    return Wording(texting.fit(body, may_link=may_link), values)


def sign(lang: str = "zh") -> str:
    """签名. Who writes, as carriers in China want it at the head of each text."""
    names: dict[str, str] = routing.current().setting("hotline_name")
    return names.get(lang) or names.get("zh") or "12345"


def lang_of(ticket_id: int) -> str:
    """The language that was spoken when a ticket was told."""
    spoken = db.session.scalar(select(Call.lang).where(Call.ticket_id == ticket_id).order_by(Call.id).limit(1))
    return spoken if spoken in texts.LANGUAGES else "zh"


def _row(
    ticket: Ticket, contact: Contact, template: str, wording: Wording, now: datetime, vault: Vault
) -> dict[str, object]:
    reference = secrets.token_urlsafe(12)
    refused = has_opted_out(contact.phone_hash)
    state = MessageState.FAILED if refused else MessageState.PENDING
    return {
        "reference": reference, "direction": "out", "ticket_id": ticket.id, "phone_hash": contact.phone_hash,
        "template": template, "round": 0, "again": 0, "tries": 0, "state": state, "rank": RANKS[state],
        "segments": texting.segments(wording.text), "created_at": now, "settled_at": now if refused else None,
        "error_code": OPTED_OUT if refused else None,
        "body": seal(vault, reference, json.dumps([wording.text, wording.values], ensure_ascii=False)),
    }  # fmt: skip


def _write_down(row: dict[str, object], now: datetime, due_at: datetime) -> bool:
    """The row and what it owes; nothing where a row of the same occasion stands."""
    statement = insert(Message).values(row).on_conflict_do_nothing().returning(Message.id)
    message_id = db.session.execute(statement).scalar()
    if message_id is None or row["state"] != MessageState.PENDING:
        return False
    return owe(None, SEND_MESSAGE, str(message_id), now, due_at, message=message_id)


def seal(vault: Vault, reference: str, words: str) -> bytes:
    """What a message says, as it is kept."""
    return sealing.seal(vault.keys, words, "body", _CONTEXT + reference)


def wording_of(message: Message, vault: Vault) -> Wording:
    """What a message that goes out says."""
    return Wording(*json.loads(words_of(message, vault)))


def words_of(message: Message, vault: Vault) -> str:
    """Its body as it was sealed: of one that came in, what the citizen wrote."""
    return sealing.open_(vault.keys, message.body, "body", _CONTEXT + message.reference)


def reply_of(message: Message, vault: Vault) -> str:
    """What one that came in was answered."""
    if message.reply is None:
        return ""
    return sealing.open_(vault.keys, message.reply, "body", _CONTEXT + message.reference)
