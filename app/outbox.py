"""The unit of work, and the relay that gives events their place in the one sequence."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from app.subscribers import ABOUT_THE_EVENT, JOBS, is_called_for
from db import database_now, db, transaction
from tickets.event_models import JobOwed, Lease, Outbox, Publication, RoomHead, TicketEvent

LEASE = "relay"
LEASE_TERM = timedelta(seconds=3)
BATCH = 500
PARKED_AFTER = 5
LONGEST_WAIT = 60  # leases
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False).encode
GENESIS = b"\x00" * 32


@contextmanager
def unit_of_work(limit_ms: int | None = None) -> Iterator[datetime]:
    """One transaction around one verb. Yields `now`: the database's, or that of the clock a test set.

    `limit_ms`: no statement in it takes longer.
    """
    with transaction():
        clock = current_app.config.get("CLOCK")
        now = _first_now(limit_ms) if limit_ms or not clock else None
        yield clock() if clock else now


def _first_now(limit_ms: int | None) -> datetime:
    """The database's time, over a connection known to be good: one that a restart cut is replaced once."""
    try:
        return database_now(limit_ms)
    except DBAPIError as fault:
        if not fault.connection_invalidated:
            raise
        db.session.rollback()
        return database_now(limit_ms)


@dataclass(frozen=True)
class Stamped:
    """One published event, ready to be sent: `prevs` maps each room to its last sequence before this."""

    seq: int
    event_id: int
    subject: str
    subject_id: int
    kind: str
    rooms_after: tuple[str, ...]
    prevs: dict[str, int]


@dataclass(frozen=True)
class Leadership:
    """Proof of having led: writes made under an older fence are refused."""

    holder: str
    fence: int


def take_lead(holder: str) -> Leadership | None:
    """Take or renew the relay's lease; None while somebody else holds it.

    `holder` is also the application_name of the process's sessions, by which a late leader's are ended.
    """
    with unit_of_work() as now:
        lease = _lease()
        if _is_led(lease, holder, now):
            return None
        if lease.holder not in (None, holder):
            _end_sessions(lease.holder)
        lease = _lease(lock=True)
        if _is_led(lease, holder, now):
            return None
        if lease.holder != holder:
            lease.holder = holder
            lease.fence += 1
        lease.expires_at = now + LEASE_TERM
        return Leadership(holder, lease.fence)


def _lease(lock: bool = False) -> Lease:
    query = select(Lease).where(Lease.name == LEASE).execution_options(populate_existing=True)
    return db.session.scalars(query.with_for_update() if lock else query).one()


def _is_led(lease: Lease, holder: str, now: datetime) -> bool:
    """Whether somebody else leads."""
    return lease.holder != holder and lease.expires_at is not None and lease.expires_at > now


def _end_sessions(holder: str) -> None:
    """Let the database end the sessions of a leader that did not renew: one of them may lock the lease.

    No time-out of the server does that for a process that was frozen between two messages of a pipeline.
    """
    db.session.execute(_END_SESSIONS, {"holder": holder})


_END_SESSIONS = text(
    """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = :holder AND usename = current_user
    """
)


class LostLead(Exception):
    """Another process leads now."""


def is_waiting() -> bool:
    """Whether the outbox holds anything: a look that locks and writes nothing."""
    with transaction():
        return db.session.scalar(select(Outbox.event_id).limit(1)) is not None


def stamp(lead: Leadership) -> list[Stamped]:
    """Publish waiting events in one transaction; returns what can now be sent. Touches nothing but Postgres.

    An event that cannot be published is set aside and tried again later, so it never blocks the rest.
    Raises LostLead.
    """
    with unit_of_work() as now:
        _hold(lead)
        rows = db.session.execute(
            select(Outbox, TicketEvent)
            .join(TicketEvent, TicketEvent.id == Outbox.event_id)
            .where(or_(Outbox.retry_at.is_(None), Outbox.retry_at <= now))
            .order_by(Outbox.event_id)
            .limit(BATCH)
            .with_for_update(of=Outbox, skip_locked=True)
        ).all()
        if not rows:
            return []
        good = [event for row, event in rows if not _set_aside(row, event, now)]
        return _publish(good, now)


def _hold(lead: Leadership) -> None:
    """Lock the lease row for this transaction and see that the fence still fits."""
    query = select(Lease.fence).where(Lease.name == LEASE, Lease.holder == lead.holder).with_for_update()
    if db.session.scalar(query) != lead.fence:
        raise LostLead()


