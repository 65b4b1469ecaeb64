"""Pages for supervisors, auditors and leaders: overdue clocks, looks at contacts, the record's chain, figures."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import checking, counting
from app import wording as common
from app.access import actor, requires
from app.auth.queries import people
from app.errors import wants_json
from app.outbox import unit_of_work
from app.oversight import pages, wording
from app.templating import city
from app.templating import today as today_of
from tickets import disclosures, errors, figures, ledger, numbers, overdue
from tickets.figures import Behind

bp = Blueprint("oversight", __name__, url_prefix="/oversight")

Answer = str | tuple[str, int] | Response
LINKS = 2_000
"""Hashes that one request recomputes: a fraction of a second."""


@bp.get("/overdue")
@requires("see.city")
def late() -> Answer:
    """Running clocks that are overdue or escalated, the longest overdue first."""
    asked = _asked("unit", "level", "clock")
    with unit_of_work() as now:
        wanted = overdue.Wanted(_number(asked["unit"], None), asked["level"], asked["clock"])
        page = overdue.late_clocks(actor(), now, wanted, request.args.get("after"))
        return render_template(
            "oversight/overdue.html",
            now=now,
            asked=asked,
            kept=pages.narrowing(asked),
            page=page,
            to_see_to=ledger.to_see_to(actor(), [row.id for row in page.rows]),
            names=people(row.acknowledged_by for row in page.rows),
            totals=overdue.totals(actor(), now),
            levels=wording.LEVELS,
            clocks=common.CLOCKS,
            length=pages.length,
        )


def _asked(*names: str) -> dict[str, str]:
    """These values of the address, without what the database cannot hold."""
    return {name: request.args.get(name, "").replace("\x00", "").strip() for name in names}


def _number(text: str, otherwise: Any) -> Any:
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise


@bp.get("/looks")
@requires("audit.read")
def looks() -> Answer:
    """Who looked at whose contact, when and why; by person, by day, by ticket."""
    asked = _asked("who", "day", "number")
    faults: dict[str, str] = {}
    with unit_of_work() as now:
        looked = _looked(asked, faults)
        page = disclosures.DisclosurePage([], None)
        if not faults:
            page = disclosures.disclosures(actor(), looked, request.args.get("after"))
        often = disclosures.looked_often(now)
        shown = render_template(
            "oversight/looks.html",
            asked=asked,
            kept=pages.narrowing(asked),
            faults=faults,
            page=page,
            often=often,
            most=disclosures.MANY,
            names=people([*(row.actor_id for row in page.rows), *(one for one, _count in often)]),
            kinds=wording.LOOKS,
        )
        return (shown, 422) if faults else shown


def _looked(asked: dict[str, str], faults: dict[str, str]) -> disclosures.Looked:
    """What the form asks for; what is wrong with it goes into `faults`."""
    who = pages.staff_id(asked["who"]) if asked["who"] else None
    if asked["who"] and who is None:
        faults["who"] = _("No account has this login.")
    number = numbers.normalise_number(asked["number"])
    ticket_id = disclosures.ticket_by_number(number) if number else None
    if number and ticket_id is None:
        faults["number"] = _("No ticket has this number.")
    start = end = None
    if asked["day"]:
        try:
            day = pages.day_of(asked["day"])
            start, end = pages.midnight(day), pages.midnight(day + timedelta(days=1))
        except errors.Invalid:
            faults["day"] = _("Please give a day, as in 2026-01-31.")
    return disclosures.Looked(who, start, end, ticket_id)


@bp.get("/audit")
@requires("audit.read")
def audit() -> Answer:
    """The state of the record, and a stretch of its chain recomputed when asked to go on from `after`.

    As JSON for the page's script, which asks for one stretch after the other.
    """
    after, to, since = (_number(request.args.get(name, ""), None) for name in ("after", "to", "since"))
    with unit_of_work() as now:
        state = checking.published()
        to = min(state.last if to is None else to, state.last)
        walked = checking.walk(min(after, to), min(LINKS, max(to - after, 1))) if after is not None else None
        if wants_json():
            return jsonify(_stretch(walked, to))
        event = checking.event_at(walked.broken) if walked and walked.broken is not None else None
        return render_template(
            "oversight/audit.html",
            now=now,
            state=state,
            to=to,
            since=since or 0,
            walked=walked,
            is_whole=walked is not None and walked.broken is None and walked.reached >= to,
            event=event,
            names=people([event.actor_id] if event else []),
            events=common.STAFF_EVENTS,
        )


def _stretch(walked: checking.Walked | None, to: int) -> dict[str, Any]:
    if walked is None:
        return {"reached": 0, "to": to, "broken": None}
    return {"reached": walked.reached, "to": to, "broken": walked.broken}


@bp.get("/audit/counts")
@requires("audit.read")
def counts() -> Answer:
    """What was last counted of the record's promises. As JSON how far it is, for the page's script."""
    with unit_of_work():
        count = counting.latest()
        if wants_json():
            return jsonify(done=len(count.found) if count else 0, ended=count is None or bool(count.ended_at))
        return render_template(
            "oversight/counts.html",
            count=count,
            by=people([count.asked_by])[count.asked_by][0] if count else "",
            names=wording.FAULTS,
        )


@bp.post("/audit/counts")
@requires("audit.read")
def count_anew() -> Answer:
    """Have everything counted in the background."""
    with unit_of_work() as now:
        counting.ask(actor().id, now)
    return redirect(url_for(".counts"), 303)


@bp.get("/figures")
@requires("reports.read")
def today() -> Answer:
    """The figures of today, or of the last 7 or 30 days; each leads to its tickets."""
    days = _number(request.args.get("days", ""), 1)
    if days not in wording.PERIODS:
        raise errors.NotFound()
    with unit_of_work() as now:
        day, zone = today_of(now), city().zone.key
        span, month = pages.span_of(day, days, now), pages.span_of(day, max(wording.PERIODS), now)
        week_ago = pages.span_of(day - timedelta(days=7), 1, now)
        return render_template(
            "oversight/figures.html",
            now=now,
            day=day,
            days=days,
            span=span,
            all=pages.figures_of(span),
            words=wording,
            columns=pages.COLUMNS,
            few=figures.FEW,
            length=pages.length,
            hours=figures.taken_in_by("hour", pages.span_of(day, 1, now), zone),
            hours_before=figures.taken_in_by("hour", week_ago, zone),
            month=pages.days_of(month, figures.taken_in_by("day", month, zone)),
        )


@bp.get("/figures/tickets")
@requires("reports.read")
def tickets() -> Answer:
    """The tickets behind one figure, of the same days as the page it stands on."""
    asked = _asked("figure", "by", "value", "days", "day")
    behind = Behind(asked["figure"], asked["by"], asked["value"])
    days = _number(asked["days"], 1)
    if days not in wording.PERIODS:
        raise errors.NotFound()
    with unit_of_work() as now:
        last = pages.day_of(asked["day"]) if asked["day"] else today_of(now)
        span = pages.span_of(last, days, now)
        return render_template(
            "oversight/tickets.html",
            now=now,
            kept=pages.narrowing(asked),
            behind=behind,
            days=days,
            last=last,
            name=pages.value_name(behind.dimension, behind.value) if behind.dimension else "",
            page=figures.tickets_behind(actor(), behind, span, request.args.get("after")),
            count=figures.count(behind, span),
            unlisted=figures.unlisted(actor(), behind, span),
            words=wording,
        )
