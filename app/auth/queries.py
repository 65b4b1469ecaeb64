"""What the pages on accounts show. Plain rows; nothing here changes anything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.auth.models import Role, RoleMembership, Staff, StaffSession
from app.auth.roles import CITY
from app.auth.session import actor_of, people_with_roles, session_hash
from db import db
from routing.models import Department
from tickets import errors
from tickets.notice_models import Mailbox
from tickets.permissions import Actor

PAGE = 50


@dataclass(frozen=True)
class Held:
    """One role of a person; `unit` is the name of the unit it is held for, or empty.

    `name` is what the city calls the role; empty where it has no name but the shipped one.
    """

    role: str
    unit_id: int | None
    unit: str
    name: str = ""


@dataclass(frozen=True)
class Person:
    id: int
    login: str
    name: str
    disabled_at: datetime | None
    has_password: bool
    has_factor: bool
    version: int
    held: tuple[Held, ...]
    email: str | None = None
    email_off: bool = False


@dataclass(frozen=True)
class OpenSession:
    started_at: datetime
    seen_at: datetime
    is_this: bool


def staff_page(after: str = "", limit: int = PAGE) -> tuple[list[Person], str | None]:
    """Accounts by login that come after `after`, and the login to continue from, if there are more."""
    found = db.session.scalars(
        select(Staff).where(Staff.login > after.replace("\x00", "")).order_by(Staff.login).limit(limit + 1)
    ).all()
    shown = found[:limit]
    return _people(shown), shown[-1].login if len(found) > limit else None


def people(ids: Iterable[int | None]) -> dict[int, tuple[str, str]]:
    """Name and login of staff, by id."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    found = db.session.execute(select(Staff.id, Staff.name, Staff.login).where(Staff.id.in_(wanted)))
    return {row.id: (row.name, row.login) for row in found}


def actor_by_id(staff_id: int) -> Actor:
    """An account that may still enter, as the rules see it now. Raises NotFound."""
    of_them = people_with_roles().where(Staff.id == staff_id, Staff.disabled_at.is_(None))
    rows = db.session.execute(of_them).all()
    if not rows:
        raise errors.NotFound()
    return actor_of(rows)


def person(staff_id: int) -> Person:
    """One account. Raises NotFound."""
    row = db.session.get(Staff, staff_id)
    if row is None:
        raise errors.NotFound()
    return _people([row])[0]


def person_by_login(login: str) -> Person:
    """One account. Raises NotFound."""
    row = db.session.scalar(select(Staff).where(Staff.login == login))
    if row is None:
        raise errors.NotFound()
    return _people([row])[0]


def _people(rows: Sequence[Staff]) -> list[Person]:
    held: dict[int, list[Held]] = {}
    ids = [row.id for row in rows]
    for membership, unit, name in db.session.execute(
        select(RoleMembership, Department.name, Role.name)
        .join(Role, Role.code == RoleMembership.role_code)
        .outerjoin(Department, Department.id == RoleMembership.department_id)
        .where(RoleMembership.staff_id.in_(ids))
        .order_by(RoleMembership.role_code, Department.code)
    ):
        one = Held(membership.role_code, membership.department_id, unit or "", name)
        held.setdefault(membership.staff_id, []).append(one)
    boxes = {box.staff_id: box for box in db.session.scalars(select(Mailbox).where(Mailbox.staff_id.in_(ids)))}
    return [
        Person(
            row.id,
            row.login,
            row.name,
            row.disabled_at,
            row.password_hash is not None,
            row.totp_secret is not None,
            row.version,
            tuple(held.get(row.id, ())),
            boxes[row.id].address if row.id in boxes else None,
            row.id in boxes and boxes[row.id].is_off,
        )
        for row in rows
    ]


def roles() -> list[tuple[str, str, bool]]:
    """Each role's code, what the city calls it, and whether it is held for a unit."""
    return [(role.code, role.name, role.reach != CITY) for role in role_rows()]


def role_rows() -> Sequence[Role]:
    """All roles by code."""
    return db.session.scalars(select(Role).order_by(Role.code)).all()


def role(code: str) -> Role:
    """One role. Raises NotFound."""
    row = db.session.get(Role, code)
    if row is None:
        raise errors.NotFound()
    return row


def holders(code: str | None = None) -> dict[str, int]:
    """How many accounts that are not disabled hold each role, or one role."""
    query = (
        select(RoleMembership.role_code, func.count(RoleMembership.staff_id.distinct()))
        .join(Staff, Staff.id == RoleMembership.staff_id)
        .where(Staff.disabled_at.is_(None))
        .group_by(RoleMembership.role_code)
    )
    if code is not None:
        query = query.where(RoleMembership.role_code == code)
    return dict(db.session.execute(query).all())


def holders_of(permission: str) -> list[Person]:
    """Accounts that are not disabled and hold the permission by any of their roles, by name."""
    holding = (
        select(RoleMembership.staff_id)
        .join(Role, Role.code == RoleMembership.role_code)
        .where(Role.permissions.contains([permission]))
    )
    query = select(Staff).where(Staff.id.in_(holding), Staff.disabled_at.is_(None))
    return _people(db.session.scalars(query.order_by(Staff.name, Staff.login)).all())


def units() -> list[tuple[int, str, str]]:
    """Id, code and name of every active unit, in the order of the tree."""
    query = select(Department.id, Department.code, Department.name).where(Department.is_active)
    return [(row.id, row.code, row.name) for row in db.session.execute(query.order_by(Department.path))]


def open_sessions(staff_id: int, token: str) -> list[OpenSession]:
    """A person's sessions, the latest first; `token` is that of the session which asks."""
    rows = db.session.scalars(
        select(StaffSession).where(StaffSession.staff_id == staff_id).order_by(StaffSession.started_at.desc())
    )
    this = session_hash(token)
    return [OpenSession(row.started_at, row.seen_at, row.token_hash == this) for row in rows]
