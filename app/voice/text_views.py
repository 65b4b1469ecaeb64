"""Webhooks of text messages: what citizens write, what providers tell of what was written to them."""

from datetime import datetime, timedelta

from flask import Blueprint, Response

from app import guessing, throttle
from app.access import carrier
from app.extensions import vault
from app.templating import city
from app.throttle import Limit
from app.voice import documents, hearing
from app.voice.documents import Speaker
from app.voice.hearing import Told, heard
from app.voice.http_texts import INBOUND, RECEIPT
from app.voice.signature import gateway_of
from app.voice.twilio_texts import STATES
from app.voice.withheld import number_of
from app.wording import public_standing
from calls import conversing, message_receipts, messaging, texting, texts
from calls.message_models import Message
from calls.models import PROVIDER
from calls.texting import Asked
from tickets import errors, queries, service
from tickets.lifecycle import TicketState
from tickets.models import Ticket
from tickets.permissions import caller_of
from tickets.queries import PublicStatus

bp = Blueprint("sms", __name__, url_prefix="/sms")

PER_SENDER = Limit("sms sender", 30, timedelta(hours=1))
"""Texts of one telephone that are answered; two machines that answer each other come to an end."""
EXPLAINED = Limit("sms explained", 5, timedelta(days=1))
"""How often in a day one telephone is told how to rate: one that answers each text comes to an end here."""
PER_NUMBER = Limit("sms number", 10, timedelta(hours=1))
"""Numbers of tickets that one telephone may try in vain."""
SATISFIED_AND_SOLVED = 2
LANG = "zh"
"""Whoever texts is answered in it: a text says nothing of the language it wants."""
Reply = tuple[str, int | None]
"""A text, and the id of the ticket it is about."""


@bp.post("/in")
@carrier
@heard("sms_in")
def receive(told: Told, now: datetime) -> str:
    """Somebody texts. One message gets one reply, however often it is told."""
    return _receive(told, now)


@bp.post("/fallback")
@carrier
@heard("sms_fallback")
def fallback(told: Told, now: datetime) -> str:
    """The answer to a text failed: the message may have been taken down or not."""
    return _receive(told, now)


@bp.post("/status")
@carrier
@heard("sms_status", document=False)
def status(told: Told, now: datetime) -> str:
    """What became of a text. In any order, any number of times, days late, or of none of ours."""
    said = told["MessageStatus"] or told["SmsStatus"]
    state = STATES.get(said)
    if state is not None and told["MessageSid"]:
        message_receipts.tell(
            PROVIDER, told["MessageSid"], state, said, now, reference=told.own.get("m", ""),
            error_code=told["ErrorCode"] or None,
        )  # fmt: skip
    return hearing.NOTHING


@heard("sms_gateway", document=False)
def _told_states(told: Told, now: datetime) -> str:
    name = told.path["gateway"]
    port = gateway_of(name)
    for report in port.reports(told.fields) if port else ():
        if report.state is not None and (report.sid or report.reference):
            message_receipts.tell(
                name, report.sid, report.state, report.said, now, reference=report.reference,
                error_code=report.error_code,
            )  # fmt: skip
    return hearing.NOTHING


@bp.post("/gateway/<gateway>")
@carrier
def gateway(gateway: str) -> Response:
    """What became of texts, as a gateway of the city's own tells it."""
    return _confirmed(gateway, RECEIPT, _told_states(gateway=gateway))


@heard("sms_gateway_in", document=False)
def _told_texts(told: Told, now: datetime) -> str:
    name = told.path["gateway"]
    port = gateway_of(name)
    for text in port.texts(told.fields) if port else ():
        if not text.number:
            continue
        message, reply = _converse(name, text.sid, text.number, text.text, now)
        if reply is not None:
            messaging.answer(message, text.number, reply, now, vault())
    return hearing.NOTHING


@bp.post("/gateway/<gateway>/in")
@bp.post("/gateway/<gateway>/in/<token>")
@carrier
def gateway_in(gateway: str, token: str = "") -> Response:
    """Somebody texts, as a gateway of the city's own hands it over. The reply goes out as any other text."""
    # Its token is not part of what was told, and is kept nowhere.
    return _confirmed(gateway, INBOUND, _told_texts(gateway=gateway))


def _confirmed(gateway: str, part: str, answer: Response) -> Response:
    """The answer in the gateway's own words, where it was heard; of texts handed over always one with a body's
    status, as most gateways take any other for a failure."""
    port = gateway_of(gateway)
    if port is None or answer.status_code != 204:
        return answer
    words, mimetype = port.confirmed(part)
    return Response(words, mimetype=mimetype) if words or part == INBOUND else answer


def _receive(told: Told, now: datetime) -> str:
    number, sid = number_of(told["From"]), told["MessageSid"]
    if not number or not sid:
        return documents.message("")
    message, reply = _converse(PROVIDER, sid, number, told["Body"], now)
    return documents.message(messaging.reply_of(message, vault()) if reply is None else reply)


