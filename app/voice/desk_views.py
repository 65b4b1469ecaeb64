"""Webhooks of operators' desk phones, where the carrier has no conferences: ring, answered, over."""

from datetime import datetime, timedelta

from flask import Blueprint
from twilio.twiml.voice_response import Dial, VoiceResponse

from app.access import carrier
from app.voice import documents, hearing
from app.voice.documents import address, news
from app.voice.hearing import Told, heard
from app.voice.views import call_of
from calls import desks
from calls.machine import CallState
from calls.models import PROVIDER
from tickets import errors

bp = Blueprint("voice_desk", __name__, url_prefix="/voice")

RING_SECONDS = 20


@bp.post("/dial-operator")
@carrier
@heard("dial_operator")
def dial(told: Told, now: datetime) -> str:
    """The caller is led out of the waiting: ring the desk of whoever accepted."""
    call, offer_id = call_of(told), _offer(told)
    desk = desks.desk_of(call, offer_id)
    if desk is None:
        return documents.nothing() if call.state == CallState.ENDED else _waits()
    response = VoiceResponse()
    dialled: Dial = response.dial(
        action=address("/voice/dial-operator/done", offer=offer_id), method="POST", timeout=RING_SECONDS,
        time_limit=documents.LONGEST_TALK,
    )  # fmt: skip
    more = {
        "status_callback": news("/voice/dial-operator/status", offer=offer_id), "status_callback_method": "POST",
        "status_callback_event": "answered",
    }  # fmt: skip
    if desk.startswith("sip"):
        dialled.sip(desk, **more)
    else:
        dialled.number(desk, **more)
    return str(response)


@bp.post("/dial-operator/status")
@carrier
@heard("dial_operator_status", document=False)
def status(told: Told, now: datetime) -> str:
    """The desk's own line: it was picked up."""
    if told["CallStatus"] in ("in-progress", "answered"):
        desks.answered(_offer(told), PROVIDER, told.sid, told.at, now)
    return hearing.NOTHING


@bp.post("/dial-operator/done")
@carrier
@heard("dial_operator_done")
def done(told: Told, now: datetime) -> str:
    """The desk was not picked up: the caller waits on. Or it was put down: the caller is asked how it was."""
    call, offer_id = call_of(told), _offer(told)
    if call.state == CallState.ENDED or told["CallStatus"] in ("completed", "canceled"):
        return documents.nothing()
    if told["DialCallStatus"] in ("completed", "answered"):
        _tell_late(told, offer_id, now)
    if not desks.has_talked(call, offer_id):
        desks.not_answered(call, now)
        return _waits()
    desks.over(call, offer_id, told.at, now)
    return documents.go(address("/voice/survey"))


def _tell_late(told: Told, offer_id: int, now: datetime) -> None:
    """A server that did not say when it was picked up says at the end how long they talked."""
    seconds = told["DialCallDuration"]
    if seconds.isascii() and seconds.isdigit() and told["DialCallSid"]:
        desks.answered(offer_id, PROVIDER, told["DialCallSid"], told.at - timedelta(seconds=int(seconds)), now)


def _waits() -> str:
    return documents.go(address("/voice/enqueue", recover=1))


def _offer(told: Told) -> int:
    """The offer that our own address names. Raises NotFound."""
    text = told.own.get("offer", "")
    if not (text.isascii() and text.isdigit()):
        raise errors.NotFound()
    return int(text)
