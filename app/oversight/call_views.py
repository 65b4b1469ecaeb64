"""The log of calls: which there were, what is known of one, and its recording, heard on record."""

from datetime import timedelta

from flask import Blueprint, Response, current_app, render_template, request

from app import archive
from app.access import actor, requires
from app.auth.queries import people
from app.outbox import unit_of_work
from app.oversight import pages, phone_pages
from app.oversight import phone_wording as words
from app.templating import city
from app.templating import today as today_of
from calls import history, screen, wallboard
from calls.history import Wanted
from tickets import errors, queries
from tickets.models import Ticket
from tickets.permissions import may, visible_to

bp = Blueprint("call_log", __name__, url_prefix="/oversight/phone/calls")

Answer = str | tuple[str, int]


@bp.get("")
@requires("call.watch")
def calls() -> Answer:
    """The calls of a day, the latest first; of one line, or that ended for one reason."""
    typed = {name: request.args.get(name, "").replace("\x00", "").strip() for name in ("day", "line", "reason")}
    with unit_of_work() as now:
        typed["day"] = typed["day"] or today_of(now).isoformat()
        faults, found = {}, None
        try:
            start = pages.midnight(pages.day_of(typed["day"]))
            wanted = Wanted(start, start + timedelta(days=1), typed["line"], None, typed["reason"])
            found = history.calls(wanted, request.args.get("after"))
        except (errors.Invalid, OverflowError):
            faults = {"day": words.FAULTS["day"]}
        page = render_template(
            "oversight/calls.html", typed=typed, faults=faults, found=found, now=now, words=words,
            show=phone_pages, lines=wallboard.line_names(),
            names=people([one.staff_id for one in found.calls]) if found else {},
        )  # fmt: skip
    return (page, 422) if faults else page


@bp.get("/<int:call_id>")
@requires("call.watch")
def call(call_id: int) -> str:
    """One call with all that is known of it."""
    with unit_of_work() as now:
        found = history.whole(call_id)
        ticket = found.call.ticket_id
        sees = queries.rows_by_id({ticket or 0}, visible_to(actor(), Ticket.rooms))
        staff = [found.call.staff_id, *(line.staff_id for line in found.lines)]
        return render_template(
            "oversight/call.html", found=found, call=found.call, now=now, words=words, show=phone_pages,
            names=people(staff), units=city().units_by_id, ticket=ticket if sees else None,
            number=screen.masked_number(found.call, current_app.extensions["vault"]),
            may_hear=may(actor(), "call.coach"),
        )  # fmt: skip


@bp.get("/recordings/<int:recording_id>")
@requires("call.coach")
def sound(recording_id: int) -> Response:
    """A recording as sound. That it was heard stays on record."""
    with unit_of_work() as now:
        recording = history.hear(actor(), now, recording_id)
        found = recording.id, recording.file or "", recording.digest or b""
    body = archive.load(current_app.extensions["hotline"].data_dir, *found)
    return Response(body, mimetype="audio/wav", headers={"Cache-Control": "no-store"})
