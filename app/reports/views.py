"""Exports: asked for, approved or refused by somebody else, fetched by who asked."""

from collections.abc import Mapping

from flask import Blueprint, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import exporting, list_wording, narrowing, wording
from app.access import actor, in_background, requires, staff
from app.auth.queries import people
from app.choices import choose_language
from app.errors import wants_json
from app.exporting import APPROVE, Export
from app.extensions import vault
from app.outbox import unit_of_work
from tickets import errors
from tickets.narrowing import Wanted
from tickets.permissions import may

bp = Blueprint("exports", __name__, url_prefix="/exports")

Answer = str | tuple[str, int] | Response
MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@bp.get("")
@staff
def mine() -> Answer:
    """What a person has asked for, and how far each is."""
    return _page({})


def _page(faults: dict[str, str]) -> Answer:
    with unit_of_work() as now:
        rows = exporting.mine(actor())
        page = render_template(
            "reports/mine.html", now=now, rows=[(row, _told(row)) for row in rows], faults=faults,
            names=people(row.decided_by for row in rows), is_under_way=any(row.state == "OWED" for row in rows),
            may_approve=may(actor(), APPROVE), list_wording=list_wording, asked=request.form if faults else None,
            kept={name: value for name, value in _wanted(request.form).items() if value},
        )  # fmt: skip
    return (page, 422) if faults else page


def _wanted(form: Mapping[str, str]) -> dict[str, str]:
    """The filter's values, as the form below a list sends them."""
    return {name: form.get(f"wanted_{name}", "") for name in Wanted.__dataclass_fields__}


def _told(export: Export) -> str:
    """Which list it is of. What was searched for may be a name, and stays sealed."""
    place = _("Find") if export.place == narrowing.FIND else str(wording.BOARDS[export.place])
    chosen = narrowing.words(export.place, Wanted.of_data(export.wanted))
    typed = [_("words typed")] if export.words else []
    return " · ".join([place, *typed, *(f"{what} {which}" for what, which in chosen)])


@bp.get("/progress")
@staff
@in_background
def progress() -> Response:
    """`{rows: [[id, state, rows]]}` for the page's script."""
    with unit_of_work():
        return jsonify(rows=[[row.id, row.state, row.rows] for row in exporting.mine(actor())])


@bp.post("")
@staff
def ask() -> Answer:
    """Have a file made of a board or a search, as it is narrowed."""
    form = request.form
    place = form.get("place", "")
    try:
        with unit_of_work() as now:
            exporting.ask(
                actor(), now, vault(), place=place, wanted=narrowing.read(place, _wanted(form)),
                language=choose_language(), format=form.get("format", ""), words=form.get("q", ""),
                name=form.get("name", ""), identity="identity" in form, reason=form.get("reason", ""),
            )  # fmt: skip
    except errors.Invalid as fault:
        return _page(fault.values["fields"])
    return redirect(url_for(".mine"), 303)


@bp.post("/<int:export_id>/file")
@staff
def fetch(export_id: int) -> Answer:
    """The file, to who asked for it; each time is judged anew and recorded."""
    with unit_of_work() as now:
        export = exporting.fetch(actor(), now, export_id)
        content = exporting.content_of(current_app.extensions["hotline"].data_dir, vault(), export)
        kind = export.format
    answer = Response(content, content_type=MIME[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="12345-export-{export_id}.{kind}"'
    return answer


@bp.get("/approvals")
@requires(APPROVE)
def approvals() -> Answer:
    """What waits for approval, and what was decided lately."""
    return _approvals({}, None)


def _approvals(faults: dict[str, str], at: int | None) -> Answer:
    with unit_of_work() as now:
        waiting, decided = exporting.to_decide(), exporting.decided()
        page = render_template(
            "reports/approvals.html", now=now, waiting=[(row, _told(row)) for row in waiting],
            decided=[(row, _told(row)) for row in decided], faults=faults, at=at, own=actor().id,
            names=people([*(one for row in (*waiting, *decided) for one in (row.asked_by, row.decided_by))]),
            list_wording=list_wording,
        )  # fmt: skip
    return (page, 422) if faults else page


@bp.post("/approvals/<int:export_id>")
@requires(APPROVE)
def decide(export_id: int) -> Answer:
    """Approve or refuse, with a reason."""
    approved = request.form.get("approve", "") == "1"
    try:
        with unit_of_work() as now:
            exporting.decide(actor(), now, export_id, approved, request.form.get("decision", ""))
    except errors.Invalid as fault:
        if wants_json():
            raise
        return _approvals(fault.values["fields"], export_id)
    flash(_("Approved. The file is being made.") if approved else _("Refused."), "good")
    return redirect(url_for(".approvals"), 303)
