"""What workers run: each deadline decided by its row, and none in another's way."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from scenes import UNSURE
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.jobs import deadlines
from app.jobs.deadlines import act_on_deadlines
from app.outbox import unit_of_work
from db import db
from tickets import errors, escalating, service
from tickets.models import Deadline, Escalation, Ticket
from tickets.permissions import SYSTEM


@pytest.fixture
def due(own_app) -> Iterator[list[int]]:
    """Three deadlines that are due by the application's clock."""
    vault = own_app.extensions["vault"]
    with own_app.app_context():
        with unit_of_work() as now:
            ids = [service.open_ticket(SYSTEM, now, UNSURE, vault).ticket.id for _ in range(3)]
        own_app.config["CLOCK"] = lambda: now + timedelta(hours=3)
        with unit_of_work():
            query = select(Deadline.id).where(Deadline.ticket_id.in_(ids)).order_by(Deadline.id)
            deadline_ids = list(db.session.scalars(query))
        yield deadline_ids
        db.session.rollback()
        own_app.config.pop("CLOCK")


def _acted(deadline_ids: list[int]) -> list[int]:
    query = select(Escalation.deadline_id).where(
        Escalation.deadline_id.in_(deadline_ids), Escalation.outcome == "acted"
    )
    with unit_of_work():
        return sorted(db.session.scalars(query))


def test_each_acts_once_however_often_the_job_runs(due: list[int]):
    assert act_on_deadlines(due) == 3
    assert act_on_deadlines([*due, *due]) == 0
    assert _acted(due) == due


def poison(monkeypatch: pytest.MonkeyPatch, deadline_id: int, fault: Exception) -> None:
    """From now on this deadline cannot be done, whoever tries."""
    real = escalating._act

    def fail(locked: Any, actor: Any, now: datetime, row: Deadline, *rest: Any) -> list[Escalation]:
        if row.id == deadline_id:
            raise fault
        return real(locked, actor, now, row, *rest)

    monkeypatch.setattr(escalating, "_act", fail)


def _attempts(deadline_id: int) -> tuple[int, str | None]:
    with unit_of_work():
        row = db.session.get_one(Deadline, deadline_id)
        return row.attempts, row.fault


@pytest.mark.parametrize(
    ("fault", "said"), [(errors.NotNow(action="close", state="CLOSED"), "not_now"), (KeyError("x"), "KeyError")]
)
def test_one_that_fails_or_is_gone_keeps_none_from_its_turn(
    due: list[int], monkeypatch: pytest.MonkeyPatch, fault: Exception, said: str
):
    poison(monkeypatch, due[1], fault)
    assert act_on_deadlines([10**12, *due]) == 2
    assert _attempts(due[1]) == (1, said)
    monkeypatch.undo()
    assert act_on_deadlines(due) == 1
    assert _attempts(due[1]) == (0, None)


def test_one_that_always_fails_is_set_aside_with_an_alarm_and_tried_once_an_hour(
    own_app, due: list[int], monkeypatch: pytest.MonkeyPatch
):
    poison(monkeypatch, due[1], ValueError("always"))
    for tries in range(1, escalating.SET_ASIDE_AFTER + 1):
        act_on_deadlines(due)
        assert _attempts(due[1])[0] == tries
    assert _acted(due) == [due[0], due[2]]
    assert "deadlines set aside" in own_app.test_client().get("/readyz").json["alarms"]
    with unit_of_work() as now:
        assert due[1] in escalating.due_deadlines(now, 5000, now + timedelta(seconds=30)).again
    with unit_of_work():
        assert db.session.get_one(Deadline, due[1]).claimed_until == now + escalating.SET_ASIDE_FOR
    monkeypatch.undo()
    assert act_on_deadlines(due) == 1
    assert "deadlines set aside" not in own_app.test_client().get("/readyz").json["alarms"]


def test_what_killed_its_worker_is_known_by_the_attempt_and_handed_out_alone(due: list[int]):
    with unit_of_work() as now:
        escalating.begin(now, due)  # and nothing more: the worker is dead
    with unit_of_work() as now:
        claimed = escalating.due_deadlines(now, 5000, now + timedelta(seconds=30))
    assert set(due) <= set(claimed.again) and not set(due) & set(claimed.fresh)


def test_of_a_job_of_many_only_what_its_dead_worker_was_at_has_to_go_alone(
    due: list[int], monkeypatch: pytest.MonkeyPatch
):
    def die(_ids: object) -> int:
        raise SystemExit

    monkeypatch.setattr(deadlines, "AT_ONCE", 2)
    monkeypatch.setattr(deadlines, "_together", die)
    with pytest.raises(SystemExit):
        act_on_deadlines(due)
    assert [_attempts(one)[0] for one in due] == [1, 1, 0]


def test_no_more_are_under_way_than_may_be(due: list[int]):
    with unit_of_work() as now:
        db.session.execute(update(Deadline).values(claimed_until=None))
        first = escalating.due_deadlines(now, 2, now + timedelta(seconds=30))
    with unit_of_work() as now:
        none = escalating.due_deadlines(now, 2, now + timedelta(seconds=30))
    assert len(first.ids) == 2 and first.has_more and none.ids == [] and none.has_more


def test_a_ticket_that_somebody_holds_waits_for_the_next_round(due: list[int]):
    with db.engine.connect() as holder:
        first = select(Deadline.ticket_id).where(Deadline.id == due[0]).scalar_subquery()
        holder.execute(select(Ticket.id).where(Ticket.id == first).with_for_update())
        assert act_on_deadlines(due) == 2
        holder.rollback()
    assert _attempts(due[0]) == (0, None), "that somebody held it was no attempt"
    assert act_on_deadlines(due) == 1


def test_a_database_that_is_away_is_no_such_case(due: list[int], monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> bool:
        raise OperationalError("SELECT", {}, Exception("gone"), connection_invalidated=True)

    monkeypatch.setattr(deadlines.escalating, "escalate", fail)
    with pytest.raises(OperationalError):
        act_on_deadlines(due)
