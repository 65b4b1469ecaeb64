"""Passes: what lets one operator's browser into one talk. Signed, short-lived, bound to the person."""

from dataclasses import dataclass

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

OPERATOR, LISTEN, WHISPER = "operator", "listen", "whisper"
SECONDS = 60
CLIENT = "client:op_"


@dataclass(frozen=True)
class Pass:
    """`subject` is the offer to take up, or the call to listen to."""

    purpose: str
    staff_id: int
    subject: int
    whispers: bool = False


def issue(purpose: str, staff_id: int, subject: int) -> str:
    """A pass for the browser to hand over when it connects."""
    return _signer().dumps([purpose, staff_id, subject])


def read(token: str, caller: str) -> Pass | None:
    """What a pass opens; None where it is none, is too old, or was given to somebody else than `caller`."""
    try:
        purpose, staff_id, subject = _signer().loads(token, max_age=SECONDS)
    except (BadSignature, ValueError):
        return None
    if caller != identity(staff_id, prefix=CLIENT):
        return None
    return Pass(LISTEN if purpose == WHISPER else purpose, staff_id, subject, purpose == WHISPER)


def identity(staff_id: int, prefix: str = "op_") -> str:
    """The name of an operator's browser at the carrier's."""
    return f"{prefix}{staff_id}"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key, salt="talk")  # type: ignore[arg-type]
