"""Ask the carrier about what nothing was heard of: news may be lost, and no call may stay open for that."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.extensions import vault
from app.outbox import unit_of_work
from app.voice import documents
from app.voice.effects import port_of
from app.voice.talk_views import room_of
from app.voice.withheld import number_of
from calls import arriving, keeping, offering, recordings, talking
from calls.arriving import Ringing
from calls.keeping import facts_of
from calls.machine import CallState
from calls.models import PROVIDER, Call, CallLeg, Recording
from calls.ports import CarrierError, Gone, LineState, Member, Sound, VoicePort
from db import db

log = logging.getLogger(__name__)

QUIET, QUIET_TALK = timedelta(seconds=90), timedelta(seconds=20)
"""A line, and a talk, that nothing was heard of for so long is asked about."""
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
LOST = "lost"
IN_ROOM = (CallState.CONNECTING, CallState.TALKING)
BATCH = 50
LATE = timedelta(days=3)
"""Recordings as old as this are still looked for: those that came while all of this was down for a long time.
What has been fetched is deleted there, so that the list stays short."""


@dataclass(frozen=True)
class Quiet:
    """A call to be asked about, apart from the session: nothing is locked while the carrier answers."""

    id: int
    line: str
    room: str | None
    room_name: str
    epoch: int
    version: int
    is_in_room: bool


def reconcile() -> int:
    """Look at calls that have been quiet; returns how many of them were mended."""
    port = port_of()
    return sum(_mend(one, port) for one in _quiet()) if port is not None else 0


def _quiet() -> list[Quiet]:
    with unit_of_work() as now:
        is_quiet = (Call.seen_at < now - QUIET) | (Call.state.in_(IN_ROOM) & (Call.seen_at < now - QUIET_TALK))
        query = select(Call).where(
            Call.ended_at.is_(None), is_quiet, Call.provider_sid.is_not(None), Call.provider == PROVIDER
        )
        return [
            Quiet(
                call.id, call.provider_sid or "", call.conference_sid, room_of(call, call.epoch), call.epoch,
                call.version, call.state in IN_ROOM and not documents.config().rings_desks,
            )  # fmt: skip
            for call in db.session.scalars(query.order_by(Call.seen_at).limit(BATCH))
        ]


def _mend(quiet: Quiet, port: VoicePort) -> bool:
    try:
        state = _look(quiet.line, port)
        members = _members(quiet, port) if quiet.is_in_room and state.status not in OVER else None
        gone = _gone(quiet, members, port) if members is not None else {}
    except CarrierError as fault:
        log.warning("call %s not looked at: %s", quiet.id, fault)
        return False
    with unit_of_work() as now:
        call = keeping.lock(quiet.id)
        version = call.version
        # What was told while the carrier was asked is newer than its answer.
        is_as_asked = version == quiet.version
        if state.status in OVER or state.status == LOST:
            arriving.end(call, state.ended_at or now, now, state.status)
        elif members is not None and is_as_asked:
            _set_right(call, members, gone, now)
        db.session.execute(update(Call).where(Call.id == call.id).values(seen_at=now))
        if call.version != version:
            log.warning("call %s had changed unheard: %s", call.id, call.state)
        return call.version != version


def _look(line: str, port: VoicePort) -> LineState:
    try:
        return port.look(line)
    except Gone:
        return LineState(LOST)


def _members(quiet: Quiet, port: VoicePort) -> list[Member]:
    try:
        return port.members(quiet.room or port.room(quiet.room_name))
    except Gone:
        return []


def _gone(quiet: Quiet, members: list[Member], port: VoicePort) -> dict[str, datetime | None]:
    """Of the lines that were in the room and are not, or went down on the way there: when each went down, where
    the carrier knows."""
    present = {member.label for member in members}
    with unit_of_work():
        legs = select(CallLeg.label, CallLeg.provider_sid, CallLeg.joined_at).where(
            CallLeg.call_id == quiet.id, CallLeg.epoch == quiet.epoch, CallLeg.left_at.is_(None)
        )
        missing = [tuple(row) for row in db.session.execute(legs) if row.label not in present]
    gone = {}
    for label, line, joined_at in missing:
        state = _look(line, port) if line else LineState("")
        if joined_at is not None or state.status in OVER or state.status == LOST:
            gone[label] = state.ended_at
    return gone


def _set_right(call: Call, members: list[Member], gone: dict[str, datetime | None], now: datetime) -> None:
    """Let the call know who is in its room and who is not."""
    here = {(fact.kind, fact.value) for fact in facts_of(call) if fact.epoch == call.epoch}
    for member in members:
        is_caller = member.label == talking.CALLER
        if _joining(member.label) not in here:
            talking.joined(call, member.label, call.epoch, member.joined_at, now)
        if is_caller and member.is_held != keeping.progress_of(call).is_held and call.state == CallState.TALKING:
            talking.held(call, call.epoch, now, now, on=member.is_held)
    for label, at in gone.items():
        talking.left(call, label, call.epoch, at or now, now)
    labels = {member.label for member in members}
    if talking.CALLER not in labels and any(label.startswith(talking.OPERATOR) for label in labels):
        offering.bring_again(call, now)


def _joining(label: str) -> tuple[str, str]:
    """Kind and value of the fact that somebody is in the room."""
    if label == talking.CALLER:
        return "caller_joined", ""
    if label.startswith(talking.OPERATOR):
        return "operator_joined", label.removeprefix(talking.OPERATOR)
    return "party_joined", label


def find_recordings() -> int:
    """Recordings of which nothing was heard, also of calls that came while all of this was down. How many."""
    port = port_of()
    if port is None:
        return 0
    with unit_of_work() as now:
        since = now - LATE
    try:
        found = port.recordings_since(since)
    except CarrierError as fault:
        log.warning("recordings not looked for: %s", fault)
        return 0
    return sum(_take_in(sound, port) for sound in found if sound.status in ("completed", "absent"))


def _take_in(sound: Sound, port: VoicePort) -> bool:
    with unit_of_work():
        states = select(Recording.state).where(Recording.provider_sid == sound.recording)
        state = db.session.scalar(states)
        same = (Call.provider == PROVIDER) & (Call.provider_sid == sound.line)
        is_known = db.session.scalar(select(Call.id).where(same)) is not None
    if state not in (None, "running"):
        return False
    try:
        line = None if is_known else port.look(sound.line)
    except CarrierError:
        return False
    with unit_of_work() as now:
        call = _call_of(sound, line, now)
        if call is None:
            return False
        # Talks are recorded once they have begun: what was said to nobody is a message.
        kind = recordings.TALK if call.answered_at or call.direction == "out" else recordings.MESSAGE
        if kind == recordings.MESSAGE:
            arriving.begin_voicemail(call, sound.begun_at, now)
        recordings.heard_of(
            call, kind, PROVIDER, sound.recording, sound.status, sound.seconds, sound.begun_at, now
        )
        return True


def _call_of(sound: Sound, line: LineState | None, now: datetime) -> Call | None:
    """The call of a recording; one that came while we were away is entered now, with its message."""
    if line is None:
        return keeping.lock_by_sid(PROVIDER, sound.line)
    if arriving.line_of(line.called) is None:
        return None  # the account is somebody else's too, and so is this
    ringing = Ringing(PROVIDER, sound.line, line.called, number_of(line.caller))
    call = keeping.lock(arriving.ring(now, ringing, vault()).id)
    if line.ended_at is not None:
        arriving.end(call, line.ended_at, now)
    return call
