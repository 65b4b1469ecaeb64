"""Does it go on? By the age of the oldest that is not done, never by whether a process runs."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import db
from tickets.daily import CHECK, last_run
from tickets.escalating import SET_ASIDE_AFTER
from tickets.event_models import JobOwed, Outbox, TicketEvent
from tickets.models import Deadline
from tickets.notice_models import Beat, Notice, Outage

log = logging.getLogger(__name__)

LATE = timedelta(seconds=60)
"""Undone for longer is an alarm."""
SWEEP, EVENTS, JOBS, DEADLINES, MAILS = "sweep", "events", "jobs", "deadlines", "mails"


def oldest(now: datetime) -> dict[str, datetime | None]:
    """Of each kind of work the moment since when the oldest is owed; None where nothing waits.

    What was set aside after many tries has an alarm of its own, and hides nobody else's age.
    """
    # The first by id, which an index finds without reading the events.
    event = select(TicketEvent.at).join(Outbox, Outbox.event_id == TicketEvent.id)
    job = select(JobOwed.due_at).where(JobOwed.due_at <= now, JobOwed.attempts < SET_ASIDE_AFTER)
    deadline = select(Deadline.next_at).where(Deadline.next_at <= now, Deadline.attempts < SET_ASIDE_AFTER)
    mail = select(Notice.next_at).where(Notice.next_at <= now)
    queries: Mapping[str, Any] = {
        EVENTS: event.where(Outbox.fault.is_(None)).order_by(Outbox.event_id),
        JOBS: job.order_by(JobOwed.due_at, JobOwed.id),
        DEADLINES: deadline.order_by(Deadline.next_at, Deadline.id),
        MAILS: mail.order_by(Notice.next_at, Notice.id),
    }
    return {name: db.session.scalar(query.limit(1)) for name, query in queries.items()}


def late(now: datetime) -> dict[str, datetime]:
    """The kinds of work that are late, each with the moment since when."""
    return {name: at for name, at in oldest(now).items() if at is not None and now - at > LATE}


def alarms(now: datetime) -> list[str]:
    """What somebody must see to, while all else works."""
    found = [f"{name} late" for name in late(now)]
    run = last_run(CHECK)
    for name, there in (
        ("events set aside", select(Outbox.event_id).where(Outbox.fault.is_not(None))),
        ("deadlines set aside", deadlines_set_aside()),
        ("jobs set aside", select(JobOwed.id).where(JobOwed.attempts >= SET_ASIDE_AFTER)),
        ("notices not sent", select(Notice.id).where(Notice.state.in_(("UNCLEAR", "FAILED")))),
    ):
        found += [name] if db.session.scalar(there.limit(1)) is not None else []
    return found + (["escalations were missing"] if run and run.figures.get("missing") else [])


def deadlines_set_aside() -> Any:
    """Deadlines that a worker began with in vain again and again; they are tried once an hour."""
    return select(Deadline.id).where(Deadline.attempts >= SET_ASIDE_AFTER, Deadline.next_at.is_not(None))


def watch(now: datetime) -> None:
    """Note that it goes on, and keep what stood still: the ledger of escalations tells of what came late by it.

    One process at a time is enough; whoever finds another one at it leaves it to that one.
    """
    db.session.execute(insert(Beat).values(name=SWEEP, at=now).on_conflict_do_nothing())
    query = select(Beat).where(Beat.name == SWEEP).with_for_update(skip_locked=True)
    beat = db.session.scalar(query.execution_options(populate_existing=True))
    if beat is None:
        return
    if now - beat.at > LATE:
        log.error("nothing was swept from %s to %s", beat.at, now)
        db.session.add(Outage(name=SWEEP, began_at=beat.at, noticed_at=now, ended_at=now))
    beat.at = max(beat.at, now)
    standing = late(now)
    open_ = {row.name: row for row in db.session.scalars(select(Outage).where(Outage.ended_at.is_(None)))}
    for name, since in standing.items():
        if name not in open_:
            log.error("%s: the oldest has waited since %s", name, since)
            db.session.add(Outage(name=name, began_at=since, noticed_at=now))
    for name, row in open_.items():
        if name not in standing:
            row.ended_at = now
