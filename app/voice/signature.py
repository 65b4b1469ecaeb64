"""Is a request really the carrier's? Judged by the address as it is configured, never by what a header claims."""

from datetime import UTC, datetime

from flask import Request, current_app
from twilio.request_validator import RequestValidator

from app.text_ports import ports
from app.voice.http_texts import INBOUND, HttpTexts
from config import Config

HEADER = "X-Twilio-Signature"
TEXT_IN = "sms.gateway_in"
"""The endpoint at which gateways hand over what citizens write."""
LARGEST = 64 * 1024
"""Bytes of a webhook's body. The carrier's are far smaller."""


def is_signed(request: Request) -> bool:
    """Whether one of the installation's tokens made the signature, over the configured address and every field.

    Blanks at the ends and empty fields count, so nothing may be trimmed before. Fields that are not known count
    as well: the carrier adds some without notice.
    """
    gateway = (request.view_args or {}).get("gateway")
    if gateway is not None:
        return _is_gateways(request, gateway)
    config: Config = current_app.extensions["hotline"]
    signature = request.headers.get(HEADER)
    if not signature or not config.has_twilio or request.method != "POST":
        return False
    if (request.content_length or 0) > LARGEST or request.mimetype != "application/x-www-form-urlencoded":
        return False
    url = address_of(config, request)
    return any(RequestValidator(token).validate(url, request.form, signature) for token in config.auth_tokens)


def _is_gateways(request: Request, name: str) -> bool:
    """Whether a gateway of text messages says it, in the way that its description names."""
    found = gateway_of(name)
    request.max_content_length = LARGEST
    if found is None or request.method != "POST" or (request.content_length or 0) > LARGEST:
        return False
    clock = current_app.config.get("CLOCK")
    now = clock() if clock else datetime.now(UTC)
    if request.endpoint != TEXT_IN:
        return found.is_told_by(request.headers, request.get_data(), now)
    token = (request.view_args or {}).get("token", "")
    return found.is_told_by(request.headers, request.get_data(), now, INBOUND, token)


def gateway_of(name: str) -> HttpTexts | None:
    """The gateway of that name, where this installation has it."""
    found = (port for port in ports() if port.name == name and isinstance(port, HttpTexts))
    return next(found, None)


def address_of(config: Config, request: Request) -> str:
    """The address that the carrier was given: our own base, then path and query as they came."""
    return config.public_base_url.rstrip("/") + request.full_path.rstrip("?" if not request.query_string else "")
