"""What helps at the desk: routing's suggestion while one types, a second call, who else has the ticket open."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response

from app import guessing, intake_form, wording
from app.access import actor, in_background, requires, staff
from app.auth.queries import people
from app.desk import pages
from app.outbox import unit_of_work
from app.templating import category_name, city, region_name, unit_by_code
from routing.values import Alternative, Decision
from tickets import errors, presence, queries, service
from tickets.intake import CONTENT_LENGTH
from tickets.permissions import with_proof
from tickets.queries import PublicStatus

ASSUMED = {"type": "help", "urgency": "normal", "channel": "phone"}
ASKED = (
    "title", "content", "type", "urgency", "channel", "line_no", "category_code", "region_code", "confidential",
    "enterprise",
)  # fmt: skip
"""What routing asks of the form; the rest may be half typed."""

bp = Blueprint("assisting", __name__, url_prefix="/desk")


@bp.post("/suggest")
@requires("ticket.open", "ticket.dispatch")
def suggest() -> Response:
    """What routing would say of the intake form as it stands, as JSON. Stores nothing."""
    asked = ASSUMED | {name: request.form[name] for name in ASKED if request.form.get(name)}
    with unit_of_work() as now:
        intake = intake_form.read(asked, city().zone)
        return jsonify(_suggestion(queries.suggest(now, replace(intake, content=intake.content[:CONTENT_LENGTH]))))


def _suggestion(decision: Decision) -> dict[str, Any]:
    """Names instead of codes, and reasons as sentences."""
    duty = pages.duty_of(decision.duty)
    region = decision.region[-1] if decision.region else None
    return {
        "unit": unit_by_code(decision.lead) if decision.lead else None,
        "assists": [unit_by_code(code) for code in decision.assists],
        "dispatches": decision.dispatches,
        "confidence": round(decision.confidence, 2),
        "category": decision.category,
        "category_name": category_name(decision.category),
        "region": region,
        "region_name": region_name(region),
        "basis": duty.legal_basis if duty else "",
        "reasons": [wording.reason_words(reason.to_data()) for reason in decision.reasons],
        "alternatives": [_alternative(one) for one in decision.alternatives],
    }


def _alternative(one: Alternative) -> dict[str, Any]:
    return {
        "unit": unit_by_code(one.lead),
        "confidence": round(one.confidence, 2),
        "category_name": category_name(one.category),
    }


@bp.get("/second-call")
@requires("ticket.urge")
def second_call_form() -> str:
    """A caller who has a ticket already, perhaps taken down by somebody else: number and code are asked for."""
    return render_template("desk/second_call.html", fields={}, faults={})


@bp.post("/second-call")
@requires("ticket.urge")
def second_call() -> Any:
    """What the citizen may know of the ticket, to be read out; with `urge_note`, what was said is kept on it."""
    fields = request.form.to_dict()
    note = fields.get("urge_note")
    with unit_of_work() as now:
        wait, found = guessing.open_by_code(
            fields.get("number", ""), fields.get("code", ""), f"staff {actor().id}", now
        )
        if found is None:
            page = render_template("desk/second_call.html", fields=fields, faults={}, wait=wait, is_wrong=not wait)
    if found is None:
        return page, 429 if wait else 404
    return _told(found, fields, note)


def _told(found: PublicStatus, fields: dict[str, str], note: str | None) -> Any:
    faults: dict[str, str] = {}
    if note is not None:
        try:
            with unit_of_work() as now:
                service.urge(with_proof(actor(), found.ticket_id), now, found.ticket_id, note)
        except errors.Invalid as fault:
            faults = fault.values["fields"]
    with unit_of_work() as now:
        page = render_template(
            "desk/second_call.html", now=now, fields=fields, faults=faults, found=found,
            is_kept=note is not None and not faults,
        )
    return page, 422 if faults else 200


@bp.post("/tickets/<int:ticket_id>/presence")
@staff
@in_background
def be_present(ticket_id: int) -> Response:
    """`{others}`: names of colleagues who have the ticket's page open. `leaving` says that ours closes."""
    with unit_of_work() as now:
        if "leaving" in request.form:
            presence.leave(actor(), ticket_id)
            return jsonify(others=[])
        ids = presence.be_present(actor(), now, ticket_id)
        return jsonify(others=[name for _id, (name, _login) in sorted(people(ids).items())])
