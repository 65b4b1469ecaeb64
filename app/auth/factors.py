"""The second factor: codes of an app (RFC 6238) and recovery codes. None commits; each needs the person's lock.

Whose it must be is the city's own rule. The secret is sealed, and every code works once.
"""

import base64
import binascii
import hmac
import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from flask import current_app
from sqlalchemy import delete, func, insert, select, update

from app.auth import accounts, session
from app.auth.factor_models import RecoveryCode
from app.auth.models import RoleMembership, Staff, StaffSession
from app.auth.tokens import cookie_hash
from app.extensions import vault
from db import db
from routing import terms
from routing.models import CitySetting
from tickets import errors, sealing
from tickets.permissions import Actor

EVERYBODY = "*"
STEP = 30  # seconds for which an app shows one code
DRIFT = (-1, 0, 1)
"""Steps by which a telephone's clock may be wrong, or its owner slow."""
RECOVERY_CODES = 10
OFFERED_FOR = timedelta(minutes=15)

_APP_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(r"[a-z2-7]{16}")
_RECOVERY_BYTES = 10


@dataclass(frozen=True)
class Offer:
    """A new secret for a person's app. `sealed` goes along with the form; nothing is stored before a code fits."""

    secret: str
    sealed: str


def rule(is_held: bool = False) -> tuple[list[str], int]:
    """Codes of the roles that must have a second factor (EVERYBODY: all), and the setting's version.

    What ships, where a city has said nothing: everybody in production, nobody in a demo. `is_held`: who changes it
    waits for this transaction, and finds the session that it begins.
    """
    query = select(CitySetting).where(CitySetting.key == terms.SECOND_FACTOR)
    row = db.session.scalar(query.with_for_update(read=True) if is_held else query)
    if row is not None:
        return row.value, row.version
    return ([EVERYBODY] if current_app.extensions["hotline"].is_production else []), 0


def is_demanded(staff_id: int, is_held: bool = False) -> bool:
    """Whether the city wants this person to have one; `is_held` as in rule()."""
    roles, _ = rule(is_held)
    held = db.session.scalars(select(RoleMembership.role_code).where(RoleMembership.staff_id == staff_id))
    return EVERYBODY in roles or not set(roles).isdisjoint(held)


def is_next(person: Staff) -> bool:
    """Whether a right password is not enough: there is a factor, or there must be one."""
    return person.totp_secret is not None or is_demanded(person.id, is_held=True)


def end_sessions_without(roles: Collection[str], but: int | None) -> None:
    """End the sessions of those who must have a second factor by this rule and have none: they sign in again."""
    without = select(Staff.id).where(Staff.totp_secret.is_(None), Staff.id != (but or 0))
    if EVERYBODY not in roles:
        holding = select(RoleMembership.staff_id).where(RoleMembership.role_code.in_(roles))
        without = without.where(Staff.id.in_(holding))
    db.session.execute(delete(StaffSession).where(StaffSession.staff_id.in_(without)))


def offer(staff_id: int, token: str, now: datetime) -> Offer:
    """A secret that only this person can take on, in this session and before long."""
    secret = pyotp.random_base32()
    until = int((now + OFFERED_FOR).timestamp())
    blob = sealing.seal(vault().keys, f"{until}:{secret}", "totp_offer", _offered_to(staff_id, token))
    return Offer(secret, base64.urlsafe_b64encode(blob).decode())


def take(sealed: str, staff_id: int, token: str, now: datetime) -> Offer | None:
    """What was offered; None for an offer to somebody else, too old, or made up."""
    try:
        blob = base64.urlsafe_b64decode(sealed.encode("ascii"))
        text = sealing.open_(vault().keys, blob, "totp_offer", _offered_to(staff_id, token))
    except (sealing.SealError, UnicodeError, binascii.Error):
        return None
    until, _, secret = text.partition(":")
    return Offer(secret, sealed) if now.timestamp() < int(until) else None


def _offered_to(staff_id: int, token: str) -> str:
    return f"{staff_id}:{cookie_hash(token).hex()}"


def enrol(person: Staff, now: datetime, taken: Offer, code: str) -> list[str] | None:
    """Take on a secret whose first code is right, in place of any before. Returns fresh recovery codes.

    None for a wrong code. All sessions of the person end.
    """
    step = _fitting_step(taken.secret, _plain(code), now)
    if step is None:
        return None
    person.totp_secret = sealing.seal(vault().keys, taken.secret, "totp_secret", f"staff:{person.id}")
    person.totp_step, person.factor_reset_at = step, None
    session.end_all(person.id)
    accounts.change("staff.factor_set", person, Actor("staff", id=person.id), now)
    return _issue(person)


