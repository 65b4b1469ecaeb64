"""Pages to come in, go out, and look after one's own account."""

from datetime import datetime, timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import format_timedelta
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app.access import public, staff
from app.auth import accounts, factors, forms, pending, queries, signing_in
from app.auth import session as sessions
from app.auth.signing_in import Entered, HalfWay, Refused
from app.auth.wording import fault_text, role_name
from app.demonstration import is_demo_city
from app.outbox import unit_of_work
from app.templating import moment
from tickets import errors

bp = Blueprint("auth", __name__)

DEVICE_COOKIE = "device"
DEVICE_SECONDS = 180 * 24 * 3600
PENDING, ONWARD = "pending", "onward"
"""In the cookie between the password and the second step: the pending sign-in's token, and where to go on to."""

Page = tuple[str, int] | str | Response


@bp.get("/login")
@public
def sign_in() -> Page:
    """The form; `next` is where to go on to, `login` who is expected to sign in."""
    login = accounts.normal_login(request.args.get("login", ""))
    expected = login if accounts.LOGIN.fullmatch(login) else ""
    return _sign_in_page(login=expected, next=forms.path_inside(request.args.get("next")))


@bp.post("/login")
@public
def enter() -> Page:
    """Judge login and password; begin a session under a new token."""
    login, onward = request.form.get("login", ""), forms.path_inside(request.form.get("next"))
    result = signing_in.sign_in(login, request.form.get("password", ""), request.remote_addr, device())
    if isinstance(result, Refused):
        message, status = refusal(result, _("Login or password is not right."))
        return _sign_in_page(login=login, next=onward, message=message), status
    return _half_way(result, onward) if isinstance(result, HalfWay) else begin(result, onward)


@bp.post("/logout")
@public
def sign_out() -> Response:
    """End the session in the database too. Open to all, so that it also works for a session that ran out."""
    if current_user.is_authenticated:
        with unit_of_work() as now:
            sessions.end(current_user, now)
    elif isinstance(session.get(PENDING), str):
        with unit_of_work():
            pending.end(session[PENDING])
    logout_user()
    session.clear()
    return redirect(url_for("auth.sign_in"), 303)


@bp.get("/enrol")
@public
def enrol_form() -> Page:
    """Where a one-time token is used."""
    return _enrol_page()


@bp.post("/enrol")
@public
def enrol() -> Page:
    """Set the password of an account, or make the first administrator."""
    try:
        form = forms.enrolment(request.form)
        result = signing_in.redeem(
            form.token, form.password, request.remote_addr, login=form.login, name=form.name
        )
    except errors.Invalid as fault:
        return _enrol_page(faults=texts(fault)), 422
    if isinstance(result, Refused):
        message, status = refusal(result)
        return _enrol_page(message=message), status
    flash(_("Your password is set. Please sign in with it."), "good")
    return _remember_device(redirect(url_for("auth.sign_in"), 303), result)


@bp.get("/account")
@staff
def account() -> Page:
    """One's own roles, sessions and password."""
    return _account_page()


@bp.post("/account/password")
@staff
def change_password() -> Page:
    """A new password; every other session ends, and this one gets a new token."""
    try:
        password = forms.new_password(request.form)
        result = signing_in.change_password(
            current_user, request.form.get("current", ""), password, request.remote_addr, device()
        )
    except errors.Invalid as fault:
        return _account_page(faults=texts(fault)), 422
    if isinstance(result, Refused):
        message, status = refusal(result, fault_text("wrong"))
        return _account_page(faults={"current": message}), status if result.wait else 422
    response = begin(result, url_for("auth.account"))
    flash(_("Your password was changed. You were signed out everywhere else."), "good")
    return response


@bp.post("/account/sessions")
@staff
def end_others() -> Response:
    """Sign out everywhere but here."""
    with unit_of_work():
        sessions.end_all(current_user.staff_id, but=current_user.token)
    flash(_("You were signed out everywhere else."), "good")
    return redirect(url_for("auth.account"), 303)


def _sign_in_page(**values: object) -> str:
    with unit_of_work():
        return render_template("auth/sign_in.html", in_demo_city=is_demo_city(), **values)


def _enrol_page(**values: object) -> str:
    return render_template("auth/enrol.html", typed=request.form, **values)


def _account_page(**values: object) -> str:
    with unit_of_work():
        person = queries.person(current_user.staff_id)
        rows = queries.open_sessions(current_user.staff_id, current_user.token)
        left, _used = factors.recovery_left(current_user.staff_id)
    return render_template(
        "auth/account.html", person=person, sessions=rows, left=left, role_name=role_name, **values
    )


def _half_way(result: HalfWay, onward: str | None) -> Response:
    """On to the second step, with nothing of what the browser held before."""
    session.clear()
    session[PENDING], session[ONWARD] = result.token, onward
    return _remember_device(redirect(url_for("factor.code_form"), 303), result.device)


def begin(result: Entered, onward: str | None) -> Response:
    """Put the new session into the cookie; nothing of what the browser held before lives on in it."""
    session.clear()
    user = sessions.load_user(result.token)
    if user is None:  # disabled in this very moment
        return redirect(url_for("auth.sign_in"), 303)
    login_user(user)
    if result.reset_at:
        flash(_reset_words(result.reset_at), "care")
    rights = user.actor.permissions
    home = "administration.start" if rights & {"admin.staff", "admin.directory"} else "desk.home"
    return _remember_device(redirect(onward or url_for(home), 303), result.device)


def _reset_words(at: datetime) -> str:
    with unit_of_work():
        when = moment(at)
    return _("An administrator took your second factor away on %(moment)s. Please set up a new one.", moment=when)


def refusal(result: Refused, message: str = "") -> tuple[str, int]:
    """What to say to who is not let in, and the status to say it with."""
    if not result.wait:
        return message, 401
    # Rounded up to the minute, so that nobody comes back too early.
    minutes = timedelta(minutes=-(-result.wait // timedelta(minutes=1)))
    wait = format_timedelta(minutes, threshold=1.2)
    return _("Too many failed attempts. Please try again in %(wait)s.", wait=wait), 429


def texts(fault: errors.Invalid) -> dict[str, str]:
    """A sentence for each field that is wrong."""
    fields = fault.values["fields"]
    assert isinstance(fields, dict)
    return {field: fault_text(code) for field, code in fields.items()}


def device() -> str | None:
    """The device's token, if the browser has one."""
    return request.cookies.get(DEVICE_COOKIE)


def _remember_device(response: Response, device: str) -> Response:
    response.set_cookie(
        DEVICE_COOKIE,
        device,
        max_age=DEVICE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        path="/",
    )
    return response
