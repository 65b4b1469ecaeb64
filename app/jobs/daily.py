"""What is done once a day: checking that no escalation is missing, and telling units what is before them."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from app import reconciling
from app.outbox import unit_of_work
from app.push import ring
from app.recipients import Lookup, tier
from db import db
from tickets import daily, digests, notices
from tickets.deadlines import WAYS
from tickets.event_models import JobOwed
from tickets.notice_models import Run

log = logging.getLogger(__name__)

DIGEST_TIER = "L1"
"""Whoever is told that a unit's limit is nearly gone is told each day what is before the unit."""


def check_escalations(owed_ids: Sequence[int]) -> int:
    """The runs that these owed rows name; returns how many were done. Safe to repeat: what is there stays."""
    done = 0
    for owed_id in owed_ids:
        with unit_of_work():
            owed = db.session.get(JobOwed, owed_id)
            run_id = owed.subject_id if owed else None
        if run_id is None:
            continue
        reconciling.run(run_id)
        with unit_of_work():
            row = db.session.get(JobOwed, owed_id)
            if row is not None:
                db.session.delete(row)
        done += 1
    return done


def send_digests(owed_ids: Sequence[int]) -> int:
    """One for each unit and day that has anything; returns how many units were told."""
    told = 0
    for owed_id in owed_ids:
        with unit_of_work() as now:
            owed = db.session.get(JobOwed, owed_id, with_for_update={"skip_locked": True})
            if owed is None:
                continue
            run = db.session.get_one(Run, owed.subject_id)
            start = daily.midnight_before(now)
            units = digests.of_units(now, start - timedelta(days=1), daily.day_after(start))
            news, count = _tell(units, run)
            daily.end(run, now, {"units": count})
            db.session.delete(owed)
        ring(news)
        told += count
    return told


def _tell(units: digests.Units, run: Run) -> tuple[set[int], int]:
    """Who has something new, and how many units were told. The key names the day: nobody is told twice."""
    lookup, whom, rows = Lookup(), tier(DIGEST_TIER), list[notices.Row]()
    for unit, counts in units.items():
        recipients = lookup.of(whom, (unit,), confidential=False)
        key = f"digest:{run.day}:{unit}"
        rows += notices.rows_of("digest", recipients, None, run.began_at, key=key, ways=WAYS, unit=unit, **counts)
    return notices.tell(rows), len(units)
