"""What the forms on duties, rules and time limits send, read into the values the verbs take."""

import re
from datetime import date
from typing import Any

from flask import request

from app.admin.choices import target, target_text
from app.admin.edit import number, text
from app.admin.wording import TIERS
from routing.duties import DutyFields
from routing.editing import Refused
from routing.models import DirectoryItem, Policy, RoutingRule
from routing.rulebook import RuleFields
from routing.terms import PolicyFields, Scope
from routing.values import Target
from tickets import deadlines

LISTS = ("words_any", "words_all", "words_none", "line_nos")
CHOSEN = ("categories", "regions", "types", "channels", "urgencies")
ANSWERS = {"yes": True, "no": False}
SPARE_ROWS = 2
RUNG = ("level", "tier", "kind", "value", "share", "ways", "ack")
"""The columns of the ladder's form."""

_BETWEEN = re.compile(r"[\s,，、;；]+")


def words(name: str) -> tuple[str, ...]:
    """Words between blanks, commas or line ends, each once."""
    return tuple(dict.fromkeys(filter(None, _BETWEEN.split(text(name)))))


def day(name: str) -> date | None:
    """A day as a browser's field sends it. Raises Refused."""
    given = text(name)
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as fault:
        raise Refused({name: "day"}) from fault


def keywords() -> tuple[tuple[str, float], ...]:
    """"路灯:3 照明": a word without a weight has 1. Raises Refused."""
    return tuple(_keyword(entry) for entry in words("keywords"))


def _keyword(entry: str) -> tuple[str, float]:
    word, colon, weight = entry.replace("：", ":").rpartition(":")
    if not colon:
        return entry, 1
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9])?", weight):
        raise Refused({"keywords": "weight"})
    return word, float(weight) if "." in weight else int(weight)


def lead() -> Target | None:
    """Who leads, or None. Raises Refused."""
    return target("lead", text("lead")) if text("lead") else None


def assists() -> tuple[Target, ...]:
    """The units chosen to assist. Raises Refused."""
    return tuple(target("assists", one) for one in request.form.getlist("assists") if one)


def duty() -> DutyFields:
    """Raises Refused."""
    return DutyFields(
        matter=text("matter"),
        category_code=text("category_code"),
        lead=lead(),
        assists=assists(),
        legal_basis=text("legal_basis"),
        keywords=keywords(),
        anti_keywords=words("anti_keywords"),
        valid_from=day("valid_from"),
        valid_until=day("valid_until"),
    )


def stored_duty(item: DirectoryItem) -> dict[str, object]:
    """The form of a duty's next version."""
    return {
        "matter": item.matter,
        "category_code": item.category_code,
        "legal_basis": item.legal_basis,
        "keywords": "\n".join(f"{word}:{weight}" for word, weight in item.keywords),
        "anti_keywords": "\n".join(item.anti_keywords),
        "valid_until": item.valid_until.isoformat() if item.valid_until else "",
        **_stored_targets(item),
    }


def rule() -> RuleFields:
    """Raises Refused."""
    return RuleFields(
        name=text("name"),
        when=_when(),
        lead=lead(),
        assists=assists(),
        category_code=text("category_code") or None,
        disposition=text("disposition") or None,
    )


def _when() -> dict[str, Any]:
    """The conditions that were given; an empty one is none."""
    given: dict[str, Any] = {name: list(words(name)) for name in LISTS}
    given |= {name: list(filter(None, request.form.getlist(name))) for name in CHOSEN}
    given |= {name: ANSWERS.get(text(name)) for name in ("confidential", "enterprise")}
    return {name: value for name, value in given.items() if value not in ([], None)}


def stored_rule(row: RoutingRule) -> dict[str, object]:
    """The form of a rule that is there."""
    when = row.when_
    answers = {None: "", True: "yes", False: "no"}
    return {
        "name": row.name,
        "category_code": row.category_code or "",
        "disposition": row.disposition or "",
        **{name: "\n".join(when.get(name, ())) for name in LISTS},
        **{name: list(when.get(name, ())) for name in CHOSEN},
        **{name: answers[when.get(name)] for name in ("confidential", "enterprise")},
        **_stored_targets(row),
    }


def lead_of(row: DirectoryItem | RoutingRule) -> Target:
    """Who leads, as the row names it."""
    return Target(row.lead_department_code, row.lead_line, row.lead_level)


def _stored_targets(row: DirectoryItem | RoutingRule) -> dict[str, object]:
    return {"lead": target_text(lead_of(row)), "assists": [target_text(Target(**one)) for one in row.assists]}


def scope() -> Scope:
    """Which tickets a new policy is for."""
    return Scope(
        text("clock"), text("ticket_type") or None, text("urgency") or None, text("category_code") or None,
        text("line_no") or None,
    )  # fmt: skip


def policy() -> PolicyFields:
    """Raises Refused."""
    return PolicyFields(
        limit_value=number("limit_value"),
        limit_unit=text("limit_unit"),
        ladder=_ladder(),
        statutory="statutory" in request.form,
        source=text("source"),
    )


def _ladder() -> list[dict[str, Any]]:
    """The rungs as stored, those without a level left out. Raises Refused naming the first that is wrong."""
    columns = [request.form.getlist(f"rung_{name}") for name in RUNG]
    rungs: list[dict[str, Any]] = []
    for place, cells in enumerate(zip(*columns, strict=False), 1):
        level, tier, kind, value, share, ways, ack = (cell.strip() for cell in cells)
        if not level:
            continue
        rungs.append({"level": _level(level, place), "tier": tier, "kind": kind, "value": _amount(value)})
        rungs[-1] |= {"share": _amount(share)} if share else {}
        rungs[-1] |= {"ways": ways.split()} if ways != deadlines.IN_APP else {}
        rungs[-1] |= {"ack": ack} if ack else {}
        if tier not in TIERS:
            raise Refused({"ladder": "ladder"}, rung=str(place))
        try:
            deadlines.ladder_from_data(rungs)
        except ValueError as fault:
            raise Refused({"ladder": "ladder"}, rung=str(place)) from fault
    return rungs


def _level(given: str, place: int) -> int:
    if not given.isascii() or not given.isdigit() or len(given) > 2:
        raise Refused({"ladder": "ladder"}, rung=str(place))
    return int(given)


def _amount(given: str) -> str | float | int:
    """"50%" is a share, "0" nothing, "1wd" a span of time."""
    if re.fullmatch(r"[0-9]{1,2}%", given):
        return int(given[:-1]) / 100
    return 0 if given == "0" else given


def stored_policy(row: Policy) -> dict[str, object]:
    """The form of a policy's next version."""
    ladder = row.ladder
    return {
        "limit_value": str(row.limit_value),
        "limit_unit": row.limit_unit,
        "source": row.source,
        **({"statutory": "1"} if row.statutory else {}),
        "rung_level": [str(rung["level"]) for rung in ladder],
        "rung_tier": [rung["tier"] for rung in ladder],
        "rung_kind": [rung["kind"] for rung in ladder],
        "rung_value": [amount_text(rung["value"]) for rung in ladder],
        "rung_share": [amount_text(rung.get("share", "")) for rung in ladder],
        "rung_ways": [" ".join(rung.get("ways", (deadlines.IN_APP,))) for rung in ladder],
        "rung_ack": [rung.get("ack", "") for rung in ladder],
    }


def amount_text(value: Any) -> str:
    """As `_amount` reads it."""
    if isinstance(value, str) or value == 0:
        return str(value)
    return f"{round(value * 100)}%"
