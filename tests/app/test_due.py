"""The command that counts a due time: one JSON object, or a table, or why not."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app.due import due_command
from manage import create_app

START = "2026-09-30T16:00+08:00"


def due(*words: str) -> Result:
    return CliRunner().invoke(due_command, words)


def told(*words: str) -> dict:
    result = due(*words, "--json")
    assert result.exit_code == 0, result.output
    assert result.output.count("\n") == 1
    return json.loads(result.output)


def test_one_object_with_the_citys_offset_and_every_day_on_the_way():
    found = told("--start", START, "--limit", "5wd")
    assert found.keys() == {"due_at", "steps"} and found["due_at"] == "2026-10-13T17:30:00+08:00"
    steps = found["steps"]
    assert [step["date"] for step in steps][::13] == ["2026-09-30", "2026-10-13"]
    assert steps[0]["reason"] == "first_day" and not steps[0]["counted"]
    assert steps[1] == {
        "date": "2026-10-01", "weekday": "Thursday", "counted": False, "reason": "holiday",
        "why": "not counted: holiday, 国庆节", "holiday": "国庆节",
    }  # fmt: skip
    assert [(step["date"][-2:], step["number"]) for step in steps if step["counted"]] == [
        ("08", 1), ("09", 2), ("10", 3), ("12", 4), ("13", 5),
    ]  # fmt: skip
    assert steps[10]["reason"] == "makeup" and steps[11]["reason"] == "weekend"


def test_the_start_may_have_any_offset():
    assert told("--start", "2026-09-30T08:00Z", "--limit", "5wd") == told("--start", START, "--limit", "5wd")


def test_hours_name_the_periods_and_pauses_count():
    found = told(
        "--start", "2026-03-02T11:00+08:00", "--limit", "4wh",
        "--pause", "2026-03-02T11:30+08:00/2026-03-02T15:00+08:00",
        "--pause", "2026-03-02T15:00+08:00/2026-03-02T16:00+08:00",
    )  # fmt: skip
    assert found["due_at"] == "2026-03-03T10:30:00+08:00"
    assert [step["periods"] for step in found["steps"]] == [
        [["11:00", "11:30"], ["16:00", "17:30"]], [["08:30", "10:30"]],
    ]  # fmt: skip
    night = told("--start", "2026-03-02T23:00+08:00", "--limit", "2h")
    assert [step["periods"] for step in night["steps"]] == [[["23:00", "24:00"]], [["00:00", "01:00"]]]


def test_a_paused_day_says_so():
    pause = "2026-03-03T09:00+08:00/2026-03-03T18:00+08:00"
    found = told("--start", "2026-03-02T10:00+08:00", "--limit", "1wd", "--pause", pause)
    assert [step["reason"] for step in found["steps"]] == ["first_day", "paused", "working"]


def test_a_year_that_is_not_announced_is_provisional():
    last = told("--start", "2099-12-31T17:00+08:00", "--limit", "1wd")["steps"][-1]
    assert last["provisional"] is True and last["why"].endswith("provisional year")
    assert not any("provisional" in step for step in told("--start", START, "--limit", "5wd")["steps"])
    assert "provisional: " in due("--start", "2099-12-31T17:00+08:00", "--limit", "1wd").output


def test_people_read_a_table():
    lines = due("--start", START, "--limit", "5wd").output.splitlines()
    assert lines[1] == "2026-10-01 Thu      not counted: holiday, 国庆节"
    assert lines[-2] == "2026-10-13 Tue   5. counted: working day"
    assert lines[-1] == "due at 2026-10-13 17:30:00+0800"
    assert due("--start", START, "--limit", "1d").output.endswith("00:00:00+0800 (the end of the day before)\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--start", "soon", "--limit", "5wd"], "not a moment"),
        (["--start", "2026-09-30T16:00", "--limit", "5wd"], "lacks its offset"),
        (["--start", "1492-09-30T16:00Z", "--limit", "5wd"], "between 1950 and 2100"),
        (["--start", START, "--limit", "5 days"], "not a limit"),
        (["--start", START, "--limit", "0wd"], "1 to 100000"),
        (["--start", START, "--limit", "100001wd"], "1 to 100000"),
        (["--start", START], "--limit"),
        (["--start", START, "--limit", "1h", "--pause", START], "not FROM/TO"),
        (["--start", START, "--limit", "1h", "--pause", f"{START}/soon"], "not a moment"),
        (["--start", START, "--limit", "1h", "--pause", f"{START}/2026-09-30T15:00+08:00"], "before it begins"),
    ],
)
def test_what_is_wrong_is_said_in_words(words: list[str], says: str):
    for more in ([], ["--json"]):
        result = due(*words, *more)
        assert result.exit_code == 2 and says in result.output and "Traceback" not in result.output


class TestDepartment:
    def run(self, app: Flask, *words: str) -> Result:
        return app.test_cli_runner().invoke(args=["due", *words])

    def test_counts_by_the_hours_of_the_unit(self, app: Flask):
        friday = ["--start", "2026-03-06T10:00+08:00", "--limit", "1wd", "--json", "--department"]
        found = {}
        for code in ("9901.urban", "9901.approval", "9901.watergroup"):
            result = self.run(app, *friday, code)
            assert result.exit_code == 0, result.output
            found[code] = datetime.fromisoformat(json.loads(result.output)["due_at"]).strftime("%d %H:%M")
        assert found == {
            "9901.urban": "09 17:30", "9901.approval": "07 12:00", "9901.watergroup": "08 00:00",
        }  # fmt: skip

    def test_must_exist(self, app: Flask):
        result = self.run(app, "--start", START, "--limit", "1wd", "--department", "nobody")
        assert result.exit_code == 2 and "no unit 'nobody'" in result.output

    def test_needs_the_database(self, config):
        away = replace(config, database_url=config.database_url.partition("?")[0] + "?host=/nowhere")
        result = self.run(create_app(away), "--start", START, "--limit", "1wd", "--department", "9901")
        assert result.exit_code == 2 and "does not answer" in result.output
