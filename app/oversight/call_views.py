"""The log of calls: which there were, what is known of one, and its recording, heard on record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from flask import Blueprint, Response, current_app, render_template, request

from app import archive
from app.access import actor, requires
from app.auth.queries import people
from app.extensions import vault
from app.outbox import unit_of_work
from app.oversight import pages, phone_pages
from app.oversight import phone_wording as words
from app.templating import city
from app.templating import today as today_of
from calls import history, screen, wallboard
from calls.history import Found, Wanted
from calls.machine import Fact
from tickets import errors, queries
from tickets.finding import is_phone
from tickets.lifecycle import SIDE_RECORDS
from tickets.models import Ticket
from tickets.permissions import may, visible_to

bp = Blueprint("call_log", __name__, url_prefix="/oversight/phone/calls")

Answer = str | tuple[str, int]


@bp.get("")
@requires("call.watch")
def calls() -> Answer:
    """The calls of a day, the latest first; of one line, or that ended for one reason."""
    typed = _typed(request.args)
    with unit_of_work() as now:
        typed["day"] = typed["day"] or today_of(now).isoformat()
        return _listed(typed, request.args.get("after"), now)


@bp.post("")
@requires("call.watch")
def calls_of_number() -> Answer:
    """The calls of one whole number, of a day or whenever. It posts: no person stands in an address."""
    with unit_of_work() as now:
        return _listed(_typed(request.form), request.form.get("after"), now)


def _typed(sent: Mapping[str, str]) -> dict[str, str]:
    names = ("day", "line", "reason", "number")
    return {name: sent.get(name, "").replace("\x00", "").strip() for name in names}


def _listed(typed: dict[str, str], after: str | None, now: datetime) -> Answer:
    """The list that was asked for, or what is wrong with the question."""
    try:
        wanted = Wanted(line_no=typed["line"], reason=typed["reason"])
        if typed["day"]:
            start = pages.midnight(pages.day_of(typed["day"]))
            wanted = replace(wanted, start=start, end=start + timedelta(days=1))
        if typed["number"] and not is_phone(typed["number"]):
            return _log_page(typed, {"number": str(words.FAULTS["number"])}, None, now), 422
        if typed["number"]:
            found = history.calls_of(actor(), now, vault().phone_hash(typed["number"]), wanted, after)
        else:
            found = history.calls(wanted, after)
    except (errors.Invalid, OverflowError):
        return _log_page(typed, {"day": str(words.FAULTS["day"])}, None, now), 422
    return _log_page(typed, {}, found, now)


def _log_page(typed: dict[str, str], faults: dict[str, str], found: Found | None, now: datetime) -> str:
    calls = found.calls if found else []
    ids = {one.ticket_id for one in calls if one.ticket_id}
    tickets = queries.rows_by_id(ids, visible_to(actor(), Ticket.rooms))
    return render_template(
        "oversight/calls.html", typed=typed, faults=faults, found=found, now=now, words=words,
        show=phone_pages, lines=wallboard.line_names(), names=people([one.staff_id for one in calls]),
        numbers=screen.masked_numbers(calls, vault()), tickets=tickets,
        may_know_callers=actor().holds(SIDE_RECORDS["reveal"]),
    )  # fmt: skip


def _told_once(facts: Sequence[Fact]) -> list[Fact]:
    """Facts in order; that a call is over stands once, however often the carrier told it in a row."""
    return [
        fact for before, fact in zip([None, *facts], facts, strict=False)
        if before is None or (before.kind, fact.kind) != ("ended", "ended")
    ]  # fmt: skip


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
            "oversight/call.html", found=found, facts=_told_once(found.facts), call=found.call, now=now,
            words=words, show=phone_pages,
            names=people(staff), units=city().units_by_id, ticket=ticket if sees else None,
            number=screen.masked_number(found.call, vault()),
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
