"""Files kept sealed below the data folder: whole on the disk before anybody is told of them, or not there."""

import os
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.outbox import unit_of_work
from tickets import sealing
from tickets.sealing import Keys

SUFFIX = ".sealed"
ASKED_AT_ONCE = 1000


def random_name() -> str:
    """A name that nobody can guess."""
    return f"{secrets.token_hex(16)}{SUFFIX}"


@dataclass(frozen=True)
class Shelf:
    """One kind of file: its folder, and what its seals are bound to. `field` and `what` stay for good."""

    folder: str
    field: str
    what: str

    def place(self, data_dir: str) -> Path:
        """The folder, for nobody but the account that the product runs as."""
        path = Path(data_dir) / self.folder
        if not path.exists():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(path.parent)
        return path

    def store(self, data_dir: str, keys: Keys, name: str, key: object, content: bytes) -> str:
        """Write it sealed, bound to `key`, and see file and name on the disk; returns the name. Raises OSError.

        A row that names it is committed after this, so what a row names is there also after a power cut.
        """
        place = self.place(data_dir)
        unfinished = place / f"{name}.{os.getpid()}"
        try:
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(sealing.seal_bytes(keys, content, self.field, f"{self.what}:{key}"))
                file.flush()
                os.fsync(handle)
            unfinished.rename(place / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        _sync(place)
        return name

    def load(self, data_dir: str, keys: Keys, name: str, key: object) -> bytes:
        """What was sealed. Raises FileNotFoundError, SealError."""
        sealed = (Path(data_dir) / self.folder / name).read_bytes()
        return sealing.open_bytes(keys, sealed, self.field, f"{self.what}:{key}")

    def remove(self, data_dir: str, name: str) -> None:
        """Delete it, where it is there."""
        (Path(data_dir) / self.folder / name).unlink(missing_ok=True)

    def sweep(self, data_dir: str, before: datetime, known: Callable[[Collection[str]], Collection[str]]) -> int:
        """Delete what was written before a moment and no row knows: a process died between a file and its row.

        `known` says which of these names have a row. Returns how many went. Not within a unit of work: the folder
        may be long, and of some names at a time it is asked in a unit of its own.
        """
        old, gone = self._written(data_dir, before), 0
        for start in range(0, len(old), ASKED_AT_ONCE):
            names = old[start : start + ASKED_AT_ONCE]
            with unit_of_work():
                strays = set(names) - set(known(names))
            for name in strays:
                self.remove(data_dir, name)
            gone += len(strays)
        return gone

    def _written(self, data_dir: str, before: datetime) -> list[str]:
        """The names of what was written before a moment. What goes meanwhile is not among them."""
        found = []
        with os.scandir(self.place(data_dir)) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.is_file() and entry.stat().st_mtime < before.timestamp():
                        found.append(entry.name)
        return found


def _sync(folder: Path) -> None:
    """See the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
