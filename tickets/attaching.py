"""Verbs of files: put in, take out, put back. What lies on the disk is the caller's; here stand the rows.

Whoever may amend a matter may put files to it, whoever may handle a part or reply for it to that part, a citizen
while they may ask again: what the table of transitions says of these holds here too. Taking one out is besides for
whoever may amend at all, at any time: what should not have come must not stay because of where the ticket is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from db import db
from tickets import errors, terms
from tickets.attachment_models import MATTER, PROOF, PURPOSES, SHOWS_WORK, Attachment
from tickets.change import Locked, check, finish, lock
from tickets.lifecycle import transition
from tickets.models import Assignment
from tickets.permissions import Actor, may

TAKES_OUT = "ticket.amend"
"""The permission with which any file of a ticket that one sees can be taken out, and put back, in every state."""


@dataclass(frozen=True)
class KeptFile:
    """A file that lies sealed on the disk and is nobody's yet. `file` and `thumbnail` are its names there."""

    name: str
    kind: str
    media_type: str
    size: int
    digest: bytes
    file: str
    thumbnail: str | None


def attach(
    actor: Actor, now: datetime, ticket_id: int, files: Sequence[KeptFile], purpose: str = MATTER,
    assignment_id: int | None = None,
) -> list[int]:  # fmt: skip
    """Put files in with the matter, or with one unit's part. Returns the ids of their rows.

    What is there already, to the last byte, is not put in again: a form sent twice changes nothing. Takes no
    version: three photos sent at the same moment all arrive. Raises NotFound, Forbidden, NotNow, Invalid.
    """
    if purpose not in PURPOSES or (purpose == MATTER) != (assignment_id is None):
        raise errors.Invalid(fields={"purpose": "unknown"})
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id) if assignment_id is not None else None
    check_may(actor, locked, part)
    if not files:
        raise errors.Invalid(fields={"files": "missing"})
    known = _known(ticket_id, part, purpose)
    fresh = {one.digest: one for one in files if one.digest not in known}
    _check_quota(ticket_id, part, actor.kind != "staff", len(fresh))
    rows = [_row(actor, now, ticket_id, part, purpose, one) for one in fresh.values()]
    db.session.add_all(rows)
    db.session.flush()
    ids = [row.id for row in rows]
    if ids:
        _record("attachment.added", locked, actor, now, part, ids, purpose)
    return ids


def _row(
    actor: Actor, now: datetime, ticket_id: int, part: Assignment | None, purpose: str, one: KeptFile
) -> Attachment:
    return Attachment(
        **vars(one), ticket_id=ticket_id, assignment_id=part.id if part else None, purpose=purpose, created_at=now,
        added_by=actor.id if actor.kind == "staff" else None,
    )  # fmt: skip


def check_may(actor: Actor, locked: Locked, part: Assignment | None) -> None:
    """Raise Forbidden or NotNow for whoever may not put files in."""
    if part is not None:
        _check_part(actor, part)
    else:
        check(actor, locked, "urge" if actor.kind == "citizen" else "amend")


def _check_part(actor: Actor, part: Assignment) -> None:
    """Proof comes with a reply: who may only reply has to be able to put it in."""
    if not any(may(actor, who, unit=part.department_id) for who in ("assignment.handle", "assignment.reply")):
        raise errors.Forbidden(action="attach")
    if transition("assignment", "handle", part.state) is None:
        raise errors.NotNow(action="attach", state=part.state)


def detach(actor: Actor, now: datetime, ticket_id: int, attachment_id: int) -> None:
    """Take a file out; it can be put back for a day at least, and while the ticket goes on. Twice is once."""
    locked, row, part = _locked(actor, ticket_id, attachment_id)
    if row.removed_at is None:
        row.removed_at, row.removed_by = now, actor.id
        _record("attachment.removed", locked, actor, now, part, [row.id], row.purpose)


def bring_back(actor: Actor, now: datetime, ticket_id: int, attachment_id: int) -> None:
    """Put a file that was taken out back in. Twice is once. Raises NotNow for one that is gone for good.

    And Invalid where others have come in its place.
    """
    locked, row, part = _locked(actor, ticket_id, attachment_id)
    if row.file is None:
        raise errors.NotNow(action="bring_back", state="gone")
    if row.removed_at is not None:
        _check_quota(ticket_id, part, row.added_by is None, 1)
        row.removed_at = row.removed_by = None
        _record("attachment.restored", locked, actor, now, part, [row.id], row.purpose)


def _locked(actor: Actor, ticket_id: int, attachment_id: int) -> tuple[Locked, Attachment, Assignment | None]:
    locked = lock(actor, ticket_id)
    row = db.session.get(Attachment, attachment_id, populate_existing=True)
    if row is None or row.ticket_id != ticket_id:
        raise errors.NotFound()
    part = locked.part(row.assignment_id) if row.assignment_id is not None else None
    if not may(actor, TAKES_OUT):
        check_may(actor, locked, part)
    return locked, row, part


def _record(
    kind: str, locked: Locked, actor: Actor, now: datetime, part: Assignment | None, ids: list[int], purpose: str
) -> None:
    finish(
        locked, actor, now, kind, unit=part.department_id if part else None, assignment=part.id if part else None,
        attachments=ids, purpose=purpose, from_citizen=actor.kind == "citizen" or None,
    )  # fmt: skip


def _known(ticket_id: int, part: Assignment | None, purpose: str) -> set[bytes]:
    query = select(Attachment.digest).where(
        Attachment.ticket_id == ticket_id, Attachment.removed_at.is_(None), Attachment.purpose == purpose,
        Attachment.assignment_id.is_not_distinct_from(part.id if part else None),
    )
    return set(db.session.scalars(query))


def _check_quota(ticket_id: int, part: Assignment | None, from_citizen: bool, more: int) -> None:
    """Raise Invalid where the citizen, staff with the matter, or the part would have too many, each by themselves.

    However much a citizen sends, a unit still has room for the proof of what it did.
    """
    query = select(func.count()).where(
        Attachment.ticket_id == ticket_id, Attachment.removed_at.is_(None),
        Attachment.assignment_id.is_not_distinct_from(part.id if part else None),
        Attachment.added_by.is_(None) if from_citizen else Attachment.added_by.is_not(None),
    )
    if (db.session.scalar(query) or 0) + more > terms.upload_limit("of_ticket"):
        raise errors.Invalid(fields={"files": "file_quota"})


def has_proof(assignment_id: int) -> bool:
    """Whether there is a picture or film of what was done in this part. Another round is another part."""
    query = select(Attachment.id).where(
        Attachment.assignment_id == assignment_id, Attachment.purpose == PROOF, Attachment.removed_at.is_(None),
        Attachment.kind.in_(SHOWS_WORK),
    )
    return db.session.scalar(query.limit(1)) is not None
