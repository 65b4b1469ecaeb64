"""Sign-ins between the password and the second step: begun, looked up, ended. None commits."""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from app.auth.factor_models import PendingSignIn
from app.auth.models import Staff
from app.auth.tokens import cookie_hash, new_cookie_token
from db import db

LIFE = timedelta(minutes=10)
MOST = 2
"""For one account at a time. They push out each other, never a session: a password alone ends nobody's work."""


def begin(person: Staff, now: datetime) -> str:
    """Remember that the password was right, under the person's lock. Returns the cookie's token."""
    older = (
        select(PendingSignIn.token_hash)
        .where(PendingSignIn.staff_id == person.id)
        .order_by(PendingSignIn.started_at.desc(), PendingSignIn.token_hash)
        .offset(MOST - 1)
    )
    db.session.execute(delete(PendingSignIn).where(PendingSignIn.token_hash.in_(older)))
    token = new_cookie_token()
    values = {
        "token_hash": cookie_hash(token), "staff_id": person.id, "started_at": now, "expires_at": now + LIFE,
    }  # fmt: skip
    db.session.execute(insert(PendingSignIn).values(values))
    return token


def person_of(token: str, now: datetime) -> Staff | None:
    """Whose pending sign-in it is, under the person's lock; None where it has ended.

    Whatever ends it holds that lock too, so it cannot end while this transaction judges the second step.
    """
    mine = select(PendingSignIn.staff_id).where(
        PendingSignIn.token_hash == cookie_hash(token), PendingSignIn.expires_at > now
    )
    query = select(Staff).where(Staff.id == mine.scalar_subquery(), Staff.disabled_at.is_(None))
    person = db.session.scalar(query.with_for_update().execution_options(populate_existing=True))
    return person if person is not None and db.session.scalar(mine) == person.id else None


def end(token: str) -> None:
    """It is over, for whoever still holds its cookie."""
    db.session.execute(delete(PendingSignIn).where(PendingSignIn.token_hash == cookie_hash(token)))


def end_all(staff_id: int) -> None:
    """End all of a person's."""
    db.session.execute(delete(PendingSignIn).where(PendingSignIn.staff_id == staff_id))


def sweep(now: datetime) -> None:
    """Delete those that have run out."""
    db.session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at <= now))
