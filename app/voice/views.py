"""Webhooks of a caller until somebody answers: menu, emergency, queue, callback, message, end."""

from datetime import datetime

from flask import Blueprint
from flask_babel import force_locale
from twilio.twiml.voice_response import VoiceResponse

from app import guessing
from app.access import carrier
from app.extensions import vault
from app.templating import city
from app.voice import documents, hearing
from app.voice.documents import Speaker, address
from app.voice.hearing import Told, heard
from app.voice.withheld import number_of
from app.wording import public_standing
from calls import arriving, blocking, expecting, keeping, offering, texts
from calls.arriving import Ringing
from calls.hours import Shift
from calls.keeping import facts_of
from calls.kpis import LONGEST_FORETOLD
from calls.machine import CallState
from calls.models import PROVIDER, Call
from tickets import errors

bp = Blueprint("voice", __name__, url_prefix="/voice")

STATUS = "3"
TRIES = 3
AHEAD_SHOWN = 99


@bp.post("/in")
@carrier
@heard("in")
def ring(told: Told, now: datetime) -> str:
    """A call comes in: one announcement, three seconds for a key, then the queue."""
    call = arriving.ring(now, Ringing(PROVIDER, told.sid, told["To"], number_of(told["From"])), vault())
    speaker = speaker_of(call)
    if blocking.is_blocked(call.phone_hash, now):
        keeping.note(call, "blocked", told.at, now)
        response = VoiceResponse()
        response.reject(reason="busy")
        return str(response)
    if arriving.shift_of(call, now) == Shift.CLOSED:
        return documents.go(address("/voice/voicemail"), speaker, "closed")
    return _welcome(speaker)


def _welcome(speaker: Speaker) -> str:
    """Who is there, that it is recorded, and the keys; in the other language for who has asked for that one."""
    return documents.ask(
        speaker, "welcome", address("/voice/menu", lang=speaker.lang), digits=documents.MENU_DIGITS,
        seconds=documents.MENU_SECONDS, otherwise=address("/voice/enqueue"),
    )  # fmt: skip


@bp.post("/menu")
@carrier
@heard("menu")
def menu(told: Told, now: datetime) -> str:
    """A key in the menu; any other than those that mean something leads to an operator."""
    call = call_of(told)
    had = call.lang
    arriving.choose(call, told.at, now, told["Digits"])
    if call.lang != had:
        return _welcome(speaker_of(call))
    if told["Digits"] == arriving.EMERGENCY:
        return documents.emergency_menu(speaker_of(call))
    if told["Digits"] == STATUS:
        return _ask_number(speaker_of(call), 1)
    return _enqueue(call, told, now)


@bp.post("/emergency")
@carrier
@heard("emergency")
def emergency(told: Told, now: datetime) -> str:
    """9 was pressed outside the menu."""
    call = call_of(told)
    arriving.choose(call, told.at, now, arriving.EMERGENCY)
    return documents.emergency_menu(speaker_of(call))


@bp.post("/emergency/dial")
@carrier
@heard("emergency_dial")
def emergency_dial(told: Told, now: datetime) -> str:
    """Hand over to a command centre."""
    call = call_of(told)
    line = documents.line_of_key(told["Digits"])
    if line is None:
        return _enqueue(call, told, now, urgent=True)
    keeping.note(call, "emergency", told.at, now, value=line)
    return documents.emergency_dial(speaker_of(call), line, told["To"])


@bp.post("/emergency/done")
@carrier
@heard("emergency_done")
def emergency_done(told: Told, now: datetime) -> str:
    """What came of it; where nobody answered, an operator does, before all others."""
    call = call_of(told)
    if told["DialCallStatus"] in documents.PUT_THROUGH:
        return documents.goodbye()
    keeping.note(call, "emergency_failed", told.at, now, value=told["DialCallStatus"])
    operator, line = address("/voice/enqueue", urgent=1), told.own.get("line", "")
    return documents.go(operator, speaker_of(call), "emergency_failed", line=line)


@bp.post("/status/number")
@carrier
@heard("status_number")
def status_number(told: Told, now: datetime) -> str:
    """A ticket's number was keyed in; nothing is told without the code."""
    call = call_of(told)
    call.asked_number = told["Digits"][: guessing.LONGEST]
    return _ask_digits(speaker_of(call), "status_code", address("/voice/status/code", tries=_tries(told)))


