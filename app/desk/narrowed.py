"""Lists as people narrow them: a board's filter with its counts, filters kept under a name, and the search."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from app import list_wording, narrowing, wording
from app.access import actor, staff
from app.auth.queries import people
from app.errors import STATUS
from app.extensions import vault
from app.narrowing import FIND
from app.outbox import unit_of_work
from app.templating import city, unit_name, units_by_kind
from tickets import boards, errors, lifecycle, numbers, queries, service
from tickets.finding import is_phone
from tickets.narrowing import LIGHTS, NOTHING, Wanted

bp = Blueprint("narrowed", __name__, url_prefix="/desk")

Answer = str | tuple[str, int] | Response


@dataclass(frozen=True)
class Narrowed:
    """What a page needs to show the filter of its list. `kept` are the values of the filter in an address."""

    place: str
    wanted: Wanted
    kept: Mapping[str, Any]
    words: list[tuple[str, str]]
    tally: Mapping[str, Mapping[str, int]]
    states: list[tuple[str, str]]
    units: list[tuple[str, list[Any]]]
    saved: list[tuple[str, str, str]]
    is_of_city: bool

    def but(self, **values: object) -> dict[str, Any]:
        """The address's values with others in their place; choosing what is chosen already takes it away."""
        changed = {name: "" if self.kept.get(name) == value else value for name, value in values.items()}
        return {name: value for name, value in {**self.kept, **changed}.items() if value != ""}


def shown(place: str, wanted: Wanted, now: datetime) -> Narrowed | None:
    """The filter of a place; None where it has none."""
    if not narrowing.narrows(place):
        return None
    who = actor()
    return Narrowed(
        place=place,
        wanted=wanted,
        kept=wanted.to_data(),
        words=narrowing.words(place, wanted),
        tally=queries.tally(who, now, place, wanted) if place != FIND else {},
        states=narrowing.states_of(place),
        units=_units(place),
        saved=_saved(),
        is_of_city="see.city" in who.permissions,
    )


def _units(place: str) -> list[tuple[str, list[Any]]]:
    """The units to choose from: a person's own, or all; none where there is but one."""
    mine = actor().departments
    if "see.city" in actor().permissions and not (place != FIND and narrowing.is_of_parts(place)):
        return units_by_kind()
    if len(mine) < 2:
        return []
    known = city().units_by_id
    return [(_("Own units"), [known[unit] for unit in sorted(mine) if unit in known])]


def _saved() -> list[tuple[str, str, str]]:
    """(name, whose or '', address) of the filters one can go to."""
    rows = narrowing.saved(actor())
    names = people(row.staff_id for row in rows)
    return [
        (row.name, "" if row.staff_id == actor().id else names[row.staff_id][0], _address(row)) for row in rows
    ]


def _address(row: narrowing.SavedFilter) -> str:
    if row.place == FIND:
        return url_for("narrowed.find_form", **row.wanted)
    return url_for("desk.home", board=row.place, **row.wanted)


@bp.app_context_processor
def _words() -> dict[str, object]:
    return {"list_wording": list_wording, "all_lights": LIGHTS, "city_now": LocalProxy(city)}


@bp.get("/find")
@staff
def find_form() -> Answer:
    """The form; `q` in the address finds by ticket number or words, and so do filters. A telephone number or a
    caller's name waits to be sent."""
    text = request.args.get("q", "").strip()
    with unit_of_work() as now:
        wanted = narrowing.read(FIND, request.args)
        asks = (text or not wanted.is_empty) and not is_phone(text)
        after = request.args.get("after")
        page = queries.find(actor(), text, after, wanted=wanted, now=now) if asks else None
        return _find_page(now, text, wanted, page)


@bp.post("/find")
@staff
def find() -> Answer:
    """By number, telephone number, words or a caller's name. It posts: no person stands in an address."""
    text, after = request.form.get("q", "").strip(), request.form.get("after")
    name = request.form.get("name", "").strip()
    wanted = NOTHING
    try:
        with unit_of_work() as now:
            if numbers.is_ticket_number(numbers.normalise_number(text)):
                return redirect(url_for(".find_form", q=text), 303)  # where one can come back to
            wanted = narrowing.read(FIND, request.form)
            if not text and not name and not wanted.is_empty:
                return redirect(url_for(".find_form", **wanted.to_data()), 303)
            found = service.find(actor(), now, text, vault(), after, wanted=wanted, name=name)
            return _find_page(now, text, wanted, found if text or name else None, name)
    except (errors.Forbidden, errors.TooMany) as fault:
        with unit_of_work() as now:
            refusal = _find_page(now, text, wanted, None, name, refused=fault)
        return refusal, STATUS[type(fault)]


def _find_page(
    now: datetime, text: str, wanted: Wanted, page: boards.Page | None, name: str = "", **values: Any
) -> str:
    return render_template(
        "desk/find.html", now=now, q=text, name=name, page=page, narrowed=shown(FIND, wanted, now),
        may_know_callers=actor().holds(lifecycle.SIDE_RECORDS["reveal"]), **values,
    )  # fmt: skip


@bp.get("/filters")
@staff
def filters() -> Answer:
    """The filters a person has kept: renamed, shared and deleted here."""
    return _filters_page({})


def _filters_page(faults: Mapping[str, str], at: int | None = None) -> Answer:
    with unit_of_work():
        rows = [row for row in narrowing.saved(actor()) if row.staff_id == actor().id]
        lines = [
            (row, _address(row), narrowing.words(row.place, Wanted.of_data(row.wanted)), _place_name(row.place))
            for row in rows
        ]
        units = [(unit, unit_name(unit)) for unit in sorted(actor().departments)]
        page = render_template("desk/filters.html", lines=lines, units=units, faults=faults, at=at)
    return (page, 422) if faults else page


def _place_name(place: str) -> str:
    return _("Find") if place == FIND else str(wording.BOARDS[place])


@bp.post("/filters")
@staff
def save() -> Answer:
    """Keep the filter of the list that one is at."""
    place = request.form.get("place", "")
    try:
        with unit_of_work() as now:
            wanted = narrowing.read(place, _without_name(request.form))
            narrowing.save(actor(), now, request.form.get("filter_name", ""), place, wanted, _unit())
    except errors.Invalid as fault:
        return _filters_page(fault.values["fields"])
    flash(_("Kept. You find it above the list, and in the list of your filters."), "good")
    kept = wanted.to_data()
    back = url_for(".find_form", **kept) if place == FIND else url_for("desk.home", board=place, **kept)
    return redirect(back, 303)


def _without_name(form: Mapping[str, str]) -> dict[str, str]:
    """The values of the filter: the unit to share with is another one than the unit to filter by."""
    return {name: form.get(f"wanted_{name}", "") for name in Wanted.__dataclass_fields__}


def _unit() -> int | None:
    text = request.form.get("share", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


@bp.post("/filters/<int:filter_id>")
@staff
def change(filter_id: int) -> Answer:
    """Call it otherwise, or share it with other people."""
    try:
        with unit_of_work():
            narrowing.change(actor(), filter_id, request.form.get("filter_name", ""), _unit())
    except errors.Invalid as fault:
        return _filters_page(fault.values["fields"], filter_id)
    flash(_("Changed."), "good")
    return redirect(url_for(".filters"), 303)


@bp.post("/filters/<int:filter_id>/delete")
@staff
def delete(filter_id: int) -> Answer:
    """Throw it away."""
    with unit_of_work():
        narrowing.forget(actor(), filter_id)
    flash(_("Deleted."), "good")
    return redirect(url_for(".filters"), 303)
