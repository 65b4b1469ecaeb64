"""Files on the disk: sealed, whole before anybody knows of them, or not there at all."""

import errno
import os
from pathlib import Path

import pytest

from app.sealed_files import Shelf, random_name
from tickets.sealing import SealError

SHELF = Shelf("shelf", "file", "thing")


@pytest.fixture
def keys(vault):
    return vault.keys


def test_a_file_is_opened_by_its_own_key_alone(tmp_path: Path, keys):
    name = SHELF.store(str(tmp_path), keys, random_name(), 7, b"content")
    assert SHELF.load(str(tmp_path), keys, name, 7) == b"content"
    assert b"content" not in (tmp_path / "shelf" / name).read_bytes()
    for shelf, key in ((SHELF, 8), (Shelf("shelf", "file", "other"), 7), (Shelf("shelf", "sound", "thing"), 7)):
        with pytest.raises(SealError):
            shelf.load(str(tmp_path), keys, name, key)
    with pytest.raises(FileNotFoundError):
        SHELF.load(str(tmp_path), keys, random_name(), 7)


def test_nobody_else_on_the_machine_reads_it(tmp_path: Path, keys):
    name = SHELF.store(str(tmp_path / "data"), keys, random_name(), 7, b"content")
    folder = tmp_path / "data" / "shelf"
    assert (folder.stat().st_mode & 0o777, (folder / name).stat().st_mode & 0o777) == (0o700, 0o600)
    assert len({random_name() for _ in range(100)}) == 100


def test_file_and_name_are_on_the_disk_before_it_is_told_of(tmp_path: Path, keys, monkeypatch: pytest.MonkeyPatch):
    """What a power cut finds: bytes are synced under another name, then the file is named, then that is synced."""
    done: list[str] = []

    def note(handle: int) -> None:
        target = Path(os.readlink(f"/proc/self/fd/{handle}"))
        done.append("folder" if target.is_dir() else f"bytes of {target.stat().st_size > 0}")

    rename = Path.rename
    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(Path, "rename", lambda self, to: (done.append("name"), rename(self, to))[1])
    SHELF.store(str(tmp_path), keys, random_name(), 7, b"content")
    assert done == ["folder", "bytes of True", "name", "folder"]


@pytest.mark.parametrize("broken", ["fsync", "open"])
def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, keys, monkeypatch: pytest.MonkeyPatch, broken: str):
    SHELF.place(str(tmp_path))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(OSError, match="No space"):
        SHELF.store(str(tmp_path), keys, random_name(), 7, b"content")
    monkeypatch.undo()
    assert list((tmp_path / "shelf").iterdir()) == []
