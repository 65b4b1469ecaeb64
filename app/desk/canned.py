"""Texts that units and the city keep ready for replies: the pages on which they are edited."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import NoResultFound
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import edits, list_wording
from app.access import actor, requires
from app.outbox import unit_of_work
from app.templating import city, deadline, unit_name
from db import db
from routing import replies
from routing.editing import Edit, Outdated, Refused
from tickets import errors
from tickets.permissions import may
from tickets.queries import TicketPage

bp = Blueprint("canned", __name__, url_prefix="/desk/canned")

OF_UNIT, OF_CITY = "canned.edit", "admin.directory"
FIELDS = ("unit", "code", "title", "body", "category_code")
Answer = str | tuple[str, int] | Response


def ready(page: TicketPage, may_reply: set[int]) -> dict[int, list[tuple[str, str, str]]]:
    """Part -> (code, title, text with its placeholders filled in) for the parts of a ticket one may reply to."""
    found = {}
    for view in page.parts:
        if view.part.id in may_reply:
            due = next((clock.due_at for clock in view.clocks if clock.clock in ("handle", "redo")), None)
            values = {"number": page.ticket.number or "", "unit": view.unit, "due": deadline(due)}
            units = (view.part.department_id, *city().ancestors(view.part.department_id))
            rows = replies.canned_for(db.session(), units, page.ticket.category_code)
            found[view.part.id] = [(row.code, row.title, replies.filled(row.body, values)) for row in rows]
    return found


def ticks(page: TicketPage) -> dict[str, Any]:
    """What is to be ticked in replies on this ticket, and what ticks of former replies say."""
    ids = {item for entry in page.timeline for item in entry.payload.get("checked") or ()}
    return {
        "checklist": replies.checks_for(db.session(), page.ticket.category_code),
        "ticked": replies.wordings(db.session(), ids) if ids else {},
    }


@bp.get("")
@requires(OF_UNIT, OF_CITY)
def texts() -> Answer:
    """The texts that one may edit."""
    return _list_page()


def _units() -> list[int]:
    """The units whose texts one may edit."""
    return sorted(unit for unit, held in actor().units.items() if OF_UNIT in held)


def _list_page(faults: dict[str, str] | None = None) -> Answer:
    with unit_of_work():
        units, of_city = _units(), may(actor(), OF_CITY)
        page = render_template(
            "desk/canned_list.html", rows=replies.canned_of(db.session(), units, of_city),
            units=[(unit, unit_name(unit)) for unit in units], of_city=of_city, categories=city().categories,
            faults=faults or {}, typed=request.form if faults else MultiDict(),
            fault_words=list_wording.TEXT_FAULTS,
        )  # fmt: skip
    return (page, 422) if faults else page


@bp.post("")
@requires(OF_UNIT, OF_CITY)
def add() -> Answer:
    """A new text of a unit, or of the city."""
    unit = _unit(request.form.get("unit", ""))

    def do(_now: datetime) -> Edit:
        _demand(unit)
        return replies.add_canned(db.session(), unit, **_values())

    faults = _attempt(do)
    return _list_page(faults) if faults else _kept()


@bp.get("/<int:canned_id>")
@requires(OF_UNIT, OF_CITY)
def one(canned_id: int) -> Answer:
    """One text with its history."""
    return _page(canned_id)


@bp.post("/<int:canned_id>")
@requires(OF_UNIT, OF_CITY)
def change(canned_id: int) -> Answer:
    """Another wording, or an end."""
    version = request.form.get("version", "")

    def do(_now: datetime) -> Edit:
        _demand(_row(canned_id).department_id)
        values = _values()
        del values["code"]
        seen = int(version) if version.isdecimal() and len(version) < 10 else 0
        return replies.change_canned(
            db.session(), canned_id, seen, is_active="is_active" in request.form, **values
        )

    faults = _attempt(do)
    return _page(canned_id, faults) if faults else _kept()


def _page(canned_id: int, faults: dict[str, str] | None = None) -> Answer:
    with unit_of_work():
        row = _row(canned_id)
        _demand(row.department_id)
        stored = MultiDict({
            "title": row.title, "body": row.body, "category_code": row.category_code or "",
            **({"is_active": "1"} if row.is_active else {}),
        })  # fmt: skip
        page = render_template(
            "desk/canned_page.html", row=row, faults=faults or {}, categories=city().categories,
            typed=request.form if faults else stored, fault_words=list_wording.TEXT_FAULTS,
            past=edits.history(replies.CANNED, str(canned_id)),
        )  # fmt: skip
    return (page, 409 if "version" in faults else 422) if faults else page


def _row(canned_id: int) -> replies.CannedReply:
    row = db.session.get(replies.CannedReply, canned_id)
    if row is None:
        raise errors.NotFound()
    return row


def _demand(unit: int | None) -> None:
    """Raise Forbidden where the text is not one's own to edit: the city's is an administrator's."""
    if not (may(actor(), OF_CITY) if unit is None else OF_UNIT in actor().units.get(unit, ())):
        raise errors.Forbidden(action=OF_UNIT)


def _unit(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _values() -> dict[str, Any]:
    form = request.form
    return {
        "code": form.get("code", ""), "title": form.get("title", ""), "body": form.get("body", ""),
        "category": form.get("category_code") or None,
    }  # fmt: skip


def _attempt(do: Callable[[datetime], Edit]) -> dict[str, str]:
    """Do one edit and keep its record; what was wrong with it where it was not done."""
    try:
        with unit_of_work() as now:
            edits.keep(do(now), actor(), now)
    except Refused as fault:
        return dict(fault.fields)
    except Outdated:
        return {"version": "outdated"}
    except NoResultFound as fault:
        raise errors.NotFound() from fault
    return {}


def _kept() -> Response:
    flash(_("Changed. It is in force from now on."), "good")
    return redirect(url_for(".texts"), 303)