def prove(person: Staff, now: datetime, code: str) -> bool:
    """Whether the code is the app's, or a recovery code; either is used up by it."""
    plain = _plain(code)
    if _RECOVERY_CODE.fullmatch(plain):
        return _use_recovery_code(person, now, plain)
    if person.totp_secret is None:
        return False
    secret = sealing.open_(vault().keys, person.totp_secret, "totp_secret", f"staff:{person.id}")
    step = _fitting_step(secret, plain, now)
    if step is None or (person.totp_step is not None and step <= person.totp_step):
        return False
    person.totp_step = step
    return True


def _plain(code: str) -> str:
    """As it is compared, however it was typed: full-width digits, blanks and hyphens are no mistakes."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).lower()


def _fitting_step(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code it is; every one is compared, so the time tells nothing."""
    if not _APP_CODE.fullmatch(code):
        return None
    present, app = int(now.timestamp()) // STEP, pyotp.TOTP(secret, interval=STEP)
    fitting = [
        present + drift
        for drift in DRIFT
        if hmac.compare_digest(app.generate_otp(present + drift), code)
    ]
    return fitting[0] if fitting else None


def _use_recovery_code(person: Staff, now: datetime, plain: str) -> bool:
    mine = RecoveryCode.staff_id == person.id
    hashed = RecoveryCode.code_hash == _recovery_hash(person.id, plain)
    unused = RecoveryCode.used_at.is_(None)
    query = update(RecoveryCode).where(mine, hashed, unused).values(used_at=now)
    if db.session.execute(query.returning(RecoveryCode.staff_id)).scalar() is None:
        return False
    actor = Actor("staff", id=person.id)
    accounts.change("staff.recovery_used", person, actor, now, left=recovery_left(person.id)[0])
    return True


def recovery_left(staff_id: int) -> tuple[int, list[datetime]]:
    """How many recovery codes are left, and when others were used."""
    rows = db.session.scalars(select(RecoveryCode.used_at).where(RecoveryCode.staff_id == staff_id)).all()
    used = sorted(at for at in rows if at is not None)
    return len(rows) - len(used), used


def issue_again(person: Staff, now: datetime) -> list[str]:
    """Fresh recovery codes in place of all before."""
    accounts.change("staff.recovery_issued", person, Actor("staff", id=person.id), now)
    return _issue(person)


def _issue(person: Staff) -> list[str]:
    _drop_codes(person.id)
    drawn = [secrets.token_bytes(_RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
    plain = [base64.b32encode(octets).decode().lower() for octets in drawn]
    rows = [{"code_hash": _recovery_hash(person.id, code), "staff_id": person.id} for code in plain]
    db.session.execute(insert(RecoveryCode), rows)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in plain]


def _recovery_hash(staff_id: int, plain: str) -> bytes:
    return sealing.blind(vault().keys, f"{staff_id}:{plain}", "recovery code")


def _drop_codes(staff_id: int) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))


def switch_off(person: Staff, now: datetime) -> None:
    """Do without, where the city allows it. All sessions end. Raises NotNow."""
    if is_demanded(person.id):
        raise errors.NotNow(action="switch_off", state="demanded")
    _drop(person)
    accounts.change("staff.factor_dropped", person, Actor("staff", id=person.id), now)


def reset(actor: Actor, now: datetime, staff_id: int, version: int | None = None) -> None:
    """Take away the factor of somebody who lost it; who it was is told at the next sign-in. All sessions end.

    Raises Forbidden (also for one's own, which is proved in one's account), NotFound, Stale, NotNow.
    """
    accounts.demand(actor)
    if actor.id == staff_id:
        raise errors.Forbidden(action="reset_factor")
    person = accounts.lock_staff(staff_id, version)
    if person.totp_secret is None:
        raise errors.NotNow(action="reset_factor", state="no_factor")
    _drop(person)
    person.factor_reset_at = now
    accounts.change("staff.factor_reset", person, actor, now)


def _drop(person: Staff) -> None:
    person.totp_secret = person.totp_step = None
    _drop_codes(person.id)
    session.end_all(person.id)


def count_without() -> int:
    """How many accounts that are not disabled have no second factor."""
    query = select(func.count(Staff.id)).where(Staff.disabled_at.is_(None), Staff.totp_secret.is_(None))
    return db.session.scalars(query).one()
