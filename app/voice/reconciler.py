"""Ask the carrier about what nothing was heard of: news may be lost, and no call may stay open for that."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.extensions import vault
from app.outbox import unit_of_work
from app.voice import documents
from app.voice.effects import port_of
from app.voice.hearing import PROVIDER
from app.voice.talk_views import room_of
from app.voice.withheld import number_of
from calls import arriving, keeping, recordings, talking
from calls.arriving import Ringing
from calls.keeping import facts_of
from calls.machine import CallState
from calls.models import Call, CallLeg, Recording
from calls.ports import CarrierError, Gone, LineState, Member, Sound, VoicePort
from db import db

log = logging.getLogger(__name__)

QUIET, QUIET_TALK = timedelta(seconds=90), timedelta(seconds=20)
"""A line, and a talk, that nothing was heard of for so long is asked about."""
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
LOST = "lost"
IN_ROOM = (CallState.CONNECTING, CallState.TALKING)
BATCH = 50
LATE = timedelta(hours=1)
"""Recordings as old as this are still looked for."""


@dataclass(frozen=True)
class Quiet:
    """A call to be asked about, apart from the session: nothing is locked while the carrier answers."""

    id: int
    line: str
    room: str | None
    room_name: str
    epoch: int
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
                call.state in IN_ROOM and not documents.config().rings_desks,
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
        if state.status in OVER or state.status == LOST:
            arriving.end(call, state.ended_at or now, now, state.status)
        elif members is not None and call.epoch == quiet.epoch:
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
    """Of the lines that were in the room and are not: when each went down, where the carrier knows."""
    present = {member.label for member in members}
    with unit_of_work():
        joined = select(CallLeg.label, CallLeg.provider_sid).where(
            CallLeg.call_id == quiet.id, CallLeg.epoch == quiet.epoch, CallLeg.joined_at.is_not(None),
            CallLeg.left_at.is_(None),
        )  # fmt: skip
        missing = {row.label: row.provider_sid for row in db.session.execute(joined) if row.label not in present}
    return {label: _look(line, port).ended_at if line else None for label, line in missing.items()}


def _set_right(call: Call, members: list[Member], gone: dict[str, datetime | None], now: datetime) -> None:
    """Let the call know who is in its room and who is not."""
    known = facts_of(call)
    here = {fact for fact in known if fact.epoch == call.epoch}
    for member in members:
        is_caller = member.label == talking.CALLER
        kind = "caller_joined" if is_caller else "operator_joined"
        value = "" if is_caller else member.label.removeprefix(talking.OPERATOR)
        if not any(fact.kind == kind and fact.value == value for fact in here):
            talking.joined(call, member.label, call.epoch, member.joined_at, now)
        if is_caller and member.is_held != keeping.progress_of(call).is_held and call.state == CallState.TALKING:
            talking.held(call, call.epoch, now, now, on=member.is_held)
    for label, at in gone.items():
        talking.left(call, label, call.epoch, at or now, now)


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
        is_known = db.session.scalar(select(Call.id).where(Call.provider_sid == sound.line)) is not None
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
        kind = recordings.MESSAGE if call.state == CallState.VOICEMAIL or _has_message(call) else recordings.TALK
        recordings.heard_of(
            call, kind, PROVIDER, sound.recording, sound.status, sound.seconds, sound.begun_at, now
        )
        return True


def _call_of(sound: Sound, line: LineState | None, now: datetime) -> Call | None:
    """The call of a recording; one that came while we were away is entered now, with its message."""
    if line is None:
        return keeping.lock_by_sid(PROVIDER, sound.line)
    if not line.called:
        return None
    ringing = Ringing(PROVIDER, sound.line, line.called, number_of(line.caller))
    call = keeping.lock(arriving.ring(now, ringing, vault()).id)
    arriving.begin_voicemail(call, sound.begun_at, now)
    if line.ended_at is not None:
        arriving.end(call, line.ended_at, now)
    return call


def _has_message(call: Call) -> bool:
    return any(fact.kind == "voicemail" for fact in facts_of(call))
