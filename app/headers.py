"""Security headers on every answer, errors included."""

from flask import Flask, g
from werkzeug.wrappers import Response

from app.access import PUBLIC

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
TYPED = "require-trusted-types-for 'script'"
"""Trusted Types: a script may write no text into a page as markup. Public pages have no script to break."""
FIXED = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": over https the check against forged requests wants to see which page a form stood on.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policies(entry: object) -> dict[str, str]:
    """The content policy of an answer: Trusted Types are enforced on public pages, and watched on staff's.

    Bootstrap's and the chart library's own scripts are not written for them yet.
    """
    if entry == PUBLIC:
        return {"Content-Security-Policy": f"{POLICY}; {TYPED}"}
    return {"Content-Security-Policy": POLICY, "Content-Security-Policy-Report-Only": TYPED}


def register(app: Flask) -> None:
    """Attach the headers; pages are never kept by a cache, static files are."""

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(FIXED)
        response.headers.update(policies(g.get("entry", PUBLIC)))
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if not response.headers.get("Cache-Control"):
            response.headers["Cache-Control"] = "no-store"
        return response
