"""What workers run: each deadline decided by its row, one transaction each, and none in another's way."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from scenes import UNSURE
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.jobs import deadlines
from app.jobs.deadlines import act_on_deadlines
from app.outbox import unit_of_work
from db import db
from tickets import errors, service
from tickets.models import Deadline, Escalation, Ticket
from tickets.permissions import SYSTEM, Actor


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


def test_one_that_is_refused_or_gone_keeps_none_from_its_turn(due: list[int], monkeypatch: pytest.MonkeyPatch):
    real = service.act_on_deadline

    def refuse_second(actor: Actor, now: datetime, deadline_id: int) -> bool:
        if deadline_id == due[1]:
            raise errors.NotNow(action="close", state="CLOSED")
        return real(actor, now, deadline_id)

    monkeypatch.setattr(service, "act_on_deadline", refuse_second)
    assert act_on_deadlines([10**12, *due]) == 2
    monkeypatch.undo()
    assert act_on_deadlines(due) == 1


def test_a_ticket_that_somebody_holds_waits_for_the_next_round(due: list[int]):
    with db.engine.connect() as holder:
        first = select(Deadline.ticket_id).where(Deadline.id == due[0]).scalar_subquery()
        holder.execute(select(Ticket.id).where(Ticket.id == first).with_for_update())
        assert act_on_deadlines(due) == 2
        holder.rollback()
    assert act_on_deadlines(due) == 1


def test_a_database_that_is_away_is_no_such_case(due: list[int], monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> bool:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(deadlines.service, "act_on_deadline", fail)
    with pytest.raises(OperationalError):
        act_on_deadlines(due)
