"""Counting running deadlines anew in the background, a few hundred tickets a turn."""

import logging
from collections.abc import Sequence

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from app import rescheduling

log = logging.getLogger(__name__)


def move_deadlines(owed_ids: Sequence[int]) -> int:
    """One turn for each rescheduling that these owed rows name; returns how many have more to do.

    Safe to repeat.
    """
    going_on = 0
    for owed_id in owed_ids:
        try:
            if rescheduling.go_on(owed_id):
                rescheduling.release(owed_id)
                going_on += 1
        except OperationalError as fault:
            if not isinstance(fault.orig, LockNotAvailable):
                raise
            log.warning("rescheduling %s: somebody holds the next ticket", owed_id)
    return going_on
