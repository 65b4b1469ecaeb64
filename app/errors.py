"""Refusals and faults, each mapped to its answer in this one place."""

import logging
import traceback
from typing import Any

from flask import Flask, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from psycopg.errors import NumericValueOutOfRange
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app import kept
from tickets import errors

log = logging.getLogger(__name__)

STATUS = {
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.NotNow: 409,
    errors.Stale: 409,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.KeyReused: 422,
}
RETRY_SECONDS = 3


def sentences() -> dict[str, str]:
    """What to tell a person, by code of the refusal."""
    return {
        "not_found": _("There is nothing here that you can see."),
        "forbidden": _("Your role does not allow this."),
        "not_now": _("This is not possible in the ticket's present state. It may have moved on."),
        "stale": _("Somebody changed this ticket while you were writing. Your text is still here."),
        "invalid": _("Some fields need another look."),
        "key_reused": _("This form was sent already, with other words."),
        "csrf": _("The page was open too long. Please send it again; what you typed is still here."),
        "unavailable": _("The system cannot store anything right now. Please try again in a few seconds."),
        "too_large": _("That is more than this form can take."),
        "too_many": _("There were too many tries. Please wait a little and try again."),
        "fault": _("Something went wrong on our side. It has been noted."),
    }


def register(app: Flask) -> None:
    """Attach the handlers."""
    for kind, status in STATUS.items():
        app.register_error_handler(kind, _refused(status))
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(413, lambda fault: answer(413, "too_large"))
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(PoolTimeout, _unavailable)
    app.register_error_handler(DataError, _beyond)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def _refused(status: int) -> Any:
    return lambda fault: answer(status, fault.code, **fault.values)


def _csrf(fault: CSRFError) -> Response:
    """A form of ours goes back to its page, with what was typed; of any other nothing is known."""
    if not kept.keep():
        return answer(400, "csrf")
    kept.tell(_("The page was open too long. Nothing was sent; what you typed is still here."))
    return redirect(kept.form_page(), 303)


def is_unavailable(fault: Exception) -> bool:
    """Whether the database did not answer, or cut the connection; anything else it said is a fault of ours."""
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    return isinstance(fault, OperationalError | PoolTimeout)


def _beyond(fault: DataError) -> Response:
    """A number beyond what the database counts to, or a text that none can hold (a NUL): nothing has or is it."""
    was_sent = getattr(fault.orig, "sqlstate", None) is not None
    if was_sent and not isinstance(fault.orig, NumericValueOutOfRange):
        return _fault(fault)
    return answer(404, "not_found") if request.method in ("GET", "HEAD") else answer(422, "invalid")


def _unavailable(fault: Exception) -> Response:
    log.warning("database unavailable: %s", type(fault).__name__)
    response = answer(503, "unavailable")
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _http(fault: HTTPException) -> Response:
    code = fault.code or 500
    if code < 400:
        return fault.get_response()  # type: ignore[return-value]
    names = {404: "not_found", 403: "forbidden", 401: "forbidden", 405: "not_found", 429: "too_many"}
    response = answer(code, "fault" if code >= 500 else names.get(code, "invalid"))
    for name, value in fault.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _fault(fault: Exception) -> Response:
    """Anything unforeseen: the log gets where and what kind, the person one sentence."""
    if is_unavailable(fault):
        return _unavailable(fault)
    log.error("fault at %s %s: %s", request.method, request.endpoint, _trace(fault))
    return answer(500, "fault")


def _trace(fault: Exception) -> str:
    """Kind and place, without messages: those of the database quote the row, which a citizen may have written."""
    kind = type(fault).__qualname__
    if isinstance(fault, DBAPIError):
        diagnosis = getattr(fault.orig, "diag", None)
        kind = f"{type(fault.orig).__qualname__} {getattr(diagnosis, 'constraint_name', None) or ''}".strip()
    return f"{kind}\n{''.join(traceback.format_tb(fault.__traceback__))}"


def wants_json() -> bool:
    """Whether the one who asks is a program, which wants data, rather than a page's reader."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def answer(status: int, code: str, **values: Any) -> Response:
    """One refusal as a page, or as JSON for a caller that asked for it."""
    sentence = sentences().get(code, code)
    if wants_json():
        response = jsonify(error=code, message=sentence, **values)
    else:
        response = Response(render_template("errors/error.html", status=status, code=code, message=sentence))
        response.mimetype = "text/html"
    response.status_code = status
    return response
