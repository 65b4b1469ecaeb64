"""Which language a page speaks: the one chosen last, Chinese where none was chosen."""

from flask import g, has_request_context, request
from werkzeug.wrappers import Response

LANGUAGES = {"zh": "中文", "en": "English"}
DEFAULT = "zh"
COOKIE = "lang"
COOKIE_SECONDS = 365 * 24 * 3600


def choose_language() -> str:
    """A code of LANGUAGES, from `?lang=` or the cookie.

    The browser's own preference is not asked: a city's pages open in its language until somebody switches.
    """
    if not has_request_context():
        return DEFAULT
    if "language" not in g:
        asked = (request.args.get("lang"), request.cookies.get(COOKIE))
        g.language = next((code for code in asked if code in LANGUAGES), DEFAULT)
    language: str = g.language
    return language


def remember_language(response: Response) -> Response:
    """Keep a choice made by `?lang=` for a year, in a cookie that says nothing else."""
    chosen = request.args.get("lang")
    if chosen in LANGUAGES and chosen != request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE, chosen, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure
        )
    return response
