"""The database killed under load; and the proof that the set checker sees a loss where there is one."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from .checker import Stored, check_stored
from .citizens import Complaint
from .product import Product, children
from .run import LEAST_ACKNOWLEDGED, LEAST_IN_FLIGHT, City, under_load

pytestmark = pytest.mark.xdist_group("faults")

RECOVERS_WITHIN = 10.0  # seconds from the kill to the first acknowledgement
CONTROL_AT_MOST = 60.0
UNSAFE = "synchronous_commit=off wal_writer_delay=10s"


@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=pytest.mark.long)])
def test_a_killed_database_loses_nothing_that_was_acknowledged(city: City, kills: int) -> None:
    with under_load(city, f"F09 database killed {kills} times", seed=90 + kills) as run:
        recoveries = []
        for _ in range(kills):
            run.strike(lambda: _kill_database(city.product))
            run.wait_recovered(30)
            recoveries.append(run.recovery())
            city.product.wait(city.product.is_whole, 30, "all processes are back")
            time.sleep(1)
        run.healed = time.monotonic()
        run.figures["recovery s"] = recoveries
    assert run.citizens.saw_retry_after
    assert max(recoveries) <= RECOVERS_WITHIN


def test_the_checker_sees_what_is_lost_altered_doubled_or_sent_by_nobody(city: City) -> None:
    """On rows that are all right, one invented difference at a time."""
    city.citizens(seed=95, rate=1).burst(4)
    with city.product.connect() as connection:
        complaints = city.complaints()
        one = next(one for one in complaints if one.result == "ok")
        others = [other for other in complaints if other is not one]
        never_stored = Complaint("no-such-key", "Never sent.", 0.0, result="ok", number="1")

        def verdict(changed: list[Complaint]) -> Stored:
            return check_stored(connection, changed, city.others)

        assert verdict(complaints).faults == {}
        assert verdict([*complaints, never_stored]).faults == {"lost": ["no-such-key"]}
        assert verdict([*others, replace(one, content="Other words.")]).faults == {"altered": [one.key]}
        assert verdict([*others, replace(one, number="0")]).faults == {"altered": [one.key]}
        assert verdict([*others, replace(one, result="fail")]).faults == {"ghosts": [one.key]}
        with connection.transaction(force_rollback=True):
            connection.execute("UPDATE ticket SET form_key = NULL WHERE form_key = %s", [one.key])
            assert verdict(complaints).faults == {"lost": [one.key]}


@pytest.mark.long
def test_control_without_synchronous_commit_the_checker_reports_a_loss(own_city: Callable[..., City]) -> None:
    """N1. If this finds no loss, then the other runs prove nothing."""
    city = own_city(HOTLINE_PG_OPTIONS=UNSAFE)
    product = city.product
    for name in ("database_url", "database_owner_url"):
        with product.connect(name) as connection:
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("off",)
    begun, seed, lost = time.monotonic(), 0, list[str]()
    while not lost and time.monotonic() - begun < CONTROL_AT_MOST:
        seed += 1
        lost = _lost_in_a_burst(city, seed)
    assert lost, "no loss was found where there must be one"


def _lost_in_a_burst(city: City, seed: int) -> list[str]:
    """Kill the database in the middle of a burst; what was acknowledged and is gone."""
    product, load = city.product, city.citizens(seed, rate=40)
    load.start()
    product.wait(lambda: len(load.acknowledged()) >= LEAST_ACKNOWLEDGED, 60, "a burst")
    product.wait(lambda: load.in_flight() >= LEAST_IN_FLIGHT, 10, "requests in flight")
    in_flight, killed = load.in_flight(), time.monotonic()
    _kill_database(product)
    product.wait(product.is_whole, 30, "the database is back")
    load.stop()
    with product.connect() as connection:
        lost = check_stored(connection, city.complaints()).lost
    before, after = len(load.acknowledged(until=killed)), len(load.acknowledged(killed))
    city.tell(
        f"N1 {UNSAFE}, seed {seed}: {before} acknowledged before the kill, {in_flight} in flight, "
        f"{after} acknowledged after it; lost: {len(lost)}"
    )
    return lost


def _kill_database(product: Product) -> None:
    """The postmaster and all its backends."""
    postmaster = product.pids("postgres")[0]
    product.kill(postmaster, *children(postmaster))
