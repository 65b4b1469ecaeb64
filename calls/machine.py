"""The call as a set of facts, and what follows from them. Pure.

A carrier tells the same thing twice, late and in any order. So nothing here depends on order: a call is the set
of facts that are known of it, and its state is read from the set. To learn a fact again changes nothing.

Facts carry an epoch: how often the caller was put in the queue. An operator who drops out puts the caller back,
which opens the next epoch; what is told late of an earlier one cannot hurt it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class CallState(StrEnum):
    """What a call is at. In one epoch the later of two states wins, whatever comes first."""

    NEW = "NEW"
    IVR = "IVR"
    QUEUED = "QUEUED"
    OFFERED = "OFFERED"
    CONNECTING = "CONNECTING"
    TALKING = "TALKING"
    SURVEY = "SURVEY"
    EMERGENCY = "EMERGENCY"
    VOICEMAIL = "VOICEMAIL"
    CALLBACK = "CALLBACK"
    ENDED = "ENDED"


@dataclass(frozen=True, order=True)
class Fact:
    """One thing that happened. `value` is a code or an id, never what somebody said.

    `at` is the carrier's moment where it gives one. Of facts that can happen once in an epoch the earliest counts.
    """

    at: datetime
    kind: str
    epoch: int = 1
    value: str = ""


KINDS: dict[str, str] = {
    # kind: what `value` holds
    "started": "",
    "blocked": "why",
    "chose": "digit",
    "emergency": "which line",
    "emergency_failed": "the carrier's word",
    # A platform that does not say when its menu was left adds a word that says so.
    "queued": "seconds up to which giving up counts as a short abandon",
    "offered": "offer",
    "accepted": "offer",
    "unoffered": "offer",
    "operator_joined": "staff-line",
    "operator_leaving": "staff",
    "operator_left": "staff-line",
    "caller_joined": "",
    "caller_left": "",
    "held": "",
    "unheld": "",
    "party_joined": "leg",
    "party_left": "leg",
    "surveyed": "",
    "voicemail": "",
    "callback": "",
    "picked_up": "human or machine",
    "ended": "the carrier's word",
}
"""Every kind of fact."""

_CALLER = ("caller_joined", "caller_left")
_FIXED_END = {"blocked": "rejected", "callback": "callback", "voicemail": "voicemail"}
_CARRIER_END = {
    "busy": "busy", "no-answer": "no_answer", "failed": "failed", "canceled": "cancelled", "lost": "lost",
}  # fmt: skip
_NOBODY_THERE = frozenset({"busy", "no-answer", "canceled"})
"""A line of ours that nobody came to: nobody can have hung it up either."""


@dataclass(frozen=True)
class Progress:
    """What follows from the facts. Seconds are whole; moments are None until they are known.

    `waiting_since` is of the present epoch, `queued_at` and `answered_at` of the first one that had it.
    `interrupted_at`: the operator's line is gone, nobody said that it should be, and the caller is still there.
    `is_caller_in`: the caller is in the talking room, whoever else is.
    `is_alone`: so is the caller whom the operator has left on purpose, and nobody else is with them.
    """

    state: CallState = CallState.NEW
    epoch: int = 1
    started_at: datetime | None = None
    ivr_done_at: datetime | None = None
    queued_at: datetime | None = None
    waiting_since: datetime | None = None
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    talk_ended_at: datetime | None = None
    ended_at: datetime | None = None
    interrupted_at: datetime | None = None
    staff_id: int | None = None
    is_held: bool = False
    is_caller_in: bool = False
    is_alone: bool = False
    parties: frozenset[str] = field(default_factory=frozenset)
    queue_seconds: int = 0
    talk_seconds: int = 0
    hold_seconds: int = 0
    end_reason: str | None = None
    ended_by: str | None = None


def progress(facts: Iterable[Fact]) -> Progress:
    """Read the call from its facts."""
    every = sorted(set(facts))
    epoch = max((fact.epoch for fact in every), default=1)
    now_facts = [fact for fact in every if fact.epoch == epoch]
    ended = _first(every, "ended")
    talks = _talks(every, ended)
    queued = _first(every, "queued")
    answered = talks[0][0] if talks else None
    state = CallState.ENDED if ended else _state(now_facts)
    parties = _parties(now_facts) if state == CallState.TALKING else frozenset()
    left_at, is_leaving = _left_behind(now_facts, state), _is_leaving(now_facts)
    return Progress(
        state=state,
        epoch=epoch,
        started_at=_first(every, "started"),
        ivr_done_at=_earliest(queued, _first(every, "voicemail"), _first(every, "callback")),
        queued_at=queued,
        waiting_since=_first(now_facts, "queued"),
        offered_at=_first(every, "offered"),
        answered_at=answered,
        talk_ended_at=talks[-1][1] if talks else None,
        ended_at=ended,
        interrupted_at=None if is_leaving else left_at,
        staff_id=_staff(every),
        is_held=state == CallState.TALKING and _is_on(now_facts, "held", "unheld"),
        is_caller_in=_is_on(now_facts, *_CALLER),
        is_alone=is_leaving and left_at is not None and not parties,
        parties=parties,
        queue_seconds=_seconds(queued, answered or (_left_queue(every, ended) if queued else None)),
        talk_seconds=sum(_seconds(begun, over) for begun, over in talks),
        hold_seconds=_held_seconds(every, ended),
        end_reason=_end_reason(every, bool(talks), ended) if ended else None,
        ended_by=_ended_by(every, bool(talks), ended) if ended else None,
    )


def learn(facts: Collection[Fact], fact: Fact) -> frozenset[Fact] | None:
    """The facts with one more, or None where it says nothing new. Raises ValueError for an unknown kind."""
    if fact.kind not in KINDS:
        raise ValueError(f"no fact of a call is called {fact.kind}")
    known = frozenset(facts)
    return None if fact in known else known | {fact}


def _state(facts: list[Fact]) -> CallState:
    """Of one epoch that has not ended the call: the latest state that any fact leads to."""
    kinds = {fact.kind for fact in facts}
    for kind, state in (
        ("callback", CallState.CALLBACK), ("voicemail", CallState.VOICEMAIL), ("emergency", CallState.EMERGENCY),
        ("surveyed", CallState.SURVEY),
    ):  # fmt: skip
        if kind in kinds:
            return state
    if {"operator_joined", "caller_joined"} <= kinds:
        return CallState.TALKING
    closed = _values(facts, "unoffered")
    if _values(facts, "accepted") - closed:
        return CallState.CONNECTING
    if _values(facts, "offered") - closed:
        return CallState.OFFERED
    if "queued" in kinds:
        return CallState.QUEUED
    return CallState.IVR if "chose" in kinds else CallState.NEW


def _talks(
    facts: list[Fact], ended: datetime | None, only: int | None = None
) -> list[tuple[datetime, datetime | None]]:
    """From when to when caller and operator were together, one span an epoch. The last may still run."""
    spans: list[tuple[datetime, datetime | None]] = []
    for epoch in sorted({fact.epoch for fact in facts}) if only is None else [only]:
        here = [fact for fact in facts if fact.epoch == epoch]
        operator, caller = _first(here, "operator_joined"), _first(here, "caller_joined")
        if operator is None or caller is None:
            continue
        begun = max(operator, caller)
        gone = _earliest(_first(here, "caller_left"), _first(here, "surveyed"), _last_departure(here), ended)
        later = [fact.at for fact in facts if fact.epoch > epoch]
        over = gone or min(later, default=None)
        spans.append((begun, max(begun, over) if over else None))
    return spans


def _left_behind(facts: list[Fact], state: CallState) -> datetime | None:
    """Since when the caller has been in the room without an operator. Whoever was gone before the caller came
    is not missed from then on: the one who is with the caller now may be told of later."""
    came, gone = _last(facts, "caller_joined"), _last_departure(facts)
    if state != CallState.TALKING or came is None or gone is None or not _is_on(facts, *_CALLER):
        return None
    return max(came, gone)


def _last_departure(facts: list[Fact]) -> datetime | None:
    """When the last of the operator's lines went. A page that is loaded anew brings a new one, and the old one
    may be noticed to be gone long after that."""
    joined, left = _last_each(facts, "operator_joined"), _last_each(facts, "operator_left")
    if any(line not in left or left[line] < at for line, at in joined.items()):
        return None
    return max(left.values(), default=None)


def _last_each(facts: list[Fact], kind: str) -> dict[str, datetime]:
    """Of each value the last moment."""
    return {fact.value: fact.at for fact in sorted(facts) if fact.kind == kind}


def _is_leaving(facts: list[Fact]) -> bool:
    return _first(facts, "operator_leaving") is not None


def _is_on(facts: list[Fact], on: str, off: str) -> bool:
    begun, over = _last(facts, on), _last(facts, off)
    return begun is not None and (over is None or begun > over)


def _parties(facts: list[Fact]) -> frozenset[str]:
    return frozenset(_values(facts, "party_joined") - _values(facts, "party_left"))


def _held_seconds(facts: list[Fact], ended: datetime | None) -> int:
    """How long the caller was on hold: each span ends with the next release, or with the talk of its epoch."""
    epochs = sorted({fact.epoch for fact in facts})
    return sum(
        _held_in([fact for fact in facts if fact.epoch == epoch], _talks(facts, ended, only=epoch))
        for epoch in epochs
    )


def _held_in(facts: list[Fact], talks: list[tuple[datetime, datetime | None]]) -> int:
    over = talks[-1][1] if talks else None
    total, begun = 0, None
    for fact in facts:
        at = fact.at.replace(microsecond=0)  # below the second stands the order alone, see the webhook of the room
        if fact.kind == "held" and begun is None:
            begun = at
        elif fact.kind == "unheld" and begun is not None:
            total += _seconds(begun, at)
            begun = None
    return total + _seconds(begun, over)


def _staff(facts: list[Fact]) -> int | None:
    """Who talked to the caller last."""
    joined = [fact for fact in facts if fact.kind == "operator_joined" and fact.value.partition("-")[0].isdigit()]
    latest = max(joined, key=lambda fact: (fact.epoch, fact.at, fact.value), default=None)
    return int(latest.value.partition("-")[0]) if latest else None


def _left_queue(facts: list[Fact], ended: datetime | None) -> datetime | None:
    """When a caller whom nobody answered gave up waiting."""
    return _earliest(_first(facts, "callback"), _first(facts, "voicemail"), ended)


def _end_reason(facts: list[Fact], talked: bool, ended: datetime) -> str:
    """Why the call ended, of everything known; the order of the facts plays no part."""
    kinds = {fact.kind for fact in facts}
    if talked:
        return "completed"
    for kind, reason in _FIXED_END.items():
        if kind in kinds:
            return reason
    if "emergency" in kinds and "emergency_failed" not in kinds:
        return "emergency"
    said = min((fact for fact in facts if fact.kind == "ended"), key=lambda fact: (fact.at, fact.value)).value
    if said in _CARRIER_END:
        return _CARRIER_END[said]
    if "picked_up" in kinds:
        return "machine" if "machine" in _values(facts, "picked_up") else "completed"
    waits = [fact for fact in facts if fact.kind == "queued"]
    if not waits:
        return "abandoned_ivr"
    first = min(waits)
    given = first.value.partition(" ")[0]
    short = timedelta(seconds=int(given) if given.isdigit() else 0)
    return "short_abandon" if ended - first.at < short else "abandoned_queue"


def _ended_by(facts: list[Fact], talked: bool, ended: datetime) -> str:
    """Who hung up: the operator only where he said so before the caller had left."""
    said = _values(facts, "ended")
    if said & {"lost", "failed"} or any(fact.kind == "blocked" for fact in facts):
        return "system"
    if not talked:
        return "system" if said & _NOBODY_THERE and _is_ours(facts) else "caller"
    leaving = _last(facts, "operator_leaving")
    if leaving is None:
        return "caller"
    # The carrier tells whole seconds: who was led on at once seems to have left before.
    caller = _last(facts, "caller_left") or ended
    is_led_on = _last(facts, "surveyed") is not None
    return "operator" if is_led_on or leaving.replace(microsecond=0) <= caller else "caller"


def _is_ours(facts: list[Fact]) -> bool:
    """Whether we rang: an operator had the call before anybody waited."""
    kinds = {fact.kind for fact in facts if fact.epoch == 1}
    return "accepted" in kinds and "queued" not in kinds


def _values(facts: Iterable[Fact], kind: str) -> set[str]:
    return {fact.value for fact in facts if fact.kind == kind}


def _first(facts: Iterable[Fact], kind: str) -> datetime | None:
    return min((fact.at for fact in facts if fact.kind == kind), default=None)


def _last(facts: Iterable[Fact], kind: str) -> datetime | None:
    return max((fact.at for fact in facts if fact.kind == kind), default=None)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _seconds(begun: datetime | None, over: datetime | None) -> int:
    """Whole seconds between two moments; none where either is not known."""
    return max(0, int((over - begun).total_seconds())) if begun and over else 0
