"""Webhooks of the talking room: the lines of operator, caller, department and supervisor, and what they do."""

from datetime import datetime, timedelta

from flask import Blueprint
from twilio.twiml.voice_response import VoiceResponse

from app import passes
from app.access import carrier
from app.voice import documents, hearing
from app.voice.documents import Speaker, address
from app.voice.hearing import Told, heard
from app.voice.views import call_of, speaker_of
from calls import keeping, offering, surveying, talking
from calls.machine import CallState
from calls.models import PROVIDER, Call, CallLeg
from db import db
from tickets import errors

bp = Blueprint("voice_talk", __name__, url_prefix="/voice")

ROOM = "c-"


def room_of(call: Call, epoch: int) -> str:
    """The name of the talking room of one epoch: what is told late of an earlier one names itself."""
    return f"{ROOM}{call.ref}-{epoch}"


def place_of(name: str) -> tuple[str, int]:
    """The call's ref and the epoch that a room's name holds. Raises NotFound."""
    ref, _, epoch = name.removeprefix(ROOM).rpartition("-")
    if not name.startswith(ROOM) or not epoch.isdigit():
        raise errors.NotFound()
    return ref, int(epoch)


@bp.post("/operator")
@carrier
@heard("operator", later=False)
def operator(told: Told, now: datetime) -> str:
    """An operator's browser is on the line, with the pass it was given for one offer or one talk."""
    found = passes.read(told["t"], told["From"])
    if found is None:
        return documents.goodbye()
    if found.purpose == passes.LISTEN:
        return _listen(found, told, now)
    leg = offering.connect(now, found.subject, found.staff_id, PROVIDER, told.sid)
    if leg is None:
        return documents.goodbye()
    response = VoiceResponse()
    documents.conference(
        response, room_of(keeping.lock(leg.call_id), leg.epoch), leg.label, ends=False,
        action=address("/voice/operator/done"),
    )  # fmt: skip
    return str(response)


def _listen(found: passes.Pass, told: Told, now: datetime) -> str:
    """A supervisor hears the talk; with a whisper the operator alone hears the supervisor."""
    call = keeping.lock(found.subject)
    line = talking.listen(call, found.staff_id, PROVIDER, told.sid, now)
    if line is None:
        return documents.goodbye()
    response = VoiceResponse()
    more = {"coach": line} if found.whispers else {"muted": True}
    documents.conference(
        response, room_of(call, call.epoch), f"sup-{found.staff_id}", ends=False,
        action=address("/voice/operator/done"), **more,
    )  # fmt: skip
    return str(response)


@bp.post("/operator/done")
@carrier
@heard("operator_done")
def operator_done(told: Told, now: datetime) -> str:
    """That line has left the room."""
    return documents.goodbye()


@bp.post("/join")
@carrier
@heard("join")
def join(told: Told, now: datetime) -> str:
    """The caller is led out of the queue into the room where the operator waits. When they go, all is over."""
    call = call_of(told)
    if call.state not in (CallState.CONNECTING, CallState.TALKING):
        return documents.nothing() if call.state == CallState.ENDED else _back_to_queue()
    response = VoiceResponse()
    name = room_of(call, call.epoch)
    documents.conference(response, name, talking.CALLER, ends=True, action=address("/voice/after"))
    return str(response)


def _back_to_queue() -> str:
    return documents.go(address("/voice/enqueue", recover=1))


@bp.post("/after")
@carrier
@heard("after")
def after(told: Told, now: datetime) -> str:
    """The caller's part in the room is over, and nothing else was said of them."""
    return documents.goodbye()


@bp.post("/conf")
@carrier
@heard("conf", document=False)
def conference(told: Told, now: datetime) -> str:
    """Somebody came into a talking room or left it; hold began or ended."""
    ref, epoch = place_of(told["FriendlyName"])
    call = keeping.lock_by_ref(ref)
    call.seen_at = max(call.seen_at, now)
    call.conference_sid = told["ConferenceSid"] if epoch == call.epoch else call.conference_sid
    label, what = told["ParticipantLabel"], told["StatusCallbackEvent"]
    if what == "participant-join" and label:
        talking.joined(call, label, epoch, told.at, now)
    elif what == "participant-leave" and label:
        talking.left(call, label, epoch, told.at, now)
    elif what in ("participant-hold", "participant-unhold") and label == talking.CALLER:
        talking.held(call, epoch, _within_its_second(told), now, on=what == "participant-hold")
    return hearing.NOTHING


