"""The figures that come out: their shape, the machine they name, and marks that can be missed."""

import json

import pytest
from sqlalchemy import text

from bench import __main__, board, machine
from bench.databases import Filled
from db import db


def test_lists_are_timed_and_explained(asking: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "TIMES", 2)
    monkeypatch.setattr(board, "WARM_UP", 0)
    found = board.at_size(asking, lambda _: None)
    assert found["open"] == 200
    assert found["floor_ms"] > 0
    for name, one in found["questions"].items():
        assert 0 < one["p50_ms"] <= one["p95_ms"], name
        assert one["statements"] >= 1, name
        assert one["dearest"]["plan"], name
    assert found["questions"]["board all"]["rows"] == 50
    assert found["questions"]["find number"]["rows"] == 1
    assert found["questions"]["find phone"]["rows"] >= 1
    json.dumps(found)


def test_a_mark_is_missed_by_one_slow_board() -> None:
    quick = {"p50_ms": 24.9, "marked": True}
    slow = {"p50_ms": 25.1, "marked": True}
    unmarked = {"p50_ms": 300.0, "marked": False}
    timed_out = {"p50_ms": None, "marked": True}
    at_mark = {"questions": {"a": quick, "b": slow, "c": unmarked}}
    assert board.mark({"100000": at_mark}) == {
        "tickets": 100_000, "p50_ms": 25.0, "met": False, "slower": {"b": 25.1},
    }
    assert board.mark({"100000": {"questions": {"a": quick, "c": unmarked}}})["met"] is True
    assert board.mark({"100000": {"questions": {"a": quick, "d": timed_out}}})["slower"] == {"d": None}
    assert board.mark({"10000": at_mark})["met"] is None


def test_a_list_that_times_out_is_a_result(asking: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "_questions", lambda *_: [board.Question("endless", _endless)])
    [one] = board.at_size(asking, lambda _: None)["questions"].values()
    assert one == {"p50_ms": None, "p95_ms": None, "fault": "QueryCanceled", "marked": True}


def _endless() -> None:
    db.session.execute(text("SET LOCAL statement_timeout = '20ms'"))
    db.session.execute(text("SELECT pg_sleep(10)"))


def test_the_machine_is_named() -> None:
    found = machine.described()
    assert found["processor"] and found["cores"] >= 1 and found["memory_gb"] > 0
    assert {"python", "flask", "gevent"} <= machine.versions().keys()


def test_others_use_no_less_than_nothing() -> None:
    cores = machine.Others().cores()
    assert cores is None or cores >= 0


def test_without_servers_it_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert __main__.main(["board"]) == 2
    assert "./hotline bench" in capsys.readouterr().err


def test_a_benchmark_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SystemExit):
        __main__.main(["nothing"])
