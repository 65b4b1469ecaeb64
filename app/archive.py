"""Recordings on this machine: sealed files, named by what they are of, and never half of one."""

import hashlib
import wave
from datetime import datetime, timedelta
from io import BytesIO

from app.extensions import vault
from app.outbox import unit_of_work
from app.sealed_files import SUFFIX, Shelf
from calls import history, settings

RECORDINGS = Shelf("recordings", "recording", "recording")
TOLERANCE = 2.0  # seconds by which the sound may be shorter or longer than the carrier says


class Damaged(ValueError):
    """What was fetched is not the recording that was announced."""


def verified(sound: bytes, seconds: int | None) -> bytes:
    """The sound's SHA-256. Raises Damaged for what is no WAV file, or not of the announced length."""
    try:
        with wave.open(BytesIO(sound)) as opened:
            length = opened.getnframes() / opened.getframerate()
    except (wave.Error, EOFError) as fault:
        raise Damaged("no sound") from fault
    if seconds is not None and abs(length - seconds) > TOLERANCE:
        raise Damaged(f"{length:.0f} s instead of {seconds} s")
    return hashlib.sha256(sound).digest()


def store(data_dir: str, recording_id: int, sound: bytes) -> str:
    """Keep the sound; returns its file's name. Raises OSError."""
    return RECORDINGS.store(data_dir, vault().keys, f"{recording_id}{SUFFIX}", recording_id, sound)


def purge(data_dir: str, now: datetime) -> int:
    """Delete recordings whose time is over, in a unit of work of its own; returns how many. Safe to repeat."""
    with unit_of_work():
        old = history.old_recordings(now, timedelta(days=settings.current().recordings_days))
        for recording in old:
            # Before the row forgets its name: no sweep would find the file afterwards.
            RECORDINGS.remove(data_dir, recording.file or "")
            recording.state, recording.file, recording.digest = "purged", None, None
        return len(old)


def load(data_dir: str, recording_id: int, name: str, digest: bytes) -> bytes:
    """The sound. Raises FileNotFoundError, SealError, Damaged."""
    sound = RECORDINGS.load(data_dir, vault().keys, name, recording_id)
    if hashlib.sha256(sound).digest() != digest:
        raise Damaged("the sound is not the one that was stored")
    return sound
