"""What a person was told: the bell's count, the page of notices, reading them, and confirming an escalation."""

from collections.abc import Sequence

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import notice_wording
from app.access import actor, in_background, staff
from app.outbox import unit_of_work
from db import db
from tickets import escalating, ledger, notices
from tickets.models import Deadline

bp = Blueprint("notices", __name__, url_prefix="/notices")


@bp.get("")
@staff
def page() -> str:
    """The latest first; `unread` leaves out those that were read."""
    before, only_unread = request.args.get("before", type=int), "unread" in request.args
    with unit_of_work() as now:
        found = notices.page_of(actor(), before, only_unread)
        return render_template(
            "desk/notices.html",
            now=now,
            page=found,
            to_see_to=ledger.to_see_to(actor(), _clocks(found.rows)),
            unread=notices.unread(actor()),
            many=notices.MANY,
            before=before,
            only_unread=only_unread,
            words=notice_wording,
        )


def _clocks(rows: Sequence[notices.Line]) -> list[int]:
    """Those that the page tells of, where the reader still sees their tickets."""
    return [row.facts["deadline"] for row in rows if row.number and "deadline" in row.facts]


@bp.get("/unread")
@staff
@in_background
def unread() -> Response:
    """`{unread}`: how many there are, up to a hundred."""
    with unit_of_work():
        return jsonify(unread=notices.unread(actor()))


@bp.post("/<int:notice_id>/read")
@staff
def read(notice_id: int) -> Response:
    """Mark one as read, and go on to its ticket where it has one."""
    with unit_of_work() as now:
        notices.read_one(actor(), now, notice_id)
    return _back()


@bp.post("/read")
@staff
def read_all() -> Response:
    """Mark all as read that the page knew of."""
    with unit_of_work() as now:
        notices.read_all(actor(), now, request.form.get("up_to", 0, type=int))
    return _back()


@bp.post("/escalations/<int:deadline_id>/seen")
@staff
def seen(deadline_id: int) -> Response:
    """Confirm having seen what an escalation told."""
    with unit_of_work() as now:
        first = escalating.acknowledge(actor(), now, deadline_id)
    words = _("Confirmed. It is on record that you have seen it.")
    flash(words if first else _("It was confirmed before."), "good" if first else "info")
    return _back(deadline_id)


@bp.post("/escalations/<int:deadline_id>/refer")
@staff
def refer(deadline_id: int) -> Response:
    """Refer an overdue matter to the level that is reached by hand alone."""
    with unit_of_work() as now:
        escalating.refer(actor(), now, deadline_id)
    flash(_("Referred. It is on record."), "good")
    return _back(deadline_id)


def _back(deadline_id: int | None = None) -> Response:
    """To the page that the form stood on, by its name."""
    came_from = request.form.get("from", "")
    if came_from == "ticket" and deadline_id is not None:
        with unit_of_work():
            ticket_id = db.session.get_one(Deadline, deadline_id).ticket_id
        return redirect(url_for("desk.ticket", ticket_id=ticket_id), 303)
    return redirect(url_for("oversight.late" if came_from == "late" else "notices.page"), 303)
