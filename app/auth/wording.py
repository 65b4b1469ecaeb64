"""What roles and faults of account forms are called."""

from flask_babel import lazy_gettext as _l

from app.auth.passwords import LONGEST, SHORTEST
from app.wording import FAULTS as COMMON_FAULTS

ROLES = {
    "operator": _l("Operator"),
    "dispatcher": _l("Dispatcher"),
    "handler": _l("Handler"),
    "department_lead": _l("Department lead"),
    "supervisor": _l("Supervisor"),
    "administrator": _l("Administrator"),
    "leader": _l("Leader"),
    "auditor": _l("Auditor"),
}

FAULTS = {
    "too_short": _l("Please take at least %(count)s characters.", count=SHORTEST),
    "too_long": _l("Please take at most %(count)s characters.", count=LONGEST),
    "common": _l("This is made of words and sequences that everybody tries first. Add some of your own."),
    "mismatch": _l("The two are not the same."),
    "wrong": _l("This is not your present password."),
    "bad_token": _l("This token is not valid. It works once, and only for a short time."),
    "login_shape": _l(
        "2 to 40 small letters, digits, dots, hyphens or underscores, beginning with a letter or digit."
    ),
    "taken": _l("Somebody has this login already."),
    "unit_missing": _l("This role is held for a unit: choose one."),
    "unit_not_wanted": _l("This role works for the whole city: choose no unit."),
    "last_administrator": _l("Nobody would be left to manage accounts. Make another administrator first."),
}


def role_name(code: str) -> str:
    """A role in words; a city's own role by its code."""
    return str(ROLES.get(code, code))


def fault_text(code: str) -> str:
    """A fault in words."""
    return str(FAULTS.get(code) or COMMON_FAULTS.get(code, code))
