"""The providers of text messages of the running application, in the order in which they are asked."""

from flask import current_app

from calls.ports import MAY_LINK, SmsPort
from config import Config


def ports() -> tuple[SmsPort, ...]:
    """None: this installation sends no texts."""
    found: tuple[SmsPort, ...] = current_app.extensions["texts"]
    return found


def may_link() -> bool:
    """Whether a text may hold an address, whichever of them sends it."""
    return bool(ports()) and all(MAY_LINK in port.caps for port in ports())


def link() -> str:
    """The page where number and code show where a ticket is."""
    config: Config = current_app.extensions["hotline"]
    return f"{config.public_base_url.rstrip('/')}/status"
