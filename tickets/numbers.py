"""Ticket numbers with a check digit, query codes and their keyed hashes, and what people make of both
when they type them. Pure; the sequence behind a serial and the place of a hash are the caller's."""

import hashlib
import hmac
import re
import unicodedata
from datetime import date

SERIALS_A_DAY = 1_000_000
NUMBER_DIGITS, CODE_DIGITS = 15, 12

_NUMBER = re.compile(r"[0-9]{15}")
# Blanks of every kind, dashes of every kind, dots and the invisible marks that copying brings along.
# A letter O for a nought; not the one in "No.".
_NOUGHT = re.compile(r"(?<![A-NP-Za-np-z])[Oo](?![A-NP-Za-np-z])")
_FILLER = re.compile(r"[\s\-_.·\u00ad\u200b-\u200f\u2010-\u2015\u2212\u2060\u30fb\u30fc\ufeff]+")


def ticket_number(day: date, serial: int) -> str:
    """15 digits: `day` (in the city's zone) as YYYYMMDD, `serial` modulo a million, a check digit.

    Two serials a million apart share a number on one day, so the sequence must not pass that in a day.
    """
    body = f"{day.year:04d}{day.month:02d}{day.day:02d}{serial % SERIALS_A_DAY:06d}"
    return body + _check_digit(body)


def is_ticket_number(text: str) -> bool:
    """Whether `text` (already normalised) is a date, six digits and the right check digit."""
    if not _NUMBER.fullmatch(text) or _check_digit(text[:-1]) != text[-1]:
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return True


def normalise_number(text: str) -> str:
    """A ticket number as typed, without blanks and hyphens and with full-width digits made plain.

    Anything else stays, so that a wrong number stays wrong.
    """
    return _FILLER.sub("", unicodedata.normalize("NFKC", text))


def query_code(secret: bytes, key_id: str, ticket_id: int, counter: int) -> str:
    """The 12 digits that open a ticket's public status; `counter` rises each time a new one is issued."""
    message = f"query-code|{key_id}|{ticket_id}|{counter}".encode()
    number = int.from_bytes(hmac.digest(secret, message, hashlib.sha256))
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def spoken(code: str) -> str:
    """A query code in groups of four, as it is read out and printed: 1234 5678 9012."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def normalise_code(text: str) -> str:
    """A query code as typed or as printed in groups, made plain digits. Anything else stays."""
    return normalise_number(text)


def as_typed(number: str, code: str) -> tuple[str, str]:
    """The digits of number and code as a citizen types them: swapped ones put right, and both in one field parted.

    Whether they have the right count of digits is the caller's to see.
    """
    number, code = _digits_in(number), _digits_in(code)
    if (len(number), len(code)) == (CODE_DIGITS, NUMBER_DIGITS):
        return code, number
    both = number + code
    if len(both) != NUMBER_DIGITS + CODE_DIGITS or (number and code):
        return number, code
    if not is_ticket_number(both[:NUMBER_DIGITS]) and is_ticket_number(both[CODE_DIGITS:]):
        return both[CODE_DIGITS:], both[:CODE_DIGITS]
    return both[:NUMBER_DIGITS], both[NUMBER_DIGITS:]


def _digits_in(text: str) -> str:
    return re.sub(r"[^0-9]", "", _NOUGHT.sub("0", unicodedata.normalize("NFKC", text)))


def code_hash(secret: bytes, code: str, ticket_id: int) -> bytes:
    """What is stored of a (normalised) query code: 32 bytes that say nothing without the secret."""
    return hmac.digest(secret, f"code-hash|{ticket_id}|{code}".encode(), hashlib.sha256)


def _check_digit(digits: str) -> str:
    """ISO 7064 MOD 11,10: finds every single wrong digit and nearly all swapped neighbours."""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)
