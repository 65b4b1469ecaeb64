"""What stands still is known by the age of the oldest that is not done, and is kept until it goes on again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from databases import emptied
from scenes import UNSURE
from sqlalchemy import delete, select, text

from app import watching
from app.outbox import stamp, take_lead, unit_of_work
from db import db
from tickets import service
from tickets.event_models import JobOwed, Outbox
from tickets.notice_models import Outage
from tickets.permissions import SYSTEM

MINUTE = timedelta(minutes=1)


@pytest.fixture
def moment(own_app) -> Iterator[list[datetime]]:
    """The application's time, which the test moves; nothing is owed by anybody."""
    with own_app.app_context():
        emptied(own_app, "job_owed", "outage", "beat")
        with unit_of_work() as now:
            db.session.execute(text("UPDATE deadline SET next_at = NULL"))
        times = [now]
        own_app.config["CLOCK"] = lambda: times[0]
        lead = take_lead("a test")
        assert lead is not None
        while stamp(lead):
            pass
        with unit_of_work():
            db.session.execute(text("DELETE FROM job_owed"))
        yield times
        own_app.config.pop("CLOCK")


def watch() -> None:
    with unit_of_work() as now:
        watching.watch(now)


def outages() -> list[tuple[str, bool]]:
    with unit_of_work():
        rows = db.session.scalars(select(Outage).order_by(Outage.id)).all()
        return [(row.name, row.ended_at is not None) for row in rows]


def test_what_goes_on_leaves_no_trace(moment: list[datetime]):
    for _ in range(5):
        watch()
        moment[0] += timedelta(seconds=30)
    assert outages() == []
    with unit_of_work() as now:
        assert watching.alarms(now) == []


def test_a_time_without_any_clock_is_kept_by_the_next_one(moment: list[datetime]):
    watch()
    moment[0] += 10 * MINUTE
    watch()
    with unit_of_work():
        [row] = db.session.scalars(select(Outage)).all()
        assert (row.name, row.ended_at - row.began_at) == ("sweep", 10 * MINUTE)


@pytest.mark.parametrize("name", ["jobs", "deadlines", "events"])
def test_what_waits_too_long_is_an_alarm_until_it_is_done(own_app, moment: list[datetime], name: str):
    with unit_of_work() as now:
        if name == "jobs":
            db.session.add(JobOwed(job="a job", subject_id=1, due_at=now))
        else:
            service.open_ticket(SYSTEM, now, UNSURE, own_app.extensions["vault"])
            if name == "deadlines":
                db.session.flush()
                db.session.execute(text("DELETE FROM outbox"))
                running = text("UPDATE deadline SET next_at = :now WHERE stopped_at IS NULL")
                db.session.execute(running, {"now": now})
            else:
                db.session.flush()
                db.session.execute(text("UPDATE deadline SET next_at = NULL"))
    for _ in range(4):
        watch()
        moment[0] += timedelta(seconds=20)
    watch()
    with unit_of_work() as now:
        assert watching.alarms(now) == [f"{name} late"]
    assert outages() == [(name, False)]
    with unit_of_work():
        for table in (JobOwed, Outbox):
            db.session.execute(delete(table))
        db.session.execute(text("UPDATE deadline SET next_at = NULL"))
    watch()
    assert outages() == [(name, True)]
    with unit_of_work() as now:
        assert watching.alarms(now) == []


def test_a_worker_that_stands_still_cannot_hide_behind_the_claims_of_the_sweep(own_app, moment: list[datetime]):
    """What is claimed again and again is not done by that."""
    with unit_of_work() as now:
        service.open_ticket(SYSTEM, now, UNSURE, own_app.extensions["vault"])
        db.session.flush()
        values = {"now": now - 2 * MINUTE, "later": now + MINUTE}
        db.session.execute(text("UPDATE deadline SET next_at = :now, claimed_until = :later"), values)
    with unit_of_work() as now:
        assert "deadlines late" in watching.alarms(now)


def test_a_job_tried_in_vain_has_an_alarm_of_its_own_and_hides_no_other(moment: list[datetime]):
    with unit_of_work() as now:
        db.session.add(JobOwed(job="a job", subject_id=1, due_at=now - 10 * MINUTE, attempts=5))
    with unit_of_work() as now:
        assert watching.alarms(now) == ["jobs set aside"]
