"""Is this process alive, and is the product ready? For supervisors, load balancers and the administrator."""

import platform
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Blueprint, jsonify
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from app.access import public
from app.outbox import LEASE
from db import database_now, db, transaction
from routing.service import current_version
from tickets.event_models import JobOwed, Lease, Outbox, TicketEvent
from tickets.models import Deadline

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
class State:
    """How the product does. The moments are those of the oldest that is not done; None where nothing waits."""

    unpublished: datetime | None
    job_owed: datetime | None
    deadline_due: datetime | None
    parked: Sequence[Parked]
    leader: str | None
    led_until: datetime | None
    versions: dict[str, str]


def state(now: datetime) -> State:
    """Asked within a unit of work."""
    unclaimed = Deadline.claimed_until.is_(None) | (Deadline.claimed_until < now)
    lease = db.session.get(Lease, LEASE)
    # The first by id, which an index finds without reading the events.
    waiting = select(TicketEvent.at).join(Outbox, Outbox.event_id == TicketEvent.id).order_by(Outbox.event_id)
    return State(
        unpublished=db.session.scalar(waiting.limit(1)),
        job_owed=db.session.scalar(select(func.min(JobOwed.due_at)).where(JobOwed.due_at <= now)),
        deadline_due=db.session.scalar(
            select(func.min(Deadline.next_at)).where(Deadline.next_at <= now, unclaimed)
        ),
        parked=_parked(),
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
            checks, alarms = _checks(), _alarms()
    except SQLAlchemyError:
        return jsonify(database=False), 503
    return jsonify(checks | {"alarms": alarms}), 200 if all(checks.values()) else 503


def _checks() -> dict[str, bool]:
    now = database_now()
    led_until = db.session.scalar(select(Lease.expires_at).where(Lease.name == LEASE))
    return {"database": True, "relay": led_until is not None and led_until > now}


def _alarms() -> list[str]:
    """An event that is set aside waits alone: the others are published."""
    parked = db.session.scalar(select(Outbox.event_id).where(Outbox.fault.is_not(None)).limit(1))
    return [] if parked is None else ["events set aside"]
