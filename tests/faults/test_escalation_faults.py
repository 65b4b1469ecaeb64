"""Deadlines that fall due while workers, clocks or rows of the product itself are what fails: each acts once."""

import json
import random
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from urllib.error import HTTPError

import psycopg
import pytest
from psycopg.types.json import Jsonb
from redis import Redis

from app.enqueue import ACT_ON_DEADLINES, enqueue
from tickets.escalating import SET_ASIDE_AFTER

from . import clocks
from .checker import check_escalations
from .product import children
from .run import City, under_load

pytestmark = pytest.mark.xdist_group("faults")

ESCALATED_WITHIN = 60.0  # seconds after the fault has ended
SEEN_WITHIN = 60.0  # seconds after what is undone has passed the limit of 60 s
LIMIT = 60.0
ASLEEP = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@contextmanager
def _taken(city: City, ids: list[int]) -> Iterator[None]:
    """A worker has taken the job from the queue; its process is stopped as soon as that is seen."""
    product = city.product
    with Redis.from_url(product.url("redis_url"), socket_timeout=2) as queue:
        product.wait(lambda: queue.zcard("rq:wip:deadlines"), 20, "a worker has taken a job")
        product.freeze(*(horse for worker in product.pids("worker") for horse in children(worker)))
    yield


@contextmanager
def _in_transaction(city: City, ids: list[int]) -> Iterator[None]:
    """A worker has changed rows and not committed them: it waits to write the rung down."""
    product = city.product
    with product.connect() as holder, product.connect(clocks.ADMIN) as connection, holder.transaction():
        holder.execute(clocks.HOLD)
        product.wait(lambda: clocks.waits_to_write(connection), 20, "a worker is in its transaction")
        yield


@contextmanager
def _committed(city: City, ids: list[int]) -> Iterator[None]:
    """A worker has committed all it had, and the queue has not heard of it: it answers nobody."""
    product = city.product
    with product.connect() as holder, product.connect(clocks.ADMIN) as connection:
        with holder.transaction():
            holder.execute(clocks.HOLD)
            product.wait(lambda: clocks.waits_to_write(connection), 20, "a worker is in its transaction")
            product.freeze(*product.pids("valkey"))
        product.wait(lambda: clocks.reached(connection, ids) > 0, 20, "the worker has committed")
        time.sleep(0.3)
        yield


