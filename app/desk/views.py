"""The desk: boards, one ticket with what may be done to it, intake by staff, search, autosave."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import wording
from app.access import actor, in_background, requires, staff
from app.desk import forms, intake_form, pages
from app.errors import STATUS, wants_json
from app.formkeys import form_key, new_key, same_or_new
from app.outbox import unit_of_work
from app.push import page_token
from app.templating import city, units_by_kind
from tickets import drafts, errors, queries, service
from tickets.finding import is_phone
from tickets.intake import Opened
from tickets.permissions import sees
from tickets.vault import CONTACT_FIELDS, Vault

bp = Blueprint("desk", __name__, url_prefix="/desk")

Answer = str | tuple[str, int] | Response
NEW_FORM = "new"
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
        page = queries.board(actor(), now, name, after)
        return render_template(
            "desk/board.html",
            now=now,
            boards=names,
            name=name,
            page=page,
            suggested=queries.suggestions([row.id for row in page.rows]) if name == "triage" else {},
            reason_words=wording.reason_words,
            seq=seq,
            after=after,
            match=pages.board_match(name, page, after),
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
        page = queries.board(actor(), now, request.args.get("board", ""), after)
    is_all = after is None and page.next is None
    return jsonify(rows=[row.to_data() for row in page.rows], is_all=is_all)


@bp.get("/find")
@staff
def find_form() -> Answer:
    """The form; `q` in the address finds by ticket number or words. A telephone number waits to be sent."""
    text = request.args.get("q", "").strip()
    with unit_of_work() as now:
        asks = text and not is_phone(text)
        page = queries.find(actor(), text, request.args.get("after")) if asks else None
        return render_template("desk/find.html", now=now, q=text, page=page)


@bp.post("/find")
@staff
def find() -> Answer:
    """By number, telephone number or words. It posts, so that no telephone number stands in an address."""
    text, after = request.form.get("q", "").strip(), request.form.get("after")
    try:
        with unit_of_work() as now:
            page = service.find(actor(), now, text, _vault(), after) if text else None
            return render_template("desk/find.html", now=now, q=text, page=page)
    except (errors.Forbidden, errors.TooMany) as fault:
        with unit_of_work() as now:
            refusal = render_template("desk/find.html", now=now, q=text, page=None, refused=fault)
        return refusal, STATUS[type(fault)]


@bp.get("/tickets/<int:ticket_id>")
@staff
def ticket(ticket_id: int) -> Answer:
    """Everything on one ticket."""
    return _ticket_page(ticket_id)


def _ticket_page(
    ticket_id: int, refused: pages.Refused | None = None, seen: int | None = None, **shown: Any
) -> str:
    """The page, also as an answer to a form that was not done: `seen` is the version it was opened at."""
    with unit_of_work() as now:
        seq = queries.last_seq()  # read before the page, so that it is at least as new
        page = queries.ticket_page(actor(), ticket_id, _vault())
        maker = pages.FormMaker(actor(), now, page, _vault(), refused)
        return render_template(
            "desk/ticket.html",
            now=now,
            seq=seq,
            live_token=page_token(current_user.get_id()),
            live_words=pages.live_words(),
            page=page,
            forms=maker.make(page.actions),
            part_forms={view.part.id: maker.make(view.actions, view) for view in page.parts},
            may_amend=any(row.action == "amend" for row in page.actions),
            may_register=any(row.action == "register" for row in page.actions),
            names=pages.names_of(page.timeline),
            changed=pages.changed_since(page, seen) if seen is not None else [],
            refused=refused,
            refused_form=pages.form_key(ticket_id, refused.action, refused.part) if refused else "",
            amendments=pages.amendments,
            difference=pages.difference,
            reason_words=wording.reason_words,
            duty=pages.duty_of(page.decision.duty_code if page.decision else None),
            units_by_kind=units_by_kind(),
            contact_fields=CONTACT_FIELDS,
            **shown,
        )


@bp.post("/tickets/<int:ticket_id>/<action>")
@staff
def act(ticket_id: int, action: str) -> Answer:
    """Do one action of the transition table: its fields, its verb, back to the ticket (`{done}` as JSON)."""
    typed = MultiDict(request.form)
    try:
        values, target = forms.parse(action, typed), forms.target_of(ticket_id, typed)
        with unit_of_work() as now:
            forms.VERBS[action](actor(), now, target, values)
            drafts.forget_form(actor(), pages.form_key(ticket_id, action, target.part))
            still_seen = _sees(ticket_id)
    except (errors.Invalid, errors.Stale, errors.NotNow) as fault:
        if wants_json():
            raise
        return _not_done(ticket_id, action, typed, fault)
    if wants_json():
        return jsonify(done=str(wording.ACTIONS[action]))
    return _done(ticket_id, action, still_seen, target.part)


def _sees(ticket_id: int) -> bool:
    return sees(actor(), ticket_id, queries.rooms_now({ticket_id}).get(ticket_id, ()))


def _done(ticket_id: int, action: str, still_seen: bool, part: int | None = None) -> Response:
    """Back to the ticket, where its part is that was worked on, or to the boards when it has gone to others."""
    flash(_("Done: %(what)s", what=wording.ACTIONS[action]), "good")
    if still_seen:
        place = f"part-{part}" if part else None
        return redirect(url_for("desk.ticket", ticket_id=ticket_id, _anchor=place), 303)
    flash(_("The ticket is now with others and no longer among those you see."))
    return redirect(url_for("desk.home"), 303)


def _not_done(ticket_id: int, action: str, typed: forms.Typed, fault: errors.TicketError) -> Answer:
    """The page again, with what was typed: 422 for a wrong field, 409 when the ticket has moved on."""
    part = forms.part_of(typed)
    if isinstance(fault, errors.Invalid):
        refused = pages.Refused(action, part, typed, fault.values["fields"])
        return _ticket_page(ticket_id, refused), 422
    seen = forms.version_of(typed)
    return _ticket_page(ticket_id, pages.Refused(action, part, typed, {}), seen, conflict=fault.code), 409


@bp.post("/tickets/<int:ticket_id>/reveal")
@requires("contact.reveal")
def reveal(ticket_id: int) -> Answer:
    """Show one contact value, once, for a reason that is kept."""
    field = request.form.get("field", "")
    try:
        with unit_of_work() as now:
            reason = request.form.get("reveal_reason", "")
            value = service.reveal(actor(), now, ticket_id, field, reason, _vault())
    except errors.Invalid as fault:
        typed = MultiDict(request.form)
        return _ticket_page(ticket_id, pages.Refused("reveal", None, typed, fault.values["fields"])), 422
    return _ticket_page(ticket_id, revealed=(field, value))


@bp.post("/tickets/<int:ticket_id>/reissue_code")
@requires("contact.reveal")
def reissue_code(ticket_id: int) -> Answer:
    """Give the ticket a new query code, shown once, for a reason that is kept."""
    try:
        with unit_of_work() as now:
            reason = request.form.get("reissue_reason", "")
            code = service.reissue_code(actor(), now, ticket_id, reason, _vault())
    except errors.Invalid as fault:
        typed = MultiDict(request.form)
        return _ticket_page(ticket_id, pages.Refused("reissue_code", None, typed, fault.values["fields"])), 422
    return _ticket_page(ticket_id, new_code=code)


@bp.get("/tickets/new")
@requires("ticket.open")
def new() -> Answer:
    """A fresh intake form, with what the person had typed before if it was not sent."""
    with unit_of_work() as now:
        saved = service.saved_form(actor(), now, NEW_FORM, _vault())
        fields = saved or dict(intake_form.FRESH)
        return _intake_page(None, "create", fields)


@bp.post("/tickets/new")
@requires("ticket.open")
def create() -> Answer:
    """Register at once, or keep a draft that has no number yet."""
    fields = request.form.to_dict()
    try:
        return _create(fields)
    except errors.Invalid as fault:
        faults: Mapping[str, str] = fault.values["fields"]
    except errors.KeyReused:
        faults = {"form_key": "sent_already"}
        fields["form_key"] = new_key()
    with unit_of_work():
        return _intake_page(None, "create", fields, faults), 422


def _create(fields: dict[str, str]) -> Answer:
    key = form_key(fields)
    with unit_of_work() as now:
        intake = intake_form.read(fields, city().zone)
        drafts.forget_form(actor(), NEW_FORM)
        if fields.get("keep") == "draft":
            begun = service.open_draft(actor(), now, intake, _vault(), form_key=key)
            return redirect(url_for("desk.ticket", ticket_id=begun.id), 303)
        opened = service.open_ticket(actor(), now, intake, _vault(), form_key=key)
        return _registered(opened)


def _registered(opened: Opened) -> tuple[str, int]:
    """Number and code, to be read out. Call it in the verb's unit of work."""
    due_at = queries.promised(opened.ticket.id)
    page = render_template("desk/registered.html", ticket=opened.ticket, code=opened.code, due_at=due_at)
    return page, 201 if opened.is_new else 200


