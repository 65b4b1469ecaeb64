"""The verbs on accounts: create, change roles, disable, enable, reset, set a password. None commits."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.auth import passwords, session, tokens
from app.auth.models import OneTimeToken, Role, RoleMembership, Staff
from app.auth.roles import CITY
from db import db
from routing.models import Department
from tickets import errors, events
from tickets.permissions import Actor, may

Membership = tuple[str, int | None]
"""A role's code, and the id of the unit it is held for (None where the role works for the city)."""

CONSOLE = Actor("system", permissions=frozenset({"admin.staff"}), name="console")
"""Whoever may run commands on the machine itself."""

ADMINISTRATOR = "administrator"
FIRST_ADMIN, ENROL, RESET = "first_admin", "enrol", "reset"
LIFE = {FIRST_ADMIN: timedelta(hours=24), ENROL: timedelta(hours=24), RESET: timedelta(minutes=30)}
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
LONGEST_NAME = 60


def normal_login(text: str) -> str:
    """A login as it is stored, however it was typed; it may still be none that exists."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def actor_by_login(login: str) -> Actor:
    """The account as the rules see it. Raises NotFound."""
    rows = db.session.execute(session.people_with_roles().where(Staff.login == login)).all()
    if not rows:
        raise errors.NotFound()
    return session.actor_of(rows)


def create_staff(
    actor: Actor, now: datetime, *, login: str, name: str, memberships: Iterable[Membership]
) -> tuple[int, str]:
    """A new account without a password. Returns its id and the one-time token that sets the password.

    Raises Forbidden, Invalid.
    """
    demand(actor)
    held = _checked(memberships)
    person = _add(login, name, now)
    _hold(person.id, held)
    _record("staff.created", person, actor, now, roles=_codes(held))
    return person.id, _issue(ENROL, person.id, now)


def set_roles(
    actor: Actor, now: datetime, staff_id: int, version: int, memberships: Iterable[Membership]
) -> None:
    """Replace what a person may do, and end the sessions in which they might do otherwise.

    Raises Forbidden, NotFound, Stale, Invalid (also where nobody would be left to administer accounts).
    """
    demand(actor)
    held = _checked(memberships)
    before = lock_administration()
    person = lock_staff(staff_id, version)
    db.session.execute(delete(RoleMembership).where(RoleMembership.staff_id == staff_id))
    _hold(staff_id, held)
    keep_an_administrator(before)
    session.end_all(staff_id)
    change("staff.changed", person, actor, now, changed=["roles"], roles=_codes(held))


def disable(actor: Actor, now: datetime, staff_id: int, version: int) -> None:
    """Shut the account out, from the next request on. Raises Forbidden, NotFound, Stale, NotNow, Invalid."""
    demand(actor)
    before = lock_administration()
    person = lock_staff(staff_id, version)
    if person.disabled_at is not None:
        raise errors.NotNow(action="disable", state="disabled")
    person.disabled_at = now
    keep_an_administrator(before)
    session.end_all(staff_id)
    void_tokens(staff_id)
    change("staff.disabled", person, actor, now)


def enable(actor: Actor, now: datetime, staff_id: int, version: int) -> None:
    """Let the account in again, with the password it had. Raises Forbidden, NotFound, Stale, NotNow."""
    demand(actor)
    person = lock_staff(staff_id, version)
    if person.disabled_at is None:
        raise errors.NotNow(action="enable", state="enabled")
    person.disabled_at = None
    change("staff.enabled", person, actor, now)


def reset(actor: Actor, now: datetime, staff_id: int, version: int | None = None) -> str:
    """Void the password and all sessions. Returns the one-time token that sets a new password.

    An account that never had one gets the longer-lived token. Raises Forbidden, NotFound, Stale, NotNow.
    """
    demand(actor)
    person = lock_staff(staff_id, version)
    if person.disabled_at is not None:
        raise errors.NotNow(action="reset", state="disabled")
    purpose = ENROL if person.password_hash is None else RESET
    person.password_hash = None
    session.end_all(staff_id)
    change("staff.reset", person, actor, now)
    return _issue(purpose, staff_id, now)


def issue_first_admin(actor: Actor, now: datetime, force: bool = False) -> str:
    """A one-time token that makes an administrator, in place of any before it that was not used.

    Raises NotNow where there is an administrator, unless forced.
    """
    demand(actor)
    if lock_administration() and not force:
        raise errors.NotNow(action="first_admin", state="administrator_exists")
    return _issue(FIRST_ADMIN, None, now, force)


def redeem_token(now: datetime, token: str, password: str, *, login: str = "", name: str = "") -> int:
    """Use a one-time token: set the password of its account, or make the first administrator.

    `login` and `name` count for the first administrator only. Returns the id of the account; raises Invalid.
    """
    row = db.session.scalar(
        select(OneTimeToken).where(OneTimeToken.token_hash == tokens.typed_hash(token)).with_for_update()
    )
    if row is None or not _is_good(row, now):
        raise errors.Invalid(fields={"token": "bad_token"})
    if row.purpose == FIRST_ADMIN:
        person = _first_admin(now, login, name, password)
    else:
        person = lock_staff(row.staff_id)
        set_password(Actor("staff", id=person.id), now, person.id, password)
    row.used_at = now
    void_tokens(row.staff_id)
    return person.id


def _is_good(row: OneTimeToken, now: datetime) -> bool:
    """Not used, not too old, and not for a first administrator where there is one by now."""
    is_late = row.purpose == FIRST_ADMIN and not row.forced and _administrators() > 0
    return row.used_at is None and now < row.expires_at and not is_late


def _first_admin(now: datetime, login: str, name: str, password: str) -> Staff:
    _check_password(password, login, name)
    person = _add(login, name, now)
    person.password_hash = passwords.hashed(password)
    held = [(ADMINISTRATOR, None)]
    _hold(person.id, held)
    _record("staff.created", person, Actor("staff", id=person.id), now, roles=_codes(held))
    return person


def set_password(actor: Actor, now: datetime, staff_id: int, password: str) -> str:
    """Give an account a new password and end all its sessions. Returns the hash. Raises NotFound, Invalid."""
    person = lock_staff(staff_id)
    if person.disabled_at is not None:
        raise errors.NotFound()
    _check_password(password, person.login, person.name)
    person.password_hash = kept = passwords.hashed(password)
    session.end_all(staff_id)
    void_tokens(staff_id)
    change("staff.changed", person, actor, now, changed=["password"])
    return kept


def sweep_tokens(now: datetime) -> None:
    """Delete one-time tokens a day after their end."""
    db.session.execute(delete(OneTimeToken).where(OneTimeToken.expires_at < now - timedelta(days=1)))


def demand(actor: Actor) -> None:
    """Raise Forbidden for who may not manage accounts."""
    if not may(actor, "admin.staff"):
        raise errors.Forbidden(action="admin.staff")


def lock_staff(staff_id: int | None, version: int | None = None) -> Staff:
    """The account under its row lock; with a version, as the person saw it. Raises NotFound, Stale."""
    person = db.session.scalar(
        select(Staff).where(Staff.id == staff_id).with_for_update().execution_options(populate_existing=True)
    )
    if person is None:
        raise errors.NotFound()
    if version is not None and person.version != version:
        raise errors.Stale(version=version, theirs=person.version)
    return person


def _add(login: str, name: str, now: datetime) -> Staff:
    """The new row, or Invalid: also when two people take one login at the same moment."""
    login, name = normal_login(login), name.strip()
    faults = {"login": _login_fault(login), "name": _name_fault(name)}
    if any(faults.values()):
        raise errors.Invalid(fields={field: fault for field, fault in faults.items() if fault})
    person = Staff(login=login, name=name, created_at=now, version=1)
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:
        raise errors.Invalid(fields={"login": "taken"}) from None
    return person


def _login_fault(login: str) -> str | None:
    if not login:
        return "missing"
    return None if LOGIN.fullmatch(login) else "login_shape"


def _name_fault(name: str) -> str | None:
    if not name:
        return "missing"
    if len(name) > LONGEST_NAME:
        return "too_long"
    return None if name.isprintable() else "unreadable"


def _check_password(password: str, *own: str) -> None:
    fault = passwords.fault(password, *own)
    if fault:
        raise errors.Invalid(fields={"password": fault})


def _checked(memberships: Iterable[Membership]) -> list[Membership]:
    """Each role once, with a unit exactly where the role works for one. Raises Invalid."""
    held = list(dict.fromkeys(memberships))
    if not held:
        raise errors.Invalid(fields={"roles": "missing"})
    reaches = {role.code: role.reach for role in db.session.scalars(select(Role))}
    active = select(Department.id).where(Department.is_active, Department.id.in_([unit for _, unit in held]))
    units = set(db.session.scalars(active))
    for role, unit in held:
        fault = _membership_fault(reaches.get(role), unit, units)
        if fault:
            raise errors.Invalid(fields={"roles": fault})
    return held


def _membership_fault(reach: str | None, unit: int | None, units: set[int]) -> str | None:
    if reach is None or (unit is not None and unit not in units):
        return "unknown"
    if reach == CITY:
        return "unit_not_wanted" if unit is not None else None
    return "unit_missing" if unit is None else None


def _hold(staff_id: int, held: list[Membership]) -> None:
    rows = [{"staff_id": staff_id, "role_code": role, "department_id": unit} for role, unit in held]
    db.session.execute(insert(RoleMembership), rows)


def _codes(held: list[Membership]) -> list[str]:
    """For the event: "handler@12", "auditor"."""
    return sorted(role if unit is None else f"{role}@{unit}" for role, unit in held)


def lock_administration() -> int:
    """One change at a time to who administers accounts: two must not each remove the other.

    Returns how many do now.
    """
    roles = select(Role).where(Role.permissions.contains(["admin.staff"])).order_by(Role.code)
    db.session.scalars(roles.with_for_update(key_share=True)).all()
    return _administrators()


def keep_an_administrator(before: int) -> None:
    """Raise Invalid where nobody is left of those who, `before`, could administer accounts."""
    if before and not _administrators():
        raise errors.Invalid(fields={"roles": "last_administrator"})


def _administrators() -> int:
    """How many accounts that are not disabled may administer accounts."""
    return db.session.scalars(
        select(func.count(Staff.id.distinct()))
        .join(RoleMembership, RoleMembership.staff_id == Staff.id)
        .join(Role, Role.code == RoleMembership.role_code)
        .where(Staff.disabled_at.is_(None), Role.permissions.contains(["admin.staff"]))
    ).one()


def _issue(purpose: str, staff_id: int | None, now: datetime, forced: bool = False) -> str:
    """A fresh token in place of those for the same that were not used."""
    void_tokens(staff_id)
    token = tokens.new_typed_token()
    db.session.add(
        OneTimeToken(
            token_hash=tokens.typed_hash(token),
            purpose=purpose,
            forced=forced,
            staff_id=staff_id,
            expires_at=now + LIFE[purpose],
        )
    )
    return token


def void_tokens(staff_id: int | None) -> None:
    """Delete one-time tokens that were not used: the account's, or, with None, those for a first administrator."""
    unused = OneTimeToken.used_at.is_(None)
    db.session.execute(delete(OneTimeToken).where(OneTimeToken.staff_id.is_not_distinct_from(staff_id), unused))


def change(kind: str, person: Staff, actor: Actor, now: datetime, **payload: object) -> None:
    """Record what was done to an account under its lock, as its next version."""
    person.version += 1
    _record(kind, person, actor, now, **payload)


def _record(kind: str, person: Staff, actor: Actor, now: datetime, **payload: object) -> None:
    events.record(
        kind,
        subject="staff",
        subject_id=person.id,
        version=person.version,
        actor=actor,
        now=now,
        **payload,
    )