def _set_aside(row: Outbox, event: TicketEvent, now: datetime) -> bool:
    """Put off an event that has no canonical form, or a kind that only a newer version knows.

    The reason is kept; after some tries only an alarm is left.
    """
    try:
        canonical(event)
        JOBS[event.kind]
    except (TypeError, ValueError, KeyError) as fault:
        row.attempts += 1
        row.fault = repr(fault)
        row.retry_at = now + timedelta(minutes=1 if row.attempts < PARKED_AFTER else 60)
        return True
    return False


def _publish(events: list[TicketEvent], now: datetime) -> list[Stamped]:
    if not events:
        return []
    last = db.session.execute(
        select(Publication.seq, Publication.hash).order_by(Publication.seq.desc()).limit(1)
    ).one_or_none()
    seq, chain = (last.seq, last.hash) if last else (0, GENESIS)
    rooms = sorted({room for event in events for room in (*event.rooms_before, *event.rooms_after)})
    heads = dict(
        db.session.execute(select(RoomHead.room, RoomHead.seq).where(RoomHead.room.in_(rooms))).all()
    )
    rows, stamped = [], []
    for event in events:
        seq, chain = seq + 1, link(chain, event)
        rows.append({"seq": seq, "event_id": event.id, "hash": chain, "published_at": now})
        stamped.append(_stamped(seq, event, heads))
    db.session.execute(insert(Publication), rows)
    _save_heads(heads)
    _owe_jobs(events, now)
    db.session.execute(delete(Outbox).where(Outbox.event_id.in_([event.id for event in events])))
    return stamped


def _stamped(seq: int, event: TicketEvent, heads: dict[str, int]) -> Stamped:
    rooms = sorted({*event.rooms_before, *event.rooms_after})
    prevs = {room: heads.get(room, 0) for room in rooms}
    heads.update(dict.fromkeys(rooms, seq))
    return Stamped(
        seq, event.id, event.subject, event.subject_id, event.kind, tuple(event.rooms_after), prevs
    )


def _save_heads(heads: dict[str, int]) -> None:
    if not heads:
        return
    statement = postgresql.insert(RoomHead).values([{"room": room, "seq": seq} for room, seq in heads.items()])
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["room"], set_={"seq": statement.excluded.seq})
    )


def _owe_jobs(events: Iterable[TicketEvent], now: datetime) -> None:
    owed = [
        {"job": job, "subject_id": event.id if job in ABOUT_THE_EVENT else event.subject_id, "due_at": now}
        for event in events
        for job in JOBS[event.kind]
        if is_called_for(job, event)
    ]
    if owed:
        db.session.execute(insert(JobOwed), owed)


def canonical(event: TicketEvent) -> bytes:
    """The bytes of an event that its hash covers. Raises TypeError or ValueError where it has none."""
    content: list[Any] = [
        event.id, event.subject, event.subject_id, event.version, event.kind, event.actor, event.actor_id,
        event.department_id, event.at.timestamp(), event.payload, event.rooms_before, event.rooms_after,
    ]
    return _encode(content).encode()


def link(previous: bytes, event: TicketEvent) -> bytes:
    """The chain's hash for an event that follows `previous`."""
    return hashlib.sha256(previous + canonical(event)).digest()


Jobs = dict[str, list[int]]
"""Ids of owed rows by the job's name."""


def claim_jobs(limit: int, lease: timedelta, but: Collection[str] = ()) -> tuple[Jobs, Jobs]:
    """Claim owed jobs that are due, in a unit of work of its own: those for the first time, and those again.

    What was handed out before is to go by itself: one that always fails must not take others with it. `but`:
    jobs of these names are left for later.
    """
    with unit_of_work() as now:
        rows = db.session.scalars(
            select(JobOwed)
            .where(JobOwed.due_at <= now, or_(JobOwed.claimed_until.is_(None), JobOwed.claimed_until < now))
            .where(JobOwed.job.not_in(but))
            .order_by(JobOwed.due_at, JobOwed.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        fresh: Jobs = {}
        again: Jobs = {}
        for row in rows:
            (again if row.attempts else fresh).setdefault(row.job, []).append(row.id)
            row.attempts += 1
            # One that fails each time is handed out ever more seldom, and holds up no other.
            row.claimed_until = now + lease * min(row.attempts, LONGEST_WAIT)
        return fresh, again


def release_jobs(ids: Iterable[int]) -> None:
    """Give claimed jobs back at once: nobody could be told of them, which is not an attempt."""
    with unit_of_work():
        given_back = {"claimed_until": None, "attempts": JobOwed.attempts - 1}
        db.session.execute(update(JobOwed).where(JobOwed.id.in_(list(ids))).values(given_back))
