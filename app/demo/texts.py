"""What the people of the demo city say and write, out of matters.json and words.json."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tickets.intake import Intake

SYSTEM = "demo"
"""The external system of every ticket that is part of the play; no form can give it to another."""
PHONE = "1540000{:04}"
"""Numbers that are nobody's: 154 was never given to an operator."""


@dataclass(frozen=True)
class Matter:
    """One thing somebody brings up. `place` is where, within the region; `answer` is that to a question."""

    key: str
    type: str
    title: str
    text: str
    urgency: str = "normal"
    region: str | None = None
    address: str = ""
    place: str = ""
    answer: str = ""

    @property
    def kind(self) -> str:
        return self.key.partition("-")[0]


def _document(name: str) -> Any:
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))


MATTERS = {row["key"]: Matter(**row) for row in _document("matters")}
WORDS: dict[str, Any] = _document("words")


def matter_of(external_no: str | None) -> Matter | None:
    """The matter a ticket of the play is about; None for one that is in the file no more."""
    return MATTERS.get((external_no or "").rpartition("-")[0])


def a_matter(random: Random, taken: Collection[str]) -> Matter:
    """One that is not on anybody's desk now, while there is one."""
    free = [matter for key, matter in MATTERS.items() if key not in taken]
    return random.choice(free or list(MATTERS.values()))


def intake_of(matter: Matter, random: Random, channel: str) -> Intake:
    """The matter as a caller brings it, who has an invented name and a number that is nobody's."""
    return Intake(
        title=matter.title,
        content=matter.text,
        type=matter.type,
        channel=channel,
        urgency=matter.urgency,
        region_code=matter.region,
        place=matter.place,
        name=random.choice(WORDS["surnames"]) + random.choice(WORDS["given_names"]),
        phone=PHONE.format(random.randrange(10_000)),
        address=matter.address,
        external_system=SYSTEM,
        external_no=f"{matter.key}-{random.getrandbits(48):012x}",
    )


def say(matter: Matter, random: Random, what: str) -> str:
    """What a unit notes, replies or adds for the file: `what` is notes, replies or internals."""
    if what == "replies" and matter.answer:
        return f"您好，{matter.answer}"
    line: str = random.choice(WORDS["kinds"][matter.kind][what])
    return line
