"""What people in the seeded city write about: texts made from its directory, each with routing's own answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from routing import rules
from routing.reference import Reference
from routing.values import Duty, Facts, Place
from tickets import masking
from tickets.dispatching import grounds

POOL = 4000
TICKETS_A_MATTER = 5

TYPES = {
    "help": 44, "consult": 26, "complaint": 17, "report": 6, "suggestion": 4, "praise": 2, "other": 1,
}
"""Shares in percent. Cities differ widely; this lies between those that publish theirs."""

URGENCIES = {"normal": 93, "urgent": 5, "critical": 1, "hard": 1}
VAGUE = {"consult": 0.9, "help": 0.35, "other": 0.5}
"""Shares that ask how and where and name no matter: mostly answered at the desk."""
LEAF = 4

_OPENINGS = {
    "help": "市民来电反映，", "consult": "市民来电咨询，", "complaint": "市民投诉，", "report": "市民举报，",
    "suggestion": "市民建议，", "praise": "市民表扬，", "other": "市民来电，",
}
_ASKS = {
    "help": "请相关部门尽快核实处理，并给予回复。",
    "consult": "请告知具体规定和办理方式。",
    "complaint": "要求依法处理，并告知处理结果。",
    "report": "请依法查处，并为举报人保密。",
    "suggestion": "希望有关单位研究采纳。",
    "praise": "请代为转达谢意。",
    "other": "请知悉。",
}
_COURSES = (
    "该情况已持续一个多月，",
    "近期多次出现，周边居民意见较大，",
    "此前曾向有关单位反映，至今没有解决，",
    "夜间尤其严重，影响老人和孩子休息，",
    "上周开始出现，目前仍未好转，",
    "已与对方协商多次未果，",
)
_QUESTIONS = (
    ("咨询办事流程", "想了解相关业务怎样申请、需要带哪些材料、多少个工作日能办完。"),
    ("咨询窗口时间", "想知道周末和节假日是否上班，能不能提前预约。"),
    ("咨询材料补正", "此前提交的材料被退回，想知道怎样补正，是否需要本人到场。"),
    ("咨询进度", "申请已经提交两周，想知道目前到了哪一步，由谁负责。"),
)


@dataclass(frozen=True, slots=True)
class Matter:
    """One text with its place and what routing says of it; many tickets share it. `detail` is ready JSON.

    `grounds` is what the event says of the decision.
    """

    type: str
    urgency: str
    confidential: bool
    title: str
    masked_title: str
    content: str
    region_code: str | None
    region_path: str | None
    place: str
    category: str | None
    dispatches: bool
    lead: int | None
    assists: tuple[int, ...]
    duty: str | None
    duty_version: int | None
    rule: int | None
    confidence: float
    grounds: Mapping[str, Any]
    detail: str


def matters(reference: Reference, rng: Random, tickets: int, units: int | None, on: date) -> list[Matter]:
    """A pool to draw from, as large as that number of tickets needs.

    With `units`, only matters that the first so many leading units have, and those that nobody leads.
    """
    duties = list(reference.directory.duties)
    rng.shuffle(duties)
    weights = [1 / (rank + 3) for rank in range(len(duties))]  # some matters fill most of a hotline's day
    leaves = [place for place in reference.places.values() if place.level == LEAF]
    pool: list[Matter] = []
    leads: set[int] = set()
    wanted = min(POOL, max(200, tickets // TICKETS_A_MATTER))
    while len(pool) < wanted:
        [duty] = rng.choices(duties, weights)
        found = _matter(reference, rng, duty, rng.choice(leaves), on)
        if found.lead is not None and found.lead not in leads and units is not None and len(leads) >= units:
            continue
        leads.update(() if found.lead is None else (found.lead,))
        pool.append(found)
    return pool


def _matter(reference: Reference, rng: Random, duty: Duty, leaf: Place, on: date) -> Matter:
    [kind] = rng.choices(list(TYPES), list(TYPES.values()))
    [urgency] = rng.choices(list(URGENCIES), list(URGENCIES.values()))
    chain = reference.region_chain(leaf.code)
    names = [reference.places[code].name for code in chain[1:]]
    if rng.random() < VAGUE.get(kind, 0.0):
        chain, place = (), ""
        title, told = rng.choice(_QUESTIONS)
    else:
        place = f"{''.join(names)}{rng.randint(1, 300)}号"
        title, told = _told(rng, duty, names)
    content = f"{_OPENINGS[kind]}{told}{_ASKS[kind]}"
    confidential = kind in reference.setting("confidential_types")
    facts = Facts(
        title=title, text=content, type=kind, urgency=urgency, channel="phone", line_no="12345",
        region=chain, confidential=confidential, on=on,
    )
    return _decided(reference, facts, place)


def _told(rng: Random, duty: Duty, names: list[str]) -> tuple[str, str]:
    """Title and story in the words of the duty: its keywords are how people put it."""
    words = [word for word, _ in duty.keywords]
    chosen = rng.sample(words, min(2, len(words)))
    title = f"{names[-2]}{chosen[0]}问题"
    return title, f"{''.join(names)}存在{'、'.join(chosen)}的情况，涉及{duty.matter}。{rng.choice(_COURSES)}"


def _decided(reference: Reference, facts: Facts, place: str) -> Matter:
    decision = rules.decide(facts, reference.directory)
    units = reference.units
    return Matter(
        type=facts.type or "other",
        urgency=facts.urgency,
        confidential=facts.confidential,
        title=facts.title,
        masked_title=masking.mask_text(facts.title),
        content=facts.text,
        region_code=facts.region[-1] if facts.region else None,
        region_path="/".join(facts.region) or None,
        place=place,
        category=decision.category,
        dispatches=decision.dispatches and decision.lead is not None,
        lead=units[decision.lead].id if decision.lead else None,
        assists=tuple(units[code].id for code in decision.assists),
        duty=decision.duty,
        duty_version=decision.duty_version,
        rule=decision.rule,
        confidence=decision.confidence,
        grounds=grounds(decision),
        detail=json.dumps(decision.to_data(), ensure_ascii=False),
    )
