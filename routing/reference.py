"""All reference data as one immutable value, and the ways to ask it. Pure; service.py loads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from routing.directory import Directory
from routing.periods import times
from routing.values import Chain, Hours, Periods, Place, Unit


@dataclass(frozen=True, slots=True)
class CategoryNode:
    """A category as a plain value; `parent` is a code, None at the top."""

    code: str
    id: int
    name: str
    name_en: str
    level: int
    parent: str | None
    wants_photo: bool = False


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """How long one clock runs for the tickets it matches; None matches everything. `ladder` as stored."""

    id: int
    clock: str
    ticket_type: str | None
    urgency: str | None
    category_code: str | None
    line_no: str | None
    limit_value: int
    limit_unit: str
    ladder: tuple[Mapping[str, Any], ...]
    statutory: bool
    source: str
    version: int


@dataclass(frozen=True)
class Reference:
    """Reference data as of one `version`. Inactive duties, rules and policies are not in it; units are.

    `announced` are the years whose arrangement of holidays is known, `hours` those that units have of their own.
    """

    version: int
    directory: Directory
    categories: Mapping[str, CategoryNode]
    settings: Mapping[str, Any]
    policies: tuple[PolicyRow, ...]
    calendar: Mapping[date, bool]
    day_names: Mapping[date, str]
    announced: frozenset[int]
    hours: Mapping[int, Hours]

    @property
    def units(self) -> Mapping[str, Unit]:
        return self.directory.units

    @property
    def places(self) -> Mapping[str, Place]:
        return self.directory.places

    @cached_property
    def units_by_id(self) -> Mapping[int, Unit]:
        return {unit.id: unit for unit in self.units.values()}

    @cached_property
    def _children(self) -> Mapping[int, tuple[int, ...]]:
        children: dict[int, list[int]] = {}
        for unit in self.units.values():
            if unit.parent is not None:
                children.setdefault(self.units[unit.parent].id, []).append(unit.id)
        return {parent: tuple(sorted(ids)) for parent, ids in children.items()}

    def descendants(self, unit_id: int) -> frozenset[int]:
        """Ids of the unit itself and of all units below it."""
        found: set[int] = set()
        todo = [unit_id]
        while todo:
            current = todo.pop()
            found.add(current)
            todo.extend(self._children.get(current, ()))
        return frozenset(found)

    def ancestors(self, unit_id: int) -> tuple[int, ...]:
        """Ids of the units above it, the nearest first."""
        found: list[int] = []
        unit = self.units_by_id[unit_id]
        while unit.parent is not None:
            unit = self.units[unit.parent]
            found.append(unit.id)
        return tuple(found)

    def hours_of(self, unit_id: int) -> tuple[int, Hours] | None:
        """The hours by which a unit works and whose they are: its own or those of the nearest unit above that
        has any. None where it works as the city does, or is not known."""
        if not self.hours or unit_id not in self.units_by_id:
            return None
        found = next((one for one in (unit_id, *self.ancestors(unit_id)) if one in self.hours), None)
        return None if found is None else (found, self.hours[found])

    def wants_photo(self, category: str | None) -> bool:
        """Whether a reply in this category needs a photo: it is asked for there, or above."""
        node = self.categories.get(category or "")
        while node is not None and not node.wants_photo:
            node = self.categories.get(node.parent or "")
        return node is not None

    def region_chain(self, code: str) -> Chain:
        return self.directory.chain(code)

    def setting(self, key: str) -> Any:
        """KeyError when the city has no such setting."""
        return self.settings[key]

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings["zone"])

    @cached_property
    def working_periods(self) -> Periods:
        """Of a working day in the city's zone, in order."""
        return times(self.settings["working_periods"])
