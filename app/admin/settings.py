"""The administrator's page on the city's settings, one form for each."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, request
from sqlalchemy import select

from app import wording
from app.access import requires
from app.admin.edit import Page, Refusal, answer, attempt, done, number, recorded, seen, text
from app.admin.phone_wording import PHONE
from app.admin.wording import SETTINGS
from app.outbox import unit_of_work
from calls import settings as phone
from db import db
from routing import periods, terms
from routing.editing import Refused, refuse
from routing.models import CitySetting
from tickets import errors

bp = Blueprint("settings", __name__, url_prefix="/admin/settings")


@bp.get("")
@requires("admin.directory")
def settings() -> Page:
    """All settings."""
    return _page()


@bp.post("/<key>")
@requires("admin.directory")
def change(key: str) -> Page:
    """Give one of them another value."""
    if key not in _READ:
        raise errors.NotFound()
    do = recorded(lambda now: terms.change_setting(db.session(), key, seen(), _READ[key]()))
    refusal = attempt(terms.SETTING, key, do)
    return _page(key, refusal) if refusal else done("settings.settings")


def _page(refused: str = "", refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        rows = {row.key: row for row in db.session.scalars(select(CitySetting))}
        # A city without one of these goes by what ships, and may change that.
        for key, value in ((terms.REDO_ROUNDS, terms.SHIPPED_ROUNDS), (terms.TELEPHONE, {})):
            rows.setdefault(key, CitySetting(key=key, value=value, version=0))
        return answer(
            "admin/settings.html", refusal, {}, rows=[rows[key] for key in SETTINGS if key in rows],
            refused_key=refused, shown=_shown, SETTINGS=SETTINGS, types=wording.TYPES,
            zones=sorted(terms.zones()), PHONE=PHONE, ranges=terms.PHONE_RANGES,
        )  # fmt: skip


def _shown(row: CitySetting) -> Any:
    """A value as its field shows it."""
    if row.key == "working_periods":
        return periods.as_lines(row.value)
    if row.key == terms.TELEPHONE:
        return asdict(phone.of(row.value))
    return row.value


def _names() -> dict[str, str]:
    return {"zh": text("zh"), "en": text("en")}


def _share() -> float:
    try:
        return float(text("value"))
    except ValueError as fault:
        raise Refused({"value": "share"}) from fault


def _types() -> list[str]:
    chosen = request.form.getlist("value")
    if not wording.TYPES.keys() >= set(chosen):
        raise Refused({"value": "unknown"})
    return chosen


def _phone() -> dict[str, int]:
    """Every number of the telephone's form. Raises Refused naming each that is none."""
    found: dict[str, int] = {}
    faults: dict[str, str] = {}
    for name in phone.NAMES:
        try:
            found[name] = number(name)
        except Refused as fault:
            faults |= fault.fields
    refuse(faults)
    return found


_READ: Mapping[str, Callable[[], Any]] = {
    "city_name": _names,
    "hotline_name": _names,
    "zone": lambda: text("value"),
    "working_periods": lambda: periods.lines(text("value")),
    "routing_threshold": _share,
    "confidential_types": _types,
    "green_factor": _share,
    terms.REDO_ROUNDS: lambda: number("value"),
    terms.TELEPHONE: _phone,
}
