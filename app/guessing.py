"""Opening a ticket by number and query code, by a citizen or by staff with a caller on the line."""

from datetime import datetime, timedelta

from app import throttle
from app.extensions import vault
from app.throttle import Limit
from tickets import numbers, queries
from tickets.queries import PublicStatus

PER_TICKET = Limit("status ticket", 5, timedelta(minutes=15))
PER_ADDRESS = Limit("status address", 20, timedelta(hours=1))
PER_CITY = Limit("status city", 200, timedelta(minutes=10))
LONGEST = 40
"""Characters of a number or code that are looked at."""


def open_by_code(
    number: str, code: str, asker: str, now: datetime
) -> tuple[timedelta, PublicStatus | None]:
    """The ticket that number and code open; or how long to wait after too many wrong guesses. Counts a wrong one.

    `asker` is who guesses: an address, or a member of staff. Codes for one ticket are judged one after the other.
    Guesses of one asker are judged together, as many people may share an address; but a guess is told that it was
    wrong only while those before it left room.
    """
    number, code = number[:LONGEST], code[:LONGEST]
    of_ticket = (PER_TICKET, numbers.normalise_number(number))
    guesses = [of_ticket, (PER_ADDRESS, asker), (PER_CITY, "")]
    throttle.hold([of_ticket])
    wait = throttle.wait_for(guesses, now)
    if wait:
        return wait, None
    found = queries.public_status(number, code, vault(), now)
    if found is None:
        wait = throttle.admit(guesses, now).wait
    return wait, found
