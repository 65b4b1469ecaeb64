"""The administrator's pages on platforms of call centres: their tokens, networks, signature, dialling."""

import secrets

from flask import Blueprint, current_app, request, url_for

from app import edits
from app.access import requires
from app.admin.edit import Page, Refusal, answer, attempt, done, recorded, seen, text
from app.auth.tokens import new_cookie_token
from app.extensions import vault
from app.outbox import unit_of_work
from calls import platforms
from calls.models import CtiPlatform
from db import db
from tickets import errors

bp = Blueprint("platforms", __name__, url_prefix="/admin/platforms")


@bp.get("")
@requires("admin.directory")
def every() -> Page:
    """All platforms, and a form for another one."""
    return _list_page()


@bp.post("")
@requires("admin.directory")
def add() -> Page:
    """Let a platform in; its address is shown now and never again."""
    name, token = text("name"), new_cookie_token()
    refusal = attempt(platforms.PLATFORM, name, recorded(lambda now: platforms.add(
        now, name, token, text("networks"), text("dial_url"), tells_queue="tells_queue" in request.form
    )))  # fmt: skip
    return _list_page(refusal) if refusal else _once_page(name, token=token)


@bp.get("/<name>")
@requires("admin.directory")
def one(name: str) -> Page:
    """One platform."""
    return _page(name)


@bp.post("/<name>")
@requires("admin.directory")
def change(name: str) -> Page:
    """From where it may come, how numbers are dialled, what it tells, whether it is let in."""
    refusal = attempt(platforms.PLATFORM, name, recorded(lambda now: platforms.change(
        name, seen(), text("networks"), text("dial_url"), tells_queue="tells_queue" in request.form,
        is_active="is_active" in request.form,
    )))  # fmt: skip
    return _page(name, refusal) if refusal else done("platforms.one", name=name)


@bp.post("/<name>/tokens")
@requires("admin.directory")
def rotate(name: str) -> Page:
    """One more token, shown now and never again; the others are good until they are struck."""
    token = new_cookie_token()
    do = recorded(lambda now: platforms.rotate(now, name, seen(), token))
    refusal = attempt(platforms.PLATFORM, name, do)
    return _page(name, refusal) if refusal else _once_page(name, token=token)


@bp.post("/<name>/tokens/strike")
@requires("admin.directory")
def strike(name: str) -> Page:
    """Let nobody in with this token any more."""
    do = recorded(lambda now: platforms.strike(name, seen(), text("token")))
    refusal = attempt(platforms.PLATFORM, name, do)
    return _page(name, refusal) if refusal else done("platforms.one", name=name)


@bp.post("/<name>/secret")
@requires("admin.directory")
def sign(name: str) -> Page:
    """Demand signatures with a new secret, shown now and never again; or no longer."""
    secret = secrets.token_hex(32) if "signed" in request.form else None
    do = recorded(lambda now: platforms.set_secret(name, seen(), secret, vault()))
    refusal = attempt(platforms.PLATFORM, name, do)
    if refusal:
        return _page(name, refusal)
    return _once_page(name, secret=secret) if secret else done("platforms.one", name=name)


def _list_page(refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        return answer("admin/platform_list.html", refusal, {}, rows=platforms.every())


def _page(name: str, refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        row = db.session.get(CtiPlatform, name)
        if row is None:
            raise errors.NotFound()
        stored = {
            "networks": "\n".join(row.networks), "dial_url": row.dial_url, "tells_queue": row.tells_queue,
            "is_active": row.is_active,
        }  # fmt: skip
        return answer(
            "admin/platform_page.html", refusal, stored, row=row, past=edits.history(platforms.PLATFORM, name),
            most=platforms.MOST_TOKENS,
        )  # fmt: skip


def _once_page(name: str, token: str = "", secret: str = "") -> Page:
    """What is shown once. The address is the installation's own: the Host header is the browser's word."""
    base = current_app.extensions["hotline"].public_base_url.rstrip("/")
    where = base + url_for("cti.told", token=token) if token else ""
    return answer("admin/platform_once.html", None, {}, name=name, where=where, secret=secret)
