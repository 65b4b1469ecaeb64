"""What every verb of a call does around its own change: lock, learn a fact, read the call from its facts anew."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime

from sqlalchemy import select

from calls.machine import Fact, Progress, learn, progress
from calls.models import Call
from db import db
from tickets import errors, events
from tickets.permissions import SYSTEM, Actor

WALLBOARD = "calls"
"""The room of those who watch the telephone."""
_COLUMNS = tuple(
    field.name for field in fields(Progress)
    if field.name not in ("is_held", "is_caller_in", "is_alone", "parties")
)  # fmt: skip


def lock(call_id: int) -> Call:
    """The call under its row lock. Raises NotFound."""
    return _locked(Call.id == call_id)


def lock_by_ref(ref: str) -> Call:
    """The call that the carrier was told this name of. Raises NotFound."""
    return _locked(Call.ref == ref)


def lock_by_sid(provider: str, sid: str) -> Call:
    """The call whose caller's line has this name at the carrier's. Raises NotFound."""
    return _locked((Call.provider == provider) & (Call.provider_sid == sid))


def _locked(which: object) -> Call:
    query = select(Call).where(which).with_for_update()  # type: ignore[arg-type]
    call = db.session.scalar(query.execution_options(populate_existing=True))
    if call is None:
        raise errors.NotFound()
    return call


def facts_of(call: Call) -> frozenset[Fact]:
    """What is known of a call."""
    return frozenset(
        Fact(datetime.fromisoformat(at), kind, epoch, value) for at, kind, epoch, value in call.facts
    )


def progress_of(call: Call) -> Progress:
    """What follows from what is known of a call."""
    return progress(facts_of(call))


def note(
    call: Call, kind: str, at: datetime, now: datetime, *,
    actor: Actor = SYSTEM, epoch: int | None = None, value: object = "",
) -> Progress | None:  # fmt: skip
    """Add a fact to a locked call; returns what follows, or None where it was known already.

    `epoch` is that of the call where the fact does not carry its own. The event tells the fact, so that the call
    can be read again from its events alone.
    """
    fact = Fact(at.astimezone(UTC), kind, epoch or call.epoch or 1, str(value))
    known = learn(facts_of(call), fact)
    if known is None:
        return None
    after = _read(call, known)
    call.version = (call.version or 0) + 1
    db.session.flush()
    record(call, actor, now, fact)
    return after


def write_down(call: Call, facts: Iterable[Fact], actor: Actor) -> None:
    """A past call with all its facts at once, each told at its own moment; the caller flushes."""
    known = frozenset(replace(fact, at=fact.at.astimezone(UTC)) for fact in facts)
    _read(call, known)
    for version, fact in enumerate(sorted(known), start=1):
        call.version = version
        record(call, actor, fact.at, fact)


def _read(call: Call, known: frozenset[Fact]) -> Progress:
    """The call's columns from its facts."""
    call.facts = [[one.at.isoformat(), one.kind, one.epoch, one.value] for one in sorted(known)]
    after = progress(known)
    for name in _COLUMNS:
        if name != "started_at" or after.started_at is not None:
            setattr(call, name, getattr(after, name))
    return after


def record(call: Call, actor: Actor, now: datetime, fact: Fact) -> None:
    """The event of one fact, told to those who watch, and to whoever talks: operators do not watch all calls."""
    rooms = (WALLBOARD, *([f"staff:{call.staff_id}"] if call.staff_id is not None else []))
    events.record(
        "call.noted", subject="call", subject_id=call.id, version=call.version, actor=actor, now=now,
        rooms_before=rooms, rooms_after=rooms,
        fact=fact.kind, epoch=fact.epoch, moment=fact.at.isoformat(), value=fact.value or None,
    )  # fmt: skip
