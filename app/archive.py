"""Recordings on this machine: sealed files, named by what they are of, and never half of one."""

import hashlib
import os
import wave
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from app.extensions import vault
from calls import history, settings
from tickets import sealing

FOLDER = "recordings"
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
    """Write the sealed sound and see it on the disk; returns its name. Raises OSError."""
    folder = Path(data_dir) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{recording_id}.sealed"
    unfinished = folder / f"{name}.{os.getpid()}"
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(sealing.seal_bytes(vault().keys, sound, "recording", f"recording:{recording_id}"))
        file.flush()
        os.fsync(handle)
    unfinished.rename(folder / name)
    return name


def purge(data_dir: str, now: datetime) -> int:
    """Delete recordings whose time is over, in the caller's unit of work; returns how many."""
    old = history.old_recordings(now, timedelta(days=settings.current().recordings_days))
    for recording in old:
        (Path(data_dir) / FOLDER / (recording.file or "")).unlink(missing_ok=True)
        recording.state, recording.file, recording.digest = "purged", None, None
    return len(old)


def load(data_dir: str, recording_id: int, name: str, digest: bytes) -> bytes:
    """The sound. Raises FileNotFoundError, SealError, Damaged."""
    sealed = (Path(data_dir) / FOLDER / name).read_bytes()
    sound = sealing.open_bytes(vault().keys, sealed, "recording", f"recording:{recording_id}")
    if hashlib.sha256(sound).digest() != digest:
        raise Damaged("the sound is not the one that was stored")
    return sound
