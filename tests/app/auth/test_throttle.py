"""Counting failures in Postgres."""

import threading
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app import throttle
from app.auth.models import Attempt
from app.outbox import unit_of_work
from app.throttle import Limit
from db import db, transaction

LIMIT = Limit("test", 3, timedelta(minutes=1))
PAUSE = Limit("test", 3, timedelta(hours=1), pause=timedelta(minutes=5))


def fail(times: int, at: datetime, limit: Limit = LIMIT, key: str = "a") -> None:
    for _ in range(times):
        assert throttle.admit([(limit, key)], at).wait == throttle.OPEN


def test_the_door_shuts_after_so_many_failures_and_opens_as_they_age(now: datetime):
    fail(2, now)
    fail(1, now + timedelta(seconds=20))
    later = now + timedelta(seconds=30)
    assert throttle.wait_for([(LIMIT, "a")], later) == timedelta(seconds=30)
    assert not throttle.allow([(LIMIT, "a")], later)
    assert throttle.allow([(LIMIT, "a")], now + timedelta(seconds=61))


def test_keys_and_kinds_are_counted_apart(now: datetime):
    fail(3, now)
    assert throttle.allow([(LIMIT, "b")], now)
    assert throttle.allow([(Limit("other", 3, timedelta(minutes=1)), "a")], now)
    assert not throttle.allow([(LIMIT, "b"), (LIMIT, "a")], now)


def test_a_pause_begins_anew_with_each_failure(now: datetime):
    fail(3, now, PAUSE)
    assert throttle.wait_for([(PAUSE, "a")], now) == timedelta(minutes=5)
    after = now + timedelta(minutes=5)
    fail(1, after, PAUSE)
    assert throttle.wait_for([(PAUSE, "a")], after) == timedelta(minutes=5)


def test_the_strictest_limit_decides_and_both_share_their_failures(now: datetime):
    fail(3, now)
    assert throttle.wait_for([(LIMIT, "a"), (PAUSE, "a")], now) == timedelta(minutes=5)


def test_a_shut_door_counts_nothing(now: datetime):
    fail(3, now)
    for _ in range(10):
        throttle.admit([(LIMIT, "a")], now)
    assert throttle.allow([(LIMIT, "a")], now + timedelta(minutes=1))


def test_a_right_guess_is_given_back_and_breaks_the_row(now: datetime):
    fail(2, now)
    throttle.forgive(throttle.admit([(LIMIT, "a")], now))
    fail(1, now)
    assert not throttle.allow([(LIMIT, "a")], now)
    throttle.forget("test", "a")
    assert throttle.allow([(LIMIT, "a")], now)


def test_guesses_under_one_limit_wait_for_each_other_and_for_nobody_else(app, now: datetime):
    throttle.hold([(LIMIT, "held")])
    let_in = []

    def guess(key: str) -> None:
        with app.app_context(), suppress(OperationalError), transaction():
            db.session.execute(text("SET LOCAL lock_timeout = '100ms'"))
            throttle.hold([(LIMIT, key)])
            let_in.append(key)

    for key in ("held", "another"):
        thread = threading.Thread(target=guess, args=(key,))
        thread.start()
        thread.join()
    assert let_in == ["another"]


def test_neither_address_nor_login_stands_in_the_table(now: datetime):
    fail(1, now, key="203.0.113.9")
    rows = db.session.execute(select(Attempt)).scalars().all()
    assert rows and all(b"203.0.113.9" not in row.bucket and len(row.bucket) == 32 for row in rows)


def test_old_failures_are_swept(now: datetime):
    fail(1, now - timedelta(hours=25))
    fail(1, now)
    throttle.sweep(now)
    assert db.session.scalar(select(func.min(Attempt.at))) > now - timedelta(hours=24)


def test_guesses_made_at_once_cannot_pass_together(app):
    """Twelve threads, each in a transaction of its own, for a limit of three."""
    admitted, gate = [], threading.Barrier(12)

    def guess() -> None:
        with app.app_context():
            gate.wait()
            with unit_of_work() as now:
                admission = throttle.admit([(LIMIT, "at once")], now)
            if not admission.wait:
                admitted.append(admission)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context(), unit_of_work():
        throttle.forget("test", "at once")
    assert len(admitted) == 3


@pytest.mark.parametrize(
    ("remote", "key"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("", "unknown"),
        ("<script>", "unknown"),
    ],
)
def test_one_key_for_all_addresses_of_one_peer(remote: str | None, key: str):
    assert throttle.address_key(remote) == key
