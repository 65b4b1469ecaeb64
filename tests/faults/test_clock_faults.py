"""Five clock processes side by side, and the one that leads the relay frozen when deadlines fall due."""

import time
from typing import Any

import psycopg
import pytest

from .checker import wait_published
from .run import City, under_load

pytestmark = pytest.mark.xdist_group("faults")

TAKEN_OVER_WITHIN = 5.0  # seconds
ESCALATED_WITHIN = 60.0
LEASE = "SELECT holder, fence FROM lease WHERE name = 'relay'"


@pytest.mark.parametrize(("number", "frozen"), [(100, 0.0), pytest.param(500, 90.0, marks=pytest.mark.long)])
def test_a_frozen_leader_is_replaced_and_every_deadline_acts_once(city: City, number: int, frozen: float) -> None:
    """`frozen`: seconds for which the leader stays frozen at least."""
    product = city.product
    with under_load(city, f"F20 five clocks, the leader frozen as {number} deadlines fall due", seed=200) as run:
        with product.connect() as connection:
            ids, due = run.make_due(number, 2)
            leader, fence = _lease(connection)
            time.sleep(2)
            run.strike(lambda: product.freeze(int(leader.rpartition(":")[2])))
            run.figures["relay taken over after s"] = round(
                product.wait(lambda: _lease(connection)[1] > fence, 30, "another clock leads"), 2
            )
            run.figures["what waited published after s"] = round(wait_published(connection, 20), 2)
            time.sleep(max(0.0, run.strikes[0] + frozen - time.monotonic()))
        if frozen:
            found = run.wait_escalated(ids, due, ESCALATED_WITHIN)
        product.thaw()
        time.sleep(1)  # it finds out that it leads no more
        found = run.wait_escalated(ids, due, ESCALATED_WITHIN)
    assert run.figures["relay taken over after s"] < TAKEN_OVER_WITHIN
    assert found.once == found.owed == number and not found.faults
    assert found.latest <= ESCALATED_WITHIN


def _lease(connection: psycopg.Connection[Any]) -> tuple[str, int]:
    row = connection.execute(LEASE).fetchone()
    assert row is not None
    return row[0], row[1]

