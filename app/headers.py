"""Security headers on every answer, errors included."""

from collections.abc import Mapping

from flask import Flask, g, request
from werkzeug.wrappers import Response

from app.access import PUBLIC

DIRECTIVES = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
    "connect-src": "'self'", "font-src": "'self'", "media-src": "'self'", "form-action": "'self'",
    "frame-ancestors": "'none'", "base-uri": "'none'",
}  # fmt: skip
FRAME = {"frame-src": "'self'"}
"""For the one page that holds another one of ours."""
CARRIER_SCRIPT = {
    "connect-src": "'self' https://*.twilio.com wss://*.twilio.com", "media-src": "'self' https://*.twilio.com",
}  # fmt: skip
"""For the page in which the carrier's script carries the sound of a talk."""
TYPED = "require-trusted-types-for 'script'"
"""Trusted Types: a script may write no text into a page as markup. Public pages have no script to break."""
FIXED = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": over https the check against forged requests wants to see which page a form stood on.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MICROPHONE = {"Permissions-Policy": "camera=(), geolocation=(), payment=(), microphone=(self)"}


CONFINED = "sandbox; default-src 'none'"
"""For what somebody sent: should a browser show it all the same, it can do nothing there."""


def _joined(directives: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


POLICY = _joined(DIRECTIVES)


def allow(directives: Mapping[str, str], headers: Mapping[str, str] | None = None) -> None:
    """Let the answer to this request do more than others may: a view says so of its own page."""
    g.setdefault("allowed", {}).update(directives)
    g.setdefault("allowed_headers", {}).update(headers or {})


def confine() -> None:
    """The answer to this request holds what somebody sent."""
    g.confined = True


def is_framed() -> bool:
    """Whether the page is asked for by a frame of a page of ours. An older browser does not say so."""
    said = request.headers
    return said.get("Sec-Fetch-Dest") == "iframe" and said.get("Sec-Fetch-Site") == "same-origin"


def policies(entry: object) -> dict[str, str]:
    """The content policy of an answer: Trusted Types are enforced on public pages, and watched on staff's.

    Bootstrap's and the chart library's own scripts are not written for them yet.
    """
    if g.get("confined"):
        return {"Content-Security-Policy": CONFINED}
    if entry == PUBLIC:
        return {"Content-Security-Policy": f"{POLICY}; {TYPED}"}
    framed = {"frame-ancestors": "'self'"} if is_framed() else {}
    directives = DIRECTIVES | framed | g.get("allowed", {})
    return {"Content-Security-Policy": _joined(directives), "Content-Security-Policy-Report-Only": TYPED}


def register(app: Flask) -> None:
    """Attach the headers; pages are never kept by a cache, static files are."""

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(FIXED | g.get("allowed_headers", {}))
        response.headers.update(policies(g.get("entry", PUBLIC)))
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if not response.headers.get("Cache-Control"):
            response.headers["Cache-Control"] = "no-store"
        return response
