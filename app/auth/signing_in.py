"""Signing in: the guess is counted first and judged after, so no burst of guesses passes the limits.

The step after the password stands in second_step.py.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Row, select

from app import throttle
from app.auth import accounts, factors, passwords, pending, session
from app.auth.models import Staff
from app.auth.session import User
from app.outbox import unit_of_work
from app.throttle import Limit
from db import db
from tickets import errors

log = logging.getLogger(__name__)

ACCOUNT, GUESSER, ADDRESS = "sign-in account", "sign-in guesser", "sign-in address"
TOKEN = "one-time token"
# All strangers together; these open as failures age, so that one guess now and then cannot keep them shut.
PER_ACCOUNT = (Limit(ACCOUNT, 5, timedelta(seconds=60)), Limit(ACCOUNT, 10, timedelta(minutes=15)))
PER_GUESSER = Limit(GUESSER, 10, timedelta(hours=24), pause=timedelta(minutes=15))  # ten in a row
PER_ADDRESS = Limit(ADDRESS, 50, timedelta(hours=1))
TOKENS = Limit(TOKEN, 50, timedelta(hours=1))

DEMO_PASSWORD = "demo-12345-hotline"
"""Of every account of the demo city. It opens nothing in production, even on a database made for the demo."""


@dataclass(frozen=True)
class Refused:
    """Not let in; `wait` is above zero when nothing was judged because there were too many failures."""

    wait: timedelta = throttle.OPEN


@dataclass(frozen=True)
class Entered:
    """Let in: the session's token, and a token for the device, by which it is known next time.

    `reset_at`: when an administrator took the second factor away, for who was not told before.
    """

    token: str
    device: str
    reset_at: datetime | None = None


@dataclass(frozen=True)
class HalfWay:
    """The password was right and a second step is to come; the token opens nothing but that step."""

    token: str
    device: str


@dataclass(frozen=True)
class _Guess:
    admission: throttle.Admission
    rows: frozenset[tuple[str, str]]
    staff_id: int
    kept: str


def sign_in(
    login: str, password: str, address: str | None, device: str | None = None
) -> Entered | HalfWay | Refused:
    """Judge a login. `address` is the peer's; `device` the device's token, if it has one.

    A known device replaces no second step: it only keeps strangers' failures apart.

    Failures from a device known to the account count apart, so strangers cannot lock its owner out. From a new
    device no single address can: after ten failures it has one guess a quarter of an hour, and shuts itself out.
    """
    guess = _judge(accounts.normal_login(login), password, address, device)
    if isinstance(guess, Refused):
        return guess
    try:
        with unit_of_work() as now:
            _forgive(guess)
            person = session.admit(guess.staff_id, guess.kept)
            if factors.is_next(person):
                return HalfWay(pending.begin(person, now), device_token(person.id, device))
            return enter(person, now, device)
    except errors.Forbidden:
        return Refused()


def enter(person: Staff, now: datetime, device: str | None) -> Entered:
    """Begin the session of a person who proved all that is asked, under lock."""
    reset_at, person.factor_reset_at = person.factor_reset_at, None
    return Entered(session.start(person, now), device_token(person.id, device), reset_at)


def change_password(
    user: User, current: str, password: str, address: str | None, device: str | None
) -> Entered | Refused:
    """A new password for who is signed in and knows the present one. All sessions end; a new one begins.

    Raises Invalid for a password that is not good enough.
    """
    guess = _judge(user.login, current, address, device)
    if isinstance(guess, Refused):
        return guess
    with unit_of_work() as now:
        _forgive(guess)
        kept = accounts.set_password(user.actor, now, user.staff_id, password)
        token = session.begin(user.staff_id, kept, now)
    return Entered(token, device_token(user.staff_id, device))


def redeem(
    token: str, password: str, address: str | None, *, login: str = "", name: str = ""
) -> str | Refused:
    """Use a one-time token; returns the device's token. Raises Invalid."""
    checks = [(TOKENS, throttle.address_key(address))]
    with unit_of_work() as now:
        admission = throttle.admit(checks, now)
    if admission.wait:
        return Refused(admission.wait)
    with unit_of_work() as now:
        staff_id = accounts.redeem_token(now, token, password, login=login, name=name)
        throttle.forgive(admission)
    return device_token(staff_id, None)


def is_password(user: User, password: str, address: str | None, device: str | None) -> Refused | None:
    """Whether who is signed in knows the password: None, or why not."""
    guess = _judge(user.login, password, address, device)
    if isinstance(guess, Refused):
        return guess
    with unit_of_work():
        _forgive(guess)
    return None


def _judge(login: str, password: str, address: str | None, device: str | None) -> _Guess | Refused:
    with unit_of_work() as now:
        person = _find(login)
        checks = _checks(login, person, address, device)
        admission = throttle.admit(checks, now)
    who = person.id if person else "unknown"
    if admission.wait:
        log.warning("sign-in held back: account %s", who)
        return Refused(admission.wait)
    # Judged in any case and outside of a transaction: it takes long, and as long for an unknown login.
    is_right = passwords.is_right(person.password_hash if person else None, password)
    if person is None or not is_right or _is_demo_password_in_production(password):
        log.warning("sign-in refused: account %s", who)
        return Refused()
    rows = frozenset((limit.kind, key) for limit, key in checks if limit.kind != ADDRESS)
    return _Guess(admission, rows, person.id, person.password_hash)


def _find(login: str) -> Row[tuple[int, str]] | None:
    """Id and kept password of an account that could sign in."""
    if not accounts.LOGIN.fullmatch(login):
        return None
    return db.session.execute(
        select(Staff.id, Staff.password_hash).where(
            Staff.login == login, Staff.disabled_at.is_(None), Staff.password_hash.is_not(None)
        )
    ).one_or_none()


def _checks(
    login: str, person: Row[tuple[int, str]] | None, address: str | None, device: str | None
) -> list[tuple[Limit, str]]:
    """All limits the guess is under, each with its key."""
    nonce = _device_nonce(device, person.id) if person else None
    if nonce is not None:
        return [(limit, f"device {nonce}") for limit in (*PER_ACCOUNT, PER_GUESSER)]
    origin = throttle.address_key(address)
    strangers = [(limit, f"login {login}") for limit in PER_ACCOUNT]
    return [*strangers, (PER_GUESSER, f"login {login} from {origin}"), (PER_ADDRESS, origin)]


def _forgive(guess: _Guess) -> None:
    throttle.forgive(guess.admission)
    for kind, key in guess.rows:
        throttle.forget(kind, key)


def _is_demo_password_in_production(password: str) -> bool:
    return password == DEMO_PASSWORD and current_app.extensions["hotline"].is_production


def device_token(staff_id: int, device: str | None) -> str:
    """A device's token for one account; it opens nothing, it only tells the device's failures apart."""
    known = device if device and _device_nonce(device, staff_id) else None
    return known or _signer().dumps([staff_id, secrets.token_hex(16)])


def _device_nonce(device: str | None, staff_id: int) -> str | None:
    try:
        owner, nonce = _signer().loads(device or "")
    except (BadSignature, TypeError, ValueError):
        return None
    return nonce if owner == staff_id else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt="device")  # type: ignore[arg-type]
