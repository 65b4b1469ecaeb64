"""Writing down the texts and automatic calls that events of tickets call for.

Safe to repeat: there is one for each round of a ticket.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from app import hints
from app.extensions import vault
from app.outbox import unit_of_work
from app.text_ports import link, may_link, ports
from calls import following, messaging
from db import db
from tickets import promises
from tickets.event_models import JobOwed


def send_receipts(owed_ids: Sequence[int]) -> int:
    """Number and query code, to whoever told us by telephone or on the net; returns how many are owed now."""
    return _intend(owed_ids, messaging.RECEIPT)


def ask_to_rate(owed_ids: Sequence[int]) -> int:
    """There is a reply: please rate it; returns how many texts are owed now."""
    return _intend(owed_ids, messaging.RATE)


def tell_extended(owed_ids: Sequence[int]) -> int:
    """More time was granted: by when it is promised now. Also to those whose tickets were merged into it."""
    return _intend(owed_ids, messaging.EXTENDED)


def tell_suspended(owed_ids: Sequence[int]) -> int:
    """It cannot be solved now: when it is looked at again. Also to those whose tickets were merged into it."""
    return _intend(owed_ids, messaging.SUSPENDED)


def tell_asked(owed_ids: Sequence[int]) -> int:
    """Something is to be added: until when. What is asked stands on the page, behind number and code."""
    return _intend(owed_ids, messaging.ASKED)


def tell_again(owed_ids: Sequence[int]) -> int:
    """It is handled again: by when it is promised now."""
    return _intend(owed_ids, messaging.AGAIN)


def plan_calls(owed_ids: Sequence[int]) -> int:
    """There is a reply, and whoever does not rate it is to be rung; returns how many will be."""
    return _each(owed_ids, lambda ticket_id, now: following.plan(ticket_id, now, vault()))


def _intend(owed_ids: Sequence[int], template: str) -> int:
    def intend(ticket_id: int, now: datetime) -> int:
        if not ports():
            return 0
        may, to = may_link(), link()
        others = promises.merged_into(ticket_id) if template in (messaging.EXTENDED, messaging.SUSPENDED) else ()
        told = [ticket_id, *others]
        return sum(messaging.intend(one, template, now, vault(), may_link=may, link=to) for one in told)

    return _each(owed_ids, intend)


def _each(owed_ids: Sequence[int], do: Callable[[int, datetime], int]) -> int:
    """A transaction for each row that is owed, which goes as the work is written down: one bad ticket stops no
    other."""
    written = 0
    for owed_id in owed_ids:
        with unit_of_work() as now:
            owed = db.session.get(JobOwed, owed_id, with_for_update={"skip_locked": True})
            if owed is None:
                continue
            written += do(owed.subject_id, now)
            db.session.delete(owed)
    if written:
        hints.give()
    return written
