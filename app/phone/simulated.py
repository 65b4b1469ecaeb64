"""An operator's line where the telephone network is simulated: the server connects it, no sound is carried."""

from flask import Blueprint, abort, current_app, jsonify, request
from werkzeug.wrappers import Response

from app import errors, simulator
from app.access import actor, requires
from app.passes import CLIENT, identity

bp = Blueprint("phone_simulated", __name__, url_prefix="/desk/phone/simulated")


@bp.before_request
def only_where_the_network_is_played() -> None:
    """A real carrier's line is brought by the browser itself."""
    if current_app.extensions["hotline"].telephony != "simulator":
        abort(404)


@bp.post("/connect")
@requires("call.answer", "call.coach")
def connect() -> Response:
    """Bring this person's line with the pass given. They have one line: another one goes first, as if it broke."""
    _drop_lines()
    params = {"t": request.form.get("token", "")}
    app_sid = current_app.extensions["hotline"].twilio_app_sid
    simulator.post(f"browsers/{identity(_me())}/connect", app=app_sid, params=params)
    return jsonify(done=True)


@bp.post("/hang_up")
@requires("call.answer", "call.coach")
def hang_up() -> Response:
    """This person's line goes, as it does when the window closes."""
    _drop_lines()
    return jsonify(done=True)


@bp.errorhandler(simulator.NotThere)
@bp.errorhandler(simulator.Refused)
def unreachable(fault: simulator.NotThere | simulator.Refused) -> Response:
    """The simulator does not answer, or not as it should."""
    current_app.logger.warning("simulator: %s", fault.status if isinstance(fault, simulator.Refused) else fault)
    return errors.answer(502, "unavailable")


def _drop_lines() -> None:
    own = f"{CLIENT}{_me()}"
    for leg in simulator.get("calls"):
        if leg["from"] == own:
            simulator.post(f"calls/{leg['sid']}/hang-up")


def _me() -> int:
    return actor().id or 0
