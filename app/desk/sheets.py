"""A ticket on paper: its own print for the file, without a caller; and the task sheet for somebody outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import sheet_files, uploads, wording
from app.access import actor, requires, staff
from app.aside import aside
from app.choices import choose_language
from app.desk import forms
from app.desk.pages import Refused
from app.desk.views import ticket_page
from app.errors import wants_json
from app.extensions import vault
from app.outbox import unit_of_work
from app.sheet_files import Facts
from app.templating import category_name, city, deadline, moment, region_name
from tickets import errors, masking, queries, sheets
from tickets.attached import Attached
from tickets.queries import TicketPage
from tickets.sheets import TaskSheet

bp = Blueprint("sheets", __name__, url_prefix="/desk/tickets")

Answer = str | tuple[str, int] | Response


@dataclass(frozen=True)
class Paper:
    """A sheet in words, to be shown as a page or as a PDF."""

    heading: str
    title: str
    facts: Facts
    texts: Facts
    foot: str
    photos: tuple[Attached, ...] = ()


@bp.get("/<int:ticket_id>/print")
@staff
def print_page(ticket_id: int) -> Answer:
    """The ticket on A4, as its page shows it and without its caller; `?as=pdf` as a file."""
    with unit_of_work() as now:
        page = queries.ticket_page(actor(), now, ticket_id, vault())
        paper = _of_ticket(page, now)
    return _answer(paper, page.ticket.number or "draft", request.args.get("as") == "pdf")


@bp.post("/<int:ticket_id>/task_sheet")
@requires("assignment.handle")
def task_sheet(ticket_id: int) -> Answer:
    """The task sheet of a unit's part, to be printed or as a PDF; that it was made is on the ticket's record."""
    typed = MultiDict(request.form)
    part = forms.part_of(typed)
    try:
        return _task_sheet(ticket_id, part, typed)
    except errors.Invalid as fault:
        if wants_json():
            raise
        refused = Refused("task_sheet", part, typed, fault.values["fields"])
    return ticket_page(ticket_id, refused), 422


def _task_sheet(ticket_id: int, part: int | None, typed: forms.Typed) -> Answer:
    task = typed.get("task_note", "").replace("\r\n", "\n")
    if part is None:
        raise errors.Invalid(fields={"part": "unknown"})
    if len(task) > sheets.LONGEST_TASK:
        raise errors.Invalid(fields={"task_note": "too_long"})
    chosen, as_pdf = forms.numbers("photos", typed), typed.get("as") == "pdf"
    with unit_of_work():
        photos = sheets.photos_for(actor(), ticket_id, chosen)
    pictures = uploads.thumbnails(photos)  # before it stands on record that there is a sheet with them
    with unit_of_work() as now:
        sheet = sheets.task_sheet(
            actor(), now, ticket_id, part, task, vault(), chosen, is_read="task_read" in typed
        )
        paper = _of_task(sheet, now)
    return _answer(paper, f"{sheet.number}-task", as_pdf, pictures)


def _answer(paper: Paper, name: str, as_pdf: bool, pictures: Sequence[bytes] = ()) -> Answer:
    if not as_pdf:
        return render_template("desk/sheet.html", paper=paper)
    made = (paper.heading, paper.title, paper.facts, paper.texts, paper.foot, pictures)
    # A few tenths of a second, in which no other request of the process should wait.
    content = aside(sheet_files.pdf, *made)
    answer = Response(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return answer


def _foot(now: datetime) -> str:
    return _("Printed by %(name)s, %(moment)s", name=current_user.name, moment=moment(now))


def _hotline() -> str:
    names: dict[str, str] = city().setting("hotline_name")
    return names.get(choose_language()) or names["zh"]


def _of_ticket(page: TicketPage, now: datetime) -> Paper:
    ticket, mask = page.ticket, masking.mask_text
    place = " ".join(filter(None, [region_name(ticket.region_code), mask(ticket.place or "")]))
    facts = [
        (_("Number"), ticket.number or _("Draft")),
        (_("State"), wording.state_name(ticket.state)),
        (_("Kind of matter"), str(wording.TYPES[ticket.type])),
        (_("Urgency"), str(wording.URGENCIES[ticket.urgency])),
        (_("Category"), category_name(ticket.category_code)),
        (_("Place"), place),
        (_("Channel"), str(wording.CHANNELS[ticket.channel])),
        (_("Received"), moment(ticket.received_at)),
        *_parts(page),
    ]
    if page.rating:
        said = wording.SATISFACTION[str(page.rating.satisfied)]
        solved = _("Solved") if page.rating.solved else _("Not solved")
        facts.append((_("The citizen's word"), f"{solved} · {said}"))
    texts = [(str(wording.FIELDS[name]), mask(page.texts.get(name, ""))) for name in ("content", "demand")]
    texts.append((_("Timeline"), _course(page)))
    return Paper(_hotline(), ticket.title, facts, texts, _foot(now))


def _parts(page: TicketPage) -> list[tuple[str, str]]:
    found = []
    for view in page.parts:
        running = [clock for clock in view.clocks if not clock.stopped_at]
        limits = [f"{wording.CLOCKS[clock.clock]} {moment(clock.due_at)}" for clock in running]
        told = " · ".join([view.unit, wording.state_name(view.part.state), *limits])
        found.append((str(wording.PART_ROLES[view.part.role]), told))
    return found


def _course(page: TicketPage) -> str:
    """The timeline a line each, with what was written; who looked at a contact is for auditors."""
    lines = []
    for entry in page.timeline:
        if entry.kind in ("contact.revealed", "code.reissued"):
            continue
        told = [moment(entry.at), str(wording.STAFF_EVENTS[entry.kind]), entry.unit]
        lines.append(" · ".join(filter(None, told)))
        if entry.kind not in ("ticket.registered", "ticket.opened", "ticket.amended"):
            for field, _before, after in entry.texts:
                lines.append(f"    {wording.FIELDS.get(field, field)}: {masking.mask_text(after)}")
    return "\n".join(lines)


def _of_task(sheet: TaskSheet, now: datetime) -> Paper:
    place = " ".join(filter(None, [region_name(sheet.region), sheet.place]))
    contact = f"{sheet.unit.name} {sheet.unit.phone or ''}".strip()
    facts = [
        (_("Number"), sheet.number),
        (_("Category"), category_name(sheet.category)),
        (_("Place"), place),
        (_("To be done by"), deadline(sheet.due_at)),
        (_("Office to ask"), contact),
    ]
    texts = [
        (_("What is asked of you"), sheet.task),
        (
            _("Please note"),
            _("This sheet is for the work alone. Do not look for whoever reported it, and do not pass it on."),
        ),
    ]
    title = category_name(sheet.category) or _("Task")
    return Paper(_("Task sheet"), title, facts, texts, f"{_hotline()} · {_foot(now)}", sheet.photos)
