"""The administrator's page on e-mails that did not go out, and where staff get theirs."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import notice_wording
from app.access import actor, requires
from app.admin import forms
from app.admin.wording import fault_text
from app.auth import mailboxes
from app.auth.queries import people
from app.outbox import unit_of_work
from tickets import errors, mailing

bp = Blueprint("mails", __name__, url_prefix="/admin")


@bp.get("/mails")
@requires("admin.staff", "admin.directory")
def troubled() -> str:
    """Of which nobody knows whether they arrived, and those that were not sent. No address stands here."""
    before = request.args.get("before", type=int)
    with unit_of_work():
        rows, onward = mailing.troubled(before)
        return render_template(
            "admin/mails.html", rows=rows, onward=onward, before=before, words=notice_wording,
            names=people(row.staff_id for row in rows), host=current_app.extensions["hotline"].smtp_host,
        )  # fmt: skip


@bp.post("/mails/<int:notice_id>/again")
@requires("admin.staff", "admin.directory")
def again(notice_id: int) -> Response:
    """Send it once more, under the same message id."""
    return _do(notice_id, mailing.send_again, _("It is sent once more."))


@bp.post("/mails/<int:notice_id>/done")
@requires("admin.staff", "admin.directory")
def let_be(notice_id: int) -> Response:
    """Leave it: it was seen to in another way."""
    return _do(notice_id, mailing.let_be, _("Put aside."))


def _do(notice_id: int, verb: Any, sentence: str) -> Response:
    with unit_of_work() as now:
        verb(notice_id, now)
    flash(sentence, "good")
    return redirect(url_for(".troubled"), 303)


@bp.post("/staff/<int:staff_id>/email")
@requires("admin.staff")
def set_address(staff_id: int) -> Response:
    """Give a member of staff an address, or take it away."""
    try:
        with unit_of_work() as now:
            version = forms.version(request.form)
            mailboxes.set_address(actor(), now, staff_id, version, request.form.get("email", ""))
    except errors.Invalid as fault:
        fields: Any = fault.values["fields"]
        flash(" ".join(fault_text(code) for code in fields.values()), "bad")
    except errors.Stale:
        flash(_("Somebody changed this account while you were looking at it. Please look again."), "bad")
    else:
        flash(_("The e-mail address is in force."), "good")
    return redirect(url_for("admin.staff_page", staff_id=staff_id), 303)
