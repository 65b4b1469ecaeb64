"""Edits of what time limits are counted by: policies, the calendar, the city's settings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from routing import periods
from routing.editing import (
    LONGEST_TEXT,
    Edit,
    Outdated,
    Refused,
    added,
    changed,
    check_category,
    difference,
    lock,
    refuse,
    text_fault,
    texts,
)
from routing.models import CLOCKS, LIMIT_UNITS, CalendarDay, CitySetting, Policy

POLICY, DAY, SETTING = "policy", "calendar_day", "setting"
LONGEST_LIMIT = 10_000
LINE_NO = re.compile(r"[0-9]{3,20}")
"""The number of a line as citizens know it, such as 12315."""
TELEPHONE = "phone"
LIFECYCLE = "lifecycle"
TIERS, NOTICES = "tiers", "notices"
EXPORTS, UPLOADS = "exports", "uploads"
REDO_ROUNDS, SHIPPED_ROUNDS = "redo_rounds", 2
"""How often a matter that its citizen calls unsolved goes back to the unit by itself; what ships."""
MOST_ROUNDS = 9
SECOND_FACTOR = "second_factor"
"""Codes of the roles that must sign in with a second factor; app/auth/factors.py says what ships."""
ADDED_LATER = (TELEPHONE, REDO_ROUNDS, LIFECYCLE, TIERS, NOTICES, EXPORTS, UPLOADS, SECOND_FACTOR)
"""A city set up before there was such a thing goes by what ships, and has no row yet."""
PHONE_RANGES: Mapping[str, tuple[int, int]] = {
    "answer_within": (1, 300),
    "short_abandon": (0, 60),
    "offer": (5, 120),
    "connect": (3, 60),
    "wrap_up": (0, 900),
    "drop": (5, 120),
    "seat_lost": (30, 600),
    "first_operator": (0, 600),
    "skill_wait": (0, 3600),
    "queue_limit": (1, 5000),
    "longest_wait_minutes": (1, 120),
    "callback_minutes": (5, 1440),
    "service_level_percent": (1, 100),
    "recordings_days": (1, 3650),
    "number_days": (1, 3650),
    "follow_up_from": (0, 23),
    "follow_up_to": (1, 24),
    "follow_up_lines": (0, 100),
    "follow_up_after_minutes": (0, 10080),
    "follow_up_tries": (1, 9),
    "follow_up_gap_hours": (1, 168),
}
"""Least and most of each number of the setting `phone`; calls/settings.py says what ships."""
UPLOAD_RANGES: Mapping[str, tuple[int, int]] = {
    "files": (1, 20), "file_mb": (1, 50), "request_mb": (1, 60), "megapixels": (1, 100), "of_ticket": (1, 500),
    "per_hour": (1, 10_000),
}
"""Least and most of each limit on files; tickets/terms.py says what ships. No request is larger than the most."""
EXPORT_RANGES: Mapping[str, tuple[int, int]] = {"rows": (100, 50_000), "hours": (1, 168), "at_once": (1, 20)}
"""Least and most of each number of the setting `exports`; app/export_limits.py says what ships."""
NUMBER_RANGES = {UPLOADS: UPLOAD_RANGES, EXPORTS: EXPORT_RANGES}
TARGET = re.compile(r"(?:(?:unit|above|city):[a-z][a-z0-9_]{1,39}(?:@[a-z]{1,12})?|mailbox)")
"""Whom a tier of an escalation concerns, as tickets/notices.py reads it."""
TOLD = ("limit_value", "limit_unit", "ladder", "statutory", "source")


@dataclass(frozen=True)
class Scope:
    """Which tickets a policy is for; None matches everything."""

    clock: str
    ticket_type: str | None = None
    urgency: str | None = None
    category_code: str | None = None
    line_no: str | None = None

    @property
    def key(self) -> str:
        """Names the policy through all its versions; a line is named only where it has its own."""
        parts = (self.clock, self.ticket_type or "*", self.urgency or "*", self.category_code or "*")
        return "/".join(parts if self.line_no is None else (*parts, self.line_no))


@dataclass(frozen=True)
class PolicyFields:
    """What a policy says. `ladder` is as stored, and was checked by who counts by it."""

    limit_value: int
    limit_unit: str
    ladder: list[dict[str, Any]]
    statutory: bool
    source: str


def scope_of(policy: Policy) -> Scope:
    """Which tickets it is for."""
    return Scope(policy.clock, policy.ticket_type, policy.urgency, policy.category_code, policy.line_no)


def add_policy(session: Session, scope: Scope, fields: PolicyFields) -> Edit:
    """A policy for tickets that had none of their own. Raises Refused."""
    if scope.clock not in CLOCKS:
        raise Refused({"clock": "unknown"})
    if scope.line_no is not None and not LINE_NO.fullmatch(scope.line_no):
        raise Refused({"line_no": "line_no_shape"})
    check_category(session, "category_code", scope.category_code)
    rows = list(session.scalars(_versions(scope).with_for_update()))
    if any(row.is_active for row in rows):
        raise Refused({"clock": "policy_there"})
    policy = _policy(scope, _checked(fields), rows[0].version + 1 if rows else 1)
    return added(session, policy, POLICY, scope.key, *TOLD)


def change_policy(session: Session, policy_id: int, version: int, fields: PolicyFields) -> Edit:
    """The policy's next version; deadlines that run keep the one they began with.

    Raises NoResultFound, Outdated, Refused.
    """
    policy = _lock_active(session, policy_id, version)
    values, scope = _checked(fields), scope_of(policy)
    before, after = difference({name: getattr(policy, name) for name in TOLD}, values)
    if not after:
        return Edit(POLICY, scope.key, policy.version, {}, {})
    policy.is_active = False
    added(session, _policy(scope, values, policy.version + 1), POLICY, scope.key, *TOLD)
    return Edit(POLICY, scope.key, policy.version + 1, before, after)


def end_policy(session: Session, policy_id: int, version: int) -> Edit:
    """Leave these tickets to the policies for more of them. Raises NoResultFound, Outdated, Refused."""
    policy = _lock_active(session, policy_id, version)
    scope = scope_of(policy)
    if scope == Scope(policy.clock):
        raise Refused({"state": "default_policy"})
    return changed(session, policy, POLICY, scope.key, is_active=False)


def set_day(
    session: Session, day: date, version: int, is_working: bool, note: str, source: str
) -> Edit:
    """Say whether a day is worked; `version` is 0 where nothing was said of it. Raises Outdated, Refused."""
    values = {"is_working": is_working, **texts(note=note, source=source)}
    query = select(CalendarDay).where(CalendarDay.day == day).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if (row.version if row else 0) != version:
        raise Outdated()
    if row is None:
        return added(session, CalendarDay(day=day, **values), DAY, day.isoformat(), *values)
    return changed(session, row, DAY, day.isoformat(), **values)


def change_setting(session: Session, key: str, version: int, value: Any) -> Edit:
    """Another value for one of the city's settings. Raises NoResultFound, Outdated, Refused."""
    value = SETTINGS[key](value)
    if key in ADDED_LATER and version == 0:
        return added(session, CitySetting(key=key, value=value), SETTING, key, "value")
    row = lock(session, CitySetting, CitySetting.key == key, version)
    before = row.value
    edit = changed(session, row, SETTING, key, value=value)
    if key in (TELEPHONE, LIFECYCLE):
        return Edit(SETTING, key, edit.version, *difference(before, value))
    return edit


