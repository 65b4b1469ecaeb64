"""An overdue matter: the sweep finds it, the worker escalates it, once; the board shows how far it has come."""

from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from app.enqueue import enqueue
from app.jobs import deadlines as job

from .cases import LOGINS, URBAN, Case, Office
from .product import Product, wait
from .test_phone_call import CALL

SWEPT_WITHIN = 25.0  # seconds: a sweep every ten, and a worker that takes the job
STANDS = "SELECT started_at, due_at, yellow_at, levels, clock_timestamp() FROM deadline WHERE id = %s"
MOVE = "UPDATE deadline SET started_at = %s, due_at = %s, yellow_at = %s, levels = %s, next_at = %s WHERE id = %s"


def make_overdue(product: Product, deadline: int) -> None:
    """Move a clock back, its ladder with it, so that its time was up a minute ago."""
    with product.connect() as connection:
        started, due, yellow, levels, now = connection.execute(STANDS, [deadline]).fetchone()
        back = due - now + timedelta(minutes=1)
        moved = [[level, tier, (datetime.fromisoformat(at) - back).isoformat()] for level, tier, at in levels]
        values = (started - back, due - back, yellow and yellow - back, Jsonb(moved), moved[0][2], deadline)
        connection.execute(MOVE, values)


def _escalations(case: Case, deadline: int) -> dict[str, int]:
    """outcome -> how many rungs."""
    query = "SELECT outcome, count(*) FROM escalation WHERE deadline_id = %s GROUP BY outcome"
    with case.product.connect() as connection:
        return dict(connection.execute(query, [deadline]).fetchall())


def test_an_overdue_matter_is_escalated_once(office: Office) -> None:
    case, handler = office.take_call(**CALL), office.who(LOGINS[URBAN])
    case.step("dispatcher", "dispatch", lead=str(office.unit(URBAN)))
    case.step(LOGINS[URBAN], "sign", unit=URBAN)
    clock = "SELECT id FROM deadline WHERE ticket_id = %s AND clock = 'handle' AND stopped_at IS NULL"
    deadline = case.product.ask(clock, case.id)
    assert not office.who("supervisor").has_on("overdue", case.id)

    make_overdue(case.product, deadline)
    wait(lambda: _escalations(case, deadline), SWEPT_WITHIN, "the overdue matter is escalated")
    case.settle()
    # Half of the time, four fifths and the last day passed unnoticed: only the highest rung acts.
    assert _escalations(case, deadline) == {"acted": 1, "skipped": 3}
    assert case.kinds().count("ticket.escalated") == 1
    for person, board in ((handler, "in_hand"), (office.who("supervisor"), "overdue")):
        row = next(row for row in person.rows(board) if row["id"] == case.id)
        assert row["tier"] == "L2", f"{person} is shown level {row['tier']}"

    _nothing_more(case, deadline)


def _nothing_more(case: Case, deadline: int) -> None:
    """Neither further sweeps nor the same job, twice over, add anything; its next rung is still to come."""
    next_at = case.product.ask("SELECT next_at FROM deadline WHERE id = %s", deadline)
    with case.product.connect() as connection:
        connection.execute(
            "UPDATE deadline SET next_at = clock_timestamp() - interval '1 minute' WHERE id = %s", [deadline]
        )
    for _ in range(2):
        enqueue(case.product.queue(), f"{job.__name__}.act_on_deadlines", [deadline] * 3)
    left = "SELECT count(*) FROM deadline WHERE id = %s AND (next_at <> %s OR claimed_until IS NOT NULL)"
    wait(lambda: case.product.ask(left, deadline, next_at) == 0, SWEPT_WITHIN, "swept again")
    assert _escalations(case, deadline) == {"acted": 1, "skipped": 3}
    assert case.kinds().count("ticket.escalated") == 1