@bp.get("/tickets/<int:ticket_id>/register")
@requires("ticket.open")
def register_form(ticket_id: int) -> Answer:
    """The draft's form, to be completed and numbered."""
    return _stored_intake(ticket_id, "register")


@bp.get("/tickets/<int:ticket_id>/amend")
@requires("ticket.open", "ticket.amend")
def amend_form(ticket_id: int) -> Answer:
    """The form with what is there, to be corrected."""
    return _stored_intake(ticket_id, "amend")


@bp.post("/tickets/<int:ticket_id>/register")
@requires("ticket.open")
def register(ticket_id: int) -> Answer:
    """Give a draft its number."""
    return _change_intake(ticket_id, "register")


@bp.post("/tickets/<int:ticket_id>/amend")
@requires("ticket.open", "ticket.amend")
def amend(ticket_id: int) -> Answer:
    """Correct what was taken down."""
    return _change_intake(ticket_id, "amend")


def _change_intake(ticket_id: int, action: str) -> Answer:
    fields = request.form.to_dict()
    try:
        version = forms.target_of(ticket_id, MultiDict(request.form)).version
        with unit_of_work() as now:
            intake = intake_form.corrected(fields, ticket_id, _vault(), city().zone)
            drafts.forget_form(actor(), pages.form_key(ticket_id, action, None))
            if action == "register":
                return _registered(service.register(actor(), now, ticket_id, intake, _vault(), version))
            service.amend(actor(), now, ticket_id, intake, _vault(), version)
            still_seen = _sees(ticket_id)
    except errors.Invalid as fault:
        return _stored_intake(ticket_id, action, fields, fault.values["fields"]), 422
    except (errors.Stale, errors.NotNow) as fault:
        return _stored_intake(ticket_id, action, fields, conflict=fault.code), 409
    return _done(ticket_id, action, still_seen)


