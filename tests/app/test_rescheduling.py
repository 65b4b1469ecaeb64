"""Counting running deadlines anew in the background: goes on after a kill, and side by side does nothing twice."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from scenes import UNNAMED, City
from sqlalchemy import func, select, update

from app import rescheduling
from app.auth.accounts import actor_by_login
from app.enqueue import RESCHEDULE
from app.jobs.rescheduling import move_deadlines
from app.outbox import claim_jobs, unit_of_work
from app.rescheduling import Rescheduling
from db import db
from routing import service as routing
from routing import working_time
from routing.calendar_models import CalendarYear
from routing.editing import Refused
from tickets import clocks
from tickets import rescheduling as verbs
from tickets.event_models import JobOwed, TicketEvent
from tickets.models import Deadline

MANY = 12
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DUE = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def app(own_app: Flask) -> Iterator[Flask]:
    routing._kept.clear()
    clocks._kept.clear()
    yield own_app
    routing._kept.clear()
    clocks._kept.clear()


@pytest.fixture
def tickets(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Dispatched on a Monday; it is still that day. Afterwards nothing of theirs runs."""
    monkeypatch.setitem(app.config, "CLOCK", lambda: MONDAY)
    monkeypatch.setattr(rescheduling, "CHUNK", 5)
    with app.app_context():
        with unit_of_work() as now:
            city = City(now, app.extensions["vault"])
            made = [city.dispatched(**UNNAMED) for _ in range(MANY)]
        yield made
        with unit_of_work() as now:
            db.session.execute(update(Deadline).values(stopped_at=now, next_at=None))
            db.session.execute(update(Rescheduling).where(Rescheduling.ended_at.is_(None)).values(ended_at=now))
            for owed in db.session.scalars(select(JobOwed)):
                db.session.delete(owed)
            _arrange("2026-10-01~2026-10-07 休 国庆节")


def _arrange(days: str) -> None:
    row = db.session.get(CalendarYear, 2026)
    working_time.set_year(db.session(), 2026, row.version if row else 0, days, "测试通知", True)


def change(days: str) -> None:
    """Say of 2026 nothing but this."""
    with unit_of_work():
        _arrange(days)


def owed() -> list[int]:
    fresh, again = claim_jobs(100, timedelta(seconds=-1))
    return fresh.get(RESCHEDULE, []) + again.get(RESCHEDULE, [])


def run() -> None:
    """What workers do until nothing is owed."""
    while ids := owed():
        move_deadlines(ids)


def last() -> Rescheduling:
    with unit_of_work():
        found = rescheduling.latest()
        assert found is not None
        db.session.expunge(found)
        return found


def count() -> Rescheduling:
    with unit_of_work() as now:
        rescheduling.foresee(actor_by_login("supervisor"), now)
    run()
    return last()


def begin(counted: int, may_shorten: bool = False) -> None:
    with unit_of_work() as now:
        rescheduling.move(actor_by_login("supervisor"), now, counted, "放假通知", may_shorten)


def told() -> dict[int, int]:
    """How many events of being moved each ticket has."""
    with unit_of_work():
        query = select(TicketEvent.subject_id, func.count()).where(TicketEvent.kind == "ticket.rescheduled")
        return dict(db.session.execute(query.group_by(TicketEvent.subject_id)).all())


def dues(tickets: list[int]) -> set[datetime]:
    with unit_of_work():
        query = select(Deadline.due_at).where(Deadline.clock == "handle", Deadline.ticket_id.in_(tickets))
        return set(db.session.scalars(query))


def test_first_it_is_counted_and_nothing_moves(tickets: list[int]):
    change("2026-03-05 休 通知")
    found = count()
    assert (found.moves, found.done, found.total) == (False, MANY, MANY) and found.ended_at is not None
    assert found.found == {"later": MANY, "same": MANY}
    assert dues(tickets) == {DUE} and not told().keys() & set(tickets)


def test_what_was_counted_is_moved_with_one_event_each_and_again_nothing(tickets: list[int]):
    change("2026-03-05 休 通知")
    begin(count().id)
    run()
    found = last()
    assert (found.done, found.total) == (MANY, MANY) and found.ended_at is not None
    assert found.found == {"later": MANY, "same": MANY, "moved": MANY}
    assert dues(tickets) == {DUE + DAY}
    assert {told()[ticket_id] for ticket_id in tickets} == {1}
    begin(count().id)
    run()
    assert last().found == {"same": 2 * MANY} and {told()[ticket_id] for ticket_id in tickets} == {1}


def test_promises_become_sooner_only_where_that_was_chosen(tickets: list[int]):
    change("2026-03-07 班 通知")
    begin(count().id)
    run()
    assert last().found == {"sooner": MANY, "same": MANY} and dues(tickets) == {DUE}
    begin(count().id, may_shorten=True)
    run()
    assert last().found == {"sooner": MANY, "same": MANY, "moved": MANY} and dues(tickets) == {DUE - 2 * DAY}


def test_one_that_is_killed_goes_on_where_it_was(tickets: list[int], monkeypatch: pytest.MonkeyPatch):
    change("2026-03-05 休 通知")
    begin(count().id)
    whole, seen = verbs.reschedule, []

    def dies(*args: object, **options: object) -> object:
        seen.append(args)
        found = whole(*args, **options)
        if len(seen) in (3, 7):
            raise SystemExit  # within the transaction of this ticket
        return found

    monkeypatch.setattr(verbs, "reschedule", dies)
    for _ in range(2):
        with pytest.raises(SystemExit):
            run()
        db.session.remove()
        assert last().ended_at is None and last().done == len(told().keys() & set(tickets)) < MANY
    run()
    assert last().found == {"later": MANY, "same": MANY, "moved": MANY} and last().done == MANY
    assert {told()[ticket_id] for ticket_id in tickets} == {1} and dues(tickets) == {DUE + DAY}


def test_several_at_once_do_nothing_twice(app: Flask, tickets: list[int]):
    change("2026-03-05 休 通知")
    begin(count().id)
    ids, barrier, faults = owed(), threading.Barrier(4), []

    def work() -> None:
        with app.app_context():
            barrier.wait()
            try:
                for _ in range(8):
                    move_deadlines(ids)
            except Exception as fault:
                faults.append(fault)
            finally:
                db.session.remove()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    run()
    assert not faults and last().done == MANY
    assert last().found == {"later": MANY, "same": MANY, "moved": MANY}
    assert {told()[ticket_id] for ticket_id in tickets} == {1}


def test_what_was_counted_by_other_rules_is_not_moved(tickets: list[int]):
    change("2026-03-05 休 通知")
    counted = count().id
    change("2026-03-06 休 通知")
    for given in (counted, counted - 1):
        with pytest.raises(Refused) as refused:
            begin(given)
        assert refused.value.fields == {"state": "counted_before"}


def test_one_goes_on_at_a_time(tickets: list[int]):
    with unit_of_work() as now:
        rescheduling.foresee(actor_by_login("supervisor"), now)
        rescheduling.foresee(actor_by_login("supervisor"), now)
    assert len(owed()) == 1


def test_a_new_arrangement_is_one_of_the_whole_year(tickets: list[int]):
    change("2026-03-05 休 通知")
    with unit_of_work():
        calendar = clocks.clock_rules(routing.current()).calendar
        assert not calendar.is_working(date(2026, 3, 5)) and calendar.is_working(date(2026, 5, 1))
