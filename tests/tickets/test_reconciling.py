"""The nightly check: each rung that has come is there for every overdue clock, and what is missing is done."""

from datetime import datetime, timedelta

from scenes import City

from db import db
from tickets import reconciling, service
from tickets.models import Deadline, Escalation
from tickets.permissions import SYSTEM
from tickets.reconciling import PATIENCE, Found


def check(city: City) -> Found:
    """All of it, to the end."""
    db.session.flush()
    found = Found()
    while not found.is_end:
        found = reconciling.check_on(found, city.now)
    db.session.flush()
    db.session.expire_all()
    return found


def rungs(row: Deadline) -> list[tuple[int, str]]:
    query = db.session.query(Escalation).filter_by(deadline_id=row.id).order_by(Escalation.level)
    return [(one.level, one.cause) for one in query]


def lose(row: Deadline) -> None:
    """As if nothing would ever find that it owes something."""
    row.next_at = None
    db.session.flush()


def test_rungs_that_were_missed_are_reached_and_said_to_be_repaired(monday: City):
    city = monday
    ticket_id = city.signed()
    row = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    lose(row)
    city.later(days=30)
    found = check(city)
    assert found.missing >= len(rungs(row)) > 0 and found.repaired >= found.missing
    assert {cause for _level, cause in rungs(row)} == {"repaired"}
    assert check(city).missing == 0, "once"


def test_what_the_sweeps_are_about_to_do_is_late_and_not_missing(monday: City):
    city = monday
    ticket_id = city.signed()
    row = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    while row.next_at is not None and row.next_at < row.due_at:
        city.now = row.next_at
        service.act_on_deadline(SYSTEM, city.now, row.id)
        db.session.flush()
    before = rungs(row)
    reached = {level for level, _cause in before}
    planned = min(datetime.fromisoformat(at) for level, _tier, at in row.levels if level not in reached)
    city.now = planned + PATIENCE - timedelta(seconds=1)
    check(city)
    assert rungs(row) == before
    city.later(seconds=1)
    check(city)
    assert [cause for _level, cause in rungs(row)[len(before) :]] == ["repaired"]


def test_what_stands_still_misses_nothing(monday: City):
    city = monday
    ticket_id = city.citizen_asked()
    row = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    city.later(days=30)
    check(city)
    assert row.next_at is None and row.paused_at is not None and not rungs(row)


def test_the_end_of_a_question_and_of_signing_is_left_to_the_sweep(monday: City):
    city = monday
    asked, unsigned = city.info_asked(), city.dispatched()
    question, sign = city.clock(asked, "info"), city.clock(unsigned, "sign", city.part(unsigned).id)
    city.later(days=30)
    check(city)
    assert not rungs(question) and question.next_at is not None and question.next_at <= city.now
    assert rungs(sign) and sign.next_at is not None and sign.next_at <= city.now
    assert all(service.act_on_deadline(SYSTEM, city.now, row.id) for row in (question, sign))
    assert city.ticket(asked).state == "TO_DISPATCH"
    assert city.part(unsigned).auto_signed


def test_a_clock_that_would_never_owe_its_next_rung_is_found(monday: City):
    city = monday
    ticket_id = city.signed()
    row = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    city.now = row.due_at + timedelta(minutes=5)
    before = row.levels
    while row.next_at is not None and row.next_at <= city.now:
        service.act_on_deadline(SYSTEM, city.now, row.id)
        db.session.flush()
    ahead = [at for level, _tier, at in before if level not in {one for one, _ in rungs(row)}]
    lose(row)
    found = check(city)
    assert ahead and (found.silent, row.next_at is not None) == (1, True)
