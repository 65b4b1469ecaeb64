"""Number and query code: what opens a ticket to its citizen, and the answers to a pair that does not."""

from datetime import datetime, timedelta
from typing import Any

from flask import jsonify, make_response, render_template, request

from app import guessing, throttle
from app.errors import wants_json
from app.public.forms import Fields
from tickets import errors
from tickets.queries import PublicStatus


def find(fields: Fields, now: datetime) -> tuple[timedelta, PublicStatus | None]:
    """The ticket that number and code open; how long to wait where there were too many wrong tries."""
    address = throttle.address_key(request.remote_addr)
    return guessing.open_by_code(fields.get("number", ""), fields.get("code", ""), address, now)


def closed(wait: timedelta, typed: Fields) -> Any:
    """The answer where nothing was opened."""
    return _too_many(wait, typed) if wait else _not_found(typed)


def two_fields(typed: Fields, **values: Any) -> str:
    """The two fields, with what was typed, but for half characters, which no page can hold."""
    fields = {name: text.encode(errors="replace").decode() for name, text in typed.items()}
    return render_template("public/status_form.html", fields=fields, **{"faults": {}} | values)


def _not_found(typed: Fields) -> Any:
    """The same answer for a wrong number and a wrong code."""
    if wants_json():
        raise errors.NotFound()
    return two_fields(typed, not_found=True), 404


def _too_many(wait: timedelta, typed: Fields) -> Any:
    minutes = int(wait.total_seconds()) // 60 + 1
    if wants_json():
        response = jsonify(error="too_many", minutes=minutes)
    else:
        response = make_response(two_fields(typed, minutes=minutes))
    response.status_code = 429
    response.headers["Retry-After"] = str(minutes * 60)
    return response
