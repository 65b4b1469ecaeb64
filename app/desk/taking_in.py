"""Taking a matter down: the intake form, its receipt, a draft that is completed, a ticket that is corrected."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import intake_form, uploads, wording
from app.access import actor, requires
from app.desk import canned, forms, pages
from app.desk.answers import done, sees_still
from app.extensions import vault
from app.formkeys import form_key, new_key, same_or_new
from app.kept import draft_key
from app.outbox import unit_of_work
from app.templating import city
from app.uploads import Held, takes_files
from db import db
from tickets import drafts, errors, queries, service, terms
from tickets.intake import Opened
from tickets.lifecycle import BEFORE_DISPATCH, transition
from tickets.models import Ticket

bp = Blueprint("intake", __name__, url_prefix="/desk")

Answer = str | tuple[str, int] | Response
NEW_FORM = "new"
ENDINGS = ("answer", "refer")
"""What may become of a matter at the desk itself, in the moment it is registered."""
MORE_FIELDS = ("title", "demand", "accused", "address", "caller_label", "happened_at")
"""What stands folded away in the intake form until it is wanted."""


@bp.get("/tickets/new")
@requires("ticket.open")
def new() -> Answer:
    """A fresh intake form, with what the person had typed before if it was not sent."""
    with unit_of_work() as now:
        saved = service.saved_form(actor(), now, NEW_FORM, vault())
        fields = saved or dict(intake_form.FRESH)
        return _intake_page(None, "create", fields, is_restored=bool(saved))


@bp.post("/tickets/new/clear")
@requires("ticket.open")
def clear() -> Response:
    """Begin anew: what was restored belonged to another call."""
    with unit_of_work():
        drafts.forget_form(actor(), NEW_FORM)
    return redirect(url_for("intake.new"), 303)


@bp.post("/tickets/new")
@requires("ticket.open")
@takes_files
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
        return _intake_page(None, "create", fields, uploads.once_more(faults)), 422


def _create(fields: dict[str, str]) -> Answer:
    key = form_key(fields)
    with uploads.held(uploads.examined()) as files, unit_of_work() as now:
        intake = intake_form.read(fields, city().zone)
        drafts.forget_form(actor(), NEW_FORM)
        if fields.get("keep") == "draft":
            begun = service.open_draft(actor(), now, intake, vault(), form_key=key)
            _put_in(begun, now, files)
            return redirect(url_for("desk.ticket", ticket_id=begun.id), 303)
        ends = fields.get("keep") in ENDINGS
        opened = service.open_ticket(actor(), now, intake, vault(), form_key=key, ends_at_desk=ends)
        return _registered(opened, now, fields, files)


def _put_in(ticket: Ticket, now: datetime, files: Held) -> None:
    """The form's files, while the matter may still be amended: a form sent again may find it ended."""
    if files.fault:
        flash(wording.FAULTS[files.fault], "bad")
    if files.files and transition("ticket", "amend", ticket.state):
        service.attach(actor(), now, ticket.id, files.files)


def _registered(opened: Opened, now: datetime, fields: Mapping[str, str], files: Held) -> tuple[str, int]:
    """Put the files in, end the matter if that was asked for; number and code, to be read out.

    In the verb's unit of work.
    """
    ticket = opened.ticket
    _put_in(ticket, now, files)
    if opened.is_new and fields.get("keep") == "answer":
        ticket = service.answer(actor(), now, ticket.id, fields.get("answer", ""))
    elif opened.is_new and fields.get("keep") == "refer":
        said = [fields.get(name, "") for name in ("disposition", "refer_reason", "referral")]
        ticket = service.refer(actor(), now, ticket.id, *said)
    page = render_template(
        "desk/registered.html",
        ticket=ticket,
        code=opened.code,
        due_at=queries.promised(ticket.id),
        unit=queries.rows_by_id({ticket.id})[ticket.id].unit_name,
    )
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
@takes_files
def register(ticket_id: int) -> Answer:
    """Give a draft its number."""
    return _change_intake(ticket_id, "register")


@bp.post("/tickets/<int:ticket_id>/amend")
@requires("ticket.open", "ticket.amend")
@takes_files
def amend(ticket_id: int) -> Answer:
    """Correct what was taken down."""
    return _change_intake(ticket_id, "amend")


def _change_intake(ticket_id: int, action: str) -> Answer:
    fields = request.form.to_dict()
    try:
        version = forms.target_of(ticket_id, MultiDict(request.form)).version
        with uploads.held(uploads.examined()) as files, unit_of_work() as now:
            intake = intake_form.corrected(fields, ticket_id, vault(), city().zone)
            drafts.forget_form(actor(), draft_key(ticket_id, action, None))
            if action == "register":
                ends = fields.get("keep") in ENDINGS
                opened = service.register(actor(), now, ticket_id, intake, vault(), version, ends_at_desk=ends)
                return _registered(opened, now, fields, files)
            service.amend(actor(), now, ticket_id, intake, vault(), version)
            _put_in(db.session.get_one(Ticket, ticket_id), now, files)
            still_seen = sees_still(ticket_id)
    except errors.Invalid as fault:
        return _stored_intake(ticket_id, action, fields, uploads.once_more(fault.values["fields"])), 422
    except (errors.Stale, errors.NotNow) as fault:
        return _stored_intake(ticket_id, action, fields, uploads.once_more({}), conflict=fault.code), 409
    return done(ticket_id, action, still_seen)


def _stored_intake(
    ticket_id: int,
    action: str,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    conflict: str = "",
) -> str:
    """The intake form of a ticket that is there. Raises NotFound, Forbidden."""
    with unit_of_work() as now:
        page = queries.ticket_page(actor(), now, ticket_id, vault())
        if not conflict and not any(row.action == action for row in page.actions):
            raise errors.Forbidden(action=action)
        saved = typed or service.saved_form(actor(), now, draft_key(ticket_id, action, None), vault())
        fields = saved or intake_form.shown(page, city().zone)
        if conflict:
            fields = intake_form.beside_news(fields, page, city().zone)
        seen = forms.version_of(MultiDict(typed)) if typed and conflict else None
        changed = pages.changed_since(page, seen) if seen is not None else []
        return _intake_page(
            page, action, fields, faults, kept=intake_form.kept(page), conflict=conflict, changed=changed,
            names=pages.names_of(changed), amendments=pages.amendments, difference=pages.difference,
            **canned.ticks(page),
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
        draft=draft_key(page.ticket.id, action, None) if page else NEW_FORM,
        city=city(),
        suggestion_words=pages.suggestion_words(),
        endings=[one for one in ENDINGS if action != "amend" and actor().holds(f"ticket.{one}")],
        is_more_open=any(one.get(name) for one in (fields, faults or {}, kept or {}) for name in MORE_FIELDS),
        is_suggesting=page is None or page.ticket.state in BEFORE_DISPATCH,
        channels=intake_form.TYPED_CHANNELS,
        limits=terms.upload_limits(city()),
        **more,
    )
