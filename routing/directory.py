"""The city's directory as one immutable value with its indexes: who is responsible for what, and where.

Pure: built from plain values, once for each state of the reference data.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from routing.values import Chain, Duty, Place, Rule, Target, Unit
from routing.words import Hits, Words, normal


@dataclass(frozen=True)
class Directory:
    """Units and places by code; `rules` in the order they are tried; `threshold` from 0 to 1."""

    units: Mapping[str, Unit]
    duties: tuple[Duty, ...]
    rules: tuple[Rule, ...]
    places: Mapping[str, Place]
    threshold: float

    @cached_property
    def words(self) -> Words:
        """Every word that means anything here: keywords, anti-keywords, names of places."""
        return Words([*self.evidence, *self.counter_evidence, *self.place_names])

    @cached_property
    def evidence(self) -> Mapping[str, tuple[tuple[int, float], ...]]:
        """Keyword to (position of a duty, worth); a keyword of many duties is worth less to each."""
        found: dict[str, dict[int, float]] = {}
        for position, duty in enumerate(self.duties):
            for word, weight in duty.keywords:
                found.setdefault(normal(word), {})[position] = weight
        count = len({duty.code for duty in self.duties})
        rarity = {word: self._rarity(holders, count) for word, holders in found.items()}
        return {
            word: tuple((position, weight * rarity[word]) for position, weight in holders.items())
            for word, holders in found.items()
        }

    def _rarity(self, holders: Iterable[int], count: int) -> float:
        """1 for a word of one of `count` duties, less the more share it; versions of a duty count once."""
        sharing = len({self.duties[position].code for position in holders})
        return math.log(1 + count / sharing) / math.log(1 + count)

    @cached_property
    def counter_evidence(self) -> Mapping[str, tuple[int, ...]]:
        """Anti-keyword to positions of duties."""
        found: dict[str, list[int]] = {}
        for position, duty in enumerate(self.duties):
            for word in duty.anti_keywords:
                found.setdefault(normal(word), []).append(position)
        return {word: tuple(positions) for word, positions in found.items()}

    @cached_property
    def place_names(self) -> Mapping[str, tuple[str, ...]]:
        """Name to codes, for a name may occur in several counties; the city's own name says nothing."""
        found: dict[str, list[str]] = {}
        for place in self.places.values():
            if place.level > 1:
                found.setdefault(normal(place.name), []).append(place.code)
        return {name: tuple(codes) for name, codes in found.items()}

    @cached_property
    def units_by_line(self) -> Mapping[tuple[str, int, str], Unit]:
        """(line, level, region) to the unit; of several the one with the lowest code."""
        active = [unit for unit in self.units.values() if unit.is_active and unit.line is not None]
        return {
            (unit.line or "", unit.level, unit.region): unit
            for unit in sorted(active, key=lambda unit: unit.code, reverse=True)
        }

    @cached_property
    def root(self) -> Chain:
        """The city as a chain of one, or nothing when there are no places."""
        return tuple(place.code for place in self.places.values() if place.level == 1)[:1]

    def chain(self, code: str) -> Chain:
        """Codes from the city down to `code`; empty for a place that is not in the tree."""
        chain: list[str] = []
        place = self.places.get(code)
        while place is not None:
            chain.append(place.code)
            place = self.places.get(place.parent) if place.parent else None
        return tuple(reversed(chain))

    def resolve(self, target: Target, region: Chain) -> tuple[Unit | None, bool]:
        """The unit, and whether the place was too vague for the level asked.

        Goes up from that level until a unit of the line is found, never further down.
        """
        if target.unit is not None:
            unit = self.units.get(target.unit)
            return (unit if unit is not None and unit.is_active else None), False
        chain, level = region or self.root, target.level or 0
        for tried in range(min(level, len(chain)), 0, -1):
            unit = self.units_by_line.get((target.line or "", tried, chain[tried - 1]))
            if unit is not None:
                return unit, len(chain) < level
        return None, len(chain) < level

    def resolve_all(self, targets: Iterable[Target], lead: str | None, region: Chain) -> tuple[str, ...]:
        """Codes of the assisting units, each once, without the lead and without those that do not exist."""
        units = (self.resolve(target, region)[0] for target in targets)
        return tuple(dict.fromkeys(unit.code for unit in units if unit is not None and unit.code != lead))

    def region_of(self, given: Chain, hits: Hits) -> Chain:
        """`given`, carried further down by the places named in the text as far as these agree.

        That two of them are both in the city says nothing: the city alone is never read.
        """
        named = {code for word in hits.words for code in self.place_names.get(word, ())}
        chains = [chain for code in named if (chain := self.chain(code))[: len(given)] == given]
        if not chains:
            return given
        support = [(sum(code in named for code in chain), chain) for chain in chains]
        most = max(count for count, _ in support)
        agreed = shared_beginning(sorted(chain for count, chain in support if count == most))
        return agreed if len(agreed) > max(len(given), 1) else given


def shared_beginning(chains: Sequence[Chain]) -> Chain:
    """Of sorted chains, at least one; the first and the last differ most."""
    first, last = chains[0], chains[-1]
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return first[:length]
