"""Random tokens: those in a cookie, and those a person types once. Only their SHA-256 is stored."""

import base64
import hashlib
import re
import secrets

from tickets import errors

_TYPED = re.compile(r"[a-z2-7]{26}")
_TYPED_BYTES = 16
_GROUP = 5


def new_cookie_token() -> str:
    """256 random bits for a cookie."""
    return secrets.token_urlsafe(32)


def new_typed_token() -> str:
    """128 random bits in small letters and digits, in groups that can be read out and typed."""
    letters = base64.b32encode(secrets.token_bytes(_TYPED_BYTES)).decode().rstrip("=").lower()
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def typed_hash(text: str) -> bytes:
    """What is stored of a typed token, however it was spaced. Raises Invalid for what cannot be one."""
    letters = re.sub(r"[\s-]", "", text).lower()
    if not _TYPED.fullmatch(letters):
        raise errors.Invalid(fields={"token": "missing" if not letters else "bad_token"})
    return hashlib.sha256(letters.encode()).digest()


def cookie_hash(token: str) -> bytes:
    """What is stored of a cookie's token."""
    return hashlib.sha256(token.encode()).digest()
