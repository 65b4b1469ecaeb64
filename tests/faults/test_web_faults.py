"""Web processes killed in the middle of a request, and the same form sent many times at once."""

import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from .citizens import Complaint, fields_of, post
from .run import City, Run, under_load

pytestmark = pytest.mark.xdist_group("faults")

COPIES = 50
LEAST_HELD = 3  # requests that stand where the kill is to hit them
RECOVERS_WITHIN = 5.0  # seconds
WAITING_AT_LOCK = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'ticket_event'::regclass"""
WAITING_IN_COMMIT = """
    SELECT count(*) FROM pg_stat_activity a WHERE a.wait_event = 'SyncRep' AND EXISTS (
      SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.relation = 'ticket'::regclass
        AND l.mode = 'RowExclusiveLock')"""


@pytest.mark.parametrize("kills", [3, pytest.param(15, marks=pytest.mark.long)])
def test_web_workers_killed_at_random_lose_and_double_nothing(city: City, kills: int) -> None:
    chance = random.Random(kills)
    with under_load(city, f"F01 web worker killed {kills} times", seed=100 + kills) as run:
        for _ in range(kills):
            city.product.wait(city.product.web_workers, 10, "a web worker")
            run.strike(lambda: city.product.kill(chance.choice(city.product.web_workers())))
            time.sleep(2)
        run.wait_recovered(30)
        run.figures["slowest recovery s"] = max(run.recovery(strike) for strike in range(kills))
    assert run.figures["slowest recovery s"] <= RECOVERS_WITHIN


def test_a_kill_on_either_side_of_commit_leaves_one_ticket(city: City) -> None:
    """What was cut off before COMMIT is stored by the repeat; what was cut off after it, the repeat finds."""
    product = city.product
    with under_load(city, "F01 killed on both sides of COMMIT", seed=110) as run:
        before, stored = _kill_before_commit(run)
        product.wait(lambda: all(one.result == "ok" for one in before), 40, "answers for those cut off")
        after, committed = _kill_after_commit(run)
        product.wait(lambda: all(one.result == "ok" for one in after), 40, "answers for those cut off")
        run.healed = time.monotonic()
    unstored, again = len(before) - stored, sum(one.is_new is False for one in after)
    city.tell(f"    cut off before COMMIT: {unstored}; after it: {committed}, found again by the repeat: {again}")
    assert unstored >= LEAST_HELD
    assert LEAST_HELD <= committed <= again


def _kill_before_commit(run: Run) -> tuple[list[Complaint], int]:
    """Hold requests where they write their event, and kill all web workers.

    Returns who was cut off, and how many of them were stored all the same (committed, not answered yet).
    """
    product, cut_off = run.city.product, list[Complaint]()

    def harm() -> None:
        cut_off.extend(run.citizens.waiting())
        product.kill(*product.web_workers())

    with product.connect() as holder, product.connect() as watcher, holder.transaction():
        holder.execute("LOCK TABLE ticket_event IN SHARE MODE")
        product.wait(lambda: _count(watcher, WAITING_AT_LOCK) >= LEAST_HELD, 10, "requests at the lock")
        run.strike(harm)
        keys = [one.key for one in cut_off]
        # Nothing can be committed while the lock is held, so this is how they stood when they were killed.
        stored = watcher.execute("SELECT count(*) FROM ticket WHERE form_key = ANY(%s)", [keys]).fetchone()
    assert stored is not None
    return cut_off, stored[0]


def _kill_after_commit(run: Run) -> tuple[list[Complaint], int]:
    """Let commits wait for a standby that does not exist, after they are on disk, and kill all web workers.

    Returns who was cut off, and how many of them had been committed.
    """
    product, cut_off, committed = run.city.product, list[Complaint](), list[int]()

    def harm() -> None:
        cut_off.extend(run.citizens.waiting())
        committed.append(_count(admin, WAITING_IN_COMMIT))
        product.kill(*product.web_workers())

    with ExitStack() as stack:
        admin = stack.enter_context(product.connect("hotline_pg_admin_url"))
        stack.callback(_let_commits_wait_for, admin, "")
        _let_commits_wait_for(admin, "nobody")
        product.wait(lambda: _count(admin, WAITING_IN_COMMIT) >= LEAST_HELD, 10, "requests within COMMIT")
        run.strike(harm)
    return cut_off, committed[0]


def _let_commits_wait_for(admin: psycopg.Connection[Any], standby: str) -> None:
    admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
    admin.execute("SELECT pg_reload_conf()")


def _count(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("forms", [20, pytest.param(100, marks=pytest.mark.long)])
def test_one_form_sent_fifty_times_at_once_is_one_ticket(city: City, forms: int) -> None:
    citizens = city.citizens(seed=170 + forms, rate=1)
    tries = Counter[str]()
    begun = time.monotonic()
    for _ in range(forms):
        original = citizens.form()
        copies = [replace(original, tries=[]) for _ in range(COPIES)]
        _send_together(citizens.complain, copies)
        tries.update(word for copy in copies for word in copy.tries)
        assert {copy.result for copy in copies} == {"ok"}
        assert len({copy.number for copy in copies}) == 1
        assert sum(bool(copy.is_new) for copy in copies) <= 1
        vars(original).update(vars(copies[0]))
        changed = fields_of(original) | {"content": original.content + "补充一句"}
        status, _, answer = post(citizens.host, citizens.port, json.dumps(changed).encode())
        assert (status, answer["error"]) == (422, "key_reused")
    seconds = time.monotonic() - begun
    citizens.stop()
    city.tell(f"F17 {forms} forms x {COPIES} at once: {dict(tries)}, {seconds:.1f} s")
    assert tries["201"] <= forms
    assert tries["200"] + tries["201"] >= 200
    city.check()


def _send_together(send: Any, copies: list[Complaint]) -> None:
    """Let all copies leave at the same moment."""
    barrier = threading.Barrier(len(copies))

    def one(copy: Complaint) -> None:
        barrier.wait()
        send(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        list(pool.map(one, copies))
