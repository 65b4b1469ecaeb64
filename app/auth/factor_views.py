"""Pages of the second factor: the step after the password, and one's own codes."""

from collections.abc import Sequence
from itertools import groupby

import segno
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from pyotp import TOTP
from werkzeug.wrappers import Response

from app.access import public, staff
from app.auth import factors, second_step, views
from app.auth.second_step import Enrolled, Way
from app.auth.signing_in import Refused
from app.auth.views import Page
from app.auth.wording import fault_text
from app.outbox import unit_of_work
from app.templating import city
from tickets import errors

bp = Blueprint("factor", __name__)

QUIET = 4  # modules that stay white around a picture, as its standard asks


@bp.get("/login/code")
@public
def code_form() -> Page:
    """Where a code is given after the password."""
    return _step_page()


@bp.post("/login/code")
@public
def give_code() -> Page:
    """Judge the code; begin the session under a new token."""
    result = second_step.finish(_pending(), _code("code") or _code("recovery"), views.device())
    if result is None:
        return _too_late()
    if isinstance(result, Refused):
        message, status = views.refusal(result, fault_text("bad_code"))
        return _step_page(message=message, status=status)
    return views.begin(result, session.get(views.ONWARD))


@bp.get("/login/second-factor")
@public
def enrol_form() -> Page:
    """Where somebody who must have a second factor takes one on, and does nothing else until it is done."""
    return _step_page()


@bp.post("/login/second-factor")
@public
def enrol() -> Page:
    """Take it on by its first code; begin the session, and show the recovery codes once."""
    onward = session.get(views.ONWARD)
    try:
        done = second_step.finish_with_new(
            _pending(), _offered(), _code("code"), views.device()
        )
    except errors.Invalid as fault:
        return _step_page(faults=views.texts(fault), status=422)
    return _too_late() if done is None else _codes_page(done, onward)


@bp.get("/account/second-factor")
@staff
def own() -> Page:
    """One's own second factor."""
    return _own_page()


@bp.post("/account/second-factor")
@staff
def set_own() -> Page:
    """Take one on, or another one."""
    try:
        result = second_step.set_own(
            current_user, request.form.get("proof", ""), _offered(), _code("code"),
            request.remote_addr, views.device(),
        )  # fmt: skip
    except errors.Invalid as fault:
        return _own_page(422, faults=views.texts(fault))
    if isinstance(result, Refused):
        return _not_proved(result, "proof")
    return _codes_page(result, url_for("factor.own"))


@bp.post("/account/second-factor/codes")
@staff
def new_codes() -> Page:
    """Fresh recovery codes, shown once."""
    result = second_step.new_codes(current_user, _code("present"))
    if isinstance(result, Refused):
        return _not_proved(result, "present")
    return render_template("auth/recovery_codes.html", codes=result, onward=url_for("factor.own"))


@bp.post("/account/second-factor/off")
@staff
def switch_off() -> Page:
    """Do without, where the city allows it."""
    result = second_step.switch_off(current_user, _code("last"), views.device())
    if isinstance(result, Refused):
        return _not_proved(result, "last")
    response = views.begin(result, url_for("factor.own"))
    flash(_("Your second factor is off. You were signed out everywhere else."), "good")
    return response


def _pending() -> str:
    token = session.get(views.PENDING, "")
    return token if isinstance(token, str) else ""


def _code(name: str) -> str:
    return request.form.get(name, "").strip()


def _offered() -> str:
    """The offer that went along with the form; empty where there was no form."""
    return request.form.get("offer", "")


def _too_late() -> Response:
    flash(_("That took too long. Please sign in again."), "care")
    return redirect(url_for("auth.sign_in"), 303)


def _step_page(status: int = 200, **values: object) -> Page:
    """The page of the step that is next, whichever was asked for."""
    way = second_step.way(_pending(), _offered())
    if way is None:
        return redirect(url_for("auth.sign_in"), 303) if status == 200 else _too_late()
    endpoint = "factor.code_form" if way.has_factor else "factor.enrol_form"
    if status == 200 and request.endpoint != endpoint:
        return redirect(url_for(endpoint), 303)
    template = "auth/code.html" if way.has_factor else "auth/factor_enrol.html"
    with unit_of_work():
        return render_template(template, way=way, **_pictured(way), **values), status


def _pictured(way: Way) -> dict[str, object]:
    """What the page shows of an offer: the secret in groups, and the picture an app scans, as an SVG's path."""
    offer = way.offer
    if offer is None:
        return {}
    issuer = city().setting("hotline_name")["zh"]
    address = TOTP(offer.secret).provisioning_uri(name=way.login, issuer_name=issuer)
    matrix = segno.make(address, error="m", micro=False).matrix
    groups = [offer.secret[at : at + 4] for at in range(0, len(offer.secret), 4)]
    return {"offer": offer, "groups": groups, "picture": _path(matrix), "width": len(matrix) + 2 * QUIET}


def _path(matrix: Sequence[Sequence[int]]) -> str:
    """The dark modules as one path: a bar for each run of them in a row."""
    bars = []
    for y, row in enumerate(matrix, QUIET):
        x = QUIET
        for is_dark, run in groupby(row):
            length = len(list(run))
            if is_dark:
                bars.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return "".join(bars)


def _own_page(status: int = 200, **values: object) -> Page:
    with unit_of_work() as now:
        way = second_step.own(current_user, now, _offered())
        left, used = factors.recovery_left(current_user.staff_id)
        is_demanded = factors.is_demanded(current_user.staff_id)
        page = render_template(
            "auth/factor.html", way=way, left=left, used=used, is_demanded=is_demanded, **_pictured(way), **values
        )
    return page, status


def _not_proved(result: Refused, field: str) -> Page:
    wrong = "bad_code" if field != "proof" else "not_proved"
    message, status = views.refusal(result, fault_text(wrong))
    return _own_page(status if result.wait else 422, faults={field: message})


def _codes_page(done: Enrolled, onward: str | None) -> Response:
    """The recovery codes, with the new session in the cookie."""
    response = views.begin(done.entered, onward)
    page = render_template("auth/recovery_codes.html", codes=done.codes, onward=response.location)
    response.status_code = 200
    del response.headers["Location"]
    response.set_data(page)
    return response
