"""What an operator's telephone page asks and orders. Answers are data; the sentences stand in the page."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, jsonify, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from app import abilities, headers, hints, passes
from app.access import actor, in_background, requires
from app.extensions import vault
from app.outbox import unit_of_work
from app.phone import softphone, window, wording
from app.push import page_token
from app.settled import close_call
from calls import desks, offering, platforms, screen, seating, talking
from config import Config
from tickets import errors

bp = Blueprint("phone", __name__, url_prefix="/desk/phone")


@bp.get("")
@requires("call.answer", "call.coach")
def console() -> str:
    """The telephone page, which stays open with the desk in it for as long as the seat is taken."""
    telephony = current_app.extensions["hotline"].telephony
    headers.allow(headers.FRAME)
    if telephony == "twilio":
        headers.allow(headers.CARRIER_SCRIPT, headers.MICROPHONE)
    with unit_of_work():
        return render_template(
            "phone/console.html", telephony=telephony, units=screen.units_to_ring(), breaks=wording.BREAKS,
            outcomes=wording.OUTCOMES, words=wording.console_words(), live_token=page_token(current_user.get_id()),
        )


@bp.post("/sit")
@requires("call.answer")
def sit() -> Response:
    """This window is the one that answers from now on; any other of the same person is told so."""
    return _ordered(lambda now: seating.sit_down(actor(), now, window.name()))


@bp.get("/state")
@requires("call.answer")
@in_background
def state() -> Response:
    """`{seat, offer, call, waiting, callbacks, texts, not_reached}` as they are now; asked for every few
    seconds, which is a sign of life too.

    `seat` None: another window has taken over; `elsewhere` is its name. `caps`: what can be done here, see
    app/abilities.py. `dial`: the address by which a number is dialled, with {number} in it.
    """
    with unit_of_work() as now:
        seat = seating.beat(actor(), now, window.name())
        found = screen.state(actor(), seat, now, vault())
        is_told = bool(found["call"] and found["call"]["is_told"])
        return jsonify(found | {"caps": sorted(abilities.of(_config(), is_told=is_told)),
                                "dial": platforms.dial_url()})  # fmt: skip


@bp.post("/seat")
@requires("call.answer")
def change_seat() -> Response:
    """Ready, a break with its reason, or offline."""
    action, reason = request.form.get("action", ""), request.form.get("reason", "")
    steps: Mapping[str, Callable[[datetime], object]] = {
        "ready": _ready,
        "pause": lambda now: seating.pause(actor(), now, window.name(), reason),
        "leave": lambda now: seating.leave(actor(), now, window.name()),
    }
    if action not in steps:
        raise errors.Invalid(fields={"action": "unknown"})
    return _ordered(steps[action])


@bp.post("/offers/<int:offer_id>/accept")
@requires("call.answer")
def accept(offer_id: int) -> Response:
    """接听. `{token}` lets this browser into the talk, within a minute; empty where the desk's telephone rings."""
    with unit_of_work() as now:
        offer = offering.accept(actor(), now, offer_id, window.name())
        if _config().rings_desks:
            desks.ring(offer, now)
            hints.give()
            return jsonify(token="")
        return _pass(passes.OPERATOR, offer.id)


@bp.post("/offers/<int:offer_id>/decline")
@requires("call.answer")
def decline(offer_id: int) -> Response:
    """Not this one."""
    return _ordered(lambda now: offering.decline(actor(), now, offer_id, window.name()))


@bp.post("/rejoin")
@requires("call.answer")
def rejoin() -> Response:
    """Back into the talk, from a page that was loaded anew."""
    with unit_of_work() as now:
        return _pass(passes.OPERATOR, offering.reclaim(actor(), now, window.name()).id)


@bp.post("/calls/<int:call_id>/<order>")
@requires("call.answer")
def order(call_id: int, order: str) -> Response:
    """What can be done in a talk. What the page shows of it follows from what the carrier says."""
    if order not in ORDERS:
        raise errors.NotFound()

    def do(now: datetime) -> object:
        abilities.demand(_config(), order, is_told=screen.is_told(call_id))
        return ORDERS[order](call_id, now)

    return _ordered(do)


@bp.post("/calls/<int:call_id>/close")
@requires("call.answer")
def close(call_id: int) -> Response:
    """What became of the call: answered at once, nothing to take down, or a ticket that is there already."""
    with unit_of_work() as now:
        number = close_call(actor(), now, call_id, window.name(), request.form, vault())
    hints.give()
    return jsonify(number=number)


@bp.post("/calls/<int:call_id>/listen")
@requires("call.coach")
def listen(call_id: int) -> Response:
    """A pass to hear a talk, or to be heard by its operator alone."""
    purpose = passes.WHISPER if request.form.get("whisper") else passes.LISTEN
    with unit_of_work():
        abilities.demand(_config(), "listen", is_told=screen.is_told(call_id))
        return _pass(purpose, call_id)


@bp.post("/token")
@requires("call.answer", "call.coach")
def token() -> Response:
    """What the carrier's own script in the browser needs to connect; it is good for an hour."""
    return jsonify(softphone.token(current_app.extensions["hotline"], actor().id or 0))


def _ready(now: datetime) -> object:
    if _config().rings_desks:
        desks.demand_extension(actor().id)
    return seating.ready(actor(), now, window.name())


def _config() -> Config:
    found: Config = current_app.extensions["hotline"]
    return found


def _hold(call_id: int, now: datetime, *, on: bool) -> object:
    return talking.hold(actor(), now, call_id, window.name(), on=on)


def _consult(call_id: int, now: datetime) -> object:
    text = request.form.get("department", "")
    department = int(text) if text.isascii() and text.isdigit() else 0
    return talking.consult(actor(), now, call_id, window.name(), department)


ORDERS: Mapping[str, Callable[[int, datetime], object]] = {
    "hold": lambda call_id, now: _hold(call_id, now, on=True),
    "unhold": lambda call_id, now: _hold(call_id, now, on=False),
    "hang_up": lambda call_id, now: talking.hang_up(actor(), now, call_id, window.name()),
    "consult": _consult,
    "end_consult": lambda call_id, now: talking.end_consult(actor(), now, call_id, window.name()),
    "pause_recording": lambda call_id, now: talking.pause_recording(
        actor(), now, call_id, window.name(), paused=True
    ),
    "resume_recording": lambda call_id, now: talking.pause_recording(
        actor(), now, call_id, window.name(), paused=False
    ),
}


def _pass(purpose: str, subject: int) -> Response:
    """A pass for this person's browser."""
    hints.give()
    return jsonify(token=passes.issue(purpose, actor().id or 0, subject))


def _ordered(do: Callable[[datetime], Any]) -> Response:
    with unit_of_work() as now:
        do(now)
    hints.give()
    return jsonify(done=True)
