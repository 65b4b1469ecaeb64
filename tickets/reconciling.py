"""Is there for every overdue clock each rung of its ladder that has come? Counted, repaired, and kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import text, update

from db import db
from tickets import escalating
from tickets.models import Deadline
from tickets.permissions import SYSTEM

GRACE = timedelta(seconds=90)
"""What was owed more recently the sweeps may still be about to do."""
STRETCH = 5000
_STRETCH = text("""
    SELECT count(*) AS clocks, count(DISTINCT assignment_id) AS parts, max(id) AS last
    FROM (SELECT id, assignment_id FROM deadline
          WHERE stopped_at IS NULL AND due_at < :now AND clock <> 'callback' AND id > :after
          ORDER BY id LIMIT :stretch) overdue""")
_MISSING = text("""
    SELECT d.id, count(*) AS rungs, min((rung ->> 2)::timestamptz) AS since
    FROM deadline d CROSS JOIN LATERAL jsonb_array_elements(d.levels) rung
    WHERE d.stopped_at IS NULL AND d.due_at < :now AND d.clock <> 'callback' AND d.id > :after AND d.id <= :last
      AND (rung ->> 2)::timestamptz <= :until
      AND NOT EXISTS (SELECT FROM escalation e WHERE e.deadline_id = d.id AND e.level = (rung ->> 0)::int)
    GROUP BY d.id ORDER BY d.id""")
_SILENT = text("""
    SELECT d.id, min((rung ->> 2)::timestamptz) AS next
    FROM deadline d CROSS JOIN LATERAL jsonb_array_elements(d.levels) rung
    WHERE d.stopped_at IS NULL AND d.next_at IS NULL AND d.due_at < :now AND d.clock <> 'callback'
      AND d.id > :after AND d.id <= :last AND (rung ->> 2)::timestamptz > :now
      AND NOT EXISTS (SELECT FROM escalation e WHERE e.deadline_id = d.id AND e.level >= (rung ->> 0)::int)
    GROUP BY d.id ORDER BY d.id""")


@dataclass(frozen=True)
class Found:
    """Of overdue clocks: how many, of how many units' parts; rungs that were missing; what was done about it.

    `silent`: clocks that would never have owed their next rung, though it is still to come.
    """

    clocks: int = 0
    parts: int = 0
    missing: int = 0
    silent: int = 0
    repaired: int = 0
    after: int = 0
    is_end: bool = False


def check_on(found: Found, now: datetime) -> Found:
    """One more stretch of clocks, in the order of their ids; what is missing there is done at once."""
    stretch = db.session.execute(_STRETCH, {"now": now, "after": found.after, "stretch": STRETCH}).one()
    if not stretch.clocks:
        return replace(found, is_end=True)
    span = {"now": now, "after": found.after, "last": stretch.last}
    missing = db.session.execute(_MISSING, span | {"until": now - GRACE}).all()
    silent = db.session.execute(_SILENT, span).all()
    _owe([(row.id, row.since) for row in missing] + [(row.id, row.next) for row in silent])
    repaired = 0
    if missing:
        _acted, held = escalating.escalate(SYSTEM, now, [row.id for row in missing], escalating.REPAIRED)
        repaired = sum(row.rungs for row in missing if row.id not in held)
    return Found(
        found.clocks + stretch.clocks, found.parts + stretch.parts,
        found.missing + sum(row.rungs for row in missing), found.silent + len(silent),
        found.repaired + repaired + len(silent), stretch.last,
    )  # fmt: skip


def _owe(moments: Sequence[tuple[int, datetime]]) -> None:
    for deadline_id, at in moments:
        db.session.execute(
            update(Deadline).where(Deadline.id == deadline_id, Deadline.stopped_at.is_(None))
            .values(next_at=at, claimed_until=None, attempts=0)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
