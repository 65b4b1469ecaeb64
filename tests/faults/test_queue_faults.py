"""The queue killed, gone for seconds, back without its data; its workers killed while they escalate."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from redis import Redis
from redis.exceptions import RedisError

from app.enqueue import ACT_ON_DEADLINES, enqueue

from . import clocks
from .boards import Board
from .product import children
from .run import City, under_load

pytestmark = pytest.mark.xdist_group("faults")

BOARDS_WITHIN = 10.0  # seconds from the queue's return until every board knows what it missed
DUE_MEANWHILE = 50
ESCALATED_WITHIN = 60.0  # seconds; a lost claim runs out after 30, the sweep comes every 10


@pytest.mark.parametrize("number", [200, pytest.param(600, marks=pytest.mark.long)])
def test_a_job_started_twice_and_cut_off_escalates_once(city: City, number: int) -> None:
    product = city.product
    with under_load(city, f"F04 job of {number} deadlines twice at once, one RQ parent killed", seed=40) as run:
        with product.connect() as connection, product.connect(clocks.ADMIN) as admin, _queue(city) as queue:
            ids, due = run.make_due(number, 0)
            with product.connect() as holder:
                with holder.transaction():
                    holder.execute(clocks.HOLD)
                    for _ in range(2):
                        enqueue(queue, ACT_ON_DEADLINES, ids)
                    product.wait(lambda: all(map(children, product.pids("worker"))), 20, "both workers at work")
                    product.wait(lambda: clocks.waits_to_write(admin), 20, "a worker is in its transaction")
                with holder.transaction():
                    # Granted after whoever waited for it, and before their next transaction.
                    holder.execute(clocks.HOLD)
                    product.wait(lambda: clocks.reached(connection, ids) > 0, 20, "the first escalation")
                    parent = product.pids("worker")[0]
                    at_work = children(parent)
                    run.strike(lambda: product.kill(parent))
                    done_by_then = clocks.reached(connection, ids)
                    product.wait(
                        lambda: not set(at_work) & set(product.all_pids()), 5, "the job's process dies with it"
                    )
        found = run.wait_escalated(ids, due, ESCALATED_WITHIN)
        run.figures["escalated when the parent was killed"] = done_by_then
    assert 0 < done_by_then < number, "the worker was killed before or after the work, not during it"
    assert not found.faults and found.latest <= ESCALATED_WITHIN


@pytest.mark.parametrize("seconds", [4, pytest.param(10, marks=pytest.mark.long)])
def test_a_queue_that_is_away_delays_no_complaint_and_boards_catch_up(city: City, seconds: int) -> None:
    product = city.product
    with _boards(city, "leader", "dispatcher", "handler-urban") as boards, product.connect() as connection:
        with under_load(city, f"F06 queue killed and away for {seconds} s", seed=60 + seconds) as run:
            ids, due = run.make_due(DUE_MEANWHILE, 1)
            with ExitStack() as outage:
                run.strike(lambda: outage.enter_context(product.away("valkey")))
                time.sleep(seconds)
            product.wait(lambda: _answers(city), 10, "the queue is back")
            back = time.monotonic()
            until = connection.execute("SELECT max(seq) FROM publication").fetchone()[0]
            run.figures["boards right after s"] = round(
                product.wait(
                    lambda: not any(board.behind(connection, until) for board in boards),
                    BOARDS_WITHIN,
                    "boards know what they missed",
                ),
                2,
            )
            found = run.wait_escalated(ids, due, ESCALATED_WITHIN)
        during = [one for one in run.citizens.complaints if run.strikes[0] <= one.begun <= back]
        product.wait(lambda: not any(board.wrong(connection) for board in boards), BOARDS_WITHIN, "boards right")
        told = [(board.login, board.messages, board.asked, len(board.held)) for board in boards]
    city.tell(f"    {len(during)} complaints while it was away; boards (messages, questions, tickets): {told}")
    assert during and all(one.tries == ["201"] for one in during)
    assert all(board.held and not board.strayed for board in boards)
    assert not found.faults and found.latest <= ESCALATED_WITHIN


@pytest.mark.long
def test_a_queue_killed_again_and_again_delays_no_complaint(city: City) -> None:
    """Its supervisor starts it anew each time, and the workers, which end when it goes, too."""
    product = city.product
    with under_load(city, "F06 queue killed every 0.3 s for 10 s", seed=69) as run:
        for _ in range(33):
            if product.pids("valkey"):
                run.strike(lambda: product.kill(*product.pids("valkey")))
            time.sleep(0.3)
        product.wait(lambda: _answers(city), 10, "the queue is back")
        run.healed = time.monotonic()
    assert all(one.tries == ["201"] for one in run.citizens.complaints)
    product.wait(product.is_whole, 30, "all processes are back")


@pytest.mark.parametrize("number", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_deadlines_outlive_a_queue_that_comes_back_empty(city: City, number: int) -> None:
    product = city.product
    with under_load(city, f"F07 queue erased with {number} deadlines pending", seed=70) as run:
        ids, due = run.make_due(number, 4)
        with ExitStack() as outage:
            run.strike(lambda: outage.enter_context(product.away("valkey")))
            shutil.rmtree(product.data / "valkey")
            (product.data / "valkey").mkdir()
        product.wait(lambda: _answers(city), 10, "the queue is back")
        with _queue(city) as queue:
            queue.flushall()
        found = run.wait_escalated(ids, due, ESCALATED_WITHIN)
    assert not found.faults and found.latest <= ESCALATED_WITHIN


@pytest.mark.long
def test_deadlines_outlive_jobs_that_were_erased(city: City) -> None:
    """Erased after the sweep has handed them out and before a worker has done one: their claims run out."""
    product, number = city.product, 200
    with under_load(city, f"F07 queue erased with {number} escalations handed out", seed=75) as run:
        with _queue(city) as queue:
            product.freeze(*product.pids("worker"))
            ids, due = run.make_due(number, 0)
            product.wait(lambda: queue.exists("rq:queue:deadlines"), 20, "the sweep has handed out jobs")
            run.strike(queue.flushall)
            product.thaw()
        found = run.wait_escalated(ids, due, ESCALATED_WITHIN)
    assert not found.faults and found.latest <= ESCALATED_WITHIN


@contextmanager
def _queue(city: City) -> Iterator[Redis]:
    client = Redis.from_url(city.product.url("redis_url"), socket_timeout=2)
    try:
        yield client
    finally:
        client.close()


def _answers(city: City) -> bool:
    with _queue(city) as queue:
        try:
            return bool(queue.ping())
        except RedisError:
            return False


@contextmanager
def _boards(city: City, *logins: str) -> Iterator[list[Board]]:
    boards = [Board(city.product.address, login) for login in logins]
    with ExitStack() as stack:
        for board in boards:
            stack.callback(board.close)
            board.open()
        yield boards
