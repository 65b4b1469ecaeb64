"""Pages of the telephone for those who watch over it: how it stands now, its figures, how many seats it needs."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from app.access import in_background, requires
from app.auth.queries import people
from app.outbox import unit_of_work
from app.oversight import pages, phone_pages, phone_wording, staffing_form
from app.push import page_token
from app.templating import today as today_of
from calls import settings, wallboard
from calls.figures import Asked
from tickets import errors, queries

bp = Blueprint("phone_watch", __name__, url_prefix="/oversight/phone")

Answer = str | tuple[str, int] | Response


@bp.get("")
@requires("call.watch")
def board() -> Answer:
    """The telephone now; the page's script keeps it so."""
    with unit_of_work() as now:
        return render_template(
            "oversight/phone.html",
            live_token=page_token(current_user.get_id()),
            seq=queries.last_seq(),
            now=now,
            board=phone_pages.board(now),
            limits=settings.current(),
            show=phone_pages,
            words=phone_wording,
        )


@bp.get("/now")
@requires("call.watch")
@in_background
def now() -> Answer:
    """The same numbers for the page's script."""
    with unit_of_work() as moment:
        return jsonify(phone_pages.board(moment))


@bp.get("/figures")
@requires("call.watch")
def figures() -> Answer:
    """The figures of one day or several, of one line or all."""
    typed = {name: request.args.get(name, "").replace("\x00", "").strip() for name in ("from", "to", "line")}
    with unit_of_work() as moment:
        asked, faults = _asked(typed, moment)
        lines = wallboard.line_names()
        found = phone_pages.figures_of(asked) if asked else None
        shown = render_template(
            "oversight/phone_figures.html",
            now=moment,
            typed=typed,
            faults=faults,
            found=found,
            lines=lines,
            line_choices=sorted({*lines, *(found.lines if found else ()), *filter(None, [typed["line"]])}),
            names=people([one.staff_id for one in found.operators]) if found else {},
            show=phone_pages,
            words=phone_wording,
        )
        return (shown, 422) if faults else shown


def _asked(typed: dict[str, str], moment: Any) -> tuple[Asked | None, dict[str, str]]:
    """What the form asks for; days that were left empty are today, and stand in the form from then on."""
    faults: dict[str, str] = {}
    typed["from"] = typed["from"] or typed["to"] or today_of(moment).isoformat()
    typed["to"] = typed["to"] or typed["from"]
    days = {}
    for name in ("from", "to"):
        try:
            days[name] = pages.day_of(typed[name])
        except errors.Invalid:
            faults[name] = str(phone_wording.FAULTS["day"])
    if not faults and days["to"] < days["from"]:
        faults["to"] = str(phone_wording.FAULTS["order"])
    elif not faults and days["to"] - days["from"] >= timedelta(days=phone_pages.LONGEST):
        faults["to"] = str(phone_wording.FAULTS["length"])
    if faults:
        return None, faults
    return Asked(phone_pages.day_span(days["from"], days["to"], moment), typed["line"]), {}


@bp.get("/staffing")
@requires("call.watch")
def staffing() -> Answer:
    """How many seats a forecast needs. With nothing asked, the form alone."""
    with unit_of_work() as moment:
        usual = staffing_form.usual_aht(moment)
        typed = staffing_form.prefilled(usual)
        needed, faults = None, {}
        if "calls" in request.args:
            typed |= {name: request.args.get(name, "").strip() for name in staffing_form.FIELDS}
            needed, faults = staffing_form.read(typed)
        shown = render_template(
            "oversight/staffing.html",
            typed=typed,
            faults={name: str(phone_wording.FAULTS[code]) for name, code in faults.items()},
            needed=needed,
            usual=usual,
            minutes=staffing_form.MINUTES,
            show=phone_pages,
        )
        return (shown, 422) if faults else shown
