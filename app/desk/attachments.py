"""Files of a ticket at the desk: put in, fetched, taken out and put back."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import uploads, wording
from app.access import actor, staff
from app.desk import forms
from app.errors import wants_json
from app.extensions import vault
from app.outbox import unit_of_work
from app.uploads import takes_files
from tickets import attached, errors, service
from tickets.permissions import Actor

bp = Blueprint("attachments", __name__, url_prefix="/desk/tickets")


@bp.get("/<int:ticket_id>/attachments/<int:attachment_id>")
@staff
def whole(ticket_id: int, attachment_id: int) -> Response:
    """The file, to be saved."""
    return _given_out(ticket_id, attachment_id, small=False)


@bp.get("/<int:ticket_id>/attachments/<int:attachment_id>/thumbnail")
@staff
def thumbnail(ticket_id: int, attachment_id: int) -> Response:
    """A picture in small, for pages."""
    return _given_out(ticket_id, attachment_id, small=True)


def _given_out(ticket_id: int, attachment_id: int, small: bool) -> Response:
    with unit_of_work():
        one = attached.fetched(actor(), ticket_id, attachment_id, vault())
    return uploads.given_out(one, small)


@bp.post("/<int:ticket_id>/attachments")
@staff
@takes_files
def add(ticket_id: int) -> Response:
    """Put files in with the matter, or with a unit's part."""
    part = forms.part_of(MultiDict(request.form))
    purpose = request.form.get("purpose", "")
    return _answer(ticket_id, "added", lambda: _add(ticket_id, purpose, part), part)


def _add(ticket_id: int, purpose: str, part: int | None) -> None:
    files = uploads.examined()
    uploads.put_in(actor(), ticket_id, files, purpose, part)


@bp.post("/<int:ticket_id>/attachments/<int:attachment_id>/remove")
@staff
def remove(ticket_id: int, attachment_id: int) -> Response:
    """Take a file out."""
    return _answer(ticket_id, "removed", lambda: _change(service.detach, ticket_id, attachment_id))


@bp.post("/<int:ticket_id>/attachments/<int:attachment_id>/restore")
@staff
def restore(ticket_id: int, attachment_id: int) -> Response:
    """Put it back."""
    return _answer(ticket_id, "restored", lambda: _change(service.bring_back, ticket_id, attachment_id))


Verb = Callable[[Actor, datetime, int, int], None]


def _change(verb: Verb, ticket_id: int, attachment_id: int) -> None:
    with unit_of_work() as now:
        verb(actor(), now, ticket_id, attachment_id)


def _answer(ticket_id: int, what: str, do: Callable[[], None], part: int | None = None) -> Response:
    """Back to the list of files, saying what was not done. Nothing is typed there that could be lost."""
    try:
        do()
    except errors.Invalid as fault:
        if wants_json():
            raise
        for code in fault.values["fields"].values():
            flash(wording.FAULTS[code], "bad")
    else:
        flash(_("Done: %(what)s", what=wording.STAFF_EVENTS[f"attachment.{what}"]), "good")
    place = f"files-{part}" if part else "files"
    return redirect(url_for("desk.ticket", ticket_id=ticket_id, _anchor=place), 303)
