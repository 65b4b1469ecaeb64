"""Writing down the texts that events of tickets call for. Safe to repeat: one for each round of a ticket."""

from collections.abc import Sequence

from app import hints
from app.extensions import vault
from app.outbox import unit_of_work
from app.text_ports import link, may_link, ports
from calls import messaging
from db import db
from tickets.event_models import JobOwed


def send_receipts(owed_ids: Sequence[int]) -> int:
    """Number and query code, to whoever told us by telephone or on the net; returns how many are owed now."""
    return _intend(owed_ids, messaging.RECEIPT)


def ask_to_rate(owed_ids: Sequence[int]) -> int:
    """There is a reply: please rate it; returns how many texts are owed now."""
    return _intend(owed_ids, messaging.RATE)


def _intend(owed_ids: Sequence[int], template: str) -> int:
    """A transaction for each row that is owed, which goes as the message comes: one bad ticket stops no other."""
    written = 0
    for owed_id in owed_ids:
        with unit_of_work() as now:
            owed = db.session.get(JobOwed, owed_id, with_for_update={"skip_locked": True})
            if owed is None:
                continue
            if ports():
                may, to = may_link(), link()
                written += messaging.intend(owed.subject_id, template, now, vault(), may_link=may, link=to)
            db.session.delete(owed)
    if written:
        hints.give()
    return written
