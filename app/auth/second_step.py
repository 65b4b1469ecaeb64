"""The step after the password, and what one does with one's own second factor. Codes are counted before they are
judged, in Postgres: five wrong ones and one waits, whoever asks and from wherever."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import throttle
from app.auth import accounts, factors, pending, signing_in
from app.auth.factors import Offer
from app.auth.models import Staff
from app.auth.session import User
from app.auth.signing_in import Entered, Refused
from app.outbox import unit_of_work
from app.throttle import Limit
from db import db
from tickets import errors

log = logging.getLogger(__name__)

CODE = "second step"
LIMITS = (Limit(CODE, 5, timedelta(minutes=15)), Limit(CODE, 20, timedelta(hours=24)))


@dataclass(frozen=True)
class Way:
    """What is to be done after the password: give a code, or take on a factor first."""

    has_factor: bool
    name: str
    offer: Offer | None = None
    login: str = ""
    reset_at: datetime | None = None


@dataclass(frozen=True)
class Enrolled:
    """A factor that is in force: its recovery codes, shown now and never again, and the session begun with it."""

    codes: list[str]
    entered: Entered


def way(token: str, offered: str = "") -> Way | None:
    """What a pending sign-in waits for; None where it has ended. `offered`: what its page has offered already."""
    with unit_of_work() as now:
        person = pending.person_of(token, now)
        if person is None:
            return None
        if person.totp_secret is not None:
            return Way(True, person.name)
        offer = _offer(person, token, now, offered)
        return Way(False, person.name, offer, person.login, person.factor_reset_at)


def own(user: User, now: datetime, offered: str = "") -> Way:
    """How it stands with who is signed in, with an offer for an app, as in way(). Asked within a unit of work."""
    person = db.session.get_one(Staff, user.staff_id)
    offer = _offer(person, user.token, now, offered)
    return Way(person.totp_secret is not None, person.name, offer, person.login)


def _offer(person: Staff, token: str, now: datetime, offered: str) -> Offer:
    """The same offer again while it holds: a telephone may have scanned it before a code was mistyped."""
    return factors.take(offered, person.id, token, now) or factors.offer(person.id, token, now)


def finish(token: str, code: str, device: str | None) -> Entered | Refused | None:
    """End a pending sign-in by a code of the app or a recovery code; None where it has ended already."""
    with unit_of_work() as now:
        person = pending.person_of(token, now)
        if person is None:
            return None
        refused = _judge(person, now, code)
        if refused:
            return refused
        pending.end(token)
        return signing_in.enter(person, now, device)


def finish_with_new(token: str, offered: str, code: str, device: str | None) -> Enrolled | None:
    """End a pending sign-in by taking on a factor; None where it has ended already.

    Raises Invalid, and Forbidden for who has a factor: that one is to be proved.
    """
    with unit_of_work() as now:
        person = pending.person_of(token, now)
        if person is None:
            return None
        if person.totp_secret is not None:
            raise errors.Forbidden(action="enrol")
        return _enrol(person, now, token, offered, code, device)


def set_own(
    user: User, proof: str, offered: str, code: str, address: str | None, device: str | None
) -> Enrolled | Refused:
    """Take on a factor, or another one, by who is signed in: `proof` is a code of the present one, or without any
    the password. All other sessions end and this one begins anew. Raises Invalid.
    """
    with unit_of_work():
        has_factor = accounts.lock_staff(user.staff_id).totp_secret is not None
    if not has_factor:
        refused = signing_in.is_password(user, proof, address, device)
        if refused:
            return refused
    with unit_of_work() as now:
        person = accounts.lock_staff(user.staff_id)
        if person.totp_secret is not None:
            refused = _judge(person, now, proof)
            if refused:
                return refused
        return _enrol(person, now, user.token, offered, code, device)


def new_codes(user: User, code: str) -> list[str] | Refused:
    """Fresh recovery codes for who proves the factor."""
    with unit_of_work() as now:
        person = accounts.lock_staff(user.staff_id)
        return _judge(person, now, code) or factors.issue_again(person, now)


def switch_off(user: User, code: str, device: str | None) -> Entered | Refused:
    """Do without, by who proves the factor; a new session begins. Raises NotNow where it is demanded."""
    with unit_of_work() as now:
        person = accounts.lock_staff(user.staff_id)
        refused = _judge(person, now, code)
        if refused:
            return refused
        factors.switch_off(person, now)
        return signing_in.enter(person, now, device)


def _enrol(
    person: Staff, now: datetime, token: str, offered: str, code: str, device: str | None
) -> Enrolled:
    taken = factors.take(offered, person.id, token, now)
    if taken is None:
        raise errors.Invalid(fields={"code": "old_offer"})
    codes = factors.enrol(person, now, taken, code)
    if codes is None:
        raise errors.Invalid(fields={"code": "bad_code"})
    throttle.forget(CODE, _key(person))
    return Enrolled(codes, signing_in.enter(person, now, device))


def _judge(person: Staff, now: datetime, code: str) -> Refused | None:
    """None for a code that is right and used up by it. A wrong one stays counted: its refusal is committed."""
    admission = throttle.admit([(limit, _key(person)) for limit in LIMITS], now)
    if admission.wait:
        log.warning("second step held back: account %s", person.id)
        return Refused(admission.wait)
    if not factors.prove(person, now, code):
        log.warning("second step refused: account %s", person.id)
        return Refused()
    throttle.forget(CODE, _key(person))
    return None


def _key(person: Staff) -> str:
    return f"account {person.id}"
