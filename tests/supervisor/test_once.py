"""./hotline flask on a folder where nothing ever ran: real servers, and the product's own command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.usage import ROOT


@pytest.fixture
def flask(tmp_path: Path):
    """Runs a command of the product on a folder of its own, which nobody has prepared."""
    taken = ("DATABASE_", "REDIS_", "HOTLINE_", "PUBLIC_", "SECRET_KEY", "PII_KEYS", "BLIND_KEY", "TWILIO_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(taken)}

    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "supervisor", "flask", "--data", str(tmp_path / "data"), *words]
        env["PYTHONPATH"] = str(ROOT)
        return subprocess.run(command, env=env | settings, cwd=ROOT, capture_output=True, text=True, timeout=120)

    return run


def test_the_first_command_finds_an_empty_city(flask):
    first = flask("staff", "first-admin")
    assert first.returncode == 0, first.stderr
    assert "preparing the database" in first.stdout and "token: " in first.stdout
    assert "Traceback" not in first.stderr
    again = flask("staff", "list")
    assert (again.returncode, again.stdout) == (0, "")  # no demo accounts, and nothing to prepare any more


def test_a_due_time_by_the_calendar_that_ships_starts_nothing(flask, tmp_path: Path):
    counted = flask("due", "--start", "2026-09-30T16:00+08:00", "--limit", "5wd", "--json")
    assert counted.returncode == 0, counted.stderr
    assert counted.stdout.startswith('{"due_at": "2026-10-13T17:30:00+08:00", "steps": [')
    assert counted.stdout.count("\n") == 1
    refused = flask("due", "--start", "never", "--limit", "5wd", "--json")
    assert (refused.returncode, refused.stdout) == (2, "") and "not a moment" in refused.stderr
    assert not (tmp_path / "data" / "postgres").exists()


def test_what_prepares_by_itself_takes_the_database_as_it_is(flask):
    before = flask("db", "current")
    assert before.returncode == 0, before.stderr
    assert "preparing" not in before.stdout and "0001" not in before.stdout
    assert flask("prepare", "--demo").returncode == 0
    people = flask("staff", "list")
    assert people.returncode == 0 and "preparing the database" in people.stdout
    assert "supervisor\t督办员" in people.stdout


def test_wrong_settings_are_named_line_by_line_and_without_a_traceback(flask):
    assert flask("staff", "list").returncode == 0
    wrong = flask("phone", "doctor", TELEPHONY_PROVIDER="twillio", EMERGENCY_LINES="110")
    assert wrong.returncode == 1 and "Traceback" not in wrong.stderr
    first, second = wrong.stderr.strip().splitlines()
    assert first.startswith("Error: TELEPHONY_PROVIDER must be one of")
    assert second.startswith("EMERGENCY_LINES must be like")


def test_a_real_carrier_is_never_asked_with_the_simulated_account(flask):
    none = flask("phone", "doctor", TELEPHONY_PROVIDER="twilio")
    assert none.returncode == 1 and "needs TWILIO_ACCOUNT_SID" in none.stderr


def test_the_doctor_of_a_demo_sees_its_settings(flask):
    played = flask("phone", "doctor")
    assert played.returncode == 0, played.stderr
    assert "emergency calls go to 3" in played.stdout and "network does not run" in played.stdout
    for name in ("none", "cti"):
        other = flask("phone", "doctor", TELEPHONY_PROVIDER=name)
        assert (other.returncode, "BAD" in other.stdout) == (0, False), other.stdout
