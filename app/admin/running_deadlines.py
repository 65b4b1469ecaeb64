"""The administrator's page on running deadlines: what would move by the rules in force, and moving it."""

from datetime import datetime

from flask import Blueprint, jsonify, redirect, request, url_for
from flask_babel import gettext as _

from app import edits, rescheduling
from app.access import actor, requires
from app.admin.edit import Page, Refusal, answer, attempt, done, number, text
from app.auth.queries import people
from app.errors import wants_json
from app.outbox import unit_of_work
from db import db
from routing.service import current_version

bp = Blueprint("running_deadlines", __name__, url_prefix="/admin/deadlines")


@bp.get("")
@requires("admin.directory")
def running() -> Page:
    """The last count or move, with its progress."""
    return _page()


@bp.post("/count")
@requires("admin.directory")
def count() -> Page:
    """Have counted in the background what would move."""
    with unit_of_work() as now:
        rescheduling.foresee(actor(), now)
    return redirect(url_for(".running"), 303)


@bp.post("/move")
@requires("admin.directory")
def move() -> Page:
    """Have moved what was counted."""
    refusal = attempt(rescheduling.RESCHEDULING, "", _move)
    return _page(refusal) if refusal else done(".running", _("The deadlines are being moved."))


def _move(now: datetime) -> None:
    edit = rescheduling.move(
        actor(), now, number("counted"), text("reason"), may_shorten="may_shorten" in request.form
    )
    edits.keep(edit, actor(), now)


def _page(refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        last = rescheduling.latest()
        if wants_json():
            return jsonify(done=last.done if last else 0, ended=last is None or last.ended_at is not None)
        return answer(
            "admin/running_deadlines.html", refusal, {"reason": ""}, last=last,
            by=people([last.asked_by])[last.asked_by][0] if last else "",
            is_foresight=last is not None and last.is_foresight(current_version(db.session())),
            is_changed=last is not None and last.reference_version != current_version(db.session()),
            longest=rescheduling.LONGEST_REASON,
        )  # fmt: skip