def _converse(provider: str, sid: str, number: str, body: str, now: datetime) -> tuple[Message, str | None]:
    """Take a text down and do what it asks for. The reply, empty for none; None where it was told before."""
    sender = vault().phone_hash(number)
    message, is_new = conversing.take_down(provider, sid, sender, body, now, vault())
    if not is_new:
        return message, None
    asked = texting.asked(body)
    if throttle.admit([(PER_SENDER, sender.hex())], now).wait:
        reply, ticket_id = "", None
    else:
        reply, ticket_id = _ANSWERS[asked.kind](asked, sender, now) if asked.kind in _ANSWERS else ("", None)
        if not reply and (asked.kind == "rate" or conversing.to_rate(sender, now)):
            asked, reply = Asked("rate"), _explain(sender, now)
        elif not reply:
            asked = Asked(conversing.HELP)
            reply = "" if conversing.was_helped(sender, message.id, now) else _say("help")
    conversing.keep_reply(message, asked.kind, reply, ticket_id, vault())
    return message, reply


def _say(key: str, **values: object) -> str:
    text = Speaker(LANG).text(f"sms_{key}", sign=messaging.sign(), **values)
    return texting.fit(text, may_link=False)


def _status(asked: Asked, sender: bytes, now: datetime) -> Reply:
    """Where a ticket is. What does not exist and what is somebody else's is answered alike."""
    if asked.code:
        wait, found = guessing.open_by_code(asked.number, asked.code, f"phone:{sender.hex()}", now)
    else:
        tries = [(PER_NUMBER, sender.hex())]
        wait = throttle.wait_for(tries, now)
        own = None if wait else conversing.own_ticket(asked.number, sender, now)
        found = queries.public_status(asked.number, vault().code_of(own), vault()) if own else None
        if found is None and not wait:
            throttle.admit(tries, now)
    if found is None:
        return _say("too_many" if wait else "unknown"), None
    return _told_status(found), found.ticket_id


def _told_status(found: PublicStatus) -> str:
    """State, unit and date; never what the matter is, nor who has one that is confidential."""
    parts = [_say("status", number=found.number, state="".join(public_standing(found)))]
    if found.unit and not conversing.is_confidential(found.ticket_id):
        parts.append(_say("status_unit", unit=found.unit))
    if found.due_at:
        day = texts.day_said(found.due_at.astimezone(city().zone).date(), LANG)
        parts.append(_say("status_due", day=day))
    return texting.fit("".join(parts), may_link=False)


def _rate(asked: Asked, sender: bytes, now: datetime) -> Reply:
    """满意度. Only where it is certain which matter is meant, and what is said of it."""
    waiting = conversing.to_rate(sender, now, asked.number)
    if len(waiting) > 1:
        return _say("which"), None
    if not waiting or not asked.satisfied:
        return "", None
    ticket = waiting[0]
    solved = asked.satisfied >= SATISFIED_AND_SOLVED  # as the text that asked words it
    try:
        service.rate(caller_of(ticket.id), now, ticket.id, solved, asked.satisfied)
    except errors.NotNow:
        return "", None
    is_closed = ticket.state == TicketState.CLOSED
    return _say("rated" if is_closed else "redone", number=ticket.number), ticket.id


def _explain(sender: bytes, now: datetime) -> str:
    """How to rate. The same where nothing waits for a rating as where it is somebody else's."""
    return "" if throttle.admit([(EXPLAINED, sender.hex())], now).wait else _say("how")


def _urge(asked: Asked, sender: bytes, now: datetime) -> Reply:
    """催办, 补充. A note on the one open matter of this telephone."""
    own = conversing.to_urge(sender, now, asked.number)
    if len(own) > 1:
        return _say("which"), None
    if not own:
        return (_say("unknown") if asked.number else ""), None
    return _note(own[0], asked.words or _words(), now), own[0].id


def _note(ticket: Ticket, words: str, now: datetime) -> str:
    limit = [(throttle.URGES, ticket.number or "")]
    if throttle.wait_for(limit, now):
        return _say("urged_often", number=ticket.number)
    try:
        if service.urge(caller_of(ticket.id), now, ticket.id, words):
            throttle.admit(limit, now)
    except (errors.NotNow, errors.Invalid):
        return ""
    return _say("urged", number=ticket.number)


def _words() -> str:
    return Speaker(LANG).text("sms_urge_words")


def _stop(asked: Asked, sender: bytes, now: datetime) -> Reply:
    conversing.stop(sender, now)
    return _say("stopped"), None


def _start(asked: Asked, sender: bytes, now: datetime) -> Reply:
    conversing.start(sender)
    return _say("started"), None


_ANSWERS = {"status": _status, "rate": _rate, "urge": _urge, "stop": _stop, "start": _start}
