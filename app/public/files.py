"""Files of citizens: taken with their forms, and given back to nobody but themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app import throttle, uploads
from app.access import public
from app.extensions import csrf, vault
from app.media import Examined
from app.outbox import unit_of_work
from app.public import forms
from app.public.proof import closed, find
from app.uploads import Held
from tickets import attached, errors, service, terms
from tickets.attached import Attached
from tickets.lifecycle import transition
from tickets.permissions import caller_of

bp = Blueprint("public_files", __name__)

PICTURE_SECONDS = 300
"""How long a small picture can be loaded after number and code were given."""


@dataclass(frozen=True)
class Taken:
    """The files of a citizen's form; `fault` is the code of why they are left out, while the words are taken."""

    files: Sequence[Examined] = ()
    fault: str = ""


def taken() -> Taken:
    """The files of the request. Raises Invalid when one of them may not be kept.

    How many forms with files come from one address is limited: each is work, and room on the disk.
    """
    if not uploads.are_sent():
        return Taken()
    address = throttle.address_key(request.remote_addr)
    with unit_of_work() as now:
        limit = throttle.Limit("files", terms.upload_limit("per_hour"), timedelta(hours=1))
        is_often = bool(throttle.admit([(limit, address)], now).wait)
    return Taken(fault="file_often") if is_often else Taken(uploads.examined())


def put_in(ticket_id: int, state: str, now: datetime, held: Held) -> int:
    """Put them in with the ticket of their citizen, in the caller's unit of work. Returns how many are new there.

    A form that is sent again may find its ticket ended: then they are there, or not wanted any more.
    """
    if not held.files or not transition("ticket", "urge", state):
        return 0
    return len(service.attach(caller_of(ticket_id), now, ticket_id, held.files))


@bp.post("/attachment")
@public
@csrf.exempt
def whole() -> Any:
    """One of the citizen's own files, to be saved; proved by number and code."""
    fields = forms.fields_of(request, forms.PROOF | {"attachment"})
    with unit_of_work() as now:
        wait, found = find(fields, now)
    if found is None:
        return closed(wait, fields)
    return uploads.given_out(_own(found.ticket_id, fields.get("attachment", "")), small=False)


@bp.get("/pictures/<token>")
@public
def thumbnail(token: str) -> Any:
    """One of them in small, for the page that number and code have just opened."""
    try:
        ticket_id, attachment_id = _signer().loads(token, max_age=PICTURE_SECONDS)
    except BadSignature as fault:
        raise errors.NotFound() from fault
    return uploads.given_out(_own(ticket_id, str(attachment_id)), small=True)


def _own(ticket_id: int, attachment_id: str) -> Attached:
    if not attachment_id.isascii() or not attachment_id.isdigit() or len(attachment_id) > 18:
        raise errors.NotFound()
    with unit_of_work():
        return attached.fetched(caller_of(ticket_id), ticket_id, int(attachment_id), vault())


def picture_address(one: Attached) -> str:
    """Where a page of its citizen loads the small picture from, for some minutes."""
    return url_for("public_files.thumbnail", token=_signer().dumps([one.ticket_id, one.id]))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key, salt="picture")  # type: ignore[arg-type]