def _stored_intake(
    ticket_id: int,
    action: str,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    conflict: str = "",
) -> str:
    """The intake form of a ticket that is there. Raises NotFound, Forbidden."""
    with unit_of_work() as now:
        page = queries.ticket_page(actor(), ticket_id, _vault())
        if not conflict and not any(row.action == action for row in page.actions):
            raise errors.Forbidden(action=action)
        saved = typed or service.saved_form(actor(), now, pages.form_key(ticket_id, action, None), _vault())
        fields = saved or intake_form.shown(page, city().zone)
        if conflict:
            fields = intake_form.beside_news(fields, page, city().zone)
        seen = forms.version_of(MultiDict(typed)) if typed and conflict else None
        changed = pages.changed_since(page, seen) if seen is not None else []
        return _intake_page(
            page, action, fields, faults, kept=intake_form.kept(page), conflict=conflict, changed=changed,
            names=pages.names_of(changed), now=now,
        )


def _intake_page(
    page: queries.TicketPage | None,
    action: str,
    fields: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
    **more: Any,
) -> str:
    return render_template(
        "desk/intake.html",
        page=page,
        action=action,
        fields=fields,
        faults=faults or {},
        kept=kept or {},
        form_key=same_or_new(fields),
        draft=pages.form_key(page.ticket.id, action, None) if page else NEW_FORM,
        city=city(),
        suggestion_words=pages.suggestion_words(),
        channels=intake_form.TYPED_CHANNELS,
        **more,
    )


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
    kept = {str(name): value for name, value in fields.items() if isinstance(value, str)}
    with unit_of_work() as now:
        service.save_form(actor(), now, form, kept, _vault())
    return "", 204


def _vault() -> Vault:
    vault: Vault = current_app.extensions["vault"]
    return vault
