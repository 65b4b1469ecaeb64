"""The administrator's page on the city's settings, one form for each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, request
from sqlalchemy import select

from app import export_limits, wording
from app.access import requires
from app.admin.edit import Page, Refusal, answer, attempt, done, number, recorded, seen, text
from app.admin.phone_wording import PHONE
from app.admin.wording import LIFECYCLE, NUMBERS, SETTINGS, TIERS
from app.auth import queries
from app.outbox import unit_of_work
from app.recipients import shipped_tiers
from calls import settings as phone
from db import db
from routing import periods, terms
from routing.editing import Refused, refuse
from routing.models import CitySetting
from tickets import daily, errors
from tickets import terms as ticket_terms

DECIDERS = ("extension.decide", "extension.decide_again")
"""Who decides on the first extension of a part, and who on the second."""

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
        for key, value in _SHIPPED:
            rows.setdefault(key, CitySetting(key=key, value=value, version=0))
        return answer(
            "admin/settings.html", refusal, {}, rows=[rows[key] for key in SETTINGS if key in rows],
            refused_key=refused, shown=_shown, SETTINGS=SETTINGS, types=wording.TYPES,
            zones=sorted(terms.zones()), PHONE=PHONE, ranges=terms.PHONE_RANGES | terms.LIFECYCLE_RANGES,
            LIFECYCLE=LIFECYCLE, NUMBERS=NUMBERS, number_ranges=terms.NUMBER_RANGES, deciders=DECIDERS,
            TIERS=TIERS,
            role_codes=[code for code, _name, _of_unit in queries.roles()],
        )  # fmt: skip


def _shown(row: CitySetting) -> Any:
    """A value as its field shows it."""
    if row.key == "working_periods":
        return periods.as_lines(row.value)
    if row.key == terms.TELEPHONE:
        return asdict(phone.of(row.value))
    if row.key == terms.LIFECYCLE:
        rules = enumerate(row.value["extensions"], start=1)
        each = {f"{name}_{number}": rule[name] for number, rule in rules for name in ("longest", "share")}
        return {**ticket_terms.SHIPPED, **row.value, **each}
    if row.key == terms.TIERS:
        return {tier: "\n".join(row.value.get(tier, ())) for tier in TIERS}
    return {**_NUMBERS[row.key], **row.value} if row.key in _NUMBERS else row.value


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


def _lifecycle() -> dict[str, Any]:
    """The numbers, the rule for each extension that has one, and the types. Raises Refused naming each fault."""
    found: dict[str, Any] = {"ex_officio_types": _types(), "extensions": []}
    faults: dict[str, str] = {}
    for name in terms.LIFECYCLE_RANGES:
        try:
            found[name] = number(name)
        except Refused as fault:
            faults |= fault.fields
    for place, who in enumerate(DECIDERS, start=1):
        longest, share = text(f"longest_{place}"), text(f"share_{place}")
        if not longest:
            break  # none without the one before it
        try:
            found["extensions"].append({"who": who, "longest": longest, "share": float(share)})
        except ValueError:
            faults[f"share_{place}"] = "share"
    refuse(faults)
    return found


def _numbers(names: Iterable[str], ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """The numbers of a form. Raises Refused naming each that is none, and with them each beyond its range, so that
    all that is wrong is told at once."""
    found: dict[str, int] = {}
    faults: dict[str, str] = {}
    for name in names:
        try:
            found[name] = number(name)
        except Refused as fault:
            faults |= fault.fields
    if faults:
        beyond = {name for name in found.keys() & ranges.keys() if not _is_within(found[name], ranges[name])}
        faults |= dict.fromkeys(beyond, "range")
    refuse(faults)
    return found


def _is_within(number: int, span: tuple[int, int]) -> bool:
    return span[0] <= number <= span[1]


def _tiers() -> dict[str, list[str]]:
    """Who each tier is, line by line. Raises Refused for a role that there is not."""
    said = {tier: text(tier).split() for tier in TIERS}
    known = {code for code, _name, _of_unit in queries.roles()}
    for tier, lines in said.items():
        named = {one.partition(":")[2].partition("@")[0] for one in lines} - {""}
        refuse({tier: "target_shape"} if not named <= known else {})
    return said


_NUMBERS: Mapping[str, Mapping[str, int]] = {
    terms.NOTICES: daily.SHIPPED,
    terms.UPLOADS: ticket_terms.SHIPPED_UPLOADS,
    terms.EXPORTS: export_limits.SHIPPED,
}
"""Settings that are a few numbers, with what ships."""
_SHIPPED: tuple[tuple[str, Any], ...] = (
    (terms.REDO_ROUNDS, terms.SHIPPED_ROUNDS), (terms.LIFECYCLE, ticket_terms.SHIPPED), (terms.TELEPHONE, {}),
    (terms.TIERS, shipped_tiers()),
    *_NUMBERS.items(),
)  # fmt: skip

_READ: Mapping[str, Callable[[], Any]] = {
    "city_name": _names,
    "hotline_name": _names,
    "zone": lambda: text("value"),
    "working_periods": lambda: periods.lines(text("value")),
    "routing_threshold": _share,
    "confidential_types": _types,
    "green_factor": _share,
    terms.REDO_ROUNDS: lambda: number("value"),
    terms.LIFECYCLE: _lifecycle,
    terms.TIERS: _tiers,
    **{
        key: lambda key=key, names=shipped: _numbers(names, terms.NUMBER_RANGES.get(key, {}))
        for key, shipped in _NUMBERS.items()
    },
    terms.TELEPHONE: lambda: _numbers(phone.NAMES, terms.PHONE_RANGES),
}
