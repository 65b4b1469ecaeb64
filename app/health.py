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
    """The database answers, a relay leads, and no event is set aside as unpublishable."""
    try:
        with transaction():
            checks = _checks()
    except SQLAlchemyError:
        checks = {"database": False}
    return jsonify(checks), 200 if all(checks.values()) else 503


def _checks() -> dict[str, bool]:
    now = database_now()
    led_until = db.session.scalar(select(Lease.expires_at).where(Lease.name == LEASE))
    stuck = db.session.scalar(select(Outbox.event_id).where(Outbox.fault.is_not(None)).limit(1))
    return {
        "database": True,
        "relay": led_until is not None and led_until > now,
        "published": stuck is None,
    }
