"""The administrator's pages on the tree of units."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app import edits, wording
from app.access import requires
from app.admin import choices, hours_pages
from app.admin.edit import Page, Refusal, answer, attempt, done, number, recorded, seen, text
from app.admin.wording import LEVELS
from app.auth.rights import end_sessions_above
from app.outbox import unit_of_work
from app.templating import city, today
from db import db
from routing import units, working_time
from routing.editing import Edit, Refused
from routing.models import Department
from routing.reference import Reference
from routing.units import UnitFields
from routing.values import Unit
from tickets import errors, queries

bp = Blueprint("units", __name__, url_prefix="/admin/units")
MOST_FOUND = 100


@bp.get("")
@requires("admin.directory")
def tree() -> Page:
    """The tree, opened down to the unit `under`; or the units whose name, code or field of work holds `q`."""
    words = request.args.get("q", "").strip()
    with unit_of_work():
        reference = city()
        shown = _found(reference, words) if words else _opened(reference, request.args.get("under", ""))
        return answer("admin/unit_list.html", None, {}, shown=shown, q=words, most=MOST_FOUND, **_words())


@bp.get("/new")
@requires("admin.directory")
def new() -> Page:
    """An empty form, for a unit below `under` if that is given."""
    return _new_page()


@bp.post("")
@requires("admin.directory")
def add() -> Page:
    """Make a unit."""
    code = text("code")
    refusal = attempt(units.UNIT, code, recorded(lambda now: units.add_unit(db.session(), code, _fields())))
    return _new_page(refusal) if refusal else done("units.unit", code=code)


@bp.get("/<code>")
@requires("admin.directory")
def unit(code: str) -> Page:
    """One unit."""
    return _unit_page(code)


@bp.post("/<code>")
@requires("admin.directory")
def change(code: str) -> Page:
    """Rename, move or describe it anew."""
    return _done(code, attempt(units.UNIT, code, recorded(lambda now: _change(code))))


@bp.post("/<code>/close")
@requires("admin.directory")
def close(code: str) -> Page:
    """Take it out of service."""
    return _done(code, attempt(units.UNIT, code, recorded(lambda now: _close(code, now))))


@bp.post("/<code>/reopen")
@requires("admin.directory")
def reopen(code: str) -> Page:
    """Put it into service again."""
    do = recorded(lambda now: units.reopen_unit(db.session(), code, seen()))
    return _done(code, attempt(units.UNIT, code, do))


@bp.get("/<code>/hours")
@requires("admin.directory")
def hours(code: str) -> Page:
    """When it works."""
    return hours_pages.page(code)


@bp.post("/<code>/hours")
@requires("admin.directory")
def set_hours(code: str) -> Page:
    """Give it hours of its own."""
    do = recorded(lambda now: working_time.set_hours(db.session(), code, seen(), hours_pages.fields()))
    return _hours_done(code, attempt(working_time.HOURS, code, do))


@bp.post("/<code>/hours/drop")
@requires("admin.directory")
def drop_hours(code: str) -> Page:
    """Let it work as the unit above it."""
    do = recorded(lambda now: working_time.drop_hours(db.session(), code, seen()))
    return _hours_done(code, attempt(working_time.HOURS, code, do))


def _hours_done(code: str, refusal: Refusal | None) -> Page:
    return hours_pages.page(code, refusal) if refusal else done("units.unit", code=code)


def _change(code: str) -> Edit:
    """Who leads the units around its old or new place sees other tickets from now on."""
    edit = units.change_unit(db.session(), code, seen(), _fields())
    if "parent" in edit.after:
        codes = [edit.before["parent"], edit.after["parent"]]
        led = {city().units[one].id for one in codes if one}
        end_sessions_above(led | {above for unit_id in led for above in city().ancestors(unit_id)})
    return edit


def _close(code: str, now: datetime) -> Edit:
    edit = units.close_unit(db.session(), code, seen(), today(now))
    count, numbers = queries.open_tickets_of(city().units[code].id)
    if count:
        raise Refused({"state": "has_tickets"}, count=str(count), tickets="、".join(numbers))
    return edit


def _done(code: str, refusal: Refusal | None) -> Page | Response:
    return _unit_page(code, refusal) if refusal else done("units.unit", code=code)


def _fields() -> UnitFields:
    return UnitFields(
        name=text("name"),
        short_name=text("short_name"),
        kind=text("kind"),
        line=text("line") or None,
        level=number("level"),
        parent=text("parent") or None,
        region_code=text("region_code"),
        phone=text("phone"),
        email=text("email"),
    )


def _new_page(refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        above = city().units.get(request.args.get("under", ""))
        stored = {"parent": above.code, "level": str(above.level), "region_code": above.region} if above else {}
        return answer("admin/unit_page.html", refusal, stored, unit=None, **_options(), **_words())


def _unit_page(code: str, refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        found = city().units.get(code)
        if found is None:
            raise errors.NotFound()
        row = db.session.get_one(Department, found.id)
        below = [one for one in city().units.values() if one.parent == code]
        return answer(
            "admin/unit_page.html", refusal, _stored(found) | {"email": row.email or ""}, unit=found,
            version=row.version, below=below, hours=hours_pages.in_words(found.id),
            past=edits.history(units.UNIT, code), **_options(), **_words(),
        )  # fmt: skip


def _stored(unit: Unit) -> Mapping[str, object]:
    return {
        "name": unit.name, "short_name": unit.short_name, "kind": unit.kind, "line": unit.line or "",
        "level": str(unit.level), "parent": unit.parent or "", "region_code": unit.region,
        "phone": unit.phone or "",
    }  # fmt: skip


def _options() -> dict[str, object]:
    return {"parents": choices.units(), "lines": choices.lines(), "places": choices.places()}


def _words() -> dict[str, object]:
    return {"LEVELS": LEVELS, "KINDS": wording.UNIT_KINDS}


def _found(reference: Reference, words: str) -> list[tuple[int, Unit, int, bool]]:
    found = [unit for unit in reference.units.values() if words in unit.name or words in unit.short_name
             or words == unit.line or unit.code.startswith(words)]  # fmt: skip
    return [(0, unit, 0, False) for unit in found[:MOST_FOUND]]


def _opened(reference: Reference, under: str) -> list[tuple[int, Unit, int, bool]]:
    """(depth, unit, how many below it, whether it is open) for each row, from the top to below `under`."""
    children: dict[str | None, list[Unit]] = {}
    for unit in sorted(reference.units.values(), key=lambda unit: unit.code):
        children.setdefault(unit.parent, []).append(unit)
    chosen = reference.units.get(under) or next(iter(children.get(None, [])), None)
    way = {chosen.id, *reference.ancestors(chosen.id)} if chosen else set()
    rows: list[tuple[int, Unit, int, bool]] = []

    def show(parent: str | None, depth: int) -> None:
        for unit in children.get(parent, []):
            is_open = unit.id in way
            rows.append((depth, unit, len(children.get(unit.code, [])), is_open))
            if is_open:
                show(unit.code, depth + 1)

    show(None, 0)
    return rows
