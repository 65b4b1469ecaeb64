"""The relay: one order without gaps, one leader, and a record that shows when it was changed."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest
from rq import Queue
from scenes import UNSURE
from sqlalchemy import create_engine, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from app import CONNECT_OPTIONS, outbox
from app.checking import faults, first_broken_link
from app.enqueue import QUEUES, redis_client
from app.jobs.messages import send_receipts
from app.jobs.texts import index_texts
from app.outbox import LEASE_TERM, Leadership, LostLead, Stamped, unit_of_work
from app.subscribers import INDEX_TEXT, JOBS, SEND_RECEIPT
from clock import Clock
from db import database_now, db
from tickets import queries, service
from tickets.event_models import JobOwed, Lease, Outbox, Publication, RoomHead, TicketEvent
from tickets.permissions import SYSTEM

WRITERS, EACH = 8, 5


@pytest.fixture
def relayed(own_app) -> Iterator[None]:
    """Inside the application, with nothing waiting before and after."""
    with own_app.app_context():
        _drain()
        _resign()
        yield
        db.session.rollback()
        own_app.config.pop("CLOCK", None)
        _resign()
        _drain()


def _resign() -> None:
    """Nobody leads."""
    with unit_of_work():
        db.session.execute(update(Lease).values(expires_at=None))


def _lead() -> Leadership:
    lead = outbox.take_lead("a test")
    assert lead is not None
    return lead


def _drain() -> list[Stamped]:
    lead, found = _lead(), []
    while stamped := outbox.stamp(lead):
        found += stamped
    return found


def _take_in(vault, count: int = 1) -> list[int]:
    with unit_of_work() as now:
        return [service.open_ticket(SYSTEM, now, UNSURE, vault).ticket.id for _ in range(count)]


@pytest.fixture
def vault(own_app):
    return own_app.extensions["vault"]


def _write(app, vault, failures: list[BaseException]) -> None:
    try:
        with app.app_context():
            for _ in range(EACH):
                _take_in(vault)
    except BaseException as failure:
        failures.append(failure)
        raise


def test_eight_writers_at_once_make_one_order_without_gaps(own_app, relayed, vault):
    before = queries.last_seq()
    db.session.rollback()
    failures: list[BaseException] = []
    writers = [threading.Thread(target=_write, args=(own_app, vault, failures)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    stamped = []
    while any(writer.is_alive() for writer in writers):
        stamped += _drain()
    for writer in writers:
        writer.join()
    stamped += _drain()
    assert not failures
    assert [event.seq for event in stamped] == list(range(before + 1, before + 1 + WRITERS * EACH * 2))
    assert len({event.event_id for event in stamped}) == len(stamped)
    _check_rooms(stamped)
    assert not outbox.is_waiting()
    assert faults() == {}


def _check_rooms(stamped: list[Stamped]) -> None:
    """In each room every message names the one before it, and the head is the last."""
    last: dict[str, int] = {}
    for event in stamped:
        for room, prev in event.prevs.items():
            assert prev == last.get(room, prev) < event.seq
            last[room] = event.seq
    heads = {row.room: row.seq for row in db.session.scalars(select(RoomHead))}
    assert {room: heads[room] for room in last} == last


def test_events_of_one_ticket_keep_their_order(relayed, vault):
    [ticket_id] = _take_in(vault)
    kinds = [event.kind for event in _drain() if event.subject_id == ticket_id]
    assert kinds == ["ticket.registered", "ticket.triaged"]


def test_a_change_that_is_rolled_back_was_never_an_event(relayed, vault):
    class Stop(Exception):
        pass

    with pytest.raises(Stop), unit_of_work() as now:
        service.open_ticket(SYSTEM, now, UNSURE, vault)
        db.session.flush()
        raise Stop
    assert not outbox.is_waiting()


class TestLead:
    @pytest.fixture(autouse=True)
    def clock(self, own_app, relayed) -> Iterator[None]:
        self.now: datetime = database_now()
        db.session.rollback()
        own_app.config["CLOCK"] = lambda: self.now
        yield

    def test_one_leads_and_renews_and_a_second_is_refused(self):
        first = outbox.take_lead("a")
        assert first is not None
        assert outbox.take_lead("b") is None
        self.now += LEASE_TERM - timedelta(milliseconds=1)
        assert outbox.take_lead("b") is None
        assert outbox.take_lead("a") == first
        self.now += LEASE_TERM - timedelta(milliseconds=1)
        assert outbox.take_lead("b") is None

    def test_when_the_lease_runs_out_another_takes_over_with_a_higher_fence(self, vault):
        old = outbox.take_lead("a")
        assert old is not None
        _take_in(vault)
        self.now += LEASE_TERM
        new = outbox.take_lead("b")
        assert new == Leadership("b", old.fence + 1)
        with pytest.raises(LostLead):
            outbox.stamp(old)
        assert len(outbox.stamp(new)) == 2
        with pytest.raises(LostLead):  # also when nothing waits
            outbox.stamp(old)

    def test_who_led_before_needs_a_new_fence_too(self):
        old = outbox.take_lead("a")
        self.now += LEASE_TERM
        outbox.take_lead("b")
        self.now += LEASE_TERM
        again = outbox.take_lead("a")
        assert old is not None and again == Leadership("a", old.fence + 2)
        with pytest.raises(LostLead):
            outbox.stamp(old)

    def test_a_leader_frozen_between_two_messages_of_a_pipeline_is_replaced(self, own_app):
        """The server waits for its next message without any time-out, and the lease row stays locked."""
        old = outbox.take_lead("a")
        assert old is not None
        self.now += LEASE_TERM
        url = own_app.extensions["hotline"].database_url.replace("+psycopg", "")
        frozen = psycopg.connect(url, application_name="a", options=CONNECT_OPTIONS)
        with pytest.raises(psycopg.OperationalError), frozen.pipeline():
            frozen.execute("SELECT FROM lease FOR UPDATE")
            frozen.pgconn.send_flush_request()
            while frozen.pgconn.flush():
                pass
            _until_locked()
            assert outbox.take_lead("b") == Leadership("b", old.fence + 1)
        frozen.close()

    def test_nobody_stamps_while_the_leader_does(self, own_app, vault):
        """The fence is held for the whole transaction: a slow leader is not overtaken in the middle."""
        _take_in(vault)
        lead = outbox.take_lead("a")
        assert lead is not None
        with unit_of_work():
            outbox._hold(lead)
            with create_engine(db.engine.url).connect() as other:
                other.execute(text("SET lock_timeout = '100ms'"))
                with pytest.raises(DBAPIError):
                    other.execute(select(Lease.fence).with_for_update())
        assert len(outbox.stamp(lead)) == 2


def _until_locked() -> None:
    """Wait until some other session has locked the lease row."""
    for _ in range(500):
        with unit_of_work():
            if not db.session.scalars(select(Lease).with_for_update(skip_locked=True)).all():
                return
        time.sleep(0.01)
    raise AssertionError("nobody locked the lease")


class TestBadEvent:
    @pytest.fixture
    def strange(self, own_app, relayed) -> Iterator[int]:
        """An event of a kind that only a newer version knows; repaired by the owner at the end."""
        with unit_of_work() as now:
            event = TicketEvent(
                subject="ticket", subject_id=0, version=1, kind="ticket.from_the_future", actor="system", at=now,
                payload={}, rooms_before=[], rooms_after=[],
            )  # fmt: skip
            db.session.add(Outbox(event=event))
            db.session.flush()
            event_id = event.id
        yield event_id
        with unit_of_work():
            db.session.execute(delete(Outbox).where(Outbox.event_id == event_id))
        _as_owner(
            own_app,
            "ALTER TABLE ticket_event DISABLE TRIGGER ticket_event_insert_only",
            "DELETE FROM ticket_event WHERE id = :id AND id NOT IN (SELECT event_id FROM publication)",
            "ALTER TABLE ticket_event ENABLE TRIGGER ticket_event_insert_only",
            id=event_id,
        )

    def test_it_is_set_aside_and_the_others_go_on(self, own_app, strange: int, vault):
        _take_in(vault, 2)
        assert len(_drain()) == 4
        row = db.session.get_one(Outbox, strange)
        assert (row.attempts, row.fault) == (1, "KeyError('ticket.from_the_future')")
        db.session.rollback()

    def test_it_is_an_alarm_and_the_product_stays_ready(self, own_app, strange: int):
        ready = own_app.test_client().get("/readyz")
        assert (ready.status_code, ready.json) == (503, {"database": True, "relay": False, "alarms": []})
        _drain()
        ready = own_app.test_client().get("/readyz")
        assert (ready.status_code, ready.json) == (
            200, {"database": True, "relay": True, "alarms": ["events set aside"]},
        )  # fmt: skip

    def test_it_is_tried_again_by_the_minute_and_later_by_the_hour(self, own_app, strange: int):
        now = database_now()
        db.session.rollback()
        own_app.config["CLOCK"] = lambda: now
        waits = []
        for _ in range(outbox.PARKED_AFTER + 1):
            assert outbox.stamp(_lead()) == []
            row = db.session.get_one(Outbox, strange)
            assert row.retry_at is not None
            waits.append((row.retry_at - now) / timedelta(minutes=1))
            now = row.retry_at
            db.session.rollback()
        assert waits == [1] * (outbox.PARKED_AFTER - 1) + [60, 60]

    def test_once_it_is_understood_it_is_published(
        self, own_app, strange: int, monkeypatch: pytest.MonkeyPatch
    ):
        assert _drain() == []
        monkeypatch.setattr(outbox, "JOBS", {**JOBS, "ticket.from_the_future": ()})
        now = database_now() + timedelta(minutes=2)
        db.session.rollback()
        own_app.config["CLOCK"] = lambda: now
        assert [event.event_id for event in _drain()] == [strange]

    def test_one_without_a_canonical_form_is_no_reason_to_stop(
        self, own_app, relayed, vault, monkeypatch: pytest.MonkeyPatch
    ):
        [first, second] = _take_in(vault, 2)
        real = outbox.canonical

        def spoilt(event: TicketEvent) -> bytes:
            if event.subject_id == first:
                raise ValueError("no form")
            return real(event)

        monkeypatch.setattr(outbox, "canonical", spoilt)
        assert {event.subject_id for event in _drain()} == {second}
        monkeypatch.undo()
        now = database_now() + timedelta(minutes=2)
        db.session.rollback()
        own_app.config["CLOCK"] = lambda: now
        assert {event.subject_id for event in _drain()} == {first}


def _as_owner(app, *statements: str, **values: object) -> None:
    engine = create_engine(app.extensions["hotline"].database_owner_url)
    with engine.begin() as connection:
        for statement in statements:
            wanted = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), wanted)
    engine.dispose()


class TestRecord:
    @pytest.fixture
    def tamper(self, own_app, relayed, vault) -> Iterator[object]:
        """Runs SQL as the owner with the guards off, and puts the tables back afterwards."""
        _take_in(vault, 3)
        _drain()
        tables = ("ticket_event", "publication")
        copies = [f"CREATE TABLE kept_{name} AS TABLE {name}" for name in tables]
        guards = [f"ALTER TABLE {name} {{}} TRIGGER {name}_insert_only" for name in tables]
        _as_owner(own_app, *copies, *(guard.format("DISABLE") for guard in guards))
        yield lambda *statements, **values: _as_owner(own_app, *statements, **values)
        restore = [
            "DELETE FROM publication", "DELETE FROM outbox",
            "UPDATE ticket_event e SET payload = k.payload, at = k.at, actor_id = k.actor_id, "
            "rooms_after = k.rooms_after FROM kept_ticket_event k WHERE k.id = e.id",
            "INSERT INTO publication SELECT * FROM kept_publication",
        ]  # fmt: skip
        drops = [f"DROP TABLE kept_{name}" for name in tables]
        _as_owner(own_app, *restore, *drops, *(guard.format("ENABLE") for guard in guards))
        assert faults() == {}

    def test_as_it_is_it_verifies(self, relayed, vault):
        _take_in(vault)
        _drain()
        assert first_broken_link() is None
        assert faults() == {}

    @pytest.mark.parametrize(
        "change",
        [
            "payload = '{\"channel\": \"phone\", \"x\": 1}'",
            "at = at + interval '1 microsecond'",
            "actor_id = 1",
            "rooms_after = '{}'",
        ],
    )
    def test_a_changed_event_is_found_where_it_stands(self, tamper, change: str):
        last = queries.last_seq()
        event = "(SELECT event_id FROM publication WHERE seq = :seq)"
        tamper(f"UPDATE ticket_event SET {change} WHERE id = {event}", seq=last - 2)  # noqa: S608  both stand here
        assert first_broken_link() == last - 2

    def test_events_that_changed_places_are_found(self, tamper):
        last = queries.last_seq()
        tamper(
            "DELETE FROM publication WHERE seq >= :last - 1",
            "INSERT INTO publication (seq, event_id, hash, published_at) "
            "SELECT 2 * :last - 1 - seq, event_id, hash, published_at FROM kept_publication "
            "WHERE seq >= :last - 1",
            last=last,
        )
        assert first_broken_link() == last - 1

    def test_a_gap_and_a_cut_tail_are_found(self, tamper):
        last = queries.last_seq()
        tamper("DELETE FROM publication WHERE seq = :seq", seq=last - 1)
        found = faults(chain=False)
        assert found["gaps in the published sequence"] == [last]
        assert len(found["events neither published nor waiting"]) == 1
        tamper("DELETE FROM publication WHERE seq >= :seq", seq=last - 1)
        assert len(faults(chain=False)["events neither published nor waiting"]) == 2

    def test_an_event_published_and_waiting_is_found(self, tamper):
        tamper("INSERT INTO outbox (event_id, attempts) SELECT max(event_id), 0 FROM publication")
        assert "events published and still waiting" in faults(chain=False)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticket_event SET at = at", "DELETE FROM ticket_event", "TRUNCATE ticket_event CASCADE",
        "UPDATE publication SET hash = hash", "DELETE FROM publication", "TRUNCATE publication",
    ],
)  # fmt: skip
def test_the_products_role_cannot_rewrite_what_happened(relayed, vault, statement: str):
    _take_in(vault)
    _drain()
    with pytest.raises(DBAPIError) as refusal:
        db.session.execute(text(statement))
    assert type(refusal.value.orig).__name__ == "InsufficientPrivilege"
    assert "insert-only" not in str(refusal.value.orig)  # it is the grant that refuses, not only the trigger
    db.session.rollback()


def test_not_even_the_owner_rewrites_it_in_passing(own_app, relayed, vault):
    _take_in(vault)
    _drain()
    for statement in ("UPDATE ticket_event SET version = 9", "DELETE FROM publication"):
        with pytest.raises(DBAPIError, match="insert-only"):
            _as_owner(own_app, statement)


class TestJobs:
    @pytest.fixture(autouse=True)
    def clock(self, own_app, relayed) -> Iterator[None]:
        with unit_of_work() as now:
            db.session.execute(text("DELETE FROM job_owed"))
        self.now: datetime = now + timedelta(seconds=1)
        own_app.config["CLOCK"] = lambda: self.now
        yield

    def claim(self) -> dict[str, list[int]]:
        fresh, again = outbox.claim_jobs(100, timedelta(seconds=30))
        return {job: [*fresh.get(job, ()), *again.get(job, ())] for job in fresh | again}

    def test_a_job_is_owed_for_an_event_that_calls_for_it_and_claimed_once(self, vault):
        _take_in(vault, 2)
        _drain()
        claimed = self.claim()
        assert set(claimed) == {INDEX_TEXT, SEND_RECEIPT} and [len(ids) for ids in claimed.values()] == [2, 2]
        assert self.claim() == {}
        self.now += timedelta(seconds=31)
        assert self.claim() == claimed

    def test_what_is_handed_out_again_is_told_apart(self, vault):
        _take_in(vault)
        _drain()
        first, none = outbox.claim_jobs(100, timedelta(seconds=30))
        assert first and not none
        self.now += timedelta(seconds=31)
        assert outbox.claim_jobs(100, timedelta(seconds=30)) == ({}, first)

    def test_given_back_it_is_there_at_once(self, vault):
        _take_in(vault)
        _drain()
        claimed = self.claim()
        outbox.release_jobs([*claimed[INDEX_TEXT], *claimed[SEND_RECEIPT]])
        assert self.claim() == claimed

    def test_what_waits_in_its_queue_is_not_handed_out_once_more(self, own_app, vault):
        """A worker with other things to do first finds them once, and none of them alone for having waited."""
        queue = redis_client(own_app.extensions["hotline"].redis_url)
        queue.flushdb()
        _take_in(vault, 3)
        _drain()
        clock = Clock(own_app)
        clock.hand_out_jobs()
        held = dict.fromkeys((INDEX_TEXT, SEND_RECEIPT), 1)
        assert {job: Queue(QUEUES[job], connection=queue).count for job in held} == held
        self.now += timedelta(seconds=31)
        clock.hand_out_jobs()
        assert {job: Queue(QUEUES[job], connection=queue).count for job in held} == held
        queue.flushdb()
        clock.hand_out_jobs()
        assert {job: Queue(QUEUES[job], connection=queue).count for job in held} == dict.fromkeys(held, 3)
        queue.flushdb()

    def test_done_it_is_struck_and_done_twice_it_does_no_harm(self, vault):
        words = replace(UNSURE, content="广场上的喷泉常年不喷水")
        with unit_of_work() as now:
            ticket_id = service.open_ticket(SYSTEM, now, words, vault).ticket.id
        _drain()
        claimed = self.claim()
        [owed] = claimed[INDEX_TEXT]
        assert send_receipts(claimed[SEND_RECEIPT]) == 0  # this installation sends no texts
        assert index_texts([owed]) == 1
        assert index_texts([owed]) == 0
        self.now += timedelta(seconds=31)
        assert self.claim() == {}
        assert db.session.scalar(select(func.count()).select_from(JobOwed)) == 0
        supervisor = replace(SYSTEM, kind="staff", id=1, permissions=frozenset({"see.city"}))
        assert [row.id for row in queries.find(supervisor, "喷泉").rows] == [ticket_id]


def test_a_connection_that_a_restart_cut_is_replaced(own_app, relayed):
    with unit_of_work():
        backend = db.session.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(os.environ["HOTLINE_PG_ADMIN_URL"].replace("+psycopg", "")) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (backend,))
    with unit_of_work() as now:
        assert now.tzinfo is not None
        assert db.session.scalar(select(func.count()).select_from(Publication)) is not None

