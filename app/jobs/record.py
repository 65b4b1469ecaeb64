"""Counting in the background whether the record keeps its promises."""

from collections.abc import Sequence

from app import counting
from app.counting import Counting
from app.outbox import unit_of_work
from db import db
from tickets.event_models import JobOwed


def count_faults(owed_ids: Sequence[int]) -> int:
    """One search for each count that these owed rows name; returns how many. Safe to repeat.

    What is left is owed anew: between two searches other jobs get their turn.
    """
    done = 0
    for owed_id in owed_ids:
        with unit_of_work() as now:
            owed = db.session.get(JobOwed, owed_id, with_for_update={"skip_locked": True})
            if owed is None:
                continue
            count = db.session.get_one(Counting, owed.subject_id)
            counting.search_on(count, now)
            done += 1
            if count.ended_at is None:
                owed.claimed_until, owed.attempts = None, 0
            else:
                db.session.delete(owed)
    return done
