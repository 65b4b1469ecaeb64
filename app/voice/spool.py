"""What the carrier told while the database was away: sealed, on disk before it is answered, replayed later."""

import base64
import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.extensions import vault
from tickets import sealing

log = logging.getLogger(__name__)
FOLDER = "spool"
CONTEXT = "webhook"
TAKEN = ".taken"

Line = dict[str, Any]


def keep(data_dir: str, line: Line) -> None:
    """Append a line and see it on the disk. Raises OSError."""
    # One file a process: two that append to the same one could mix their lines.
    _append(data_dir, f"{os.getpid()}.jsonl", line)


def set_aside(data_dir: str, line: Line) -> None:
    """Keep a line that nobody could act on, for a person to look at. Raises OSError."""
    _append(data_dir, "failed", line)


def _append(data_dir: str, name: str, line: Line) -> None:
    folder = Path(data_dir) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sealed = sealing.seal(vault().keys, json.dumps(line, ensure_ascii=False), "spool", CONTEXT)
    # Again where the file was taken away in between: whoever replays it may have read it before this line.
    while not _wrote(folder / name, b"\n" + base64.b64encode(sealed) + b"\n"):
        continue


def _wrote(path: Path, data: bytes) -> bool:
    """Append and see it on the disk; returns whether the file still stands where it was opened."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
        written = os.fstat(handle)
    finally:
        os.close(handle)
    try:
        return os.path.samestat(written, path.stat())
    except FileNotFoundError:
        return False


def replay(data_dir: str, tell: Callable[[Line], None]) -> int:
    """Hand every kept line to `tell`, in the order of arrival; returns how many. What it raises leaves the file.

    A line that was told before, by a replay that broke off, is told again: whoever hears it knows it by its key.
    """
    folder = Path(data_dir) / FOLDER
    if not folder.is_dir():
        return 0
    for path in folder.glob("*.jsonl"):
        with suppress(FileNotFoundError):  # another clock process was quicker
            path.rename(path.with_name(f"{path.stem}.{os.getpid()}.{path.stat().st_mtime_ns}{TAKEN}"))
    taken = sorted(folder.glob(f"*{TAKEN}"))
    # Over all files: one call's webhooks come to several processes, and mean nothing before its first.
    lines = sorted((line for path in taken for line in _lines(path)), key=lambda one: str(one.get("at", "")))
    for line in lines:
        tell(line)
    for path in taken:
        path.unlink(missing_ok=True)
    return len(lines)


def _lines(path: Path) -> list[Line]:
    """The lines of a file; the last may have been cut by a crash, before anybody was told that it is kept."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # another clock process has told them meanwhile
        return []
    lines = []
    for raw in content.split(b"\n"):
        try:
            lines.append(json.loads(sealing.open_(vault().keys, base64.b64decode(raw), "spool", CONTEXT)))
        except (ValueError, sealing.SealError):
            if raw:
                log.error("a line of the spool cannot be read: %s", path.name)
    return lines