@bp.post("/status/code")
@carrier
@heard("status_code")
def status_code(told: Told, now: datetime) -> str:
    """Number and code: where the ticket stands, or once more, or an operator."""
    call = call_of(told)
    speaker, tries = speaker_of(call), _tries(told)
    asker = f"phone:{call.phone_hash.hex() if call.phone_hash else call.ref}"
    wait, found = guessing.open_by_code(call.asked_number or "", told["Digits"], asker, now)
    call.asked_number = None
    if found is None and (wait or tries >= TRIES):
        return documents.go(address("/voice/enqueue"), speaker, "status_too_many")
    if found is None:
        return _ask_number(speaker, tries + 1, "status_wrong")
    response = VoiceResponse()
    with force_locale(call.lang):
        state = " ".join(public_standing(found))
    speaker.say(response, "status_said", state=state)
    if found.unit:
        speaker.say(response, "status_unit", unit=found.unit)
    if found.due_at:
        speaker.say(response, "status_due", day=_day(found.due_at, speaker.lang))
    keys = documents.gather(response, address("/voice/menu", again=tries), digits=1, seconds=5)
    speaker.say(keys, "status_next")
    speaker.say(response, "goodbye")
    response.hangup()
    return str(response)


def _day(moment: datetime, lang: str) -> str:
    return texts.day_said(moment.astimezone(city().zone).date(), lang)


def _ask_number(speaker: Speaker, tries: int, before: str = "") -> str:
    return _ask_digits(speaker, "status_number", address("/voice/status/number", tries=tries), before)


def _ask_digits(speaker: Speaker, key: str, action: str, before: str = "") -> str:
    """As many digits as the caller likes, up to a #; asked for twice, and then an operator."""
    return documents.ask(
        speaker, key, action, digits=None, seconds=8, finish="#", before=before, times=2,
        otherwise=address("/voice/enqueue"),
    )  # fmt: skip


def _tries(told: Told) -> int:
    text = told.own.get("tries", "1")
    return int(text) if text.isascii() and text.isdigit() else TRIES


@bp.post("/enqueue")
@carrier
@heard("enqueue")
def enqueue(told: Told, now: datetime) -> str:
    """Into the queue; where it is full, a callback or a message is offered first."""
    return _enqueue(call_of(told), told, now, urgent="urgent" in told.own)


def _enqueue(call: Call, told: Told, now: datetime, *, urgent: bool = False) -> str:
    speaker = speaker_of(call)
    if urgent:
        call.priority = arriving.TOP
    is_new = call.state in (CallState.NEW, CallState.IVR)
    if is_new and not urgent and "stay" not in told.own and arriving.is_full(now):
        stay = address("/voice/enqueue", stay=1)
        return documents.ask(speaker, "busy", address("/voice/waitkey", before=1), seconds=5, otherwise=stay)
    arriving.enqueue(call, told.at, now)
    response = VoiceResponse()
    if "drop" in told.own:
        speaker.say(response, "requeued")
    if documents.config().rings_desks:
        response.redirect(address("/voice/wait"), method="POST")
        return str(response)
    response.enqueue(
        "hotline", action=address("/voice/left"), method="POST", wait_url=address("/voice/wait"),
        wait_url_method="POST", max_queue_size=5000,
    )  # fmt: skip
    response.redirect(address("/voice/voicemail"), method="POST")
    return str(response)


@bp.post("/wait")
@carrier
@heard("wait", once=False)
def wait(told: Told, now: datetime) -> str:
    """What a caller hears in the queue, asked for anew each time it has run out: place, wait, choice, music."""
    place = expecting.place_of(PROVIDER, told.sid, now)
    if place is None:
        raise errors.NotFound()
    arriving.beat_of(PROVIDER, told.sid, now)
    speaker = Speaker(place.lang, place.line_no)
    response = VoiceResponse()
    keys = documents.gather(response, address("/voice/waitkey"), digits=1, seconds=1)
    _say_place(keys, speaker, place)
    if not (place.is_first and place.is_staffed):
        speaker.say(keys, "waiting_choice")  # whoever is in danger is not asked to ring off
    keys.play(address(documents.HOLD_MUSIC), loop=2)  # half a minute with the words before it
    if documents.config().rings_desks:
        response.redirect(address("/voice/wait"), method="POST")
    return str(response)


def _say_place(keys: object, speaker: Speaker, place: expecting.Place) -> None:
    ahead = min(place.ahead, AHEAD_SHOWN)
    if not place.is_staffed:
        speaker.say(keys, "waiting_nobody")
    if not ahead:
        if place.is_staffed:
            speaker.say(keys, "waiting_next")
    elif place.minutes is None:
        speaker.say(keys, "waiting", ahead=ahead)
    elif place.minutes > LONGEST_FORETOLD:
        speaker.say(keys, "waiting_long", ahead=ahead)
    else:
        speaker.say(keys, "waiting_minutes", ahead=ahead, minutes=place.minutes)


