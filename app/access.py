"""Who may enter: every endpoint and socket event declares it here, and what declares nothing is shut."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, has_request_context, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app import kept
from tickets.permissions import VISITOR, Actor

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC = "public"
CARRIER = "carrier"
PLATFORM = "platform"
STAFF = "staff"


def public(view: View) -> View:
    """Anybody may enter."""
    return _declare(view, PUBLIC)


def carrier(view: View) -> View:
    """The telephone carrier may enter, by its signature and by nothing else."""
    return _declare(view, CARRIER)


def platform(view: View) -> View:
    """A call centre's platform may enter, by the token in its address and what else is demanded of it."""
    return _declare(view, PLATFORM)


def staff(view: View) -> View:
    """Anybody signed in may enter; what they see inside is decided by the one rule of rooms."""
    return _declare(view, STAFF)


def requires(*permissions: str) -> Callable[[View], View]:
    """Who is signed in and holds one of these permissions may enter."""
    return lambda view: _declare(view, frozenset(permissions))


def in_background(view: View) -> View:
    """A page's script asks here by itself: that somebody is there does not follow."""
    view.in_background = True  # type: ignore[attr-defined]
    return view


def is_visit() -> bool:
    """Whether a person asks: neither a script by itself nor a socket, which has no endpoint."""
    view = current_app.view_functions.get(request.endpoint or "") if has_request_context() else None
    return view is not None and not getattr(view, "in_background", False)


def _declare(view: View, entry: str | frozenset[str]) -> View:
    view.entry = entry  # type: ignore[attr-defined]
    return view


def entry_of(view: Callable[..., Any]) -> str | frozenset[str] | None:
    """What an endpoint or socket handler declares, or None."""
    return getattr(view, "entry", None)


def actor() -> Actor:
    """Who asks, as the rules see them: a member of staff, or a visitor."""
    return current_user.actor if current_user.is_authenticated else VISITOR


def may_enter(entry: str | frozenset[str] | None) -> bool:
    """Whether the one who asks satisfies a declaration."""
    if entry == PUBLIC:
        return True
    if entry is None or not current_user.is_authenticated:
        return False
    return entry == STAFF or any(current_user.actor.holds(permission) for permission in entry)


def guard(app: Flask) -> None:
    """Shut every endpoint to those whom its declaration does not name."""

    @app.before_request
    def check_entry() -> Any:
        view = current_app.view_functions.get(request.endpoint or "")
        if view is None:
            g.entry = STAFF if current_user.is_authenticated else PUBLIC  # whose head the refusal's page has
            return None
        entry = PUBLIC if request.endpoint == "static" else entry_of(view)
        g.entry = entry
        if entry == CARRIER:
            return None if current_app.extensions["is_signed"](request) else abort(403)
        if entry == PLATFORM:
            return None if current_app.extensions["is_platform"](request) else abort(404)
        if may_enter(entry):
            return None
        if not current_user.is_authenticated and entry is not None:
            return _to_sign_in()
        return abort(403)


def _to_sign_in() -> Any:
    """To the sign-in, and from there back: of a form that was sent, to the page that it stood on."""
    if request.method in ("GET", "HEAD"):
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    if kept.keep():
        kept.tell(_("You were signed out. Nothing was sent; what you typed is there when you sign in."))
    return redirect(url_for("auth.sign_in", next=kept.form_page()))
