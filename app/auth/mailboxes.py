"""Where staff get e-mail: an administrator gives the address, and each person may switch it off."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.auth.models import Staff
from db import db
from routing.units import EMAIL
from tickets import errors, events
from tickets.notice_models import Mailbox
from tickets.permissions import Actor, may

LONGEST = 254


def set_address(actor: Actor, now: datetime, staff_id: int, version: int, address: str) -> None:
    """Give a person an address, or none; the record says that, and not which.

    Raises Forbidden, NotFound, Stale, Invalid.
    """
    if not may(actor, "admin.staff"):
        raise errors.Forbidden(action="admin.staff")
    address = address.strip()
    if address and (len(address) > LONGEST or not EMAIL.fullmatch(address)):
        raise errors.Invalid(fields={"email": "email_shape"})
    _change(actor, now, staff_id, lambda person: _at_version(person, version), "email", address=address or None)


def switch(actor: Actor, now: datetime, *, off: bool) -> None:
    """A person's own choice. Raises NotFound."""
    _change(actor, now, actor.id, lambda person: None, "email_off" if off else "email_on", is_off=off)


def _at_version(person: Staff, version: int) -> None:
    if person.version != version:
        raise errors.Stale(version=version, theirs=person.version)


def _change(
    actor: Actor, now: datetime, staff_id: int | None, check: Callable[[Staff], None], what: str, **values: object
) -> None:
    query = select(Staff).where(Staff.id == staff_id).with_for_update()
    person = db.session.scalar(query.execution_options(populate_existing=True))
    if person is None:
        raise errors.NotFound()
    check(person)
    made = insert(Mailbox).values(staff_id=person.id, **values)
    db.session.execute(made.on_conflict_do_update(index_elements=["staff_id"], set_=values))
    person.version += 1
    events.record(
        "staff.changed", subject="staff", subject_id=person.id, version=person.version, actor=actor, now=now,
        changed=[what],
    )  # fmt: skip
