"""What staff typed into a form that came too late to be taken: kept as autosave keeps it, and the way back."""

import logging

from flask import current_app, flash, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError

from app import wording
from app.extensions import vault
from app.outbox import unit_of_work
from tickets import errors, service
from tickets.permissions import Actor

log = logging.getLogger(__name__)

FIELD = "draft"
SECONDS = 12 * 3600  # no session is longer
NOT_TYPED = (FIELD, "csrf_token", "version")


def draft_token(form: str) -> str:
    """Goes along with a form: for whom it was made, and the name under which autosave keeps it."""
    return _signer().dumps([current_user.staff_id, form])


def draft_key(ticket_id: int, action: str, part: int | None = None) -> str:
    """The name of one action's form, under which autosave keeps it."""
    return f"{ticket_id}-{action}-{part}" if part else f"{ticket_id}-{action}"


def keep() -> bool:
    """Keep the fields of a form that is refused, for whom it was made; False where that cannot be.

    Neither session nor page need be good any more: the form's own token tells that it is one of ours, and whose.
    """
    try:
        staff_id, form = _signer().loads(request.form.get(FIELD, ""), max_age=SECONDS)
    except BadSignature:
        return False
    fields = {
        name: "\n".join(values).replace("\r\n", "\n")
        for name, values in request.form.lists()
        if name not in NOT_TYPED
    }
    try:
        with unit_of_work() as now:
            service.save_form(Actor("staff", id=staff_id), now, form, fields, vault())
    except (errors.Invalid, SQLAlchemyError) as fault:
        log.warning("a form that came too late was not kept: %s", type(fault).__name__)
        return False
    return True


def tell(words: str) -> None:
    """Say that the fields were kept. No draft holds files: they must be chosen again."""
    flash(words, "care")
    if any(one.filename for _, one in request.files.items(multi=True)):
        flash(str(wording.FAULTS["file_again"]), "care")


def form_page() -> str:
    """The page that a form stood on: where it was sent to, or the nearest address above that can be opened."""
    adapter = current_app.create_url_adapter(request)
    path = request.path
    while path and adapter is not None and not adapter.test(path, "GET"):
        path = path.rpartition("/")[0]
    return path or "/"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key, salt="draft")  # type: ignore[arg-type]
