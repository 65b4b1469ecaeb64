"""Is this process alive, and is the product ready? For supervisors and load balancers."""

from flask import Blueprint, jsonify
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from app.access import public
from app.outbox import LEASE
from db import database_now, db, transaction
from tickets.event_models import Lease, Outbox

bp = Blueprint("health", __name__)


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
