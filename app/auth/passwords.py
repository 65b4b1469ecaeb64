"""Passwords: how they are kept, and which are refused. Length is all that is asked for, besides not being
made of what everybody tries first."""

import base64
import re
import unicodedata
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.aside import aside

SHORTEST, LONGEST = 12, 128
LEAST_OWN = 4
"""A password must hold this many characters that are no common piece."""

# OWASP's second choice of equal strength: 19 MiB, two passes, one lane.
_MEMORY, _PASSES, _LANES = 19456, 2, 1
_hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY, parallelism=_LANES)


def _unpadded(content: bytes) -> str:
    return base64.b64encode(content).decode().rstrip("=")


# Judged in place of a hash that does not exist, so that both take the same time.
_NOBODY = f"$argon2id$v=19$m={_MEMORY},t={_PASSES},p={_LANES}${_unpadded(bytes(16))}${_unpadded(bytes(32))}"

COMMON_WORDS = (
    "password", "passwort", "pass", "admin", "administrator", "root", "user", "guest", "test", "login",
    "welcome", "hello", "letmein", "secret", "master", "manager", "system", "server", "default", "changeme",
    "change", "demo", "temp", "hotline", "service", "city", "government", "office", "police", "staff",
    "operator", "dispatcher", "handler", "supervisor", "leader", "auditor", "department", "iloveyou", "love",
    "money", "dragon", "monkey", "football", "sunshine", "princess", "summer", "winter", "spring", "autumn",
    "mima", "guanliyuan", "guanli", "rexian", "zhengfu", "fuwu", "shizheng", "shimin", "gongdan", "huawei",
    "woaini", "nihao", "zhongguo", "zhonghua", "beijing", "shanghai", "china", "xiaoming", "wang", "zhang",
    "woaizhongguo", "wo", "ai", "ni", "my", "the", "is", "and", "for",
)  # fmt: skip
KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p")
COUNTED = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz")
SWAPPED = str.maketrans("013457@$!", "oieastasi")
YEAR = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])?(?:0[1-9]|[12]\d|3[01])?")
AGAIN = re.compile(r"(.{1,6}?)\1{2,}")


def fault(password: str, *own: str) -> str | None:
    """Why a new password is refused: too_short, too_long or common; None when it is good.

    `own` are words an attacker tries for this person: login and name.
    """
    if len(password) < SHORTEST:
        return "too_short"
    if len(password) > LONGEST:
        return "too_long"
    return "common" if is_common(password, own) else None


def is_common(password: str, own: Iterable[str] = ()) -> bool:
    """Whether next to nothing is left without words, key rows, counting, years and repetition."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    words = {*COMMON_WORDS, *(word.casefold() for word in own if len(word) > 1)}
    return any(_own_part(text, words) < LEAST_OWN for text in (plain, plain.translate(SWAPPED)))


def _own_part(text: str, words: set[str]) -> int:
    """How many characters are in no common piece."""
    text = AGAIN.sub(r"\1", text)
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    text = YEAR.sub(" ", text)
    for row in (*KEY_ROWS, *COUNTED):
        text = _without_walks(text, row)
        text = _without_walks(text, row[::-1])
    return sum(char.isalnum() for char in text)


def _without_walks(text: str, row: str) -> str:
    """Cut out runs of three or more neighbours in `row`."""
    at, kept = 0, []
    while at < len(text):
        length = 1
        while at + length < len(text) and text[at : at + length + 1] in row:
            length += 1
        kept.append(" " if length >= 3 else text[at : at + length])
        at += length
    return "".join(kept)


def hashed(password: str) -> str:
    """The password as it is kept: argon2id with a salt of its own."""
    return aside(_hasher.hash, password)


def is_right(kept: str | None, password: str) -> bool:
    """Whether the password fits. Takes as long when there is nothing to fit."""
    return aside(_fits, kept or _NOBODY, password)


def _fits(kept: str, password: str) -> bool:
    # Caught here, within the thread: gevent writes the trace of whatever a thread raises into the log.
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
