"""The desk: boards, one ticket with what may be done to it, autosave."""

from datetime import timedelta
from itertools import chain
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import board_wording, kept, narrowing, notice_wording, uploads, wording
from app.abilities import may_ring
from app.access import actor, in_background, requires, staff
from app.desk import bulk, canned, forms, narrowed, pages, second_lines, texting
from app.desk.answers import done, sees_still
from app.errors import wants_json
from app.extensions import vault
from app.formkeys import refuse_further
from app.outbox import unit_of_work
from app.push import page_token
from app.templating import city, units_by_kind
from app.uploads import takes_files
from tickets import drafts, errors, ledger, queries, service, sheets, terms
from tickets.boards import BOARDS
from tickets.tallies import MANY
from tickets.vault import CONTACT_FIELDS

bp = Blueprint("desk", __name__, url_prefix="/desk")

Answer = str | tuple[str, int] | Response
MOST_FIELDS = 60
LONGEST_NAME = 80
OTHER_STARTS = {
    "admin.staff": "administration.start",
    "admin.directory": "administration.start",
    "reports.read": "oversight.today",
    "audit.read": "oversight.audit",
}
"""Where work begins for somebody who works on no tickets, by permission."""


@bp.get("")
@staff
def home() -> Answer:
    """A board: the one asked for, or the person's first. Without any, where else their work begins."""
    names = queries.boards_of(actor())
    name = request.args.get("board") or next(iter(names), None)
    after = request.args.get("after")
    with unit_of_work() as now:
        if name is None:
            start = next((OTHER_STARTS[one] for one in OTHER_STARTS if one in actor().permissions), None)
            return redirect(url_for(start)) if start else render_template("desk/no_board.html")
        seq = queries.last_seq()  # read before the rows, so that they are at least as new
        wanted = narrowing.read(name, request.args)
        page = queries.board(actor(), now, name, after, wanted=wanted)
        return render_template(
            "desk/board.html",
            now=now,
            boards=names,
            groups=board_wording.grouped(names) if len(names) > board_wording.FEW else (),
            hint=board_wording.HINTS.get(name, ""),
            clock=BOARDS[name].clock,
            many=MANY,
            name=name,
            page=page,
            narrowed=narrowed.shown(name, wanted, now),
            bulk=bulk.steps_on(name, actor()),
            units_by_kind=units_by_kind(),
            notes=second_lines.notes(name, page.rows, wanted, now),
            suggested=queries.suggestions([row.id for row in page.rows]) if name == "triage" else {},
            reason_words=wording.reason_words,
            seq=seq,
            after=after,
            match=pages.board_match(name, page, after, wanted.is_empty),
            words=pages.board_words(),
            zone=city().zone.key,
            live_token=page_token(current_user.get_id()),
        )


@bp.get("/parts")
@staff
def parts() -> Answer:
    """Every part the pages are made of, once, for whoever makes another page."""
    with unit_of_work() as now:
        return render_template("desk/parts.html", now=now, later=now + timedelta(hours=3))


@bp.get("/rows")
@staff
@in_background
def rows() -> Response:
    """`{rows, is_all}`: the same page of a board as data, for its script."""
    after = request.args.get("after")
    with unit_of_work() as now:
        name = request.args.get("board", "")
        page = queries.board(actor(), now, name, after, wanted=narrowing.read(name, request.args))
    is_all = after is None and page.next is None
    return jsonify(rows=[row.to_data() for row in page.rows], is_all=is_all)


@bp.get("/waiting")
@staff
@in_background
def waiting() -> Response:
    """`{board: lines}`: how many lines wait on each of one's queues, for the page's script."""
    with unit_of_work() as now:
        return jsonify(queries.waiting(actor(), now))


@bp.get("/tickets/<int:ticket_id>")
@staff
def ticket(ticket_id: int) -> Answer:
    """Everything on one ticket."""
    return ticket_page(ticket_id)


def ticket_page(
    ticket_id: int, refused: pages.Refused | None = None, seen: int | None = None, **shown: Any
) -> str:
    """The page, also as an answer to a form that was not done: `seen` is the version it was opened at."""
    with unit_of_work() as now:
        seq = queries.last_seq()  # read before the page, so that it is at least as new
        page = queries.ticket_page(actor(), now, ticket_id, vault())
        maker = pages.FormMaker(actor(), now, page, vault(), refused)
        made = maker.make(page.actions)
        parts = {view.part.id: maker.make(view.actions, view) for view in page.parts}
        return render_template(
            "desk/ticket.html",
            now=now,
            seq=seq,
            live_token=page_token(current_user.get_id()),
            live_words=pages.live_words(),
            page=page,
            forms=made,
            **pages.parts_by_time(page),
            part_forms=parts,
            homeless=pages.homeless(refused, chain(made, *parts.values())),
            may_amend=any(row.action == "amend" for row in page.actions),
            may_register=any(row.action == "register" for row in page.actions),
            may_call=page.may_reveal and may_ring(actor()),
            canned=canned.ready(page, pages.may_reply_to(page)),
            **canned.ticks(page),
            standing=ledger.standing(actor(), now, ticket_id),
            notice_wording=notice_wording,
            **texting.shown(page),
            changed=pages.changed_since(page, seen) if seen is not None else [],
            refused=refused,
            refused_form=kept.draft_key(ticket_id, refused.action, refused.part) if refused else "",
            amendments=pages.amendments,
            difference=pages.difference,
            reason_words=wording.reason_words,
            duty=pages.duty_of(page.decision.duty_code if page.decision else None),
            units_by_kind=units_by_kind(),
            contact_fields=CONTACT_FIELDS,
            limits=terms.upload_limits(city()),
            task_draft=lambda: sheets.draft(ticket_id, vault()),
            **shown,
        )


