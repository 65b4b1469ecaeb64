"""One moment of the play: what time it is, and which account acts, where no person acts under it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from app.auth.accounts import actor_by_login
from app.auth.commands import DEMO_STAFF
from app.auth.models import Staff, StaffSession
from db import db
from routing import service as routing
from tickets.permissions import Actor
from tickets.vault import Vault

AT_WORK = timedelta(minutes=10)
"""How long after the last sign of a person the play leaves that account alone."""
_HANDLERS = {code: login for login, _, role, code in DEMO_STAFF if role == "handler"}
_LEADS = {code: login for login, _, role, code in DEMO_STAFF if role == "department_lead"}


@dataclass(frozen=True)
class Stage:
    """`taken` are the logins under which persons are at work: whose tickets wait for them."""

    now: datetime
    random: Random
    vault: Vault
    taken: frozenset[str] = frozenset()

    def actor(self, login: str | None) -> Actor | None:
        """The account as the rules see it; None where it is none, or a person's."""
        return None if login is None or login in self.taken else actor_by_login(login)

    def of_unit(self, unit_id: int, confidential: bool) -> Actor | None:
        """Who acts for a unit: its own handler, else the lead of the nearest unit above that has one."""
        return self.actor(_login_of(unit_id, confidential))

    def at_desk(self, login: str, confidential: bool) -> Actor | None:
        """The account of that name; of a confidential ticket only the supervisor knows."""
        return self.actor("supervisor" if confidential else login)

    def chance(self, share: float) -> bool:
        return self.random.random() < share


def _login_of(unit_id: int, confidential: bool) -> str | None:
    reference = routing.current()
    unit = reference.units_by_id.get(unit_id)
    if unit is not None and not confidential and unit.code in _HANDLERS:
        return _HANDLERS[unit.code]
    while unit is not None and unit.code not in _LEADS:
        unit = reference.units.get(unit.parent or "")
    return _LEADS[unit.code] if unit else None


def persons_at_work(now: datetime) -> frozenset[str]:
    """Logins with a session that was used just now."""
    used = select(StaffSession.staff_id).where(StaffSession.seen_at > now - AT_WORK)
    return frozenset(db.session.scalars(select(Staff.login).where(Staff.id.in_(used))))
