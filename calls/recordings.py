"""录音. What becomes of a recording: known, fetched and verified, deleted at the carrier's."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from calls.models import Call, Recording, Voicemail
from calls.owing import owe
from db import db

TALK, MESSAGE = "talk", "voicemail"


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
    if status == "absent" and recording.state == "running":
        recording.state = "absent"
    elif status == "completed" and recording.state == "running":
        recording.state, recording.seconds = "made", seconds
        owe(call, "fetch_recording", sid, now, recording=recording.id)
    if kind == MESSAGE and status == "completed":
        row_of = db.session.get(Voicemail, call.id)
        if row_of is not None:
            row_of.recording_id, row_of.seconds = recording.id, seconds


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