def _within_its_second(told: Told) -> datetime:
    """The carrier tells whole seconds; what a room saw within one keeps its order by its number."""
    number = told["SequenceNumber"]
    is_one = number.isascii() and number.isdigit() and len(number) < 6
    return told.at + timedelta(microseconds=int(number) if is_one else 0)


@bp.post("/dept/<int:leg_id>")
@carrier
@heard("dept")
def department(told: Told, now: datetime) -> str:
    """Somebody at a department picked up. A key proves that it is a person and no machine."""
    call, leg = _party(told)
    if leg.left_at is not None or call.ended_at is not None:
        return documents.goodbye()
    response = VoiceResponse()
    keys = documents.gather(response, address(f"/voice/dept/{leg.id}/key"), digits=1, seconds=10)
    Speaker("zh", call.line_no).say(keys, "department")
    response.hangup()
    return str(response)


@bp.post("/dept/<int:leg_id>/key")
@carrier
@heard("dept_key")
def department_key(told: Told, now: datetime) -> str:
    """The department takes the call: into the room."""
    call, leg = _party(told)
    if told["Digits"] != "1" or leg.left_at is not None or call.state != CallState.TALKING:
        return documents.goodbye()
    leg.status = "joining"
    response = VoiceResponse()
    name = room_of(call, leg.epoch)
    documents.conference(response, name, leg.label, ends=False, action=address("/voice/operator/done"))
    return str(response)


@bp.post("/dept/<int:leg_id>/status")
@carrier
@heard("dept_status", document=False)
def department_status(told: Told, now: datetime) -> str:
    """What became of ringing the department."""
    talking.party_status(told.path["leg_id"], told["CallStatus"], told.at, now, told.sid)
    return hearing.NOTHING


def _party(told: Told) -> tuple[Call, CallLeg]:
    """The department's line and its locked call. Raises NotFound, also for another line's address."""
    leg = db.session.get(CallLeg, told.path["leg_id"])
    if leg is None or leg.role != "department" or leg.provider_sid not in (None, told.sid):
        raise errors.NotFound()
    call = keeping.lock(leg.call_id)
    leg.provider_sid = told.sid
    return call, leg


@bp.post("/survey")
@carrier
@heard("survey")
def survey(told: Told, now: datetime) -> str:
    """After the talk: two questions, each answer kept as it comes, each asked once more where there is none."""
    call = call_of(told)
    surveying.begin(call, told.at, now)
    speaker, question = speaker_of(call), told.own.get("asked", "")
    is_answered = not question or surveying.answer(call, now, question, told["Digits"])
    if not is_answered and "again" not in told.own:
        return _question(speaker, question, again=1)
    if not is_answered and not told["Digits"]:
        return documents.goodbye(speaker)  # nobody is there any more
    left = surveying.after(question)
    return documents.goodbye(speaker, "survey_thanks") if left is None else _question(speaker, left)


def _question(speaker: Speaker, question: str, **again: int) -> str:
    answer = address("/voice/survey", asked=question, **again)
    return documents.ask(speaker, f"survey_{question}", answer, otherwise=answer, seconds=6)


@bp.post("/hold")
@carrier
@heard("hold", once=False)
def hold(told: Told, now: datetime) -> str:
    """What a caller hears on hold, asked for anew each time it has run out."""
    return _music(told, "hold")


@bp.post("/interrupted")
@carrier
@heard("interrupted", once=False)
def interrupted(told: Told, now: datetime) -> str:
    """What a caller hears while the operator's line is broken."""
    return _music(told, "interrupted")


def _music(told: Told, key: str) -> str:
    response = VoiceResponse()
    Speaker(told.own.get("lang", "zh"), told.own.get("line", "")).say(response, key)
    response.play(address(documents.HOLD_MUSIC))
    return str(response)
