"""Numbers that are not put through: block, unblock, ask. Who it was and why stays."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from calls.models import BlockedNumber
from db import db
from routing import service as routing
from routing.editing import Edit, refuse, text_fault
from tickets import errors, masking, sealing
from tickets.permissions import Actor, may
from tickets.vault import Vault

BLOCKED = "blocked_number"
LONGEST_DAYS = 365
DAYS = (1, 7, 30, 90, LONGEST_DAYS)
SHORTEST = 5
"""Digits of a number: a shorter one is no caller's."""


def is_blocked(phone_hash: bytes | None, now: datetime) -> bool:
    """Whether calls of this number are turned away now."""
    if phone_hash is None:
        return False
    query = select(BlockedNumber.id).where(
        BlockedNumber.phone_hash == phone_hash, BlockedNumber.until > now, BlockedNumber.ended_at.is_(None)
    )
    return db.session.scalar(query.limit(1)) is not None


def block(actor: Actor, now: datetime, phone: str, reason: str, days: int, vault: Vault) -> Edit:
    """Turn a number away for some days. Raises Forbidden, Refused."""
    _demand(actor)
    number = sealing.normalise_phone(phone)
    faults = {
        "phone": "" if len(number) >= SHORTEST else "unknown",
        "reason": text_fault(reason.strip(), 200),
        "days": "" if 0 < days <= LONGEST_DAYS else "unknown",
    }
    if not faults["phone"] and is_blocked(vault.phone_hash(number), now):
        faults["phone"] = "blocked_already"
    refuse({field: fault for field, fault in faults.items() if fault})
    row = BlockedNumber(
        phone_hash=vault.phone_hash(number), shown=masking.mask_phone(number.removeprefix("+86")),
        reason=reason.strip(), until=now + timedelta(days=days), by=actor.id or 0, at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    # The reason stays in the row: what a person wrote may name somebody, and the record is kept for ever.
    return Edit(BLOCKED, str(row.id), 1, {}, {"until": _moment(row.until)})


def unblock(actor: Actor, now: datetime, blocked_id: int) -> Edit:
    """Put the number through again. The same again changes nothing. Raises Forbidden, NotFound."""
    _demand(actor)
    query = select(BlockedNumber).where(BlockedNumber.id == blocked_id).with_for_update()
    row = db.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise errors.NotFound()
    if row.ended_at is not None:
        return Edit(BLOCKED, str(row.id), 2, {}, {})
    row.ended_at, row.ended_by = now, actor.id
    db.session.flush()
    return Edit(BLOCKED, str(row.id), 2, {"until": _moment(row.until)}, {"until": _moment(now)})


def blocked(now: datetime) -> Sequence[BlockedNumber]:
    """What is blocked now, the latest first."""
    query = select(BlockedNumber).where(BlockedNumber.until > now, BlockedNumber.ended_at.is_(None))
    return db.session.scalars(query.order_by(BlockedNumber.id.desc())).all()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(routing.current().zone):%Y-%m-%d %H:%M}"


def _demand(actor: Actor) -> None:
    if not may(actor, "call.coach"):
        raise errors.Forbidden(action="block")
