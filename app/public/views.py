"""What anybody may do without an account: tell us, look where a ticket is, rate the outcome."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from sqlalchemy.exc import SQLAlchemyError

from app import throttle, uploads, wording
from app.access import public
from app.choices import remember_choices
from app.demonstration import is_demo_city
from app.errors import RETRY_SECONDS, is_unavailable, wants_json
from app.extensions import csrf, vault
from app.formkeys import form_key, new_key, same_or_new
from app.outbox import unit_of_work
from app.public import files, forms
from app.public.proof import closed, find, two_fields
from app.templating import city, city_name
from app.text_ports import ports
from app.uploads import takes_files
from calls import messaging
from tickets import errors, masking, queries, service, terms
from tickets.intake import Opened
from tickets.models import Ticket
from tickets.permissions import VISITOR, Actor, caller_of
from tickets.queries import PublicStatus

log = logging.getLogger(__name__)
bp = Blueprint("public", __name__)
bp.after_app_request(remember_choices)

# The public forms carry no token against forged requests and need none: they act for nobody who is signed in,
# so a page elsewhere that sends them can do no more than its author could. They work without a cookie.


@bp.get("/")
@public
def start() -> str:
    """Two choices."""
    with unit_of_work():
        return render_template("public/start.html", city_name=city_name(), in_demo_city=is_demo_city())


@bp.get("/complain")
@public
def complaint_form() -> Response:
    """A fresh form, with a key of its own.

    The browser may keep it: going back from the receipt must bring the same key, or sending again would make
    a second ticket.
    """
    with unit_of_work():
        response = make_response(_complaint_form({"wants_reply": "1"}, {}))
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@bp.post("/complain")
@public
@csrf.exempt
@takes_files
def complain() -> Any:
    """Take a matter in; the receipt is the answer. A repeat of the same form gets the same receipt."""
    fields = forms.fields_of(request, forms.COMPLAINT)
    try:
        return _take_in(fields)
    except SQLAlchemyError as fault:
        if wants_json() or not is_unavailable(fault):
            raise
        log.warning("complaint not stored: %s", type(fault).__name__)
        return _later(fields)


def _take_in(fields: forms.Fields) -> Any:
    try:
        receipt = _open(fields)
    except errors.Invalid as fault:
        if wants_json():
            raise
        return _once_more(fields, fault.values["fields"])
    except errors.KeyReused:
        if wants_json():
            raise
        return _once_more(fields | {"form_key": new_key()}, {}, key_reused=True)
    status = 201 if receipt.is_new else 200
    if wants_json():
        return jsonify(receipt.to_data()), status
    return render_template("public/receipt.html", receipt=receipt, city_name=city_name()), status


@dataclass(frozen=True)
class Receipt:
    """What the citizen keeps. `code` is empty when it may not be shown again. Programs know what they said.

    `files` were put in; `files_fault` is the code of why they were not.
    """

    number: str
    code: str
    due_at: datetime | None
    is_new: bool
    title: str
    registered_at: datetime
    texted: str = ""
    files: int = 0
    files_fault: str = ""

    def to_data(self) -> dict[str, Any]:
        due = self.due_at.isoformat() if self.due_at else None
        return {
            "number": self.number, "code": self.code, "due_at": due, "is_new": self.is_new,
            "files_fault": self.files_fault or None,
        }  # fmt: skip


def _open(fields: forms.Fields) -> Receipt:
    key, intake, sent = form_key(fields), forms.intake_of(fields), files.taken()
    with uploads.held(sent.files) as held, unit_of_work() as now:
        opened: Opened = service.open_ticket(VISITOR, now, intake, vault(), form_key=key)
        ticket = opened.ticket
        count = files.put_in(ticket.id, ticket.state, now, held)
        city()  # for the page, which is made after the commit
        due_at = queries.promised(ticket.id)
        return Receipt(
            ticket.number or "", opened.code, due_at, opened.is_new, ticket.title, ticket.registered_at or now,
            _texted(ticket, intake.phone), count, held.fault or sent.fault,
        )


def _texted(ticket: Ticket, phone: str) -> str:
    """To which number, masked, number and code also go as a text message; empty: to none."""
    is_told = ports() and messaging.is_to_be_told(ticket, phone)
    is_refused = messaging.has_opted_out(vault().phone_hash(phone)) if is_told else True
    return "" if is_refused else masking.mask_phone(phone)


def _once_more(fields: forms.Fields, faults: dict[str, str], key_reused: bool = False) -> tuple[str, int]:
    with unit_of_work():
        return _complaint_form(fields, uploads.once_more(faults), key_reused), 422


def _later(fields: forms.Fields) -> Response:
    """The form with all that was typed, made without the database: the area stays as chosen, without its name."""
    response = make_response(_form_page(fields, faults=uploads.once_more({}), unavailable=True), 503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _complaint_form(fields: forms.Fields, faults: dict[str, str], key_reused: bool = False) -> str:
    return _form_page(
        fields,
        faults=faults,
        key_reused=key_reused,
        areas=forms.areas(city()),
        limits=terms.upload_limits(city()),
        always_confidential="report" in city().setting("confidential_types"),
    )


def _form_page(fields: forms.Fields, **values: Any) -> str:
    return render_template(
        "public/complain.html",
        fields=fields,
        form_key=same_or_new(fields),
        types=[(code, wording.TYPES[code]) for code in forms.TYPES],
        **{"faults": {}} | values,
    )


@bp.get("/status")
@public
def status_form() -> str:
    """Ask for number and query code."""
    return two_fields({})


@bp.post("/status")
@public
@csrf.exempt
def status() -> Any:
    """Where a ticket is. The code travels in the body only. What has not the right shape costs no try."""
    typed = fields = forms.fields_of(request, forms.PROOF)
    if not wants_json():
        fields, faults = forms.number_and_code(typed)
        if faults:
            return two_fields(typed, faults=faults), 422
    with unit_of_work() as now:
        wait, found = find(fields, now)
        if found is not None:
            city()  # for the page, which is made after the commit
    return closed(wait, typed) if found is None else _status_page(found, fields, {})


@bp.post("/rate")
@public
@csrf.exempt
def rate() -> Any:
    """The citizen's word on the outcome, proved by number and code."""
    fields = forms.fields_of(request, forms.RATING)

    def do(caller: Actor, now: datetime, found: PublicStatus) -> None:
        word = forms.rating_of(fields)
        service.rate(
            caller, now, found.ticket_id, word.solved, word.satisfied, word.note, of_round=word.of_round
        )

    return _with_code(fields, do, done="rated", late="rated_already")


