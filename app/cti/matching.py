"""Which member of staff a platform means: by the telephone on the desk, then the login, then the number."""

from collections.abc import Sequence

from sqlalchemy import select

from app.auth.accounts import actor_by_login, normal_login
from app.auth.models import Staff
from calls.models import Seat
from db import db
from tickets import errors
from tickets.permissions import may

LONGEST_NUMBER = 9


def staff_of(names: Sequence[str]) -> int | None:
    """The first of these names that is one of us who answers calls; nobody else may come by a caller's draft."""
    for name in names:
        for found in (_by_extension(name), _by_login(name), _by_number(name)):
            if found is not None:
                return _answers(found)
    return None


def _by_extension(name: str) -> Staff | None:
    seat = select(Seat.staff_id).where(Seat.extension == name)
    return db.session.scalar(select(Staff).where(Staff.id == seat.scalar_subquery()))


def _by_login(name: str) -> Staff | None:
    return db.session.scalar(select(Staff).where(Staff.login == normal_login(name)))


def _by_number(name: str) -> Staff | None:
    is_number = name.isascii() and name.isdigit() and len(name) <= LONGEST_NUMBER
    return db.session.get(Staff, int(name)) if is_number else None


def _answers(person: Staff) -> int | None:
    if person.disabled_at is not None:
        return None
    try:
        return person.id if may(actor_by_login(person.login), "call.answer") else None
    except errors.NotFound:
        return None
