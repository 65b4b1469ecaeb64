"""The administrator's pages on roles: what each may do, and new ones."""

from flask import Blueprint, request

from app import edits
from app.access import actor, requires
from app.admin.edit import Page, Refusal, answer, attempt, done, seen, text
from app.auth import queries, rights
from app.auth.wording import PERMISSIONS, REACHES, role_name
from app.outbox import unit_of_work

bp = Blueprint("roles", __name__, url_prefix="/admin/roles")


@bp.get("")
@requires("admin.staff")
def roles() -> Page:
    """All roles with their rights, and a form for another one."""
    return _list_page()


@bp.post("")
@requires("admin.staff")
def add() -> Page:
    """Make a role."""
    code = text("code")
    refusal = attempt(
        rights.ROLE, code,
        lambda now: rights.add_role(
            actor(), now, code=code, name=text("name"), reach=text("reach"),
            permissions=request.form.getlist("permissions"),
        ),
    )  # fmt: skip
    return _list_page(refusal) if refusal else done("roles.role", code=code)


@bp.get("/<code>")
@requires("admin.staff")
def role(code: str) -> Page:
    """One role."""
    return _role_page(code)


@bp.post("/<code>")
@requires("admin.staff")
def change(code: str) -> Page:
    """Change what a role is called and may."""
    refusal = attempt(
        rights.ROLE, code,
        lambda now: rights.change_role(
            actor(), now, code, seen(), name=text("name"), permissions=request.form.getlist("permissions")
        ),
    )  # fmt: skip
    return _role_page(code, refusal) if refusal else done("roles.role", code=code)


def _list_page(refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        rows, holders = queries.role_rows(), queries.holders()
        return answer("admin/role_list.html", refusal, {}, rows=rows, holders=holders, **_words())


def _role_page(code: str, refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        row = queries.role(code)
        stored = {"name": row.name, "permissions": row.permissions}
        values = {"row": row, "holders": queries.holders(code).get(code, 0)}
        past = edits.history(rights.ROLE, code)
        return answer("admin/role_page.html", refusal, stored, past=past, **values, **_words())


def _words() -> dict[str, object]:
    """In the order of the words; a right that nobody may be given is not among them."""
    return {"PERMISSIONS": PERMISSIONS, "REACHES": REACHES, "role_name": role_name}
