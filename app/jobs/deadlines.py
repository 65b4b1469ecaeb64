"""What is owed at deadlines: rows decide, however often this runs, and none is in another's way."""

import logging
from collections.abc import Iterator, Sequence

from psycopg.errors import LockNotAvailable
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError

from app.outbox import unit_of_work
from db import db
from tickets import clocks, errors, escalating, service
from tickets.models import Deadline
from tickets.permissions import SYSTEM

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Deadlines of one transaction: where one of them fails, each is tried in one of its own."""


def act_on_deadlines(deadline_ids: Sequence[int]) -> int:
    """Escalate, or close, what these deadlines ask for; returns how many did something.

    One that fails leaves its row as it is but for the count of attempts, and the sweep comes back to it.
    """
    with unit_of_work() as now:
        ends = Deadline.clock.in_(clocks.ENDS) | ((Deadline.clock == clocks.SIGN) & (Deadline.due_at <= now))
        alone = set(db.session.scalars(select(Deadline.id).where(Deadline.id.in_(deadline_ids), ends)))
    done = 0
    for some in _stretches([one for one in deadline_ids if one not in alone]):
        done += _together(some)
    for some in _stretches(sorted(alone)):
        done += sum(map(_alone, some))
    return done


def _stretches(deadline_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Each is begun with when its turn comes: of a worker that dies, only what it was at has to go by itself."""
    for start in range(0, len(deadline_ids), AT_ONCE):
        some = deadline_ids[start : start + AT_ONCE]
        with unit_of_work() as now:
            escalating.begin(now, some)
        yield some


def _together(deadline_ids: Sequence[int]) -> int:
    try:
        with unit_of_work() as now:
            acted, held = escalating.escalate(SYSTEM, now, deadline_ids)
            escalating.left(held)
            return acted
    except Exception as fault:
        # One bad row must not keep the others from their turn: it is found out by itself.
        if _is_away(fault):
            raise
        log.warning("%d deadlines, each by itself now: %s", len(deadline_ids), type(fault).__name__)
    return sum(map(_alone, deadline_ids))


def _alone(deadline_id: int) -> int:
    try:
        with unit_of_work() as now:
            return service.act_on_deadline(SYSTEM, now, deadline_id)
    except errors.TicketError as refusal:
        log.warning("deadline %s: %s", deadline_id, refusal.code)
        _left(deadline_id, refusal.code)
    except Exception as fault:
        # A row that always fails is counted, and in the end set aside with an alarm.
        if _is_away(fault):
            raise
        if isinstance(fault, OperationalError) and isinstance(fault.orig, LockNotAvailable):
            log.warning("deadline %s: somebody holds its ticket", deadline_id)
            _left(deadline_id)
        else:
            log.exception("deadline %s", deadline_id)
            _left(deadline_id, type(fault).__name__)
    return 0


def _is_away(fault: Exception) -> bool:
    """Whether the database was lost, which says nothing of any row."""
    return isinstance(fault, DBAPIError) and fault.connection_invalidated


def _left(deadline_id: int, fault: str | None = None) -> None:
    with unit_of_work():
        escalating.left([deadline_id], fault)
