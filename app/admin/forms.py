"""What the forms on staff send, read into the values the verbs take."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from app.auth.accounts import Membership
from tickets import errors

Fields = MultiDict[str, str]

SPARE_ROWS = 2
"""Empty rows offered below the roles a person holds."""


@dataclass(frozen=True)
class RoleRow:
    """One row of the roles' form, as chosen: a role's code and a unit's id, either empty."""

    role: str = ""
    unit: str = ""


def role_rows(form: Fields) -> list[RoleRow]:
    """The rows in which something was chosen."""
    pairs = zip(form.getlist("role"), form.getlist("unit"), strict=False)
    return [RoleRow(role, unit) for role, unit in pairs if role or unit]


def memberships(rows: list[RoleRow]) -> list[Membership]:
    """What is to be held. Raises Invalid for a unit that is no number."""
    try:
        return [(row.role, int(row.unit) if row.unit else None) for row in rows]
    except ValueError as fault:
        raise errors.Invalid(fields={"roles": "unknown"}) from fault


def version(form: Fields) -> int:
    """The version of the account that the page showed. Raises Invalid."""
    try:
        return int(form.get("version", ""))
    except ValueError as fault:
        raise errors.Invalid(fields={"version": "missing"}) from fault
