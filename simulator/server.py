"""The simulator as a process of its own: Twilio's REST API and the door of the people, on this machine only."""

from __future__ import annotations

import hmac
import logging
import time
from dataclasses import dataclass
from functools import partial

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import BaseWSGIServer, make_server

from simulator.clock import RealClock
from simulator.control import answer_errors, control
from simulator.delivery import over_http
from simulator.lint import lint
from simulator.network import Network

HOST = "127.0.0.1"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the product and the simulator must agree on."""

    account_sid: str
    auth_token: str
    public_base_url: str
    port: int
    numbers: tuple[str, ...]
    app_sid: str
    keys: tuple[tuple[str, str], ...] = ()  # API keys: sid and secret


def network_of(settings: Settings) -> Network:
    """A network in real time whose numbers lead to the product's endpoints."""
    network: Network | None = None

    def report(error: BaseException) -> None:
        log.error("the simulator itself failed", exc_info=error)
        if network:
            network.fault(f"the simulator itself failed: {error!r}")

    base = settings.public_base_url.rstrip("/")
    network = Network(
        settings.account_sid, settings.auth_token, over_http(), RealClock(report), lint=partial(lint, base=base),
        api_base=f"http://{HOST}:{settings.port}",
    )  # fmt: skip
    network.keys.update(settings.keys)
    for number in settings.numbers:
        network.own(
            number, voice_url=f"{base}/voice/in", voice_fallback_url=f"{base}/voice/fallback",
            status_callback=f"{base}/voice/ended#rc=2&rp=ct,rt,5xx", sms_url=f"{base}/sms/in",
            sms_fallback_url=f"{base}/sms/fallback",
        )  # fmt: skip
    network.app(settings.app_sid, f"{base}/voice/operator", f"{base}/voice/fallback")
    return network


def web(network: Network) -> Flask:
    """The HTTP side. Everything asks for the account's name and token."""
    app = Flask(__name__, static_folder=None)
    answer_errors(app)
    app.register_blueprint(control(network))

    @app.before_request
    def enter() -> ResponseReturnValue | None:
        given = request.authorization
        secret = network.keys.get(given.username or "") if given else None
        if given and secret and hmac.compare_digest(secret.encode(), (given.password or "").encode()):
            return None
        body = {"code": 20003, "message": "Authenticate", "status": 401}
        return jsonify(body), 401, {"WWW-Authenticate": 'Basic realm="Twilio API"'}

    @app.route("/2010-04-01/<path:path>", methods=["GET", "POST", "DELETE"])
    def rest(path: str) -> ResponseReturnValue:
        pairs = [*request.args.items(multi=True), *request.form.items(multi=True)]
        given = request.authorization
        auth = (given.username or "", given.password or "") if given else None
        answer = network.rest.handle(request.method, f"/2010-04-01/{path}", pairs, auth)
        time.sleep(answer.seconds)
        if answer.lost:
            return Response(status=504)
        if isinstance(answer.body, bytes):
            return Response(answer.body, content_type="audio/x-wav")
        if answer.body is None:
            return Response(status=answer.status)
        return jsonify(answer.body), answer.status

    return app


def serve(settings: Settings) -> tuple[BaseWSGIServer, Network]:
    """Listens, and is ready; the caller runs it and stops it. Port 0 takes a free one."""
    network = network_of(settings)
    server = make_server(HOST, settings.port, web(network), threaded=True)
    network.api_base = f"http://{HOST}:{server.server_port}"
    return server, network
