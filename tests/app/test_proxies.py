"""Behind a TLS proxy: people sign in, sockets connect, and each citizen has an address of their own."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.access import public
from app.auth.signing_in import DEMO_PASSWORD
from config import Config
from db import db

HOST = "12345.city.example"
PUBLIC = f"https://{HOST}"
LAST_HOP = f"http://{HOST}"  # what a proxy asks that says nothing of the scheme
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
LIVE = re.compile(r'name="live-token" content="([^"]+)"')
PROXY = {"REMOTE_ADDR": "10.0.0.1"}


@contextmanager
def behind(config: Config, **settings: object) -> Iterator[Flask]:
    application = create_app(replace(config, **settings), ASYNC_MODE="threading")
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def secure(config: Config) -> Iterator[Flask]:
    """The product as people reach it over https."""
    with behind(config, public_base_url=PUBLIC) as application:
        yield application


def sign_in(client: FlaskClient, login: str, hop: str = LAST_HOP, page: str = PUBLIC) -> TestResponse:
    """As a browser does that stands on a page of `page`: it names the page, where the policy lets it."""
    form = client.get("/login", base_url=hop)
    names_page = form.headers["Referrer-Policy"] != "no-referrer"
    fields = {"csrf_token": CSRF.search(form.text)[1], "login": login, "password": DEMO_PASSWORD}
    headers = {"Referer": f"{page}/login"} if names_page else {}
    return client.post("/login", data=fields, headers=headers, base_url=hop)


@pytest.mark.parametrize("hop", [PUBLIC, LAST_HOP])
def test_people_sign_in_over_https_whatever_the_proxy_says_of_it(secure: Flask, new_staff, hop: str):
    client, login = secure.test_client(), new_staff().login
    entered = sign_in(client, login, hop)
    assert (entered.status_code, entered.location) == (303, "/desk")
    assert client.get("/desk", base_url=hop).status_code == 200


@pytest.mark.parametrize("hop", [PUBLIC, LAST_HOP])
def test_a_form_that_stood_elsewhere_is_refused(secure: Flask, new_staff, hop: str):
    login = new_staff().login
    assert sign_in(secure.test_client(), login, hop, page="https://evil.example").status_code == 400


def test_a_socket_is_for_pages_of_the_public_address(secure: Flask, new_staff, sockets):
    client = secure.test_client()
    sign_in(client, new_staff().login)
    token = LIVE.search(client.get("/desk", base_url=LAST_HOP).text)[1]
    cookie = f"__Host-hotline={client.get_cookie('__Host-hotline', HOST).value}"
    with sockets(secure.extensions["hotline"]) as is_let_in:
        assert is_let_in(cookie, token, {"Host": HOST}, origin=PUBLIC)
        for origin in ("https://evil.example", f"{PUBLIC}.evil.example", LAST_HOP, "null"):
            assert not is_let_in(cookie, token, {"Host": HOST}, origin=origin), origin


def _told(application: Flask) -> Callable[..., str]:
    """Asks which address the application takes a request to be from."""
    application.view_functions["health.healthz"] = public(lambda: str(request.remote_addr))
    client = application.test_client()
    return lambda forwarded: client.get(
        "/healthz", headers={"X-Forwarded-For": forwarded}, environ_base=PROXY
    ).text


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.7", "10.0.0.1"),  # nobody is trusted: the header is the peer's own invention
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the first was written by the citizen
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
    ],
)
def test_only_what_trusted_proxies_add_is_believed(config: Config, proxies: int, forwarded: str, address: str):
    with behind(config, trusted_proxies=proxies) as application:
        assert _told(application)(forwarded) == address


def test_two_citizens_behind_one_proxy_do_not_share_their_wrong_guesses(config: Config):
    def ask(address: str, number: int) -> int:
        guess = {"number": f"20990101{number:07d}", "code": "1" * 12}
        headers = {"X-Forwarded-For": address}
        return client.post("/status", data=guess, headers=headers, environ_base=PROXY).status_code

    with behind(config, trusted_proxies=1) as application:
        client = application.test_client()
        answers = [ask("203.0.113.77", number) for number in range(21)]
        assert answers == [404] * 20 + [429]
        assert ask("203.0.113.78", 21) == 404