@bp.post("/tickets/<int:ticket_id>/<action>")
@staff
@takes_files
def act(ticket_id: int, action: str) -> Answer:
    """Do one action of the transition table: its fields, its verb, back to the ticket (`{done}` as JSON)."""
    typed = MultiDict(request.form)
    try:
        forms.check_asked(action, typed)
        target = forms.target_of(ticket_id, typed)
        _put_in(action, target)
        values = forms.parse(action, typed)
        with unit_of_work() as now:
            forms.VERBS[action](actor(), now, target, values)
            drafts.forget_form(actor(), kept.draft_key(ticket_id, action, target.part))
            still_seen = sees_still(ticket_id)
    except (errors.Invalid, errors.Stale, errors.NotNow) as fault:
        if wants_json():
            raise
        return _not_done(ticket_id, action, typed, fault)
    if wants_json():
        return jsonify(done=str(wording.ACTIONS[action]))
    return done(ticket_id, action, still_seen, target.part)


def _put_in(action: str, target: forms.Target) -> None:
    """The files of an action's form. They stay where the rest of the form needs another look."""
    files = uploads.examined() if action in forms.FILED_AS else []
    if files:
        uploads.put_in(actor(), target.ticket, files, forms.FILED_AS[action], target.part)


def _not_done(ticket_id: int, action: str, typed: forms.Typed, fault: errors.TicketError) -> Answer:
    """The page again, with what was typed: 422 for a wrong field, 409 when the ticket has moved on."""
    part = forms.part_of(typed)
    if isinstance(fault, errors.Invalid):
        refused = pages.Refused(action, part, typed, fault.values["fields"])
        return ticket_page(ticket_id, refused), 422
    seen = forms.version_of(typed)
    refused = pages.Refused(action, part, typed, {})
    guard = fault.values.get("guard", "")
    return ticket_page(ticket_id, refused, seen, conflict=fault.code, guard=guard), 409


@bp.post("/tickets/<int:ticket_id>/reveal")
@requires("contact.reveal")
def reveal(ticket_id: int) -> Answer:
    """Show one contact value, once, for a reason that is kept."""
    field = request.form.get("field", "")
    try:
        with unit_of_work() as now:
            reason = request.form.get("reveal_reason", "")
            value = service.reveal(actor(), now, ticket_id, field, reason, vault())
    except errors.Invalid as fault:
        typed = MultiDict(request.form)
        return ticket_page(ticket_id, pages.Refused("reveal", None, typed, fault.values["fields"])), 422
    return ticket_page(ticket_id, revealed=(field, value))


@bp.post("/tickets/<int:ticket_id>/reissue_code")
@requires("contact.reveal")
def reissue_code(ticket_id: int) -> Answer:
    """Give the ticket a new query code, shown once, for a reason that is kept."""
    try:
        with unit_of_work() as now:
            reason = request.form.get("reissue_reason", "")
            code = service.reissue_code(actor(), now, ticket_id, reason, vault())
    except errors.Invalid as fault:
        typed = MultiDict(request.form)
        return ticket_page(ticket_id, pages.Refused("reissue_code", None, typed, fault.values["fields"])), 422
    return ticket_page(ticket_id, new_code=code)


@bp.post("/drafts")
@staff
def save_draft() -> Any:
    """Autosave: `{form, fields}` as JSON, kept sealed for a week."""
    body = request.get_json(silent=True)
    form, fields = (body.get("form"), body.get("fields")) if isinstance(body, dict) else (None, None)
    if not isinstance(form, str) or len(form) > LONGEST_NAME:
        raise errors.Invalid(fields={"form": "unreadable"})
    if not isinstance(fields, dict) or len(fields) > MOST_FIELDS:
        raise errors.Invalid(fields={"fields": "unreadable"})
    refuse_further(body, {"form", "fields"})
    kept = {str(name): value for name, value in fields.items() if isinstance(value, str)}
    with unit_of_work() as now:
        service.save_form(actor(), now, form, kept, vault())
    return "", 204
