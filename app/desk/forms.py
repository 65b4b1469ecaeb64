"""The fields that actions need: how each is shown and read. Which needs which is the transition table's."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from app import wording
from app.extensions import vault
from app.templating import city
from tickets import errors, lifecycle, service
from tickets.attachment_models import HANDLING, PROOF
from tickets.handling import Account
from tickets.lifecycle import Transition
from tickets.merging import Demand
from tickets.permissions import Actor

Typed = MultiDict[str, str]
DEMAND_TITLE = 40
"""Characters of a demand by which its own ticket is called."""


@dataclass(frozen=True)
class Field:
    """How one field is asked for. `widget` names a macro of desk/widgets.html."""

    widget: str
    choices: wording.Words | None = None
    required: bool = True


FIELDS: Mapping[str, Field] = {
    "reason": Field("text"),
    "answer": Field("text"),
    "disposition": Field("choice", wording.DISPOSITIONS),
    "refer_reason": Field("choice", wording.REFER_REASONS),
    "referral": Field("text"),
    "question": Field("text"),
    "supplement": Field("text"),
    "green_reason": Field("text"),
    "into": Field("line"),
    "others": Field("text"),
    "demands": Field("text"),
    "withdraw_reason": Field("text"),
    "lead": Field("unit"),
    "assists": Field("units", required=False),
    "dispatch_note": Field("text", required=False),
    "below": Field("unit"),
    "handle_note": Field("text"),
    "files": Field("files", required=False),
    "contacted": Field("choice", wording.METHODS, required=False),
    "contact_method": Field("choice", wording.METHODS),
    "contact_at": Field("moment", required=False),
    "contact_from": Field("line", required=False),
    "facts": Field("choice", wording.FACTS),
    "result": Field("choice", wording.RESULTS),
    "public_reply": Field("text"),
    "personal_ok": Field("tick", required=False),
    "internal_note": Field("text"),
    "checked": Field("checks", required=False),
    "review_note": Field("text"),
    "recall_reason": Field("text"),
    "waive_reason": Field("text"),
    "meeting_kind": Field("choice", wording.MEETINGS),
    "meeting_at": Field("moment"),
    "meeting_place": Field("line"),
    "minutes": Field("text"),
    "return_reason": Field("choice", wording.RETURN_REASONS),
    "legal_basis": Field("text"),
    "return_note": Field("text"),
    "suggested": Field("unit"),
    "decision_note": Field("text"),
    "days": Field("limit"),
    "extension_reason": Field("text"),
    "suspend_reason": Field("choice", wording.SUSPENSION_REASONS),
    "review_on": Field("day"),
    "suspend_plan": Field("text"),
    "public_reason": Field("text"),
    "exclusion_of": Field("choice", wording.EXCLUSIONS),
    "exclusion_reason": Field("text"),
    "order_form": Field("choice", wording.ORDER_FORMS),
    "order_level": Field("choice", wording.ORDER_LEVELS),
    "order_due": Field("moment"),
    "order_text": Field("text"),
    "order_answer": Field("text"),
    "order_remark": Field("text"),
    "tried": Field("choice", wording.TRIES),
    "try_again_at": Field("moment", required=False),
    "was_contacted": Field("choice", wording.YES_NO),
    "is_true": Field("choice", wording.YES_NO),
    "is_solved": Field("choice", wording.YES_NO),
    "satisfaction": Field("choice", wording.SATISFACTION),
    "rating_note": Field("text", required=False),
    "redo_reason": Field("text"),
    "outcome": Field("choice", wording.OUTCOMES_ASKED),
    "urge_note": Field("text"),
}

BESIDES: Mapping[str, tuple[str, ...]] = {
    "dispatch": ("dispatch_note",), "reply": ("personal_ok", "checked", "files"), "handle": ("files",),
    "contribute": ("files",),
}  # fmt: skip
"""Fields an action takes without needing them."""

FILED_AS: Mapping[str, str] = {"handle": HANDLING, "contribute": HANDLING, "reply": PROOF}
"""As what the files of an action's form are put in. They go before its verb, which asks what is there."""

REQUIRED = {("delegate", "days"): False, ("add_assist", "assists"): True, ("add_assist", "dispatch_note"): True}
"""Fields that may stay empty in one action's form and not in another's."""

WITH_INTAKE = frozenset({"register", "amend"})
"""Actions whose form is a page of its own: what was taken down of the matter."""

OF_CITIZENS = frozenset({"rate", "appeal"})
"""Actions that are the citizen's alone, on the public pages."""

Values = dict[str, Any]


def _in_order(action: str) -> Callable[..., object]:
    """The verb of that name, called with the fields in the order in which the table names them."""
    verb, names = getattr(service, action), values_of(action)

    def call(who: Actor, now: datetime, at: "Target", values: Values) -> object:
        part = (at.part,) if is_part_action(action) else ()
        return verb(who, now, at.ticket, *part, *(values[name] for name in names), version=at.version)

    return call


def _reply(who: Actor, now: datetime, at: "Target", values: Values) -> None:
    service.reply(who, now, at.ticket, at.part or 0, Account(**values), at.version)


def _split(who: Actor, now: datetime, at: "Target", values: Values) -> None:
    """One demand a line; its beginning is what the new ticket is called."""
    lines = [line.strip() for line in values["demands"].splitlines() if line.strip()]
    demands = [Demand(line[:DEMAND_TITLE], line) for line in lines]
    service.split(who, now, at.ticket, demands, vault(), at.version)


def _take_in(who: Actor, now: datetime, at: "Target", values: Values) -> None:
    service.take_in(who, now, at.ticket, re.findall(r"[^\s,，、;；]+", values["others"]), at.version)


