"""Whether one gets e-mail: each person's own choice."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.access import actor, staff
from app.auth import mailboxes
from app.outbox import unit_of_work

bp = Blueprint("mailboxes", __name__)


@bp.post("/account/email")
@staff
def switch() -> Response:
    """Switch e-mail off or on."""
    off = request.form.get("off") == "1"
    with unit_of_work() as now:
        mailboxes.switch(actor(), now, off=off)
    flash(_("You get no e-mail any more.") if off else _("You get e-mail again."), "good")
    return redirect(url_for("auth.account"), 303)
