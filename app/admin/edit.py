"""How the administrator's pages do an edit: the permission, the verb, its record; or why it was not done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError, NoResultFound
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import edits
from app.access import actor
from app.admin import wording
from app.edits import PastEdit
from app.outbox import unit_of_work
from routing.editing import Edit, Outdated, Refused
from tickets import errors
from tickets.permissions import may

Page = tuple[str, int] | Response
Typed = MultiDict[str, str]
DIRECTORY = "admin.directory"


@dataclass(frozen=True)
class Refusal:
    """A form that was not done: its faults by field, or what others `changed` since it was opened."""

    faults: Mapping[str, str]
    status: int = 422
    changed: Sequence[PastEdit] = ()


def attempt(what: str, key: str, do: Callable[[datetime], object]) -> Refusal | None:
    """Do one edit in a unit of work of its own. Returns why not, or None when it is done."""
    try:
        with unit_of_work() as now:
            do(now)
    except Refused as fault:
        return Refusal({field: wording.fault_text(code, fault.values) for field, code in fault.fields.items()})
    except Outdated:
        return _outdated(what, key)
    except NoResultFound as fault:
        raise errors.NotFound() from fault
    except IntegrityError:
        # Two people made the same thing at once: the second is told what the first did.
        return _outdated(what, key)
    return None


def recorded(verb: Callable[[datetime], Edit]) -> Callable[[datetime], None]:
    """An edit of the reference data by who may make it, with its record."""

    def do(now: datetime) -> None:
        if not may(actor(), DIRECTORY):
            raise errors.Forbidden(action=DIRECTORY)
        edits.keep(verb(now), actor(), now)

    return do


def _outdated(what: str, key: str) -> Refusal:
    with unit_of_work():
        changed = edits.history(what, key, since=_number("version") or 0)
    return Refusal({}, 409, changed)


def seen() -> int:
    """The version that the form was opened at. Raises Refused."""
    version = _number("version")
    if version is None:
        raise Refused({"version": "missing"})
    return version


def _number(name: str) -> int | None:
    text = request.form.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def number(name: str) -> int:
    """A whole number from the form. Raises Refused."""
    found = _number(name)
    if found is None:
        raise Refused({name: "number" if request.form.get(name, "").strip() else "missing"})
    return found


def text(name: str) -> str:
    """A text from the form, empty where there is none."""
    return request.form.get(name, "").strip()


def answer(template: str, refusal: Refusal | None, stored: Mapping[str, object], **values: object) -> Page:
    """A page with its form: as stored, or as typed where that was refused.

    A page has smaller forms too (to close, to end): one of these being refused leaves the fields as stored.
    """
    was_typed = refusal and (not stored or any(name in request.form for name in stored))
    typed = request.form if was_typed else MultiDict(stored)
    faults = refusal.faults if refusal else {}
    page = render_template(
        template, typed=typed, faults=faults, refusal=refusal, admin_words=wording, **values
    )
    return page, refusal.status if refusal else 200


def done(endpoint: str, message: str = "", **values: object) -> Response:
    """On to a page, after an edit that is in force."""
    flash(message or _("Changed. It is in force from now on."), "good")
    return redirect(url_for(endpoint, **values), 303)  # type: ignore[arg-type]