@bp.post("/waitkey")
@carrier
@heard("waitkey")
def wait_key(told: Told, now: datetime) -> str:
    """1: call me back; 2: a message. Both end the waiting, here or in the queue."""
    call = call_of(told)
    speaker = speaker_of(call)
    response = VoiceResponse()
    waits = call.state == CallState.QUEUED
    if told["Digits"] == "1" and arriving.want_callback(call, told.at, now):
        speaker.say(response, "callback_promised")
    elif told["Digits"] in ("1", "2"):
        if told["Digits"] == "1":
            speaker.say(response, "callback_withheld")
        arriving.begin_voicemail(call, told.at, now)
        if waits and documents.config().rings_desks:
            response.redirect(address("/voice/voicemail"), method="POST")
            return str(response)
        if not waits:
            documents.record(response)
            return str(response)
    elif waits:
        return documents.go(address("/voice/wait"))
    else:
        return documents.go(address("/voice/enqueue", stay=1))
    if waits and not documents.config().rings_desks:
        response.leave()
    else:
        response.hangup()
    return str(response)


@bp.post("/left")
@carrier
@heard("left")
def left(told: Told, now: datetime) -> str:
    """The caller is out of the queue, and why."""
    call = call_of(told)
    if told["QueueResult"] == "hangup":
        arriving.end(call, told.at, now)
        return documents.nothing()
    if told["QueueResult"] in ("redirected", "bridged", "bridging-in-process", "redirected-from-bridged"):
        return documents.nothing()
    if call.state == CallState.CALLBACK:
        return documents.goodbye()
    return documents.go(address("/voice/voicemail"))


@bp.post("/voicemail")
@carrier
@heard("voicemail")
def voicemail(told: Told, now: datetime) -> str:
    """Take a message."""
    call = call_of(told)
    arriving.begin_voicemail(call, told.at, now)
    response = VoiceResponse()
    speaker_of(call).say(response, "voicemail")
    documents.record(response)
    response.hangup()
    return str(response)


@bp.post("/voicemail/done")
@carrier
@heard("voicemail_done")
def voicemail_done(told: Told, now: datetime) -> str:
    """The message is over."""
    return documents.goodbye(speaker_of(call_of(told)), "voicemail_thanks")


@bp.post("/ended")
@carrier
@heard("ended", document=False)
def ended(told: Told, now: datetime) -> str:
    """The caller's line is down: the carrier's own word on it."""
    arriving.end(call_of(told), told.at, now, told["CallStatus"] or "completed")
    return hearing.NOTHING


@bp.post("/fallback")
@carrier
@heard("fallback")
def fallback(told: Told, now: datetime) -> str:
    """A document of ours failed. Whoever was to be led somewhere is led there again, by an address of its own."""
    call = arriving.ring(now, Ringing(PROVIDER, told.sid, told["To"], number_of(told["From"])), vault())
    call = keeping.lock(call.id)
    # Nobody who waits, or has an operator on the way, leaves a message.
    if call.state in (CallState.NEW, CallState.IVR, CallState.QUEUED, CallState.OFFERED, CallState.CONNECTING):
        return documents.go(_where(call, told))
    if told["QueueSid"]:
        response = VoiceResponse()
        response.leave()
        return str(response)
    if call.state in (CallState.TALKING, CallState.SURVEY, CallState.CALLBACK):
        return documents.goodbye(speaker_of(call))
    return documents.sorry("fallback", told.fields, {"lang": call.lang})


def _where(call: Call, told: Told) -> str:
    """The waiting, from which they are led on; or, where they were already, where that led."""
    again = len(facts_of(call))
    way = offering.brought(call) if call.state == CallState.CONNECTING else None
    if told["QueueSid"]:
        return address("/voice/wait", recover=again)  # they are in the queue, and need not be put there
    if way is None:
        return address("/voice/enqueue", recover=again)
    if "offer" in way.payload:
        return address("/voice/dial-operator", offer=way.payload["offer"], recover=again)
    return address("/voice/join", epoch=call.epoch, recover=again)


def call_of(told: Told) -> Call:
    """The locked call whose caller's line this is. Raises NotFound."""
    call = keeping.lock_by_sid(PROVIDER, told.sid)
    arriving.beat(call, told.received_at)
    return call


def speaker_of(call: Call) -> Speaker:
    """The texts in the caller's language, for the line that was dialled."""
    return Speaker(call.lang, call.line_no)
