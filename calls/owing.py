"""What is owed to the carrier, as rows: written with the change that calls for it, carried out after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from calls.models import Call, Effect
from db import db

CLAIM = timedelta(seconds=15)
LONGEST_PAUSE = 300.0  # seconds between two tries
GIVE_UP = 20  # tries of what may safely be done again
SEND_MESSAGE = "send_message"
LAST_COUNTS = (frozenset({"hold", "unhold", "apologise"}), frozenset({"pause_recording", "resume_recording"}))
"""Kinds of which one undoes the other: of those of one call only the latest is still to be done."""
IN_ORDER = (*LAST_COUNTS, frozenset({"dial_party", "drop_party"}), frozenset({"dial_citizen", "drop_citizen"}))
"""Kinds that two processes may not carry out for the same call at once: the later could arrive first."""


@dataclass(frozen=True)
class Owed:
    """One claimed effect, apart from the session: it is carried out with no transaction open.

    `is_broken_off`: whoever claimed it before has not said what came of it, and may have done it.
    """

    id: int
    call_id: int | None
    kind: str
    payload: dict[str, Any]
    attempts: int
    is_broken_off: bool = False


def owe(
    call: Call | None, kind: str, key: str, now: datetime, due_at: datetime | None = None, **payload: Any
) -> bool:
    """Write the debt down, once for each key of a call. Returns whether it is new."""
    row = {
        "call_id": call.id if call else None, "key": f"{kind}:{key}", "kind": kind, "payload": payload,
        "created_at": now, "due_at": due_at or now, "attempts": 0,
    }  # fmt: skip
    statement = insert(Effect).values(row).on_conflict_do_nothing().returning(Effect.id)
    return db.session.execute(statement).scalar() is not None


def claim(now: datetime, limit: int, *, messages: bool = False, span: timedelta = CLAIM) -> list[Owed]:
    """Claim what is due, the oldest first; another process that claims at the same moment gets the rest.

    `messages`: text messages and nothing else; without it, all but those. Providers of texts may be slow, and a
    caller waits for what is owed to the line. What must keep its order waits for what is under way before it.
    """
    kind = Effect.kind == SEND_MESSAGE if messages else Effect.kind != SEND_MESSAGE
    rows = db.session.scalars(
        select(Effect)
        .where(
            kind, Effect.done_at.is_(None), Effect.due_at <= now,
            or_(Effect.claimed_until.is_(None), Effect.claimed_until < now), ~_is_behind(now),
        )
        .order_by(Effect.due_at, Effect.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()  # fmt: skip
    return [_claimed(row, now + span) for row in rows]


def _is_behind(now: datetime) -> ColumnElement[bool]:
    """Whether one of its kinds and call is owed since before it, and is being done or could be; what was put off
    holds nothing up."""
    earlier = aliased(Effect)
    same = or_(*(and_(Effect.kind.in_(kinds), earlier.kind.in_(kinds)) for kinds in IN_ORDER))
    comes_first = (earlier.due_at <= now) | (earlier.claimed_until >= now)
    return exists().where(
        earlier.call_id == Effect.call_id, earlier.id < Effect.id, earlier.done_at.is_(None), comes_first, same
    )


def is_overtaken(owed: Owed) -> bool:
    """Whether the call is owed the contrary, or the same again, since later: this is not to be done any more."""
    kinds = next((kinds for kinds in LAST_COUNTS if owed.kind in kinds), None)
    if kinds is None:
        return False
    later = (Effect.call_id == owed.call_id) & (Effect.id > owed.id) & Effect.kind.in_(kinds)
    return db.session.scalar(select(Effect.id).where(later).limit(1)) is not None


def _claimed(row: Effect, until: datetime) -> Owed:
    is_broken_off = row.claimed_until is not None
    row.attempts += 1
    row.claimed_until = until
    return Owed(row.id, row.call_id, row.kind, dict(row.payload), row.attempts, is_broken_off)


def settle(ids: Sequence[int], now: datetime, outcome: str, fault: str | None = None) -> None:
    """The effects were carried out, came too late, or will never be."""
    done = {"done_at": now, "outcome": outcome, "fault": fault, "claimed_until": None}
    db.session.execute(update(Effect).where(Effect.id.in_(ids), Effect.done_at.is_(None)).values(done))


def put_off(owed: Owed, now: datetime, fault: str) -> bool:
    """The carrier could not be reached: try again later, ever more seldom. False when it is given up."""
    if owed.attempts >= GIVE_UP:
        settle([owed.id], now, "failed", fault)
        return False
    pause = timedelta(seconds=min(2.0 ** (owed.attempts - 1), LONGEST_PAUSE))
    again = {"due_at": now + pause, "claimed_until": None, "fault": fault}
    db.session.execute(update(Effect).where(Effect.id == owed.id).values(again))
    return True


def defer(owed: Owed, due_at: datetime, fault: str | None) -> None:
    """Come back to it at that moment, however often that was done already."""
    again = {"due_at": due_at, "claimed_until": None, "fault": fault}
    db.session.execute(update(Effect).where(Effect.id == owed.id).values(again))
