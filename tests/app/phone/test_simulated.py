"""A line that the server connects: only where the network is simulated, and only one's own."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

from app.auth.models import Staff
from config import Config
from db import db
from manage import create_app

ACCOUNT, TOKEN, APP = "AC" + "0" * 32, "a token", "AP" + "0" * 32


@dataclass
class Played:
    """What stands in for the simulator: it keeps what it was told."""

    address: str
    told: list[tuple[str, object]] = field(default_factory=list)
    lines: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def played() -> Iterator[Played]:
    door = Flask("played")
    server = make_server("127.0.0.1", 0, door, threaded=True)
    made = Played(f"http://127.0.0.1:{server.server_port}")

    @door.get("/sim/calls")
    def lines():
        return jsonify(made.lines)

    @door.post("/sim/<path:path>")
    def do(path: str):
        assert request.authorization and (request.authorization.username, request.authorization.password) == (
            ACCOUNT, TOKEN,
        )  # fmt: skip
        made.told.append((path, request.get_json()))
        return jsonify(sid="CA1")

    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()


@pytest.fixture
def simulated(config: Config, played: Played) -> Iterator[Callable[..., Flask]]:
    made: list[Flask] = []

    def make(**changes: str) -> Flask:
        settings = {
            "telephony": "simulator", "twilio_account_sid": ACCOUNT, "twilio_auth_token": TOKEN,
            "twilio_app_sid": APP, "twilio_api_url": played.address,
        } | changes  # fmt: skip
        made.append(create_app(replace(config, **settings), ASYNC_MODE="threading"))
        return made[-1]

    yield make
    for application in made:
        with application.app_context():
            db.engine.dispose()


def test_the_line_comes_with_the_pass_and_is_named_after_its_person(
    simulated, played: Played, new_staff, signed_in
):
    person: Staff = new_staff()
    answer = signed_in(simulated(), person).post("/desk/phone/simulated/connect", {"token": "a pass"})
    assert answer.status_code == 200
    assert played.told == [(f"browsers/op_{person.id}/connect", {"app": APP, "params": {"t": "a pass"}})]


def test_the_line_before_goes_and_nobody_elses_does(simulated, played: Played, new_staff, signed_in):
    person: Staff = new_staff()
    own, other = f"client:op_{person.id}", f"client:op_{person.id}0"
    played.lines = [{"sid": "CA7", "from": own}, {"sid": "CA8", "from": other}, {"sid": "CA9", "from": "+86138"}]
    browser = signed_in(simulated(), person)
    assert browser.post("/desk/phone/simulated/hang_up", {}).status_code == 200
    assert played.told == [("calls/CA7/hang-up", {})]
    browser.post("/desk/phone/simulated/connect", {"token": "a pass"})
    assert [path for path, _ in played.told][1:] == ["calls/CA7/hang-up", f"browsers/op_{person.id}/connect"]


@pytest.mark.parametrize("path", ["connect", "hang_up"])
def test_with_a_real_carrier_there_is_no_such_thing(simulated, played: Played, new_staff, signed_in, path: str):
    browser = signed_in(simulated(telephony="twilio"), new_staff())
    assert browser.post(f"/desk/phone/simulated/{path}", {"token": "a pass"}).status_code == 404
    assert played.told == []


def test_it_is_for_those_who_answer_or_coach(simulated, played: Played, new_staff, signed_in):
    browser = signed_in(simulated(), new_staff(("administrator", None)))
    assert browser.post("/desk/phone/simulated/connect", {"token": "a pass"}).status_code == 403


def test_a_simulator_that_is_away_is_said_to_be(simulated, new_staff, signed_in):
    browser = signed_in(simulated(twilio_api_url="http://127.0.0.1:9"), new_staff())
    assert browser.post("/desk/phone/simulated/connect", {"token": "a pass"}).status_code == 502
