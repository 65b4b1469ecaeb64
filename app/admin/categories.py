"""The administrator's pages on the tree of categories."""

from flask import Blueprint, request

from app import edits
from app.access import requires
from app.admin.edit import Page, Refusal, answer, attempt, done, recorded, seen, text
from app.outbox import unit_of_work
from app.templating import city
from db import db
from routing import replies, units
from routing.models import Category
from routing.reference import CategoryNode
from tickets import errors

bp = Blueprint("categories", __name__, url_prefix="/admin/categories")


@bp.get("")
@requires("admin.directory")
def tree() -> Page:
    """One level of the tree: what lies under `under`, or the top, with a form for another one."""
    return _list_page(request.args.get("under", ""))


@bp.post("")
@requires("admin.directory")
def add() -> Page:
    """Make a category; its code says under which."""
    code = text("code")
    do = recorded(lambda now: units.add_category(db.session(), code, text("name"), text("name_en")))
    refusal = attempt(units.CATEGORY, code, do)
    return _list_page(text("under"), refusal) if refusal else done("categories.category", code=code)


@bp.get("/<code>")
@requires("admin.directory")
def category(code: str) -> Page:
    """One category."""
    return _category_page(code)


@bp.post("/<code>")
@requires("admin.directory")
def change(code: str) -> Page:
    """Call it otherwise, or have it ask for a photo."""
    do = recorded(lambda now: units.change_category(
        db.session(), code, seen(), text("name"), text("name_en"), text("wants_photo") == "1"
    ))  # fmt: skip
    refusal = attempt(units.CATEGORY, code, do)
    return _category_page(code, refusal) if refusal else done("categories.category", code=code)


@bp.post("/<code>/checks")
@requires("admin.directory")
def add_check(code: str) -> Page:
    """One more thing to be ticked in replies on matters of this category."""
    do = recorded(lambda now: replies.add_check(db.session(), code, text("kind"), text("wording")))
    refusal = attempt(replies.CHECK, code, do)
    return _category_page(code, refusal) if refusal else done("categories.category", code=code)


@bp.post("/<code>/checks/<int:item_id>")
@requires("admin.directory")
def change_check(code: str, item_id: int) -> Page:
    """Another wording from now on; left empty, it is taken off the list."""
    do = recorded(lambda now: replies.change_check(db.session(), item_id, seen(), text("item_wording")))
    refusal = attempt(replies.CHECK, code, do)
    return _category_page(code, refusal) if refusal else done("categories.category", code=code)


def _list_page(under: str, refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        nodes = city().categories
        above = nodes.get(under)
        rows = [node for node in nodes.values() if node.parent == (above.code if above else None)]
        below = {node.code: sum(one.parent == node.code for one in nodes.values()) for node in rows}
        stored = {"code": _next_code(rows, above)}
        return answer("admin/category_list.html", refusal, stored, above=above, rows=rows, below=below)


def _next_code(rows: list[CategoryNode], above: CategoryNode | None) -> str:
    """The first code that is free there."""
    stem, taken = (f"{above.code}-" if above else ""), {node.code for node in rows}
    free = (f"{stem}{number:02d}" for number in range(1, 100))
    return next((code for code in free if code not in taken), "")


def _category_page(code: str, refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        node = city().categories.get(code)
        if node is None:
            raise errors.NotFound()
        row = db.session.get_one(Category, node.id)
        stored = {"name": node.name, "name_en": node.name_en, "wants_photo": "1" if row.wants_photo else ""}
        past = edits.history(units.CATEGORY, code)
        return answer(
            "admin/category_page.html", refusal, stored, node=node, version=row.version, past=past,
            checks=replies.checks_of(db.session(), code), checks_past=edits.history(replies.CHECK, code),
        )  # fmt: skip
