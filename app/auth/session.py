"""Sessions of staff, kept in Postgres: begin, end, and who a cookie's token belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_login import UserMixin
from sqlalchemy import Row, Select, delete, insert, or_, select, update

from app.access import is_visit
from app.auth import pending
from app.auth.models import Role, RoleMembership, Staff, StaffSession
from app.auth.roles import SUBTREE
from app.auth.tokens import cookie_hash, new_cookie_token
from app.outbox import unit_of_work
from db import database_now, db
from routing import service as routing
from routing.models import ReferenceVersion
from tickets import errors, events
from tickets.permissions import Actor

MOST_SESSIONS = 2
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Lifetime:
    idle: timedelta
    total: timedelta


OF_STAFF = Lifetime(timedelta(minutes=30), timedelta(hours=12))  # one shift
OF_ADMINISTRATORS = Lifetime(timedelta(minutes=15), timedelta(hours=8))


class User(UserMixin):
    """Who is signed in, for Flask-Login; its id is the session's token, so ending the session ends it."""

    def __init__(self, token: str, login: str, actor: Actor, roles: frozenset[str]) -> None:
        self.token = token
        self.login = login
        self.actor = actor
        self.roles = roles

    @property
    def staff_id(self) -> int:
        assert self.actor.id is not None
        return self.actor.id

    @property
    def name(self) -> str:
        return self.actor.name

    def get_id(self) -> str:
        return self.token


def session_hash(token: str) -> bytes:
    """The key of a session's row."""
    return cookie_hash(token)


def load_user(token: str) -> User | None:
    """The user of a running session, or None. Two queries, and once a minute a third that notes the visit.

    Asked for within a unit of work it reads along there, for it must not end what is not its own.
    """
    if db.session().in_transaction():
        clock = current_app.config.get("CLOCK")
        return _load(token, clock() if clock else database_now())
    with unit_of_work() as now:
        return _load(token, now)


def _load(token: str, now: datetime) -> User | None:
    key = session_hash(token)
    rows = db.session.execute(_session_with_roles(key)).all()
    if not rows or not _runs(rows[0], now):
        return None
    if is_visit() and now - rows[0].seen_at >= SEEN_EVERY:
        db.session.execute(update(StaffSession).where(StaffSession.token_hash == key).values(seen_at=now))
    return User(
        token, rows[0].login, actor_of(rows), frozenset(row.role_code for row in rows if row.role_code)
    )


def _session_with_roles(key: bytes) -> Any:
    """The session and its person, one row for each role; none when disabled."""
    return (
        people_with_roles(StaffSession.seen_at, StaffSession.idle_limit, StaffSession.expires_at)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(StaffSession.token_hash == key, Staff.disabled_at.is_(None))
    )


def people_with_roles(*columns: Any) -> Select[Any]:
    """Accounts with what actor_of() needs of their roles, one row for each role, and further columns."""
    return (
        select(
            *columns,
            Staff.id, Staff.login, Staff.name,
            RoleMembership.role_code, RoleMembership.department_id, Role.permissions, Role.reach,
            select(ReferenceVersion.version).scalar_subquery().label("reference_version"),
        )
        .select_from(Staff)
        .outerjoin(RoleMembership, RoleMembership.staff_id == Staff.id)
        .outerjoin(Role, Role.code == RoleMembership.role_code)
    )  # fmt: skip


def _runs(row: Row[Any], now: datetime) -> bool:
    running: bool = now < row.expires_at and now < row.seen_at + row.idle_limit
    return running


def actor_of(rows: Sequence[Row[Any]]) -> Actor:
    """One person as the rules see them, from that person's rows of people_with_roles()."""
    wide: set[str] = set()
    units: dict[int, frozenset[str]] = {}
    for row in rows:
        held = frozenset(row.permissions or ())
        if row.department_id is None:
            wide |= held
            continue
        reached = {row.department_id}
        if row.reach == SUBTREE:
            reached = routing.descendants(row.department_id, row.reference_version)
        for unit in reached:
            units[unit] = units.get(unit, frozenset()) | held
    return Actor("staff", id=rows[0].id, permissions=frozenset(wide), units=units, name=rows[0].name)


def begin(staff_id: int, kept_password: str, now: datetime) -> str:
    """Start a session for a person whose password was right. Returns the cookie's token. Raises Forbidden."""
    return start(admit(staff_id, kept_password), now)


def admit(staff_id: int, kept_password: str) -> Staff:
    """The person whose password was right, under lock.

    Raises Forbidden when the account was disabled, or given another password than `kept_password`, while the
    guess was judged.
    """
    person = db.session.scalars(
        select(Staff).where(Staff.id == staff_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if person.disabled_at is not None or person.password_hash != kept_password:
        raise errors.Forbidden(action="sign_in")
    return person


def start(person: Staff, now: datetime) -> str:
    """A session for a person who proved all that is asked, under lock; the oldest beyond MOST_SESSIONS end."""
    _end_beyond(person.id, MOST_SESSIONS - 1)
    token, life = new_cookie_token(), _lifetime(person.id)
    db.session.execute(
        insert(StaffSession).values(
            token_hash=session_hash(token),
            staff_id=person.id,
            started_at=now,
            seen_at=now,
            idle_limit=life.idle,
            expires_at=now + life.total,
        )
    )
    _record("staff.signed_in", person, Actor("staff", id=person.id), now)
    return token


def _lifetime(staff_id: int) -> Lifetime:
    permissions = db.session.scalars(
        select(Role.permissions)
        .join(RoleMembership, RoleMembership.role_code == Role.code)
        .where(RoleMembership.staff_id == staff_id)
    )
    is_administrator = any("admin.staff" in held for held in permissions)
    return OF_ADMINISTRATORS if is_administrator else OF_STAFF


def _end_beyond(staff_id: int, kept: int) -> None:
    oldest = (
        select(StaffSession.token_hash)
        .where(StaffSession.staff_id == staff_id)
        .order_by(StaffSession.started_at.desc(), StaffSession.token_hash)
        .offset(kept)
    )
    db.session.execute(delete(StaffSession).where(StaffSession.token_hash.in_(oldest)))


def end(user: User, now: datetime) -> None:
    """Sign out: the session is gone for good, whoever still holds its cookie."""
    gone = db.session.execute(
        delete(StaffSession).where(StaffSession.token_hash == session_hash(user.token)).returning(
            StaffSession.staff_id
        )
    ).scalar()
    if gone is not None:
        person = db.session.get_one(Staff, user.staff_id)
        _record("staff.signed_out", person, user.actor, now)


def end_all(staff_id: int, but: str | None = None) -> None:
    """End all sessions of a person, or all but the one with this token; and sign-ins that are half done."""
    pending.end_all(staff_id)
    query = delete(StaffSession).where(StaffSession.staff_id == staff_id)
    if but is not None:
        query = query.where(StaffSession.token_hash != session_hash(but))
    db.session.execute(query)


def sweep(now: datetime) -> None:
    """Delete sessions that have run out; their sockets are closed because the row is gone."""
    idle = StaffSession.seen_at + StaffSession.idle_limit <= now
    db.session.execute(delete(StaffSession).where(or_(StaffSession.expires_at <= now, idle)))
    pending.sweep(now)


def _record(kind: str, person: Staff, actor: Actor, now: datetime) -> None:
    events.record(
        kind, subject="staff", subject_id=person.id, version=person.version, actor=actor, now=now
    )
