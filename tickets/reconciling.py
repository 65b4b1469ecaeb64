"""Is there for every overdue clock each rung of its ladder that has come? Counted, repaired, and kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text, update

from db import db
from tickets import escalating
from tickets.clocks import ENDS, SIGN
from tickets.models import Deadline
from tickets.permissions import SYSTEM

GRACE = timedelta(seconds=90)
"""What was owed more recently the sweeps may still be about to do."""
PATIENCE = timedelta(minutes=15)
"""What they know of they will do, many at once in their order: late, with an alarm of its own, and not missing."""
STRETCH = 5000
_STRETCH = text("""
    SELECT id, assignment_id, due_at, clock FROM deadline
    WHERE stopped_at IS NULL AND paused_at IS NULL AND due_at < :now AND (due_at, id) > (:after_at, :after)
      AND clock <> ALL(:ends)
    ORDER BY due_at, id LIMIT :stretch""")
_MISSING = text("""
    SELECT d.id, count(*) AS rungs, min((rung ->> 2)::timestamptz) AS since
    FROM deadline d CROSS JOIN LATERAL jsonb_array_elements(d.levels) rung
    WHERE d.id = ANY(:ids) AND d.stopped_at IS NULL
      AND (rung ->> 2)::timestamptz <= CASE WHEN d.next_at <= :now THEN :waited ELSE :until END
      AND NOT EXISTS (SELECT FROM escalation e WHERE e.deadline_id = d.id AND e.level = (rung ->> 0)::int)
    GROUP BY d.id ORDER BY d.id""")
_SILENT = text("""
    SELECT d.id, min((rung ->> 2)::timestamptz) AS next
    FROM deadline d CROSS JOIN LATERAL jsonb_array_elements(d.levels) rung
    WHERE d.id = ANY(:ids) AND d.stopped_at IS NULL AND d.next_at IS NULL AND (rung ->> 2)::timestamptz > :now
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
    after: tuple[datetime, int] = (datetime(1, 1, 1, tzinfo=UTC), 0)
    is_end: bool = False


def check_on(found: Found, now: datetime) -> Found:
    """One more stretch of clocks, the longest overdue first; what is missing there is done at once.

    A clock that stands still owes nothing, whatever its moments were before.
    """
    after_at, after = found.after
    given = {"now": now, "after_at": after_at, "after": after, "stretch": STRETCH, "ends": list(ENDS)}
    stretch = db.session.execute(_STRETCH, given).all()
    if not stretch:
        return replace(found, is_end=True)
    ids = [row.id for row in stretch]
    late = {"ids": ids, "now": now, "until": now - GRACE, "waited": now - PATIENCE}
    missing = db.session.execute(_MISSING, late).all()
    silent = db.session.execute(_SILENT, {"ids": ids, "now": now}).all()
    acts = {row.id for row in missing}  # acting on these says again when they owe something next
    silent = [row for row in silent if row.id not in acts]
    _owe([(row.id, row.since) for row in missing] + [(row.id, row.next) for row in silent])
    repaired = 0
    if missing:
        _acted, held = escalating.escalate(SYSTEM, now, [row.id for row in missing], escalating.REPAIRED)
        repaired = sum(row.rungs for row in missing if row.id not in held)
        # The rungs are there, and signing for the unit is still to be done: by the sweep.
        _owe([(row.id, row.due_at) for row in stretch if row.clock == SIGN and row.id in acts - {*held}])
    return Found(
        found.clocks + len(stretch), found.parts + len({row.assignment_id for row in stretch} - {None}),
        found.missing + sum(row.rungs for row in missing), found.silent + len(silent),
        found.repaired + repaired + len(silent), (stretch[-1].due_at, stretch[-1].id),
    )  # fmt: skip


def _owe(moments: Sequence[tuple[int, datetime]]) -> None:
    for deadline_id, at in moments:
        db.session.execute(
            update(Deadline)
            .where(Deadline.id == deadline_id, Deadline.stopped_at.is_(None), Deadline.paused_at.is_(None))
            .values(next_at=at, claimed_until=None, attempts=0)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
