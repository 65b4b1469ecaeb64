"""录音. What becomes of a recording: known, fetched and verified, deleted at the carrier's."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from calls.models import Call, Recording, Voicemail
from calls.owing import owe
from db import db

TALK, MESSAGE = "talk", "voicemail"
TOLD_WITHIN = timedelta(minutes=15)
"""So long after the end of a call its recording may still be told of; it is also looked for in between."""


def heard_of(
    call: Call, kind: str, provider: str, sid: str, status: str, seconds: int | None, at: datetime, now: datetime
) -> None:
    """The carrier tells of a recording, in any order and any number of times. `call` is under its row lock."""
    row = {
        "call_id": call.id, "kind": kind, "provider": provider, "provider_sid": sid, "state": "running",
        "begun_at": at,
    }  # fmt: skip
    db.session.execute(insert(Recording).values(row).on_conflict_do_nothing(index_elements=["provider_sid"]))
    recording = _locked(sid)
    # Who hung up at the tone has left nothing to fetch, whichever way the carrier says so.
    is_silent = status == "absent" or (kind == MESSAGE and status == "completed" and seconds == 0)
    if is_silent and recording.state == "running":
        recording.state = "absent"
    elif status == "completed" and recording.state == "running":
        recording.state, recording.seconds = "made", seconds
        owe(call, "fetch_recording", sid, now, recording=recording.id)
    row_of = db.session.get(Voicemail, call.id) if kind == MESSAGE else None
    if row_of is not None and status in ("completed", "absent") and row_of.recording_id is None:
        row_of.recording_id, row_of.seconds = (None, 0) if is_silent else (recording.id, seconds)


def is_empty(message: Voicemail, call: Call, now: datetime) -> bool:
    """没有录到内容. Whether nothing was recorded of a message: the carrier says so, or has long said nothing."""
    if message.recording_id is not None:
        return False
    return message.seconds == 0 or (call.ended_at is not None and call.ended_at < now - TOLD_WITHIN)


def is_running(call: Call) -> bool:
    """Whether the caller's line is being recorded. It goes on while they wait for another operator."""
    running = (Recording.call_id == call.id) & (Recording.kind == TALK) & (Recording.state == "running")
    return db.session.scalar(select(Recording.id).where(running).limit(1)) is not None


def stored(recording_id: int, file: str, digest: bytes, now: datetime) -> None:
    """It is here and whole: the carrier's copy is to go."""
    recording = db.session.get_one(Recording, recording_id)
    recording.state, recording.file, recording.digest, recording.stored_at = "stored", file, digest, now
    owe(db.session.get_one(Call, recording.call_id), "delete_recording", recording.provider_sid, now,
        recording=recording.id)  # fmt: skip


def _locked(sid: str) -> Recording:
    query = select(Recording).where(Recording.provider_sid == sid).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