@bp.post("/urge")
@public
@csrf.exempt
def urge() -> Any:
    """The citizen asks again, or adds something: a record on the ticket, proved by number and code."""
    fields = forms.fields_of(request, forms.URGE)

    def do(caller: Actor, now: datetime, found: PublicStatus) -> None:
        is_kept = service.urge(caller, now, found.ticket_id, fields.get("urge_note", ""))
        if is_kept and throttle.admit([(throttle.URGES, found.number)], now).wait:
            raise errors.Invalid(fields={"urge_note": "asked_often"})

    return _with_code(fields, do, done="urged", late="urged_late")


@bp.post("/supplement")
@public
@csrf.exempt
@takes_files
def supplement() -> Any:
    """The citizen answers what was asked, with files where there are any, proved by number and code."""
    fields = forms.fields_of(request, forms.SUPPLEMENT)

    def do(caller: Actor, now: datetime, found: PublicStatus) -> None:
        service.supplement(caller, now, found.ticket_id, fields.get("supplement", ""))

    return _with_code(fields, do, done="supplemented", late="asked_no_more")


@bp.post("/attach")
@public
@csrf.exempt
@takes_files
def attach() -> Any:
    """The citizen sends files, at any time while the matter goes on, proved by number and code."""
    fields = forms.fields_of(request, forms.PROOF)

    def do(caller: Actor, now: datetime, found: PublicStatus) -> None:
        if not found.may_urge:
            raise errors.NotNow(action="attach", state=found.state)
        if not uploads.are_sent():
            raise errors.Invalid(fields={"files": "missing"})

    return _with_code(fields, do, done="attached", late="attached_late")


@bp.post("/withdraw")
@public
@csrf.exempt
def withdraw() -> Any:
    """The citizen wants nothing more of it, proved by number and code."""
    fields = forms.fields_of(request, forms.WITHDRAW)

    def do(caller: Actor, now: datetime, found: PublicStatus) -> None:
        service.withdraw(caller, now, found.ticket_id, fields.get("withdraw_reason", ""))

    return _with_code(fields, do, done="withdrawn", late="rated_already")


@bp.post("/appeal")
@public
@csrf.exempt
def appeal() -> Any:
    """The citizen asks that the end be looked at again, proved by number and code."""
    fields = forms.fields_of(request, forms.APPEAL)

    def do(caller: Actor, now: datetime, found: PublicStatus) -> None:
        service.appeal(caller, now, found.ticket_id, fields.get("appeal_reason", ""))

    return _with_code(fields, do, done="appealed", late="rated_already")


def _with_code(
    fields: forms.Fields, do: Callable[[Actor, datetime, PublicStatus], None], done: str, late: str
) -> Any:
    """Let the citizen with number and code do something; the answer is the status as it is then.

    The page says what was `done`, or that it came too `late`: often it is only the same page, loaded once more.
    """
    with unit_of_work() as now:
        wait, found = find(fields, now)
    if found is None:
        return closed(wait, fields)
    faults: dict[str, str] = {}
    files_fault = ""
    try:
        sent = files.taken()
        with uploads.held(sent.files) as held, unit_of_work() as now:
            do(caller_of(found.ticket_id), now, found)
            files.put_in(found.ticket_id, found.state, now, held)
        files_fault = held.fault or sent.fault
    except errors.Invalid as fault:
        if wants_json():
            raise
        faults, done = uploads.once_more(fault.values["fields"]), ""
    except errors.NotNow:
        if wants_json():
            raise
        done = late
    with unit_of_work() as now:
        found = queries.public_status(found.number, fields.get("code", ""), vault(), now) or found
        return _status_page(found, fields, faults, done, files_fault), 422 if faults else 200


def _status_page(
    found: PublicStatus, fields: forms.Fields, faults: dict[str, str], done: str = "", files_fault: str = ""
) -> Any:
    if wants_json():
        return jsonify(_status_data(found) | {"files_fault": files_fault or None})
    return render_template(
        "public/status.html", found=found, code=fields.get("code", ""), fields=fields, faults=faults,
        done=done, files_fault=files_fault, picture_address=files.picture_address,
        limits=terms.upload_limits(city()),
    )


def _status_data(found: PublicStatus) -> dict[str, Any]:
    return {
        "number": found.number,
        "state": found.state,
        "unit": found.unit,
        "due_at": found.due_at.isoformat() if found.due_at else None,
        "replies": [{"unit": unit, "text": text} for unit, text in found.replies],
        "steps": [{"kind": step.kind, "at": step.at.isoformat(), "unit": step.unit} for step in found.steps],
    }
