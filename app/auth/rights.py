"""The verbs on roles: make one, change what one may. None commits."""

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from app import edits
from app.auth import accounts
from app.auth.models import Role, RoleMembership, StaffSession
from app.auth.roles import CITY, SHIPPED, SUBTREE, UNIT
from db import db
from routing.editing import Edit, Refused, added, changed, lock, refuse, text_fault
from tickets import errors
from tickets.permissions import Actor, may

ROLE = "role"
CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
GRANTABLE = frozenset().union(*(role.permissions for role in SHIPPED))
"""What people may hold; the rest is done by the system, or by a citizen for one ticket."""


def add_role(
    actor: Actor, now: datetime, *, code: str, name: str, reach: str, permissions: Collection[str]
) -> Edit:
    """A new role that nobody holds yet. Raises Forbidden, Refused."""
    _demand(actor)
    code, name = code.strip(), name.strip()
    faults = {
        "code": "" if CODE.fullmatch(code) else "role_code_shape",
        "name": text_fault(name),
        "reach": "" if reach in (CITY, UNIT, SUBTREE) else "unknown",
        "permissions": _permissions_fault(permissions),
    }
    if not faults["code"] and db.session.get(Role, code) is not None:
        faults["code"] = "code_taken"
    refuse({field: fault for field, fault in faults.items() if fault})
    role = Role(code=code, name=name, reach=reach, permissions=sorted(permissions))
    return _kept(added(db.session(), role, ROLE, code, "name", "reach", "permissions"), actor, now)


def change_role(
    actor: Actor, now: datetime, code: str, version: int, *, name: str, permissions: Collection[str]
) -> Edit:
    """What a role is called and may, from everybody's next request on. Raises Forbidden, Outdated, Refused.

    Where a sight of tickets is taken away, or administration given, the open sessions of all who hold the role
    end: a screen that listens would go on hearing, and administrators' sessions are shorter.
    """
    _demand(actor)
    before = accounts.lock_administration()
    role = lock(db.session(), Role, Role.code == code, version)
    name, held = name.strip(), frozenset(role.permissions)
    named = bool(name) or code not in {shipped.code for shipped in SHIPPED}
    faults = {"name": text_fault(name) if named else "", "permissions": _permissions_fault(permissions)}
    refuse({field: fault for field, fault in faults.items() if fault})
    edit = changed(db.session(), role, ROLE, code, name=name, permissions=sorted(permissions))
    lost, given = held - set(permissions), set(permissions) - held
    _keep_administration(lost, before)
    if any(one.startswith("see.") for one in lost) or "admin.staff" in given:
        _end_sessions(code, but=actor.id)
    return _kept(edit, actor, now)


def end_sessions_above(units: Collection[int]) -> None:
    """End the sessions of whoever works for one of these units with all below it: what lies below has changed."""
    leads = (
        select(RoleMembership.staff_id)
        .join(Role, Role.code == RoleMembership.role_code)
        .where(Role.reach == SUBTREE, RoleMembership.department_id.in_(units))
    )
    db.session.execute(delete(StaffSession).where(StaffSession.staff_id.in_(leads)))


def _demand(actor: Actor) -> None:
    if not may(actor, "admin.staff"):
        raise errors.Forbidden(action="admin.staff")


def _permissions_fault(permissions: Collection[str]) -> str:
    if not permissions:
        return "no_permission"
    return "" if GRANTABLE.issuperset(permissions) else "unknown"


def _keep_administration(lost: Collection[str], before: int) -> None:
    """The last role with the right to administer accounts keeps it, and so does the last person."""
    if "admin.staff" not in lost:
        return
    others = select(Role.code).where(Role.permissions.contains(["admin.staff"])).limit(1)
    if db.session.scalar(others) is None:
        raise Refused({"permissions": "last_administration"})
    try:
        accounts.keep_an_administrator(before)
    except errors.Invalid as fault:
        raise Refused({"permissions": "last_administrator"}) from fault


def _end_sessions(code: str, but: int | None) -> None:
    holders = select(RoleMembership.staff_id).where(RoleMembership.role_code == code)
    gone = StaffSession.staff_id.in_(holders)
    db.session.execute(delete(StaffSession).where(gone, StaffSession.staff_id != (but or 0)))


def _kept(edit: Edit, actor: Actor, now: datetime) -> Edit:
    edits.keep(edit, actor, now)
    return edit

