"""Who may tell us of calls: a platform, by the token in its address, from its networks, with its signature."""

from datetime import timedelta

from flask import Request, abort, g

from app import throttle
from app.extensions import vault
from app.outbox import unit_of_work
from app.throttle import Limit
from calls import platforms
from calls.pushed import Source

LARGEST = 64 * 1024
"""Bytes of an event's body. Platforms' are far smaller."""
LIMIT = Limit("cti", 20, timedelta(minutes=10))
SIGNATURE, STAMP = "X-CTI-Signature", "X-CTI-Timestamp"


def is_platform(request: Request) -> bool:
    """Whether a platform asks; which one is in g.platform from then on. Raises RequestEntityTooLarge.

    Whoever is not let in hears the same 404, whatever was wrong, as at an address that does not exist. A good
    token is never shut out: others may stand behind the same address.
    """
    request.max_content_length = LARGEST
    with unit_of_work() as now:
        row = platforms.known_by(str((request.view_args or {}).get("token", "")))
        if row is not None and platforms.may_come_from(row, request.remote_addr):
            body = request.get_data()
            stamp, signature = request.headers.get(STAMP, ""), request.headers.get(SIGNATURE, "")
            if platforms.is_signed(row, stamp, signature, body, now, vault()):
                g.platform = Source(row.name, row.tells_queue)
                return True
        is_open = bool(throttle.admit([(LIMIT, throttle.address_key(request.remote_addr))], now).attempts)
    abort(404 if is_open else 429)
