"""Who it is that something concerns: members of staff and mailboxes of units, looked up at the moment."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, select

from app.auth.models import Role, RoleMembership, Staff
from app.auth.roles import SUBTREE
from db import db
from routing import service as routing
from routing.models import Department
from routing.seed import document
from tickets.notice_models import Mailbox
from tickets.notices import ABOVE, CITY, MAILBOX, MAY, Recipient, Target

TIERS = "tiers"
"""The setting that says whom each tier of an escalation concerns."""
SEES_CONFIDENTIAL = "see.confidential"


@cache
def shipped_tiers() -> dict[str, list[str]]:
    """What a city goes by that has not said who its tiers are."""
    tiers: dict[str, list[str]] = document("settings")[TIERS]
    return tiers


def tier(name: str) -> tuple[Target, ...]:
    """Whom a tier concerns in this city; nobody for one that it does not know."""
    said: dict[str, list[str]] = routing.current().settings.get(TIERS) or shipped_tiers()
    return tuple(map(Target.parse, said.get(name, ())))


class Lookup:
    """Answers for one transaction: the same question is asked once."""

    def __init__(self) -> None:
        self.reference = routing.current()
        self.sends_mail = bool(current_app.extensions["hotline"].smtp_host)
        self._known: dict[Any, list[Recipient]] = {}
        self._reaches = dict(db.session.execute(select(Role.code, Role.reach)).all())

    def of(
        self, targets: Iterable[Target], units: Collection[int], *, confidential: bool, clock: str | None = None
    ) -> list[Recipient]:
        """Each once. Of a confidential matter only those learn who may see such ones at all."""
        found: dict[Recipient, None] = {}
        for target in targets:
            if target.clock not in (None, clock):
                continue
            for unit in (None,) if target.of in (CITY, MAY) else sorted(units):
                found |= dict.fromkeys(self._at(target, unit, confidential))
        return list(found)

    def _at(self, target: Target, unit: int | None, confidential: bool) -> list[Recipient]:
        key = (target, unit, confidential)
        if key not in self._known:
            self._known[key] = self._asked(target, unit, confidential)
        return self._known[key]

    def _asked(self, target: Target, unit: int | None, confidential: bool) -> list[Recipient]:
        if target.of == MAY:
            return self._holders(Role.permissions.contains([target.role]), None, confidential)
        if unit is None:
            return self._holders(Role.code == target.role, None, confidential)
        if target.of == MAILBOX:
            return [] if confidential else self._mailbox(unit)  # anybody of the unit may read it
        for place in self._places(target, unit):
            if found := self._holders(Role.code == target.role, place, confidential):
                return found
        return []

    def _places(self, target: Target, unit: int) -> Sequence[int]:
        """Where to look for holders, the nearest first: who works for all units below works for this one too."""
        above = self.reference.ancestors(unit)
        if self._reaches.get(target.role) != SUBTREE:
            return above[:1] if target.of == ABOVE else (unit,)
        return above if target.of == ABOVE else (unit, *above)

    def _holders(self, role: ColumnElement[bool], unit: int | None, confidential: bool) -> list[Recipient]:
        query = (
            select(Staff.id, Mailbox.address, Mailbox.is_off)
            .join(RoleMembership, RoleMembership.staff_id == Staff.id)
            .join(Role, Role.code == RoleMembership.role_code)
            .outerjoin(Mailbox, Mailbox.staff_id == Staff.id)
            .where(role, RoleMembership.department_id.is_not_distinct_from(unit))
            .where(Staff.disabled_at.is_(None))
        )
        if confidential:
            query = query.where(Role.permissions.contains([SEES_CONFIDENTIAL]))
        return [
            Recipient(staff=row.id, has_mail=self.sends_mail and bool(row.address) and not row.is_off)
            for row in db.session.execute(query.order_by(Staff.id))
        ]

    def _mailbox(self, unit: int) -> list[Recipient]:
        address = db.session.scalar(select(Department.email).where(Department.id == unit))
        return [Recipient(unit=unit, has_mail=True)] if address and self.sends_mail else []
