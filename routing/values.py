"""The plain values routing works with: facts in, units, duties and rules as loaded, a decision out.

Pure and immutable. `to_data()` gives what is stored with a ticket.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from routing.words import normal

DISPOSITIONS = ("emergency", "statutory", "explain", "malicious", "triage")

Chain = tuple[str, ...]  # codes of places from the city down
Periods = tuple[tuple[time, time], ...]  # of a day, in order; the last may end at the midnight that ends it


def n_(text: str) -> str:
    """Mark a text for translation where it is shown, not here."""
    return text


REASONS: Mapping[str, str] = {
    "rule": n_("Rule “%(name)s” applies"),
    "title_words": n_("The title says: %(words)s"),
    "text_words": n_("The text says: %(words)s"),
    "category": n_("The category was chosen by an operator"),
    "anti_words": n_("Speaks against it: %(words)s"),
    "region": n_("The unit for %(region)s"),
    "region_read": n_("The place was read from the text: %(region)s"),
    "region_missing": n_("The place is not known, so the unit of the next level up"),
    "no_unit": n_("No unit of this line is responsible for the place, or the place is not known"),
    "no_duty": n_("No duty matched"),
    "unsure": n_("Not sure enough to dispatch without a person"),
    "close": n_("Another unit is nearly as likely: %(unit)s"),
    "held": n_("Held for a person to look at"),
}


def is_within(category: str | None, prefix: str) -> bool:
    """Whether a category code is `prefix` or lies below it."""
    return category is not None and f"{category}-".startswith(f"{prefix}-")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a matter. `region` holds codes from the city down, as far as known."""

    title: str
    text: str
    type: str | None = None
    urgency: str = "normal"
    channel: str = "web"
    line_no: str | None = None
    category: str | None = None
    region: tuple[str, ...] = ()
    confidential: bool = False
    enterprise: bool = False
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    code: str
    name: str
    level: int
    parent: str | None


@dataclass(frozen=True, slots=True)
class Unit:
    """A department as a plain value; `parent` is a unit's code."""

    code: str
    id: int
    name: str
    short_name: str
    level: int
    kind: str
    line: str | None
    region: str
    parent: str | None
    is_active: bool = True
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """When a unit works: periods of its days, and whether it has the holidays and make-up days of the city."""

    weekdays: Periods
    saturday: Periods
    sunday: Periods
    keeps_holidays: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A named unit, or the unit of a line on a level in the region of the matter."""

    unit: str | None = None
    line: str | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    code: str
    version: int
    matter: str
    category: str
    lead: Target
    assists: tuple[Target, ...]
    legal_basis: str
    keywords: tuple[tuple[str, float], ...]
    anti_keywords: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None

    @property
    def field(self) -> str:
        """The second level of its category, 'AA-BB'."""
        return self.category[:5]

    def in_force(self, on: date | None) -> bool:
        if on is None:
            return True
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_until is None or on <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class When:
    """Conditions that must all hold; an empty one holds for everything."""

    words_any: tuple[str, ...] = ()
    words_all: tuple[str, ...] = ()
    words_none: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    line_nos: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    confidential: bool | None = None
    enterprise: bool | None = None

    @classmethod
    def from_data(cls, stored: Mapping[str, Any]) -> "When":
        """TypeError for a condition that does not exist, so that no rule is ever half understood."""
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        for key in ("words_any", "words_all", "words_none"):
            if key in given:
                given[key] = tuple(map(normal, given[key]))
        return cls(**given)

    def holds(self, facts: Facts, region: tuple[str, ...], text: str) -> bool:
        """Cheap conditions first; `text` is title and text as `words.normal` gives them."""
        return (
            (not self.types or facts.type in self.types)
            and (not self.channels or facts.channel in self.channels)
            and (not self.line_nos or facts.line_no in self.line_nos)
            and (not self.urgencies or facts.urgency in self.urgencies)
            and (self.confidential is None or facts.confidential == self.confidential)
            and (self.enterprise is None or facts.enterprise == self.enterprise)
            and (not self.regions or any(code in self.regions for code in region))
            and (not self.categories or any(is_within(facts.category, prefix) for prefix in self.categories))
            and all(word in text for word in self.words_all)
            and (not self.words_any or any(word in text for word in self.words_any))
            and not any(word in text for word in self.words_none)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    id: int
    position: int
    name: str
    when: When
    lead: Target | None = None
    assists: tuple[Target, ...] = ()
    category: str | None = None
    disposition: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of a decision: a key of REASONS, the words found, and values for its text."""

    kind: str
    words: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    def to_data(self) -> dict[str, Any]:
        return {"kind": self.kind, "words": list(self.words), "values": dict(self.values)}

    def text_values(self) -> dict[str, str]:
        """What the text in REASONS is filled with."""
        return {"words": "、".join(self.words), **dict(self.values)}


@dataclass(frozen=True, slots=True)
class Alternative:
    """One answer the directory gives: a duty, the unit that leads it at this place, and how sure that is."""

    lead: str
    category: str
    duty: str
    duty_version: int
    confidence: float
    assists: tuple[str, ...]
    reasons: tuple[Reason, ...]

    def to_data(self) -> dict[str, Any]:
        return {
            "lead": self.lead,
            "category": self.category,
            "duty": self.duty,
            "duty_version": self.duty_version,
            "confidence": self.confidence,
            "assists": list(self.assists),
            "reasons": [reason.to_data() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """Which unit leads, and why. Only a decision that `dispatches` may be acted on without a person.

    `lead` is a suggestion otherwise, and None when there is none. `region` is the place used, read from the
    text where the facts named none or only part of it. Confidence runs from 0 to 1; a rule gives 1.
    """

    lead: str | None
    assists: tuple[str, ...]
    category: str | None
    duty: str | None
    duty_version: int | None
    rule: int | None
    confidence: float
    hard: bool
    dispatches: bool
    disposition: str | None
    region: tuple[str, ...]
    reasons: tuple[Reason, ...]
    alternatives: tuple[Alternative, ...]

    def to_data(self) -> dict[str, Any]:
        return {
            "lead": self.lead,
            "assists": list(self.assists),
            "category": self.category,
            "duty": self.duty,
            "duty_version": self.duty_version,
            "rule": self.rule,
            "confidence": self.confidence,
            "hard": self.hard,
            "dispatches": self.dispatches,
            "disposition": self.disposition,
            "region": list(self.region),
            "reasons": [reason.to_data() for reason in self.reasons],
            "alternatives": [one.to_data() for one in self.alternatives],
        }
