"""What a page's reader has chosen and a cookie keeps: the language, and light or dark."""

from flask import g, has_request_context, request
from werkzeug.wrappers import Response

LANGUAGES = {"zh": "中文", "en": "English"}
APPEARANCES = ("auto", "light", "dark")
CHOICES = {"lang": tuple(LANGUAGES), "appearance": APPEARANCES}
"""Name of the parameter and the cookie -> what may be chosen; the first where nothing was."""
COOKIE_SECONDS = 365 * 24 * 3600


def choose_language() -> str:
    """A code of LANGUAGES, from `?lang=` or the cookie.

    The browser's own preference is not asked: a city's pages open in its language until somebody switches.
    """
    return _chosen("lang")


def choose_appearance() -> str:
    """light, dark, or auto: as the reader's system is."""
    return _chosen("appearance")


def _chosen(name: str) -> str:
    if not has_request_context():
        return CHOICES[name][0]
    kept: dict[str, str] = g.setdefault("choices", {})
    if name not in kept:
        asked = (request.args.get(name), request.cookies.get(name))
        kept[name] = next((code for code in asked if code in CHOICES[name]), CHOICES[name][0])
    return kept[name]


def remember_choices(response: Response) -> Response:
    """Keep what was chosen by `?lang=` or `?appearance=` for a year, in cookies that say nothing else."""
    for name, allowed in CHOICES.items():
        chosen = request.args.get(name)
        if chosen in allowed and chosen != request.cookies.get(name):
            response.set_cookie(
                name, chosen, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure
            )
    return response
