"""短信. What somebody who texts wants, and how long a text may be. Pure: the words in, the meaning out."""

import re
import unicodedata
from dataclasses import dataclass

from calls.surveying import SATISFIED
from tickets import numbers

LONGEST = 500
"""Characters of a text of ours; carriers advise against more."""
LONGEST_WORDS = 2000
_SINGLE, _PART = 70, 67
_SINGLE_PLAIN, _PART_PLAIN = 160, 153
_PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_PLAIN_TWICE = frozenset("^{}\\[~]|€")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_MOST_OF_A_KEY = 2
_DIGITS = re.compile(r"[0-9]+")
_LABEL = re.compile(r"^(?:受理)?编号[:\s]*")
"""What our own texts call a ticket's number, and some type with it."""
_ADDS = re.compile(r"(?:([0-9][0-9 \-]{13,30}[0-9])[\s,:]*)?(催办|催一下|催|补充)[\s,:。!]*(.*)", re.DOTALL)
_STOP = frozenset({"TD", "T", "退订", "STOP", "UNSUBSCRIBE", "QUIT"})
_START = frozenset({"START", "UNSTOP", "恢复"})


@dataclass(frozen=True)
class Asked:
    """What a text asks for: status, rate, urge, stop, start, or help where it means nothing.

    `satisfied` is 0 for a rating with a key that means none.
    """

    kind: str
    number: str = ""
    code: str = ""
    satisfied: int = 0
    words: str = ""


def asked(body: str) -> Asked:
    """Read a text strictly: what is nearly an order is none. Full-width digits count as digits."""
    text = _CONTROL.sub(" ", unicodedata.normalize("NFKC", body)).strip()
    word = text.rstrip(" .!。").upper()
    if word in _STOP:
        return Asked("stop")
    if word in _START:
        return Asked("start")
    digits = numbers.normalise_number(_LABEL.sub("", text))
    if _DIGITS.fullmatch(digits):
        return _in_digits(digits)
    adds = _ADDS.fullmatch(text)
    if adds and (adds[3].strip() or adds[2] != "补充"):
        return Asked("urge", numbers.normalise_number(adds[1] or ""), words=adds[3].strip()[:LONGEST_WORDS])
    return Asked("help")


def _in_digits(digits: str) -> Asked:
    """A key alone, a ticket's number alone, with its code, or with a key. Keys are those of the telephone."""
    mark = SATISFIED.get(digits[-1], 0)
    if len(digits) <= _MOST_OF_A_KEY:
        return Asked("rate", satisfied=mark if len(digits) == 1 else 0)
    if len(digits) == numbers.NUMBER_DIGITS + 1:
        return Asked("rate", digits[:-1], satisfied=mark)
    if len(digits) == numbers.NUMBER_DIGITS + numbers.CODE_DIGITS:
        number, code = numbers.as_typed(digits, "")
        return Asked("status", number, code)
    return Asked("status", digits[:LONGEST])  # a number, or one that was mistyped


def segments(text: str) -> int:
    """In how many parts a text is sent. One letter beyond the plain alphabet makes all of it wide."""
    if all(letter in _PLAIN or letter in _PLAIN_TWICE for letter in text):
        length = sum(2 if letter in _PLAIN_TWICE else 1 for letter in text)
        return 1 if length <= _SINGLE_PLAIN else -(-length // _PART_PLAIN)
    length = len(text.encode("utf-16-le")) // 2
    return 1 if length <= _SINGLE else -(-length // _PART)


def fit(text: str, *, may_link: bool) -> str:
    """A text as it may be sent: no longer than allowed, and without an address where the carrier takes none."""
    text = text if may_link else re.sub(r" {2,}", " ", _LINK.sub("", text)).strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
