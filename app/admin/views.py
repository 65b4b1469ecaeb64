"""The administrator's pages: who works here, in which roles, for which units."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.access import actor, requires
from app.admin import forms
from app.admin.forms import RoleRow
from app.auth import accounts, factors, queries
from app.auth.queries import Person
from app.auth.wording import fault_text, role_name
from app.outbox import unit_of_work
from tickets import errors
from tickets.permissions import Actor

bp = Blueprint("admin", __name__, url_prefix="/admin")

Page = tuple[str, int] | str | Response


@bp.get("/staff")
@requires("admin.staff")
def staff_list() -> Page:
    """Accounts by login, a page at a time; `after` is the login to continue from."""
    with unit_of_work():
        people, onward = queries.staff_page(request.args.get("after", ""))
    return render_template("admin/staff_list.html", people=people, onward=onward, role_name=role_name)


@bp.get("/staff/new")
@requires("admin.staff")
def new_staff() -> Page:
    """An empty form."""
    return _new_page([])


@bp.post("/staff")
@requires("admin.staff")
def create_staff() -> Page:
    """Make an account; its one-time token is shown now and never again."""
    rows = forms.role_rows(request.form)
    login, name = request.form.get("login", ""), request.form.get("name", "")
    try:
        with unit_of_work() as now:
            staff_id, token = accounts.create_staff(
                actor(), now, login=login, name=name, memberships=forms.memberships(rows)
            )
    except errors.Invalid as fault:
        return _new_page(rows, faults=_texts(fault)), 422
    return _token_page(staff_id, token, accounts.ENROL)


@bp.get("/staff/<int:staff_id>")
@requires("admin.staff")
def staff_page(staff_id: int) -> Page:
    """One account: its roles, and what can be done."""
    return _person_page(staff_id)


@bp.post("/staff/<int:staff_id>/roles")
@requires("admin.staff")
def set_roles(staff_id: int) -> Page:
    """Replace the roles; what was chosen stays on the page when something is wrong."""
    rows = forms.role_rows(request.form)
    try:
        held, version = forms.memberships(rows), forms.version(request.form)
        with unit_of_work() as now:
            accounts.set_roles(actor(), now, staff_id, version, held)
    except errors.Invalid as fault:
        return _person_page(staff_id, rows=rows, faults=_texts(fault)), 422
    except errors.Stale:
        return _person_page(staff_id, rows=rows, faults={"roles": _stale()}), 409
    return _done(staff_id, _("The roles were changed. The person has to sign in again."))


@bp.post("/staff/<int:staff_id>/disable")
@requires("admin.staff")
def disable(staff_id: int) -> Page:
    """Shut the account out."""
    return _switch(staff_id, accounts.disable, _("The account is disabled, from now on."))


@bp.post("/staff/<int:staff_id>/enable")
@requires("admin.staff")
def enable(staff_id: int) -> Page:
    """Let the account in again."""
    return _switch(staff_id, accounts.enable, _("The account is enabled again."))


@bp.post("/staff/<int:staff_id>/reset")
@requires("admin.staff")
def reset(staff_id: int) -> Page:
    """Void the password; the new one-time token is shown now and never again."""
    with unit_of_work():
        purpose = accounts.RESET if queries.person(staff_id).has_password else accounts.ENROL
    try:
        with unit_of_work() as now:
            token = accounts.reset(actor(), now, staff_id, forms.version(request.form))
    except (errors.Stale, errors.NotNow):
        return _person_page(staff_id, faults={"state": _stale()}), 409
    return _token_page(staff_id, token, purpose)


@bp.post("/staff/<int:staff_id>/reset-factor")
@requires("admin.staff")
def reset_factor(staff_id: int) -> Page:
    """Take away the second factor of somebody who lost it."""
    sentence = _("The second factor is gone. The person is told at the next sign-in.")
    return _switch(staff_id, factors.reset, sentence)


def _switch(staff_id: int, verb: Callable[[Actor, datetime, int, int], None], sentence: str) -> Page:
    try:
        with unit_of_work() as now:
            verb(actor(), now, staff_id, forms.version(request.form))
    except errors.Invalid as fault:
        return _person_page(staff_id, faults={"state": " ".join(_texts(fault).values())}), 422
    except (errors.Stale, errors.NotNow):
        return _person_page(staff_id, faults={"state": _stale()}), 409
    return _done(staff_id, sentence)


def _done(staff_id: int, sentence: str) -> Response:
    flash(sentence, "good")
    return redirect(url_for("admin.staff_page", staff_id=staff_id), 303)


def _new_page(rows: list[RoleRow], **values: object) -> str:
    return _form_page("admin/staff_new.html", rows, typed=request.form, **values)


def _person_page(staff_id: int, rows: list[RoleRow] | None = None, **values: object) -> str:
    with unit_of_work():
        person = queries.person(staff_id)
    is_own = staff_id == actor().id
    return _form_page("admin/staff_page.html", rows or _rows_of(person), person=person, is_own=is_own, **values)


def _rows_of(person: Person) -> list[RoleRow]:
    return [RoleRow(held.role, str(held.unit_id or "")) for held in person.held]


def _form_page(template: str, rows: list[RoleRow], **values: object) -> str:
    with unit_of_work():
        choices = {"roles": queries.roles(), "units": queries.units()}
    rows = [*rows, *[RoleRow()] * forms.SPARE_ROWS]
    return render_template(template, rows=rows, role_name=role_name, **choices, **values)


def _token_page(staff_id: int, token: str, purpose: str) -> str:
    with unit_of_work():
        person = queries.person(staff_id)
    # The Host header is the browser's word; the address to pass on is the installation's own.
    where = current_app.extensions["hotline"].public_base_url.rstrip("/") + url_for("auth.enrol_form")
    return render_template(
        "admin/staff_token.html", person=person, token=token, life=accounts.LIFE[purpose], where=where
    )


def _stale() -> str:
    return _("Somebody changed this account while you were looking at it. Please look again.")


def _texts(fault: errors.Invalid) -> dict[str, str]:
    fields = fault.values["fields"]
    assert isinstance(fields, dict)
    return {field: fault_text(code) for field, code in fields.items()}
