"""For supervisors: numbers that are not put through, and which telephone stands on whose desk."""

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, select
from werkzeug.wrappers import Response

from app import edits
from app.access import actor, requires
from app.auth.models import Role, RoleMembership, Staff
from app.auth.queries import people
from app.extensions import vault
from app.outbox import unit_of_work
from app.wording import Words
from calls import blocking, seating
from calls.models import Seat
from db import db
from routing.editing import Edit, Refused
from tickets import errors

bp = Blueprint("callers", __name__, url_prefix="/oversight/lines")

Page = tuple[str, int] | Response

FAULTS: Words = {
    "phone": _l("This is no number that could call."),
    "blocked_already": _l("This number is blocked already."),
    "reason": _l("Please say why, in at most 200 characters."),
    "days": _l("Please choose for how long."),
    "extension_shape": _l(
        "2 to 15 digits, with + before a full number, or a SIP address such as sip:8001@example.org."
    ),
    "extension_taken": _l("This telephone stands on another desk already."),
}  # fmt: skip


@bp.get("")
@requires("call.coach")
def lines() -> Page:
    """What is blocked now, and the desks."""
    return _page()


@bp.post("/blocked")
@requires("call.coach")
def block() -> Page:
    """Turn a number away for some days."""
    given = request.form.get("days", "")
    days = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
    phone, reason = request.form.get("phone", ""), request.form.get("reason", "").replace("\x00", "")
    return _do(
        lambda now: blocking.block(actor(), now, phone, reason, days, vault()), _("The number is blocked.")
    )


@bp.post("/blocked/<int:blocked_id>/end")
@requires("call.coach")
def unblock(blocked_id: int) -> Page:
    """Put the number through again."""
    return _do(lambda now: blocking.unblock(actor(), now, blocked_id), _("The number is put through again."))


@bp.post("/desks/<int:staff_id>")
@requires("call.coach")
def set_extension(staff_id: int) -> Page:
    """Say which telephone stands on a desk."""

    def do(now: datetime) -> Edit:
        if staff_id not in {person.id for person in _who_answers()}:
            raise errors.NotFound()
        return seating.set_extension(actor(), now, staff_id, request.form.get("extension", ""))

    return _do(do, _("The telephone is noted."), staff_id)


def _do(verb: Callable[[datetime], Edit], sentence: str, staff_id: int = 0) -> Page:
    try:
        with unit_of_work() as now:
            edits.keep(verb(now), actor(), now)
    except Refused as fault:
        faults = {name: str(FAULTS.get(code) or FAULTS[name]) for name, code in fault.fields.items()}
        return _page(faults, staff_id)
    flash(sentence, "good")
    return redirect(url_for("callers.lines"), 303)


def _page(faults: Mapping[str, str] | None = None, staff_id: int = 0) -> Page:
    with unit_of_work() as now:
        blocked = blocking.blocked(now)
        page = render_template(
            "oversight/lines.html", blocked=blocked, names=people([row.by for row in blocked]),
            faults=faults or {}, typed=request.form, days=blocking.DAYS, desks=_who_answers(),
            refused_desk=staff_id,
        )  # fmt: skip
    return page, 422 if faults else 200


def _who_answers() -> list[Row[tuple[int, str, str, str | None]]]:
    """(id, login, name, extension) of everybody whose work is to answer calls."""
    holders = (
        select(RoleMembership.staff_id)
        .join(Role, Role.code == RoleMembership.role_code)
        .where(Role.permissions.contains(["call.answer"]))
    )
    query = (
        select(Staff.id, Staff.login, Staff.name, Seat.extension)
        .outerjoin(Seat, Seat.staff_id == Staff.id)
        .where(Staff.id.in_(holders), Staff.disabled_at.is_(None))
    )
    return list(db.session.execute(query.order_by(Staff.login)))
