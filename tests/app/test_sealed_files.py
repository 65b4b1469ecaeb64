"""Files on the disk: sealed, whole before anybody knows of them, or not there at all."""

import errno
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app import sealed_files
from app.outbox import unit_of_work
from app.sealed_files import Shelf, random_name
from db import db
from tickets import attached
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


class TestTheSweep:
    LATER = datetime.now(UTC) + timedelta(days=1)

    def test_goes_on_however_many_files_there_are(self, app, tmp_path: Path):
        """More names than a statement takes parameters, counted for each of two columns."""
        place = SHELF.place(str(tmp_path))
        for number in range(33_000):
            (place / str(number)).touch()
        with app.app_context():
            with unit_of_work():
                assert attached.known_files([path.name for path in place.iterdir()]) == set()
            assert SHELF.sweep(str(tmp_path), self.LATER, attached.known_files) == 33_000
        assert list(place.iterdir()) == []

    def test_asks_after_some_at_a_time_and_lists_them_in_no_transaction(
        self, app, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        place, scandir = SHELF.place(str(tmp_path)), os.scandir
        names, asked = {"a", "b", "c", "d", "gone"}, []
        for name in names:
            (place / name).touch()

        @contextmanager
        def then_one_goes(folder):
            assert not db.session().in_transaction()
            with scandir(folder) as entries:
                found = list(entries)
            (place / "gone").unlink()
            yield found

        def known(some):
            db.session.scalar(text("SELECT 1"))
            asked.append(set(some))
            return {"b", "elsewhere"}

        monkeypatch.setattr(os, "scandir", then_one_goes)
        monkeypatch.setattr(sealed_files, "ASKED_AT_ONCE", 3)
        with app.app_context():
            assert SHELF.sweep(str(tmp_path), self.LATER, known) == 3
            assert not db.session().in_transaction()
        monkeypatch.undo()
        assert {path.name for path in place.iterdir()} == {"b"}
        assert [len(some) for some in asked] == [3, 1] and set().union(*asked) == names - {"gone"}
