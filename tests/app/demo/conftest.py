"""The demo city with its telephone network played on a clock that a test pushes forward."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from databases import app_on_clone
from telephone import Telephone, clear
from werkzeug.serving import make_server

from config import Config
from simulator.server import web


@pytest.fixture(scope="module")
def ringing_app(config: Config, worker_id: str):
    """An application of its own, in whose city calls are begun and counted."""
    yield from app_on_clone(config, worker_id, "ringing", telephony="simulator", emergency_lines="")


@pytest.fixture
def network(ringing_app) -> Iterator[Telephone]:
    """The network, with its door for people at a port of this machine; the product knows where."""
    clear(ringing_app)
    telephone = Telephone(ringing_app)
    server = make_server("127.0.0.1", 0, web(telephone.network), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    config = ringing_app.extensions["hotline"]
    address = f"http://127.0.0.1:{server.server_port}"
    ringing_app.extensions["hotline"] = replace(config, twilio_api_url=address)
    yield telephone
    ringing_app.extensions["hotline"] = config
    ringing_app.config.pop("CLOCK", None)
    server.shutdown()
    server.server_close()
    assert telephone.network.faults == []