def _yes(value: str) -> bool | None:
    return {"yes": True, "no": False}.get(value)


def _hear(who: Actor, now: datetime, at: "Target", values: Values) -> None:
    said = [_yes(values[name]) for name in ("was_contacted", "is_true", "is_solved")]
    satisfied = int(values["satisfaction"]) if values["satisfaction"].isdecimal() else None
    service.hear(who, now, at.ticket, *said, satisfied, values["rating_note"], at.version)


def _order(who: Actor, now: datetime, at: "Target", values: Values) -> None:
    level = int(values["order_level"]) if values["order_level"].isdecimal() else None
    service.order(
        who, now, at.ticket, at.part or 0, values["order_form"], level, values["order_due"], values["order_text"],
        at.version,
    )


def fields_of(action: str) -> tuple[str, ...]:
    """The fields of an action's form, in order."""
    row = next(row for row in lifecycle.TABLE if row.action == action)
    return (*row.needs, *BESIDES.get(action, ()))


def values_of(action: str) -> tuple[str, ...]:
    """Those of them that the verb takes."""
    return tuple(name for name in fields_of(action) if FIELDS[name].widget != "files")


def is_part_action(action: str) -> bool:
    """Whether the action is one on a unit's part."""
    return any(row.machine == "assignment" for row in lifecycle.TABLE if row.action == action)


SPECIAL: Mapping[str, Callable[..., object]] = {
    "reply": _reply, "split": _split, "take_in": _take_in, "hear": _hear, "order": _order,
    # What somebody says is never too late: these take no version.
    "urge": lambda who, now, at, v: service.urge(who, now, at.ticket, v["urge_note"]),
    "supplement": lambda who, now, at, v: service.supplement(who, now, at.ticket, v["supplement"]),
}
VERBS: Mapping[str, Callable[..., object]] = {
    row.action: SPECIAL.get(row.action) or _in_order(row.action)
    for row in lifecycle.TABLE
    if row.action not in WITH_INTAKE | OF_CITIZENS | lifecycle.BY_THEMSELVES
}
"""action: how its verb is called with what was parsed."""


@dataclass(frozen=True)
class Target:
    """What a form acts on: the ticket, the unit's part of it if the action is a unit's, the version seen."""

    ticket: int
    part: int | None
    version: int


def target_of(ticket_id: int, typed: Typed) -> Target:
    """Ticket, part and version as the form sent them. Raises Invalid."""
    version = version_of(typed)
    if version is None:
        raise errors.Invalid(fields={"version": "missing"})
    return Target(ticket_id, part_of(typed), version)


def version_of(typed: Typed) -> int | None:
    """The ticket's version that the person saw."""
    return _number("version", typed)


def part_of(typed: Typed) -> int | None:
    """The unit's part that the form acts on."""
    return _number("part", typed)


def has_form(row: Transition) -> bool:
    """Whether the desk offers a form of these fields for this row of the table."""
    return row.action in VERBS


def check_asked(action: str, typed: Typed) -> None:
    """Raise NotFound for no such action, Invalid where the form does not say for which part it is."""
    if action not in VERBS:
        raise errors.NotFound()
    if is_part_action(action) and part_of(typed) is None:
        raise errors.Invalid(fields={"part": "missing"})


def parse(action: str, typed: Typed) -> Values:
    """The values of such an action out of what was typed. Raises Invalid."""
    return {name: _READ[FIELDS[name].widget](name, typed) for name in values_of(action)}


def field_of(action: str, name: str) -> Field:
    """How the action's form asks for a field."""
    field = FIELDS[name]
    return replace(field, required=REQUIRED.get((action, name), field.required))


def _number(name: str, typed: Typed) -> int | None:
    return _integer(name, typed.get(name, ""))


def numbers(name: str, typed: Typed) -> list[int]:
    """The ids that were chosen under a name. Raises Invalid."""
    found = (_integer(name, text) for text in typed.getlist(name))
    return [number for number in found if number is not None]


def _integer(name: str, text: str) -> int | None:
    given = text.strip()
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise errors.Invalid(fields={name: "unknown"})
    return int(given)


def _needed_number(name: str, typed: Typed) -> int | None:
    number = _number(name, typed)
    if number is None and FIELDS[name].required:
        raise errors.Invalid(fields={name: "missing"})
    return number


def _moment(name: str, typed: Typed) -> datetime | None:
    """A moment as the browser writes it, in the city's zone."""
    given = typed.get(name, "").strip()
    try:
        return datetime.fromisoformat(given).replace(tzinfo=city().zone) if given else None
    except ValueError as fault:
        raise errors.Invalid(fields={name: "unreadable"}) from fault


def _day(name: str, typed: Typed) -> date | None:
    given = typed.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as fault:
        raise errors.Invalid(fields={name: "unreadable"}) from fault


def _limit(name: str, typed: Typed) -> str:
    """A length of time as policies write it: a number with its unit beside it, or both in one ("3wd")."""
    given = typed.get(name, "").strip()
    return given + typed.get(f"{name}_unit", "") if given.isdecimal() else given


_READ: Mapping[str, Callable[[str, Typed], Any]] = {
    "text": lambda name, typed: typed.get(name, "").replace("\r\n", "\n"),
    "line": lambda name, typed: " ".join(typed.get(name, "").split()),
    "limit": _limit,
    "moment": _moment,
    "day": _day,
    "choice": lambda name, typed: typed.get(name, ""),
    "unit": _needed_number,
    "units": numbers,
    "checks": numbers,
    "tick": lambda name, typed: name in typed,
}
