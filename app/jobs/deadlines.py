"""What is owed at a deadline: the row decides, one transaction each, however often this runs."""

import logging
from collections.abc import Sequence

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from app.outbox import unit_of_work
from tickets import errors, service
from tickets.permissions import SYSTEM

log = logging.getLogger(__name__)


def act_on_deadlines(deadline_ids: Sequence[int]) -> int:
    """Escalate, or close, what these deadlines ask for; returns how many did something.

    One that fails leaves its row as it is, and the sweep comes back to it.
    """
    done = 0
    for deadline_id in deadline_ids:
        try:
            with unit_of_work() as now:
                done += service.act_on_deadline(SYSTEM, now, deadline_id)
        except errors.TicketError as refusal:
            log.warning("deadline %s: %s", deadline_id, refusal.code)
        except OperationalError as fault:
            if not isinstance(fault.orig, LockNotAvailable):
                raise
            log.warning("deadline %s: somebody holds its ticket", deadline_id)
    return done
