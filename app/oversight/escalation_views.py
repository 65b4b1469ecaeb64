"""Pages on escalations: the ledger of all that were reached, and the runs that check that none is missing."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import wording as common
from app.access import actor, requires
from app.auth.queries import people
from app.enqueue import CHECK_ESCALATIONS
from app.outbox import unit_of_work
from app.oversight import pages, wording
from db import db
from tickets import daily, errors, ledger
from tickets.event_models import JobOwed

bp = Blueprint("escalations", __name__, url_prefix="/oversight/escalations")

FILTERS = ("unit", "clock", "tier", "day")


@bp.get("")
@requires("see.city", "audit.read")
def every() -> Any:
    """Each level of each clock that acted or was skipped, the latest first."""
    asked = {name: request.args.get(name, "").replace("\x00", "").strip() for name in FILTERS}
    with unit_of_work() as now:
        page = ledger.ledger(actor(), _wanted(asked), request.args.get("after"))
        return render_template(
            "oversight/ledger.html",
            now=now,
            asked=asked,
            kept=pages.narrowing(asked),
            page=page,
            units=ledger.units_named(),
            late=ledger.LATE,
            names=people(row.acknowledged_by for row in page.rows),
            clocks=common.CLOCKS,
            words=wording,
            length=pages.length,
        )


def _wanted(asked: dict[str, str]) -> ledger.Wanted:
    """Raises Invalid for a day that is none."""
    unit = int(asked["unit"]) if asked["unit"].isdecimal() and len(asked["unit"]) < 10 else None
    start = end = None
    if asked["day"]:
        day = pages.day_of(asked["day"])
        start, end = pages.midnight(day), pages.midnight(day + timedelta(days=1))
    return ledger.Wanted(unit, asked["clock"], asked["tier"], start, end)


@bp.get("/checks")
@requires("see.city", "audit.read")
def checks() -> str:
    """The last runs: what was checked, what was missing, what was repaired."""
    with unit_of_work() as now:
        runs = daily.last_runs(daily.CHECK)
        hour = daily.hours()[daily.HOURS[daily.CHECK]]
        return render_template("oversight/checks.html", now=now, runs=runs, hour=hour)


@bp.post("/checks")
@requires("audit.read")
def check_now() -> Response:
    """Have it checked now, in the background; one at a time."""
    with unit_of_work() as now:
        latest = daily.last_runs(daily.CHECK)
        if latest and latest[0].ended_at is None:
            raise errors.NotNow(action="check", state="under_way")
        run = daily.begin_asked(daily.CHECK, now)
        db.session.add(JobOwed(job=CHECK_ESCALATIONS, subject_id=run.id, due_at=now))
    return redirect(url_for(".checks"), 303)
