"""The simulator as a process: in real time, over HTTP, for whoever knows the account's token."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from tiny_product import ACCOUNT, HOTLINE, TOKEN, twiml
from twilio.request_validator import RequestValidator
from werkzeug.serving import make_server

from simulator.__main__ import settings_of
from simulator.clock import RealClock
from simulator.delivery import over_http
from simulator.post import Webhook
from simulator.server import Settings, serve

CITIZEN = "+8613800000001"
APP = "AP" + "0" * 31 + "1"


def until(ready: Callable[[], Any], seconds: float = 10) -> Any:
    """What `ready` says once it is true."""
    end = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found


class Running:
    """A tiny product that listens, and the simulator in front of it."""

    def __init__(self) -> None:
        app, self.told = Flask("tiny"), []  # type: ignore[var-annotated]
        self.pages: dict[str, str] = {}

        @app.post("/<path:path>")
        def page(path: str):
            signature = request.headers["X-Twilio-Signature"]
            if not RequestValidator(TOKEN).validate(request.url, request.form.to_dict(), signature):
                return Response(status=403)
            self.told.append((path, request.form.to_dict()))
            return Response(self.pages.get(path, twiml("")), mimetype="text/xml")

        self.product = make_server("127.0.0.1", 0, app, threaded=True)
        base = f"http://127.0.0.1:{self.product.server_port}"
        self.base = base
        self.server, self.network = serve(Settings(ACCOUNT, TOKEN, base, 0, (HOTLINE,), APP))
        self.session = requests.Session()
        self.session.auth = (ACCOUNT, TOKEN)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        for server in (self.product, self.server):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def get(self, path: str) -> Any:
        return self.session.get(self.url + path, timeout=10).json()

    def post(self, path: str, **given: object) -> Any:
        return self.session.post(self.url + path, json=given, timeout=10).json()

    def stop(self) -> None:
        for server in (self.product, self.server):
            server.shutdown()
            server.server_close()
        assert isinstance(self.network.clock, RealClock)
        self.network.clock.stop()


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.stop()
    assert made.network.faults == []


def test_a_call_through_menu_and_conference(running: Running):
    running.pages = {
        "voice/in": twiml(
            f'<Gather numDigits="1" action="{running.base}/voice/menu"><Say>您好</Say></Gather><Hangup/>'
        ),
        "voice/menu": twiml('<Dial><Conference endConferenceOnExit="true">c-1</Conference></Dial>'),
        "voice/operator": twiml("<Dial><Conference>c-1</Conference></Dial>"),
    }
    call = f"/sim/calls/{running.post(f'/sim/phones/{CITIZEN}/dial')['sid']}"
    heard = until(lambda: running.get(call)["heard"])
    assert heard[0]["text"] == "您好" and running.get(f"{call}?since=1")["heard"] == []
    running.post(f"{call}/press", keys="1")
    operator = running.post("/sim/browsers/op_7/connect", params={"t": "token"})
    until(lambda: running.get(call)["talking"])
    assert sorted(running.get("/sim/state")["conferences"]["c-1"]) == [CITIZEN, "client:op_7"]
    assert dict(running.told)["voice/operator"]["t"] == "token"
    running.post(f"{call}/hang-up")
    until(lambda: running.get(f"/sim/calls/{operator['sid']}")["state"] == "completed")
    until(lambda: "voice/ended" in dict(running.told))


def test_the_rest_api_calls_and_texts_people(running: Running):
    running.pages["voice/out"] = twiml("<Say>满意请按一</Say><Pause length='30'/>")
    account = f"/2010-04-01/Accounts/{ACCOUNT}"
    form = {"To": CITIZEN, "From": HOTLINE, "Url": f"{running.base}/voice/out"}
    made = running.session.post(f"{running.url}{account}/Calls.json", data=form, timeout=10)
    assert made.status_code == 201
    call = f"/sim/calls/{made.json()['sid']}"
    until(lambda: running.get(call)["state"] == "ringing")
    running.post(f"{call}/answer")
    until(lambda: running.get(call)["heard"])
    form = {"To": CITIZEN, "From": HOTLINE, "Body": "您的诉求已受理"}
    running.session.post(f"{running.url}{account}/Messages.json", data=form, timeout=10)
    texts = until(lambda: running.get(f"/sim/phones/{CITIZEN}/inbox")["texts"])
    assert texts[0]["body"] == "您的诉求已受理"


def test_a_text_is_answered(running: Running):
    running.pages["sms/in"] = twiml("<Message>收到</Message>")
    running.post(f"/sim/phones/{CITIZEN}/sms", body="你好")
    assert until(lambda: running.get(f"/sim/phones/{CITIZEN}/inbox")["texts"])[0]["body"] == "收到"


def test_a_recording_is_fetched(running: Running):
    running.pages["voice/in"] = twiml("<Record timeout='0' maxLength='1'/>")
    leg = running.network.phone(CITIZEN)
    call = leg.dial(HOTLINE)
    call.speak(30)
    [made] = until(lambda: [one for one in running.network.recordings.all.values() if one.status == "completed"])
    sound = running.session.get(f"{made.url}.wav", timeout=10)
    assert sound.headers["Content-Type"] == "audio/x-wav" and len(sound.content) == 44 + 16000
    call.hang_up()


def test_only_who_knows_the_token_comes_in(running: Running):
    for path in ("/sim/state", f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json", "/nowhere"):
        for auth in (None, (ACCOUNT, "wrong"), ("", TOKEN)):
            assert requests.get(running.url + path, auth=auth, timeout=10).status_code == 401


@pytest.mark.parametrize(
    "path, given, status",
    [
        ("/sim/calls/CA1/press", {"keys": "1"}, 404), ("/sim/chaos", {"fire": True}, 400),
        ("/sim/mishaps", {"kind": "flood"}, 400),
        (f"/sim/phones/{CITIZEN}", {"answers": {"how": "sings"}}, 400), ("/sim/rush", {"callers": 5000}, 400),
        (f"/sim/phones/{CITIZEN}", {"sms": "lost"}, 400), ("/sim/rush", {"colour": "red"}, 400),
        ("/sim/crew", {"when": "soon"}, 400),
    ],
)  # fmt: skip
def test_nonsense_is_refused(running: Running, path: str, given: dict, status: int):
    answer = running.session.post(running.url + path, json=given, timeout=10)
    assert answer.status_code == status and answer.json()["error"]


def test_a_form_of_a_foreign_page_does_nothing(running: Running):
    answer = running.session.post(f"{running.url}/sim/phones/{CITIZEN}/dial", data={"to": HOTLINE}, timeout=10)
    assert answer.status_code == 415 and running.network.calls == {}


def test_phones_and_switches_are_set(running: Running):
    then = [{"hearing": "按一", "keys": "1"}]
    set_to = running.post(f"/sim/phones/{CITIZEN}", answers={"how": "human", "then": then}, sms="undelivered")
    assert set_to["answers"]["then"][0]["keys"] == "1" and running.get("/sim/phones") == [set_to]
    assert running.post("/sim/chaos", dup=True, drop=3)["drop"] == 3
    assert running.network.chaos.dup and running.get("/sim/chaos")["dup"] is True


def test_a_rush_hour_begins(running: Running):
    running.pages["voice/in"] = twiml("<Pause length='60'/>")
    numbers = running.post("/sim/rush", callers=3, minutes=0.01)["numbers"]
    calls = until(lambda: found if len(found := running.get("/sim/calls")) == 3 else None)
    assert sorted(call["from"] for call in calls) == sorted(numbers)
    for call in calls:
        running.post(f"/sim/calls/{call['sid']}/hang-up")
    assert running.get("/sim/calls") == [] and len(running.get("/sim/calls?all=1")) == 3


def test_a_rush_hour_says_how_it_goes_and_can_be_stopped(running: Running):
    assert running.get("/sim/rush") == {
        "crew": "rush", "crew_wanted": False, "going": False, "stopped": False, "counts": None,
    }  # fmt: skip
    running.pages["voice/in"] = twiml("<Pause length='60'/>")
    running.post("/sim/rush", callers=40, minutes=1)
    until(lambda: running.get("/sim/rush")["counts"]["waiting"])
    now = running.get("/sim/rush")
    assert now["going"] and now["crew_wanted"] and sum(now["counts"].values()) == 40
    stopped = running.post("/sim/rush/stop")
    assert stopped["stopped"] and not stopped["going"] and stopped["counts"]["over"] == 40
    assert stopped["crew_wanted"], "for a while still"
    assert running.get("/sim/calls") == []


def test_when_the_crew_answers_is_chosen(running: Running):
    assert running.post("/sim/crew", when="always")["crew_wanted"]
    assert not running.post("/sim/crew", when="never")["crew_wanted"]
    running.post("/sim/rush", callers=1, minutes=1)
    assert not running.get("/sim/rush")["crew_wanted"]


def test_a_phone_in_the_hand_says_what_it_is_at(running: Running):
    path = f"/sim/phones/{CITIZEN}/now"
    assert running.get(path)["call"] is None and running.get("/sim/phones") == [], "looking makes no phone"
    waits = f"<Enqueue waitUrl='{running.base}/wait'>q</Enqueue>"
    running.pages |= {"voice/in": twiml(f"<Say>欢迎</Say>{waits}"), "wait": twiml("<Pause length='60'/>")}
    sid = running.post(f"/sim/phones/{CITIZEN}/dial")["sid"]
    until(lambda: running.get(path)["call"]["doing"] == "waiting")
    call = running.get(path)["call"]
    assert call["party"] == CITIZEN and call["heard"][0]["text"] == "欢迎"
    later = running.get(f"{path}?call={sid}&since={call['next']}")["call"]
    assert "欢迎" not in [one["text"] for one in later["heard"]]
    running.post(f"/sim/calls/{sid}/hang-up")
    assert running.get(path)["call"]["doing"] == "ended"


def test_a_product_that_is_down_is_a_lost_connection():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/voice/in"
        with pytest.raises(ConnectionError):
            over_http()(Webhook(url, {}, {}))


ENV = {
    "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_BASE_URL": "http://127.0.0.1:8000",
    "HOTLINE_SIMULATOR_PORT": "8100", "HOTLINE_SIMULATOR_NUMBERS": f"{HOTLINE},+865468012346",
}  # fmt: skip


class TestSettings:
    def test_come_from_the_environment_and_from_options(self):
        found = settings_of(["--port", "8200"], ENV)
        assert found == Settings(
            ACCOUNT, TOKEN, "http://127.0.0.1:8000", 8200, (HOTLINE, "+865468012346"), APP
        )

    @pytest.mark.parametrize(
        "name, value",
        [
            ("HOTLINE_ENV", "production"), ("TWILIO_ACCOUNT_SID", "AC1"), ("TWILIO_AUTH_TOKEN", ""),
            ("PUBLIC_BASE_URL", ""), ("HOTLINE_SIMULATOR_NUMBERS", "12345"),
        ],
    )  # fmt: skip
    def test_that_are_missing_or_forbidden_end_it(self, name: str, value: str):
        with pytest.raises(SystemExit):
            settings_of([], ENV | {name: value})


def test_the_process_starts_says_where_and_stops():
    env = {**os.environ, **ENV, "HOTLINE_SIMULATOR_PORT": "0"}
    command = [sys.executable, "-m", "simulator"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("simulator: ").strip()
        state = requests.get(f"{url}/sim/state", auth=(ACCOUNT, TOKEN), timeout=10).json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert state["numbers"] == [HOTLINE, "+865468012346"]
