"""Edits of the ordered rules that are tried before the directory: conditions, outcome, order, on and off."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from routing.editing import (
    Edit,
    Outdated,
    Refused,
    added,
    changed,
    check_category,
    check_targets,
    lead_columns,
    lock,
    refuse,
    target_data,
    text_fault,
)
from routing.models import Category, Region, RoutingRule
from routing.values import DISPOSITIONS, Target, When

RULE = "rule"
STEP = 10
TOLD = (
    "position", "name", "when_", "lead_department_code", "lead_line", "lead_level", "assists", "category_code",
    "disposition", "is_active",
)  # fmt: skip
"""The columns that the record of a new rule tells."""


@dataclass(frozen=True)
class RuleFields:
    """A rule as a form describes it; `when` is as stored, without empty conditions."""

    name: str
    when: Mapping[str, Any]
    lead: Target | None = None
    assists: tuple[Target, ...] = ()
    category_code: str | None = None
    disposition: str | None = None


def add_rule(session: Session, fields: RuleFields) -> Edit:
    """A new rule, tried after all others. Raises Refused."""
    values = _checked(session, fields)
    rows = _in_order(session)
    rule = RoutingRule(position=(rows[-1].position if rows else 0) + STEP, **values)
    session.add(rule)
    session.flush()
    return added(session, rule, RULE, str(rule.id), *TOLD)


def change_rule(session: Session, rule_id: int, version: int, fields: RuleFields) -> Edit:
    """Other conditions or another outcome. Raises NoResultFound, Outdated, Refused."""
    rule = lock(session, RoutingRule, RoutingRule.id == rule_id, version)
    return changed(session, rule, RULE, str(rule_id), **_checked(session, fields))


def switch_rule(session: Session, rule_id: int, version: int, is_active: bool) -> Edit:
    """Try the rule, or leave it out. Raises NoResultFound, Outdated, Refused for a lead that is closed."""
    rule = lock(session, RoutingRule, RoutingRule.id == rule_id, version)
    if is_active:
        named = [Target(**one) for one in rule.assists]
        if rule.lead_department_code or rule.lead_line:
            named.append(Target(rule.lead_department_code, rule.lead_line, rule.lead_level))
        check_targets(session, "state", *named)
    return changed(session, rule, RULE, str(rule_id), is_active=is_active)


def move_rule(session: Session, rule_id: int, version: int, step: int) -> Edit:
    """Try the rule one place earlier (-1) or later (1). Raises Outdated, Refused, NoResultFound."""
    rows = _in_order(session)
    at = next((at for at, row in enumerate(rows) if row.id == rule_id), None)
    rule = rows[at] if at is not None else lock(session, RoutingRule, RoutingRule.id == rule_id)
    if rule.version != version:
        raise Outdated()
    if at is None or not 0 <= at + step < len(rows):
        raise Refused({"state": "no_place"})
    rows.insert(at + step, rows.pop(at))
    for number, row in enumerate(rows, 1):
        if row is not rule:
            row.position = number * STEP
    return changed(session, rule, RULE, str(rule_id), position=(at + step + 1) * STEP)


def _in_order(session: Session) -> list[RoutingRule]:
    """All rules as they are tried, under their locks: two must not change the order at once."""
    rows = select(RoutingRule).order_by(RoutingRule.position, RoutingRule.id).with_for_update()
    return list(session.scalars(rows.execution_options(populate_existing=True)))


def _checked(session: Session, fields: RuleFields) -> dict[str, Any]:
    """The columns as stored. Raises Refused."""
    name = fields.name.strip()
    faults = {
        "name": text_fault(name),
        "when": "" if fields.when else "no_condition",
        "lead": "" if fields.lead or fields.disposition else "no_outcome",
    }
    if fields.disposition and fields.disposition not in DISPOSITIONS:
        faults["disposition"] = "unknown"
    if fields.assists and not fields.lead:
        faults["assists"] = "assists_alone"
    refuse({name: fault for name, fault in faults.items() if fault})
    _check_when(session, fields.when)
    check_targets(session, "lead", *([fields.lead] if fields.lead else []))
    check_targets(session, "assists", *fields.assists)
    check_category(session, "category_code", fields.category_code)
    return {
        "name": name,
        "when_": dict(fields.when),
        **lead_columns(fields.lead),
        "assists": [target_data(one) for one in dict.fromkeys(fields.assists)],
        "category_code": fields.category_code,
        "disposition": fields.disposition,
    }


def _check_when(session: Session, when: Mapping[str, Any]) -> None:
    """Every condition is one that exists, and so is what it names."""
    When.from_data(when)
    for key, column in (("categories", Category.code), ("regions", Region.code)):
        named = set(when.get(key, ()))
        unknown = named - set(session.scalars(select(column).where(column.in_(named))))
        refuse({key: "unknown_codes"} if unknown else {}, codes="、".join(sorted(unknown)))
