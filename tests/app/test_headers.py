"""Every answer carries the security headers, whatever became of it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.access import public
from app.headers import FIXED, POLICY, TYPED


def _broken() -> None:
    raise RuntimeError


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/healthz", 200),
        ("GET", "/static/css/hotline.css", 200),
        ("GET", "/desk", 302),
        ("GET", "/nowhere", 404),
        ("DELETE", "/", 405),
        ("POST", "/login", 400),
        ("POST", "/complain", 413),
        ("GET", "/readyz", 500),
    ],
)
def test_on_every_kind_of_answer(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str, status: int
):
    monkeypatch.setitem(app.view_functions, "health.readyz", public(_broken))
    data = {"content": "x" * 2_000_000} if status == 413 else None
    answer = client.open(path, method=method, data=data)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in FIXED} == FIXED
    assert answer.headers["Content-Security-Policy"].startswith(POLICY)


def test_scripts_write_no_markup_on_public_pages_and_are_watched_on_others(client: FlaskClient):
    assert client.get("/status").headers["Content-Security-Policy"].endswith(TYPED)
    desk = client.get("/desk").headers
    assert TYPED not in desk["Content-Security-Policy"]
    assert desk["Content-Security-Policy-Report-Only"] == TYPED


def test_nothing_inline_and_nothing_from_elsewhere_is_allowed():
    rules = dict(part.strip().split(" ", 1) for part in POLICY.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert "unsafe" not in POLICY and "*" not in POLICY and "http" not in POLICY


FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}


def _ancestors(answer: TestResponse) -> str:
    rules = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    return rules["frame-ancestors"]


def test_a_page_of_staff_may_stand_in_a_frame_of_ours_and_in_no_other(client: FlaskClient):
    assert _ancestors(client.get("/desk", headers=FRAME)) == "'self'"
    assert _ancestors(client.get("/desk")) == "'none'"
    for name, other in (("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "")):
        assert _ancestors(client.get("/desk", headers=FRAME | {name: other})) == "'none'"


@pytest.mark.parametrize("path", ["/", "/login", "/status", "/nowhere", "/static/css/hotline.css"])
def test_a_page_for_everybody_stands_in_no_frame(client: FlaskClient, path: str):
    assert _ancestors(client.get(path, headers=FRAME)) == "'none'"


def test_pages_are_not_kept_and_static_files_may_be(client: FlaskClient):
    assert client.get("/").headers["Cache-Control"] == "no-store"
    assert client.get("/nowhere").headers["Cache-Control"] == "no-store"
    assert client.get("/static/css/hotline.css").headers["Cache-Control"] != "no-store"


def test_over_https_the_browser_is_told_to_stay_there(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    assert "Strict-Transport-Security" not in client.get("/healthz").headers
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", True)
    assert "max-age=31536000" in client.get("/healthz").headers["Strict-Transport-Security"]
