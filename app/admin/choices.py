"""What selects on the administrator's pages offer, and how a lead or assisting unit is written there."""

from collections.abc import Callable

from flask_babel import gettext as _

from app.admin.wording import LEVELS
from app.templating import category_name, city, region_name, unit_by_code, units_by_kind
from calls import lines as phone_lines
from db import db
from routing.editing import Refused
from routing.values import Target

Pairs = list[tuple[str, str]]


def units() -> list[tuple[str, Pairs]]:
    """Active units by kind."""
    groups = units_by_kind()
    return [(kind, [(unit.code, f"{unit.name} · {unit.code}") for unit in found]) for kind, found in groups]


def lines() -> Pairs:
    """Fields of work, each with the highest unit that has it."""
    highest: dict[str, tuple[int, str]] = {}
    for unit in city().units.values():
        if unit.line and unit.is_active and unit.level < highest.get(unit.line, (9, ""))[0]:
            highest[unit.line] = (unit.level, unit.short_name)
    return sorted((line, f"{name} · {line}") for line, (_level, name) in highest.items())


def line_targets() -> Pairs:
    """Each field of work on each level on which a unit has it: "urban@2", with one such unit as an example."""
    active = [unit for unit in city().units.values() if unit.is_active]
    found = {(unit.line, unit.level): unit.short_name for unit in reversed(active)}
    return [
        (f"{line}@{level}", _("%(level)s, such as %(unit)s (%(line)s)", level=LEVELS[level], unit=name, line=line))
        for (line, level), name in sorted(found.items(), key=str)
        if line
    ]


def categories() -> Pairs:
    return [(code, f"{code} {category_name(code)}") for code in city().categories]


def hotline_lines() -> Pairs:
    """The lines merged into the hotline, by the number that citizens know."""
    return sorted(phone_lines.labels(db.session()).items())


def places() -> Pairs:
    return [(code, region_name(code)) for code in city().places]


def target(field: str, text: str) -> Target:
    """A lead or assisting unit as a form sends it: "9901.bus", or "urban@2". Raises Refused."""
    line, at, level = text.strip().partition("@")
    if not at:
        return Target(unit=line)
    if level not in ("1", "2", "3", "4"):
        raise Refused({field: "unknown"})
    return Target(line=line, level=int(level))


def target_text(one: Target) -> str:
    """The same, as a form shows it."""
    return one.unit or (f"{one.line}@{one.level}" if one.line else "")


def target_namer() -> Callable[[Target], str]:
    """Tells the same in words, for as many as a page has."""
    names = dict(line_targets())
    return lambda one: unit_by_code(one.unit) if one.unit else names.get(target_text(one), target_text(one))
