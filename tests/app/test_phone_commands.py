"""`phone replay`: a day's figures from its events, and an end that a script can tell from the other."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from exchange import Exchange
from flask import Flask
from scenes import City
from sqlalchemy import text

from calls import arriving
from db import db, transaction

MORNING = datetime(2026, 11, 26, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def called(own_app: Flask) -> Flask:
    """One caller who was answered and one who gave up, on 2026-11-26."""
    with own_app.app_context(), transaction():
        exchange = Exchange(City(MORNING, own_app.extensions["vault"]))
        call = exchange.talk()
        exchange.wait(60)
        arriving.end(call, exchange.city.now, exchange.city.now)
        gone = exchange.queue("+8613800138001")
        arriving.end(gone, exchange.city.now + timedelta(seconds=30), exchange.city.now)
    return own_app


def _replay(app: Flask, day: str) -> Result:
    return app.test_cli_runner().invoke(args=["phone", "replay", "--day", day])


def test_a_day_that_is_as_its_events_tell(called: Flask):
    done = _replay(called, "2026-11-26")
    assert done.exit_code == 0, done.output
    assert "2026-11-26: 2 calls" in done.output and "DIFFERS" not in done.output
    assert "50.00% (1/2)" in done.output and "are those that their events tell" in done.output


def test_a_day_without_calls_has_figures_of_nothing(called: Flask):
    done = _replay(called, "2026-11-25")
    assert done.exit_code == 0 and "0 calls" in done.output and "nothing to divide by" in done.output


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "9999-12-31"])
def test_what_is_no_day_is_refused(called: Flask, day: str):
    done = _replay(called, day)
    assert done.exit_code == 2 and "write the day as in" in done.output


def test_a_row_that_was_changed_afterwards_is_named(called: Flask):
    with called.app_context(), transaction():
        db.session.execute(text("UPDATE call SET end_reason = 'callback' WHERE end_reason = 'abandoned_queue'"))
    done = _replay(called, "2026-11-26")
    assert done.exit_code == 1
    assert "end_reason is callback as stored, abandoned_queue by its events" in done.output
    assert "DIFFERS" in done.output
