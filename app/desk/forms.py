"""The fields that actions need: how each is shown and read. Which needs which is the transition table's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from app import wording
from tickets import errors, lifecycle, service
from tickets.lifecycle import Transition

Typed = MultiDict[str, str]


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
    "referral": Field("text"),
    "lead": Field("unit"),
    "assists": Field("units", required=False),
    "dispatch_note": Field("text", required=False),
    "handle_note": Field("text"),
    "contacted": Field("tick", required=False),
    "return_reason": Field("choice", wording.RETURN_REASONS),
    "return_note": Field("text"),
    "suggested": Field("unit", required=False),
    "decision_note": Field("text"),
    "public_reply": Field("text"),
    "internal_note": Field("text"),
    "checked": Field("checks", required=False),
    "review_note": Field("text"),
    "redo_reason": Field("text"),
    "outcome": Field("choice", wording.OUTCOMES_ASKED),
    "urge_note": Field("text"),
}

BESIDES: Mapping[str, tuple[str, ...]] = {
    "dispatch": ("dispatch_note",), "reply": ("checked",),
}  # fmt: skip
"""Fields an action takes without needing them."""

WITH_INTAKE = frozenset({"register", "amend"})
"""Actions whose form is a page of its own: what was taken down of the matter."""

BY_ITSELF = frozenset({"give", "open", "import", "triage", "submit", "rate"})
"""Actions without a form on the desk: they follow from others, or are a program's or the citizen's."""

Values = dict[str, Any]

# action: how the verb is called with what was parsed
VERBS: Mapping[str, Callable[..., object]] = {
    "discard": lambda who, now, at, v: service.discard(who, now, at.ticket, v["reason"], at.version),
    "answer": lambda who, now, at, v: service.answer(who, now, at.ticket, v["answer"], at.version),
    "refer": lambda who, now, at, v: service.refer(
        who, now, at.ticket, v["disposition"], v["referral"], at.version
    ),
    "dispatch": lambda who, now, at, v: service.dispatch(
        who, now, at.ticket, v["lead"], v["assists"], v["dispatch_note"], at.version
    ),
    "urge": lambda who, now, at, v: service.urge(who, now, at.ticket, v["urge_note"]),
    "sign": lambda who, now, at, v: service.sign(who, now, at.ticket, at.part, at.version),
    "handle": lambda who, now, at, v: service.handle(
        who, now, at.ticket, at.part, v["handle_note"], v["contacted"], at.version
    ),
    "request_return": lambda who, now, at, v: service.request_return(
        who, now, at.ticket, at.part, v["return_reason"], v["return_note"], v["suggested"], at.version
    ),
    "uphold": lambda who, now, at, v: service.uphold(
        who, now, at.ticket, at.part, v["decision_note"], at.version
    ),
    "redispatch": lambda who, now, at, v: service.redispatch(
        who, now, at.ticket, at.part, v["lead"], v["decision_note"], at.version
    ),
    "reply": lambda who, now, at, v: service.reply(
        who, now, at.ticket, at.part, v["public_reply"], v["internal_note"], at.version, v["checked"]
    ),
    "accept": lambda who, now, at, v: service.accept(who, now, at.ticket, at.version),
    "reject": lambda who, now, at, v: service.reject(who, now, at.ticket, v["review_note"], at.version),
    "redo": lambda who, now, at, v: service.redo(who, now, at.ticket, v["redo_reason"], at.version),
    "close": lambda who, now, at, v: service.close(who, now, at.ticket, v["outcome"], at.version),
}


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


def fields_of(action: str) -> tuple[str, ...]:
    """The fields of an action's form, in order."""
    row = next(row for row in lifecycle.TABLE if row.action == action)
    return (*row.needs, *BESIDES.get(action, ()))


def has_form(row: Transition) -> bool:
    """Whether the desk offers a form of these fields for this row of the table."""
    return row.action in VERBS


def is_part_action(action: str) -> bool:
    """Whether the action is one on a unit's part."""
    return any(row.machine == "assignment" for row in lifecycle.TABLE if row.action == action)


def parse(action: str, typed: Typed) -> Values:
    """The action's values out of what was typed. Raises NotFound for no such action, Invalid."""
    if action not in VERBS:
        raise errors.NotFound()
    if is_part_action(action) and _number("part", typed) is None:
        raise errors.Invalid(fields={"part": "missing"})
    return {name: _READ[FIELDS[name].widget](name, typed) for name in fields_of(action)}


def _number(name: str, typed: Typed) -> int | None:
    return _integer(name, typed.get(name, ""))


def _numbers(name: str, typed: Typed) -> list[int]:
    numbers = (_integer(name, text) for text in typed.getlist(name))
    return [number for number in numbers if number is not None]


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


_READ: Mapping[str, Callable[[str, Typed], Any]] = {
    "text": lambda name, typed: typed.get(name, "").replace("\r\n", "\n"),
    "choice": lambda name, typed: typed.get(name, ""),
    "unit": _needed_number,
    "units": _numbers,
    "checks": _numbers,
    "tick": lambda name, typed: name in typed,
}
