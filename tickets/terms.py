"""What a city sets of a ticket's course, with what ships where it says nothing. Reads reference data only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from routing import service as routing
from routing.reference import Reference
from routing.terms import LIFECYCLE, UPLOADS

HANDLING = ("handle", "redo")
"""The clocks in which a unit works on a matter: the first time, and again after the citizen was not content."""
URGE = "urge"
"""The clock in which a matter's units write something for a citizen who has asked again (催办)."""
UNITS_WORDS = ("handle_note", "internal_note", "public_reply")
"""What units write: any of it is a word to a citizen who asked again."""
NOT_OF_UNITS = ("decision", "info")
"""Clocks of a unit's part that others owe: the hotline what it decides on it, the citizen an answer."""


@dataclass(frozen=True)
class ExtensionRule:
    """Who decides on the n-th extension of a part, and how long it may be: `longest` as a limit, and at most
    `share` of the limit that the part began with."""

    who: str
    longest: str
    share: float


# Ours, not law: domain practice differs from city to city.
SHIPPED: dict[str, Any] = {
    "returns": 2,
    "returns_per_part": 1,
    "questions": 2,
    "extensions": [
        {"who": "extension.decide", "longest": "10wd", "share": 1.0},
        {"who": "extension.decide_again", "longest": "10wd", "share": 1.0},
    ],
    "appeal_days": 15,
    "archive_days": 365,
    "merged_at_once": 200,
    "asked_percent": 100,
    "ex_officio_types": ["report"],
}

SHIPPED_UPLOADS: dict[str, int] = {
    "files": 9, "file_mb": 10, "request_mb": 30, "megapixels": 40, "of_ticket": 60, "per_hour": 30,
}  # fmt: skip
"""Of one form so many files, each so large, all together so large, a picture of so many points; of one ticket so
many files; from one address on the public pages so many forms with files an hour."""


def _set(name: str) -> Any:
    return routing.current().settings.get(LIFECYCLE, {}).get(name, SHIPPED[name])


def upload_limit(name: str) -> int:
    """One of the limits on files."""
    return upload_limits(routing.current())[name]


def upload_limits(reference: Reference) -> dict[str, int]:
    """All of them."""
    return {**SHIPPED_UPLOADS, **reference.settings.get(UPLOADS, {})}


def returns_allowed() -> int:
    """After so many granted returns nobody is asked any more whose it is: it is disputed."""
    return int(_set("returns"))


def returns_per_part() -> int:
    """After so many refused returns of its part a unit asks no more."""
    return int(_set("returns_per_part"))


def questions_per_part() -> int:
    """So often may a unit ask the citizen, while its clock stands still."""
    return int(_set("questions"))


def extensions() -> Sequence[ExtensionRule]:
    """One rule for each extension that a part may have, in order."""
    return [ExtensionRule(**rule) for rule in _set("extensions")]


def appeal_days() -> int:
    """Calendar days after the end in which a citizen may appeal."""
    return int(_set("appeal_days"))


def archive_days() -> int:
    """Calendar days after the end until a ticket is archived."""
    return int(_set("archive_days"))


def ex_officio_types() -> frozenset[str]:
    """Types of matter that go on though their citizen withdraws them."""
    return frozenset(_set("ex_officio_types"))


def asked_percent() -> int:
    """Of a hundred tickets with a reply so many are to be followed up by a person; the rest may be."""
    return int(_set("asked_percent"))


def merged_at_once() -> int:
    """So many tickets may be merged into another in one go."""
    return int(_set("merged_at_once"))
