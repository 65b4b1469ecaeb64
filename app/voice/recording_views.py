"""Webhooks of recordings: of messages and of talks."""

from datetime import datetime

from flask import Blueprint

from app.access import carrier
from app.voice import hearing
from app.voice.hearing import Told, heard
from app.voice.views import call_of
from calls import arriving, recordings
from calls.models import PROVIDER

bp = Blueprint("voice_recording", __name__, url_prefix="/voice")


@bp.post("/voicemail/rec")
@carrier
@heard("voicemail_rec", document=False)
def message(told: Told, now: datetime) -> str:
    """A message is ready, or there was nothing to record."""
    return _heard_of(told, now, recordings.MESSAGE)


@bp.post("/recording")
@carrier
@heard("recording", document=False)
def talk(told: Told, now: datetime) -> str:
    """The recording of a talk runs, is ready, or was never made."""
    return _heard_of(told, now, recordings.TALK)


def _heard_of(told: Told, now: datetime, kind: str) -> str:
    seconds = told["RecordingDuration"]
    call = call_of(told)
    if kind == recordings.MESSAGE and told["RecordingStatus"] == "completed":
        # Where we could not be asked, the caller was led to the tone without our knowing.
        arriving.begin_voicemail(call, told.at, now)
    recordings.heard_of(
        call, kind, PROVIDER, told["RecordingSid"], told["RecordingStatus"],
        int(seconds) if seconds.isascii() and seconds.isdigit() else None, told.at, now,
    )  # fmt: skip
    return hearing.NOTHING
