"""An operator's line where the telephone network is simulated: the server connects it, no sound is carried."""

from typing import Any

import requests
from flask import Blueprint, abort, current_app, jsonify, request
from werkzeug.wrappers import Response

from app import errors
from app.access import actor, requires
from app.passes import CLIENT, identity
from config import Config

bp = Blueprint("phone_simulated", __name__, url_prefix="/desk/phone/simulated")

SECONDS = 5.0


@bp.post("/connect")
@requires("call.answer", "call.coach")
def connect() -> Response:
    """Bring this person's line with the pass given. They have one line: another one goes first, as if it broke."""
    _drop_lines()
    params = {"t": request.form.get("token", "")}
    _told("POST", f"browsers/{identity(_me())}/connect", {"app": _config().twilio_app_sid, "params": params})
    return jsonify(done=True)


@bp.post("/hang_up")
@requires("call.answer", "call.coach")
def hang_up() -> Response:
    """This person's line goes, as it does when the window closes."""
    _drop_lines()
    return jsonify(done=True)


@bp.errorhandler(requests.RequestException)
def unreachable(fault: requests.RequestException) -> Response:
    """The simulator does not answer, or not as it should."""
    current_app.logger.warning("simulator: %s", type(fault).__name__)
    return errors.answer(502, "unavailable")


def _drop_lines() -> None:
    own = f"{CLIENT}{_me()}"
    for leg in _told("GET", "calls"):
        if leg["from"] == own:
            _told("POST", f"calls/{leg['sid']}/hang-up", {})


def _told(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the simulator's door answers. Raises requests.RequestException; 404 where nothing is simulated."""
    config = _config()
    if config.telephony != "simulator":
        abort(404)
    auth = (config.twilio_account_sid, config.auth_tokens[0])
    address = f"{config.twilio_api_url}/sim/{path}"
    answer = requests.request(method, address, json=body, auth=auth, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()


def _me() -> int:
    return actor().id or 0


def _config() -> Config:
    config: Config = current_app.extensions["hotline"]
    return config