@pytest.mark.parametrize("number", [60, pytest.param(500, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "point",
    [_in_transaction, *(pytest.param(point, marks=pytest.mark.long) for point in (_taken, _committed))],
)
def test_a_worker_killed_with_its_child_leaves_each_deadline_to_another(
    city: City, point: Callable[..., Iterator[None]], number: int
) -> None:
    product = city.product
    name = f"F03 workers and their children killed: {point.__name__.strip('_')}, {number} deadlines"
    with under_load(city, name, seed=30 + number) as run:
        ids, due = run.make_due(number, 1)
        with ExitStack() as stack:
            stack.callback(product.thaw)
            stack.enter_context(point(city, ids))
            workers = product.pids("worker")
            run.strike(lambda: product.kill(*workers, *(one for worker in workers for one in children(worker))))
            with product.connect() as connection:
                run.figures["done when killed"] = clocks.reached(connection, ids)
        found = run.wait_escalated(ids, due, ESCALATED_WITHIN)
    assert found.once == found.owed == number and not found.faults
    assert found.latest <= ESCALATED_WITHIN


@pytest.mark.long
@pytest.mark.parametrize(("times", "each"), [(4, 15), (40, 13)])
def test_a_worker_told_to_stop_at_any_moment_loses_no_deadline(city: City, times: int, each: int) -> None:
    """Between the queue's hand and the first statement too: the moment is drawn at random.

    All have acted so soon after the last stop, which is waited for. Of forty, an early one may meet several.
    """
    product, rng = city.product, random.Random(505)
    with under_load(city, f"F05 workers told to stop {times} times, {times * each} deadlines", seed=50) as run:
        ids: list[int] = []
        last = datetime.now(UTC)
        for _ in range(times):
            batch, last = run.make_due(each, 0)
            ids += batch
            with Redis.from_url(product.url("redis_url"), socket_timeout=2) as queue:
                enqueue(queue, ACT_ON_DEADLINES, batch)
            time.sleep(rng.uniform(0, 0.05))
            worker = rng.choice(product.pids("worker"))
            run.strike(lambda worker=worker: product.kill(worker, number=15))
            product.wait(product.is_whole, 30, "the worker is back")
        found = run.wait_escalated(ids, last, ESCALATED_WITHIN)
    assert found.once == found.owed == times * each and not found.faults
    assert found.latest <= ESCALATED_WITHIN or times > 4


@pytest.mark.long
@pytest.mark.parametrize("number", [60, 500])
def test_rows_that_always_fail_hold_up_no_others_and_are_set_aside_with_an_alarm(city: City, number: int) -> None:
    """One cannot be read, and one ends each worker's child that tries it."""
    product = city.product
    with under_load(city, f"F28 two poisoned rows among {number} deadlines", seed=280 + number) as run:
        with product.connect() as connection:
            ids, due = run.make_due(number + 2, 2)
            unreadable, deadly, *good = ids
            levels = connection.execute("SELECT levels FROM deadline WHERE id = %s", [unreadable]).fetchone()[0]
            broken = [[level, tier, "never"] for level, tier, _at in levels]
            for one in (unreadable, deadly):
                connection.execute("UPDATE deadline SET levels = %s WHERE id = %s", [Jsonb(broken), one])
            _make_deadly(connection, deadly)
            with _executioner(city) as kill_who_tries:
                run.strike(lambda: None)
                product.wait(
                    lambda: kill_who_tries() or clocks.reached(connection, good) == number,
                    ESCALATED_WITHIN, "the others are escalated",
                )  # fmt: skip
                found = check_escalations(connection, good, due)
                tries = "SELECT min(attempts) FROM deadline WHERE id = ANY(%s)"

                def set_aside() -> bool:
                    kill_who_tries()
                    return connection.execute(tries, [[unreadable, deadly]]).fetchone()[0] >= SET_ASIDE_AFTER

                product.wait(set_aside, 300, "the poisoned rows are set aside")
                product.wait(lambda: "deadlines set aside" in _alarms(city), 10, "there is an alarm")
            _make_harmless(connection)
            for one in (unreadable, deadly):
                connection.execute(
                    "UPDATE deadline SET levels = %s, claimed_until = NULL WHERE id = %s", [Jsonb(levels), one]
                )
            product.wait(lambda: "deadlines set aside" not in _alarms(city), 60, "what was mended is done")
        run.figures |= {"escalated once": found.once, "of": found.owed, "latest s": found.latest}
    assert found.once == found.owed == number and not found.faults
    assert found.latest <= ESCALATED_WITHIN


def _make_deadly(connection: psycopg.Connection, deadline: int) -> None:
    """Whoever counts an attempt of this row is known by the name of its session, and then waits to be killed."""
    connection.execute(
        f"""CREATE OR REPLACE FUNCTION wait_to_be_killed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.id = {deadline} AND NEW.fault IS NOT NULL AND OLD.fault IS DISTINCT FROM NEW.fault THEN
            PERFORM pg_sleep(3);
          END IF;
          RETURN NEW;
        END $$"""
    )
    connection.execute(
        "CREATE OR REPLACE TRIGGER deadly BEFORE UPDATE ON deadline"
        " FOR EACH ROW EXECUTE FUNCTION wait_to_be_killed()"
    )


def _make_harmless(connection: psycopg.Connection) -> None:
    connection.execute("DROP TRIGGER deadly ON deadline")
    connection.execute("DROP FUNCTION wait_to_be_killed()")


@contextmanager
def _executioner(city: City) -> Iterator[Callable[[], bool]]:
    """Kills the child of a worker that is at the deadly row; says that nothing is done yet."""
    product, done = city.product, set[int]()

    def at_work() -> set[int]:
        return {child for worker in product.pids("worker") for child in children(worker)}

    with product.connect(clocks.ADMIN) as connection:

        def kill_who_tries() -> bool:
            # The server goes on sleeping for one that is dead already: each is killed for once.
            asleep = {pid for (pid,) in connection.execute(ASLEEP).fetchall()}
            if asleep - done:
                done.update(asleep)
                # The one that waits is still there when those with other rows have been succeeded by others.
                there = at_work()
                time.sleep(1.0)
                product.kill(*(there & at_work()))
            return False

        yield kill_who_tries


def _alarms(city: City) -> list[str]:
    """Also of a product that says it is not ready, since nobody leads the relay."""
    try:
        with urllib.request.urlopen(f"{city.product.address}/readyz", timeout=5) as answer:
            return list(json.load(answer)["alarms"])
    except HTTPError as answer:
        return list(json.load(answer)["alarms"])


@pytest.mark.parametrize(
    ("number", "ago"), [(40, LIMIT - 8), pytest.param(500, 0.0, marks=pytest.mark.long)]
)
@pytest.mark.parametrize(
    ("kind", "alarm"),
    [pytest.param("worker", "deadlines late", marks=pytest.mark.long), ("clock", "deadlines late")],
)
def test_what_stops_without_a_word_is_seen_by_the_age_of_what_is_undone(
    city: City, kind: str, alarm: str, number: int, ago: float
) -> None:
    """`ago`: the deadlines have been due for so long already, so that the limit comes soon."""
    product = city.product
    with under_load(city, f"F32 every {kind} stopped without a word, {number} deadlines", seed=320) as run:
        product.wait(lambda: alarm not in _alarms(city), 60, "no such alarm before")
        run.strike(lambda: product.freeze(*product.pids(kind)))
        ids, due = run.make_due(number, -ago)
        begun = time.monotonic()
        waited = product.wait(lambda: alarm in _alarms(city), LIMIT - ago + SEEN_WITHIN, "an alarm")
        if kind == "clock" and not ago:  # the relay stands still with the sweeps
            product.wait(lambda: "events late" in _alarms(city), LIMIT + SEEN_WITHIN, "an alarm of the relay")
        run.figures["alarm after the limit s"] = round(waited - (LIMIT - ago), 1)
        product.thaw()
        thawed = time.monotonic()
        found = run.wait_escalated(ids, due, ESCALATED_WITHIN)
        product.wait(lambda: alarm not in _alarms(city), 30, "the alarm ends")
    assert found.once == found.owed == number and not found.faults
    assert found.latest <= ago + (thawed - begun) + ESCALATED_WITHIN
