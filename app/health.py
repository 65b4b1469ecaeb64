"""Is this process alive, and is the product ready? For supervisors, load balancers and the administrator."""

import platform
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Blueprint, jsonify
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from app import watching
from app.access import public
from app.outbox import LEASE
from db import database_now, db, transaction
from routing.service import current_version
from tickets.escalating import SET_ASIDE_AFTER
from tickets.event_models import JobOwed, Lease, Outbox, TicketEvent
from tickets.models import Deadline, Ticket
from tickets.notice_models import Outage

bp = Blueprint("health", __name__)

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
VERSION: str = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
MOST_PARKED = 20


@dataclass(frozen=True)
class Parked:
    """An event that could not be published, and is tried again now and then."""

    event_id: int
    kind: str
    at: datetime
    attempts: int
    fault: str


@dataclass(frozen=True)
class SetAside:
    """A deadline, or a job, that workers began with in vain again and again."""

    what: str
    id: int
    attempts: int
    fault: str
    number: str | None = None


@dataclass(frozen=True)
class State:
    """How the product does. The moments are those of the oldest that is not done; None where nothing waits."""

    unpublished: datetime | None
    job_owed: datetime | None
    deadline_due: datetime | None
    mail_due: datetime | None
    parked: Sequence[Parked]
    set_aside: Sequence[SetAside]
    outages: Sequence[Outage]
    leader: str | None
    led_until: datetime | None
    versions: dict[str, str]


def state(now: datetime) -> State:
    """Asked within a unit of work."""
    lease = db.session.get(Lease, LEASE)
    oldest = watching.oldest(now)
    # With those set aside. The first by id, which an index finds without reading the events.
    waiting = select(TicketEvent.at).join(Outbox, Outbox.event_id == TicketEvent.id).order_by(Outbox.event_id)
    return State(
        unpublished=db.session.scalar(waiting.limit(1)),
        job_owed=oldest[watching.JOBS],
        deadline_due=oldest[watching.DEADLINES],
        mail_due=oldest[watching.MAILS],
        parked=_parked(),
        set_aside=[*_deadlines_set_aside(), *_jobs_set_aside()],
        outages=db.session.scalars(select(Outage).order_by(Outage.began_at.desc()).limit(MOST_PARKED)).all(),
        leader=lease.holder if lease else None,
        led_until=lease.expires_at if lease else None,
        versions=_versions(),
    )


def _parked() -> list[Parked]:
    rows = db.session.execute(
        select(Outbox, TicketEvent.kind, TicketEvent.at)
        .join(TicketEvent, TicketEvent.id == Outbox.event_id)
        .where(Outbox.fault.is_not(None))
        .order_by(Outbox.event_id)
        .limit(MOST_PARKED)
    )
    return [Parked(row.event_id, kind, at, row.attempts, row.fault or "") for row, kind, at in rows]


def _deadlines_set_aside() -> list[SetAside]:
    wanted = watching.deadlines_set_aside().order_by(Deadline.id).limit(MOST_PARKED)
    rows = db.session.execute(
        select(Deadline.id, Deadline.attempts, Deadline.fault, Ticket.number)
        .join(Ticket, Ticket.id == Deadline.ticket_id).where(Deadline.id.in_(wanted)).order_by(Deadline.id)
    )  # fmt: skip
    return [SetAside("deadline", row.id, row.attempts, row.fault or "", row.number) for row in rows]


def _jobs_set_aside() -> list[SetAside]:
    tried = select(JobOwed).where(JobOwed.attempts >= SET_ASIDE_AFTER).order_by(JobOwed.id).limit(MOST_PARKED)
    return [SetAside("job", row.id, row.attempts, row.job) for row in db.session.scalars(tried)]


def _versions() -> dict[str, str]:
    """Of the product, the data, and what both stand on."""
    return {
        "product": VERSION,
        "schema": str(db.session.scalar(text("SELECT version_num FROM alembic_version"))),
        "reference": str(current_version(db.session())),
        "PostgreSQL": str(db.session.scalar(text("SHOW server_version"))),
        "Python": platform.python_version(),
    }


@bp.get("/healthz")
@public
def healthz() -> Response:
    """This process answers."""
    return jsonify(alive=True)


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """The database answers, and a relay leads. `alarms`: what somebody must see to, while all else works."""
    try:
        with transaction():
            checks, alarms = _checks(), watching.alarms(database_now())
    except SQLAlchemyError:
        return jsonify(database=False), 503
    return jsonify(checks | {"alarms": alarms}), 200 if all(checks.values()) else 503


def _checks() -> dict[str, bool]:
    now = database_now()
    led_until = db.session.scalar(select(Lease.expires_at).where(Lease.name == LEASE))
    return {"database": True, "relay": led_until is not None and led_until > now}
