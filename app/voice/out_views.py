"""Webhooks of calls that we make: the citizen picks up, or does not; and the questions of an automatic call."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint
from twilio.twiml.voice_response import VoiceResponse

from app.access import carrier
from app.voice import documents, hearing
from app.voice.documents import address
from app.voice.hearing import Told, heard
from app.voice.talk_views import room_of
from app.voice.views import speaker_of
from calls import following, keeping, outgoing, surveying, talking
from calls.machine import CallState
from calls.models import Call
from db import db
from tickets import errors
from tickets.models import Ticket

bp = Blueprint("voice_out", __name__, url_prefix="/voice/out")


@bp.post("/<ref>")
@carrier
@heard("out")
def answered(told: Told, now: datetime) -> str:
    """Somebody picked up: who we are, that it is recorded, and into the room where the operator waits."""
    call = _call(told)
    outgoing.answered(call, told.sid, told.at, now)
    if call.purpose == following.FOLLOW_UP:
        return _question(call, following.AGREED)
    if call.state not in (CallState.CONNECTING, CallState.TALKING):
        return documents.goodbye(speaker_of(call))
    response = VoiceResponse()
    speaker_of(call).say(response, "out_greeting")
    documents.conference(
        response, room_of(call, call.epoch), talking.CALLER, ends=True, action=address("/voice/after")
    )
    return str(response)


@bp.post("/<ref>/asked")
@carrier
@heard("out_asked")
def asked(told: Told, now: datetime) -> str:
    """A key, or none, after a question. What is not answered is asked once more."""
    call, question = _call(told), told.own.get("question", "")
    surveying.answer(call, now, question, told["Digits"], following.QUESTIONS)
    said = following.answers(call)
    left = following.next_question(said)
    if said:
        keeping.note(call, "surveyed", told.at, now)
    outgoing.settle_late(call, now)
    if left is None:
        return documents.goodbye(speaker_of(call), _last_words(call, said))
    if left == question and "again" in told.own:
        return documents.goodbye(speaker_of(call))
    return _question(call, left, again=left == question)


def _question(call: Call, question: str, *, again: bool = False) -> str:
    repeat = {"again": 1} if again else {}
    answer = address(f"/voice/out/{call.ref}/asked", question=question, **repeat)
    tail = " ".join((db.session.get_one(Ticket, call.ticket_id).number or "")[-4:])
    return documents.ask(
        speaker_of(call), f"follow_up_{question}", answer, otherwise=answer, seconds=7, tail=tail
    )


def _last_words(call: Call, said: Mapping[str, int]) -> str:
    if said.get(following.AGREED) == 0:
        return "goodbye"
    return "follow_up_again" if said.get("solved") == 0 and following.is_redone(call) else "follow_up_thanks"


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