def _versions(scope: Scope) -> Any:
    return (
        select(Policy)
        .where(
            Policy.clock == scope.clock,
            Policy.ticket_type.is_not_distinct_from(scope.ticket_type),
            Policy.urgency.is_not_distinct_from(scope.urgency),
            Policy.category_code.is_not_distinct_from(scope.category_code),
            Policy.line_no.is_not_distinct_from(scope.line_no),
        )
        .order_by(Policy.version.desc())
    )


def _lock_active(session: Session, policy_id: int, version: int) -> Policy:
    """The version in use; one that was replaced or ended is no longer to be changed."""
    policy = lock(session, Policy, Policy.id == policy_id)
    if not policy.is_active or policy.version != version:
        raise Outdated()
    return policy


def _policy(scope: Scope, values: Mapping[str, Any], version: int) -> Policy:
    return Policy(
        clock=scope.clock, ticket_type=scope.ticket_type, urgency=scope.urgency,
        category_code=scope.category_code, line_no=scope.line_no, version=version, **values,
    )  # fmt: skip


def _checked(fields: PolicyFields) -> dict[str, Any]:
    source = " ".join(fields.source.split())
    faults = {
        "limit_value": "" if 1 <= fields.limit_value <= LONGEST_LIMIT else "limit",
        "limit_unit": "" if fields.limit_unit in LIMIT_UNITS else "unknown",
        "source": text_fault(source, LONGEST_TEXT),
    }
    refuse({name: fault for name, fault in faults.items() if fault})
    return {
        "limit_value": fields.limit_value, "limit_unit": fields.limit_unit, "ladder": fields.ladder,
        "statutory": fields.statutory, "source": source,
    }  # fmt: skip


