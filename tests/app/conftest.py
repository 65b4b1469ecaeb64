"""A browser that signs in and fills in forms, and a clock that a test can move."""

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import socketio
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app import create_app
from app.auth import accounts
from app.auth.accounts import CONSOLE, Membership
from app.auth.models import Staff
from app.auth.signing_in import DEMO_PASSWORD
from app.outbox import unit_of_work
from config import Config
from db import database_now, db

CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
CHEAP_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(DEMO_PASSWORD)
"""Judged in no time; how long real ones take is no concern of most tests."""
_numbers = itertools.count(1)


@dataclass
class Browser:
    """A test client with the forms' tokens and an address of its own."""

    client: FlaskClient
    address: str
    _token: tuple[str, str] = ("", "")

    def get(self, path: str, **options: object) -> TestResponse:
        return self.client.get(path, environ_base={"REMOTE_ADDR": self.address}, **options)

    def post(self, path: str, data: dict[str, object] | None = None, **options: object) -> TestResponse:
        fields = {"csrf_token": self._form_token(), **(data or {})}
        return self.client.post(path, data=fields, environ_base={"REMOTE_ADDR": self.address}, **options)

    def _form_token(self) -> str:
        """As a form of this session carries it; fetched again when the cookie is another one."""
        cookie = self.client.get_cookie("hotline")
        if cookie is None or cookie.value != self._token[0]:
            found = CSRF.search(self.get("/login").text)
            cookie = self.client.get_cookie("hotline")
            assert found is not None and cookie is not None
            self._token = (cookie.value, found[1])
        return self._token[1]

    def sign_in(self, login: str, password: str = DEMO_PASSWORD, **data: object) -> TestResponse:
        return self.post("/login", {"login": login, "password": password, **data})


class Clock:
    """Starts at the database's moment and goes only when told."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


def _fresh_address() -> str:
    number = next(_numbers)
    return f"203.0.{number // 250}.{number % 250 + 1}"


@pytest.fixture
def new_browser(app) -> Callable[[], Browser]:
    return lambda: Browser(app.test_client(), _fresh_address())


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


@pytest.fixture
def clock(app, monkeypatch: pytest.MonkeyPatch) -> Clock:
    with app.app_context():
        clock = Clock(database_now())
    monkeypatch.setitem(app.config, "CLOCK", clock)
    return clock


@pytest.fixture
def new_staff(app) -> Callable[..., Staff]:
    """Makes an account nobody else has, an operator's if nothing is said; it has the demo password."""

    def make(*memberships: Membership) -> Staff:
        held = memberships or (("operator", None),)
        with app.app_context(), unit_of_work() as now:
            login = f"person-{next(_numbers)}"
            staff_id, _ = accounts.create_staff(CONSOLE, now, login=login, name="某某", memberships=held)
            accounts.void_tokens(staff_id)
            person = db.session.get_one(Staff, staff_id)
            person.password_hash = CHEAP_HASH
            db.session.flush()
            db.session.expunge(person)
        return person

    return make



@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[Callable[..., bool]]]:
    """Serves the product of a configuration; the block may ask whether a page's socket is let in.

    It is an application of its own, because the handlers answer through the one that was made last.
    """
    monkeypatch.setattr("app.live.sockets._watch", lambda *_: None)

    @contextmanager
    def serving(config: Config, **overrides: object) -> Iterator[Callable[..., bool]]:
        application = create_app(config, ASYNC_MODE="threading", **overrides)
        server = make_server("127.0.0.1", 0, application, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def is_let_in(cookie: str, token: str, headers: dict[str, str] | None = None, **options: str) -> bool:
            page = socketio.Client(reconnection=False, handle_sigint=False, websocket_extra_options=options)
            address, headers = f"http://127.0.0.1:{server.port}", {"Cookie": cookie, **(headers or {})}
            try:
                page.connect(address, headers, {"token": token}, ["websocket"], wait_timeout=5)
            except socketio.exceptions.ConnectionError:
                return False
            finally:
                page.shutdown()
            return True

        yield is_let_in
        server.shutdown()
        with application.app_context():
            db.engine.dispose()

    return serving


@pytest.fixture
def count_queries() -> Callable[[], AbstractContextManager[list[str]]]:
    """Collects the statements that the database is asked while the block runs."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(connection, cursor, statement, *rest) -> None:
            statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return counting
