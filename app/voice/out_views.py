"""Webhooks of calls that we make: the citizen picks up, or does not."""

from datetime import datetime

from flask import Blueprint
from twilio.twiml.voice_response import VoiceResponse

from app.access import carrier
from app.voice import documents, hearing
from app.voice.documents import address
from app.voice.hearing import Told, heard
from app.voice.talk_views import room_of
from app.voice.views import speaker_of
from calls import outgoing, talking
from calls.machine import CallState
from calls.models import Call
from tickets import errors

bp = Blueprint("voice_out", __name__, url_prefix="/voice/out")


@bp.post("/<ref>")
@carrier
@heard("out")
def answered(told: Told, now: datetime) -> str:
    """Somebody picked up: who we are, that it is recorded, and into the room where the operator waits."""
    call = _call(told)
    outgoing.answered(call, told.sid, told.at, now)
    if call.state not in (CallState.CONNECTING, CallState.TALKING):
        return documents.goodbye(speaker_of(call))
    response = VoiceResponse()
    speaker_of(call).say(response, "out_greeting")
    documents.conference(
        response, room_of(call, call.epoch), talking.CALLER, ends=True, action=address("/voice/after")
    )
    return str(response)


@bp.post("/<ref>/status")
@carrier
@heard("out_status", document=False)
def status(told: Told, now: datetime) -> str:
    """What became of the line."""
    outgoing.status(_call(told), told.sid, told["CallStatus"], told.at, now)
    return hearing.NOTHING


def _call(told: Told) -> Call:
    """The call of the address, if it is this line's. Raises NotFound."""
    call = outgoing.lock_of(told.path["ref"])
    if call.provider_sid not in (None, told.sid):
        raise errors.NotFound()
    return call