def _names(value: Any) -> dict[str, str]:
    return texts(zh=value["zh"], en=value["en"])


@cache
def zones() -> frozenset[str]:
    """Every time zone there is, read from the machine once."""
    return frozenset(available_timezones())


def _zone(value: Any) -> str:
    if value not in zones():
        raise Refused({"value": "zone"})
    return str(value)


def _periods(value: Any) -> list[list[str]]:
    """At least one period: as the pure rules of deadlines want it."""
    try:
        found = periods.checked(value)
    except (TypeError, ValueError) as fault:
        raise Refused({"value": "periods"}) from fault
    refuse({} if found else {"value": "periods"})
    return found


def _share(value: Any) -> float:
    """Above 0, at most 1."""
    if not isinstance(value, float) or not 0 < value <= 1:
        raise Refused({"value": "share"})
    return round(value, 4)


def _rounds(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value <= MOST_ROUNDS:
        raise Refused({"value": "range"})
    return value


def _codes(value: Any) -> list[str]:
    return sorted({str(code) for code in value})


LIFECYCLE_RANGES: Mapping[str, tuple[int, int]] = {
    "returns": (1, 9), "returns_per_part": (1, 9), "questions": (1, 9), "appeal_days": (0, 365),
    "archive_days": (1, 3650),
    "merged_at_once": (1, 1000), "asked_percent": (0, 100),
}
"""Least and most of each number of the setting `lifecycle`; tickets/terms.py says what ships."""
MOST_EXTENSIONS = 2
LONGEST_EXTENSION = re.compile(r"[1-9][0-9]{0,3}(min|h|wh|d|wd)")


def _lifecycle(value: Any) -> dict[str, Any]:
    """Each number in its range; each extension as a limit, and a share of the limit that the part began with."""
    faults = {
        name: "range" for name, (least, most) in LIFECYCLE_RANGES.items() if not least <= value[name] <= most
    }
    for number, rule in enumerate(value["extensions"], start=1):
        if not LONGEST_EXTENSION.fullmatch(rule["longest"]):
            faults[f"longest_{number}"] = "limit"
        if not 0 < rule["share"] <= 9:
            faults[f"share_{number}"] = "range"
    refuse(faults)
    return {
        **{name: int(value[name]) for name in LIFECYCLE_RANGES},
        "extensions": value["extensions"][:MOST_EXTENSIONS],
        "ex_officio_types": _codes(value["ex_officio_types"]),
    }


def _numbers(value: Any, ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Each number in its range."""
    refuse({name: "range" for name, (least, most) in ranges.items() if not least <= value[name] <= most})
    return {name: int(value[name]) for name in ranges}


def _phone(value: Any) -> dict[str, int]:
    """Each of the telephone's numbers in its range."""
    faults = {
        name: "range" for name, (least, most) in PHONE_RANGES.items() if not least <= value[name] <= most
    }
    if value["follow_up_from"] >= value["follow_up_to"]:
        faults["follow_up_to"] = "hours_order"
    refuse(faults)
    return {name: int(value[name]) for name in PHONE_RANGES}


def _tiers(value: Any) -> dict[str, list[str]]:
    """Each line names somebody. That the roles are there is for who knows them to see."""
    refuse({name: "target_shape" for name, said in value.items() if not all(map(TARGET.fullmatch, said))})
    return {name: list(dict.fromkeys(said)) for name, said in value.items()}


def _hours(value: Any) -> dict[str, int]:
    refuse({name: "hour" for name, hour in value.items() if not 0 <= hour <= 23})
    return dict(value)


SETTINGS: Mapping[str, Callable[[Any], Any]] = {
    "city_name": _names,
    "hotline_name": _names,
    "zone": _zone,
    "working_periods": _periods,
    "routing_threshold": _share,
    "confidential_types": _codes,
    "green_factor": _share,
    REDO_ROUNDS: _rounds,
    LIFECYCLE: _lifecycle,
    TIERS: _tiers,
    NOTICES: _hours,
    EXPORTS: lambda value: _numbers(value, EXPORT_RANGES),
    TELEPHONE: _phone,
    UPLOADS: lambda value: _numbers(value, UPLOAD_RANGES),
    SECOND_FACTOR: _codes,
}
"""Each setting with the check that gives its value as stored."""
