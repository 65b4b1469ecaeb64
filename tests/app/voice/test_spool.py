"""What was told while the database was away is acted on in the order in which it came, by whichever process."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.voice import spool

T0 = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def data_dir(app: Flask, tmp_path: Path):
    with app.app_context():
        yield str(tmp_path)


def line(number: int) -> spool.Line:
    return {"kind": "in", "number": number, "at": (T0 + timedelta(seconds=number)).isoformat()}


def keep_as(monkeypatch: pytest.MonkeyPatch, process: int, data_dir: str, *numbers: int) -> None:
    """What one of the web processes keeps."""
    monkeypatch.setattr(os, "getpid", lambda: process)
    for number in numbers:
        spool.keep(data_dir, line(number))


def replayed(data_dir: str) -> list[int]:
    told: list[int] = []
    spool.replay(data_dir, lambda one: told.append(one["number"]))
    return told


def test_one_order_over_all_processes(data_dir: str, monkeypatch: pytest.MonkeyPatch):
    keep_as(monkeypatch, 11, data_dir, 1)
    keep_as(monkeypatch, 12, data_dir, 2, 4)
    keep_as(monkeypatch, 11, data_dir, 3, 5)
    assert replayed(data_dir) == [1, 2, 3, 4, 5]
    assert replayed(data_dir) == []


def test_line_that_cannot_be_told_keeps_all_for_the_next_time(data_dir: str, monkeypatch: pytest.MonkeyPatch):
    keep_as(monkeypatch, 11, data_dir, 1, 3)
    keep_as(monkeypatch, 12, data_dir, 2)

    def away(one: spool.Line) -> None:
        if one["number"] == 2:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        spool.replay(data_dir, away)
    keep_as(monkeypatch, 12, data_dir, 4)
    assert replayed(data_dir) == [1, 2, 3, 4]


def test_line_kept_in_the_moment_of_a_replay_is_not_lost(data_dir: str, monkeypatch: pytest.MonkeyPatch):
    """The file is taken away, read and deleted between its opening and the writing into it."""
    told: list[int] = []
    real = os.write

    def late(handle: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", real)
        spool.replay(data_dir, lambda one: told.append(one["number"]))
        return real(handle, data)

    spool.keep(data_dir, line(1))
    monkeypatch.setattr(os, "write", late)
    spool.keep(data_dir, line(2))
    spool.replay(data_dir, lambda one: told.append(one["number"]))
    assert told == [1, 2]


def test_two_clock_processes_at_once(data_dir: str, monkeypatch: pytest.MonkeyPatch):
    keep_as(monkeypatch, 11, data_dir, 1, 2)
    told: list[int] = []

    def tell(one: spool.Line) -> None:
        if not told:
            told.append(0)
            spool.replay(data_dir, lambda other: told.append(other["number"]))
        told.append(one["number"])

    spool.replay(data_dir, tell)
    assert sorted(set(told)) == [0, 1, 2] and replayed(data_dir) == []


def test_cut_line_costs_nothing_but_itself(data_dir: str):
    spool.keep(data_dir, line(1))
    [path] = (Path(data_dir) / spool.FOLDER).glob("*.jsonl")
    path.write_bytes(path.read_bytes() + b"bm90IGEgbGluZQ")
    spool.keep(data_dir, line(2))
    assert replayed(data_dir) == [1, 2]
