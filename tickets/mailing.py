"""The course of one e-mail: claimed, put under way before it is handed over, and what came of it.

A row is SENDING, and committed, before a server is asked. So whoever finds it after a crash knows that it may have
been sent: it becomes UNCLEAR, and only a person has it sent again, under the same message id.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from db import db
from routing.models import Department
from tickets import errors
from tickets.models import Ticket
from tickets.notice_models import Mailbox, Notice

GIVE_UP = timedelta(hours=24)
LONGEST_PAUSE = timedelta(minutes=10)
LONGEST_SENDING = timedelta(minutes=3)
"""No server is given longer; until then nobody else meddles."""
PAGE = 50


@dataclass(frozen=True)
class Mail:
    """What is to be sent: to which address, and of what. `message_id` is the same however often it is sent."""

    id: int
    address: str
    kind: str
    facts: dict[str, Any]
    number: str | None
    created_at: datetime

    @property
    def message_id(self) -> str:
        return f"notice-{self.id}"


def claim(now: datetime, limit: int, lease_until: datetime) -> list[int]:
    """Claim e-mails that are due, the oldest first; another process that claims just now gets the rest."""
    free = (Notice.claimed_until.is_(None)) | (Notice.claimed_until < now)
    wanted = select(Notice.id).where(Notice.next_at <= now, free).order_by(Notice.next_at, Notice.id)
    ids = list(db.session.scalars(wanted.limit(limit).with_for_update(skip_locked=True)))
    db.session.execute(update(Notice).where(Notice.id.in_(ids)).values(claimed_until=lease_until))
    return ids


def release(ids: Collection[int]) -> None:
    """Give claimed ones back: nobody began with them."""
    db.session.execute(
        update(Notice).where(Notice.id.in_(ids), Notice.next_at.is_not(None)).values(claimed_until=None)
    )


def take(notice_id: int, now: datetime) -> Mail | None:
    """Lock the row and put it under way: commit before sending. None where there is nothing to send (any more)."""
    row = _lock(notice_id)
    if row is None or row.next_at is None or row.next_at > now:
        return None
    if row.state == "SENDING":
        if row.tried_at is not None and row.tried_at + LONGEST_SENDING < now:
            _settle(row, "UNCLEAR", now, "broken off")
        return None
    address, number = _address(row), None
    if not address:
        _settle(row, "MOOT", now, "no address")
        return None
    if row.ticket_id is not None:
        number = db.session.scalar(select(Ticket.number).where(Ticket.id == row.ticket_id))
    row.state, row.tried_at, row.tries, row.next_at = "SENDING", now, row.tries + 1, now + LONGEST_SENDING
    row.claimed_until = None
    return Mail(row.id, address, row.kind, dict(row.facts), number, row.created_at)


def _address(row: Notice) -> str | None:
    if row.department_id is not None:
        unit = db.session.get(Department, row.department_id)
        return unit.email if unit else None
    box = db.session.get(Mailbox, row.staff_id)
    return box.address if box and not box.is_off else None


def sent(notice_id: int, now: datetime) -> None:
    """The server has taken it."""
    row = _lock(notice_id)
    if row is not None:
        _settle(row, "SENT", now, None)


def refused(notice_id: int, now: datetime, fault: str) -> None:
    """The server will not take it, now or later."""
    row = _lock(notice_id)
    if row is not None:
        _settle(row, "FAILED", now, fault)


def unclear(notice_id: int, now: datetime, fault: str) -> None:
    """It was handed over, and nobody said whether it was taken."""
    row = _lock(notice_id)
    if row is not None:
        _settle(row, "UNCLEAR", now, fault)


def put_off(notice_id: int, now: datetime, fault: str) -> None:
    """It is certain that the server has it not: try again, ever more seldom, for a day."""
    row = _lock(notice_id)
    if row is None or row.state != "SENDING":
        return
    if now - row.created_at > GIVE_UP:
        _settle(row, "FAILED", now, fault)
        return
    row.state, row.fault, row.claimed_until = "PENDING", fault, None
    row.next_at = now + min(LONGEST_PAUSE, timedelta(seconds=5 * 2 ** min(row.tries, 8)))


def send_again(notice_id: int, now: datetime) -> None:
    """A person has it sent once more, though it may have arrived. Raises NotFound, NotNow."""
    row = _lock(notice_id)
    if row is None:
        raise errors.NotFound()
    if row.state not in ("UNCLEAR", "FAILED"):
        raise errors.NotNow(action="send_again", state=row.state)
    row.state, row.next_at, row.settled_at, row.created_at = "PENDING", now, None, now


def let_be(notice_id: int, now: datetime) -> None:
    """A person has seen to it in another way: it is no alarm any more. Raises NotFound, NotNow."""
    row = _lock(notice_id)
    if row is None:
        raise errors.NotFound()
    if row.state not in ("UNCLEAR", "FAILED"):
        raise errors.NotNow(action="let_be", state=row.state)
    row.state, row.settled_at = "MOOT", now


def _lock(notice_id: int) -> Notice | None:
    query = select(Notice).where(Notice.id == notice_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _settle(row: Notice, state: str, now: datetime, fault: str | None) -> None:
    row.state, row.settled_at, row.fault, row.next_at, row.claimed_until = state, now, fault, None, None


def troubled(before: int | None = None, limit: int = PAGE) -> tuple[Sequence[Notice], int | None]:
    """E-mails of which nobody knows whether they arrived, and those that were not sent; the latest first."""
    query = select(Notice).where(Notice.state.in_(("UNCLEAR", "FAILED"))).order_by(Notice.id.desc())
    if before is not None:
        query = query.where(Notice.id < before)
    rows = db.session.scalars(query.limit(limit + 1)).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None
