"""Numbers as the carrier writes them: E.164, or one of the names under which a caller's is withheld."""

import re

_E164 = re.compile(r"\+[1-9][0-9]{4,14}")
_NOBODY = frozenset({"+266696687", "+7378742833", "+2562533", "+8566696", "+86282452253"})
"""ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE, spelt on a keypad."""


def number_of(said: str) -> str:
    """The number, or an empty text where it is withheld or none: it is never taken for an identity."""
    said = said.strip()
    return said if _E164.fullmatch(said) and said not in _NOBODY else ""
