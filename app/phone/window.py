"""Which of a person's windows asks: only the one that took the seat answers the telephone."""

from flask import request

HEADER = "X-Console"
LONGEST = 64


def name() -> str:
    """The window that asks, as it named itself."""
    return request.headers.get(HEADER, "")[:LONGEST]
