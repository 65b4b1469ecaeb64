"""Each refusal and fault has its status and one sentence, as a page or as JSON; the log keeps secrets."""

import logging
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flows.markup import forms_of
from pictures import picture
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import MethodNotAllowed, TooManyRequests

from app import create_app, errors
from app.access import public
from app.errors import sentences
from config import Config
from tickets import errors as refusals

JSON = {"Accept": "application/json"}
FORM_KEY = "8a5a1f4e-6d3f-4d43-9f0f-0d3b6f1f6c11"


@pytest.fixture
def failing(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """GETs a page whose view raises what is given."""

    def get(fault: Exception, **headers: str) -> object:
        def view() -> None:
            raise fault

        monkeypatch.setitem(app.view_functions, "health.healthz", public(view))
        return client.get("/healthz", headers=headers)

    return get


def test_every_refusal_of_tickets_has_a_status_and_a_sentence(app: Flask):
    kinds = set(refusals.TicketError.__subclasses__())
    assert kinds == errors.STATUS.keys()
    with app.test_request_context():
        assert {kind.code for kind in kinds} <= sentences().keys()


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (refusals.NotFound(), 404, "not_found"),
        (refusals.Forbidden(action="dispatch"), 403, "forbidden"),
        (refusals.NotNow(action="sign", state="CLOSED"), 409, "not_now"),
        (refusals.Stale(version=1, theirs=2), 409, "stale"),
        (refusals.Invalid(fields={"phone": "missing"}), 422, "invalid"),
        (refusals.TooMany(action="reveal", limit=30), 429, "too_many"),
        (refusals.KeyReused(), 422, "key_reused"),
        (OperationalError("SELECT 1", {}, Exception("gone")), 503, "unavailable"),
        (PoolTimeout("no connection"), 503, "unavailable"),
        (IntegrityError("INSERT", {}, Exception("taken")), 500, "fault"),
        (TooManyRequests(retry_after=17), 429, "too_many"),
        (MethodNotAllowed(valid_methods=["PUT"]), 405, "not_found"),
        (ZeroDivisionError(), 500, "fault"),
    ],
)
def test_status_and_code(failing: Callable[..., object], fault: Exception, status: int, code: str):
    answer = failing(fault, **JSON)
    assert (answer.status_code, answer.json["error"]) == (status, code)
    assert answer.json["message"] and answer.json["message"] != code
    values = getattr(fault, "values", {})
    assert {name: answer.json[name] for name in values} == values
    page = failing(fault)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert f"<h1>{answer.json['message']}</h1>" in page.text


def test_waiting_times_and_methods_are_told(failing: Callable[..., object]):
    assert failing(TooManyRequests(retry_after=17)).headers["Retry-After"] == "17"
    assert failing(MethodNotAllowed(valid_methods=["PUT"])).headers["Allow"] == "PUT"
    assert int(failing(PoolTimeout()).headers["Retry-After"]) > 0


def test_a_cut_connection_is_no_fault_of_ours(failing: Callable[..., object]):
    fault = IntegrityError("INSERT", {}, Exception("server closed the connection"), connection_invalidated=True)
    assert failing(fault).status_code == 503


def test_what_is_not_there_and_what_does_not_fit(client: FlaskClient):
    assert client.get("/nowhere", headers=JSON).json["error"] == "not_found"
    assert client.delete("/").status_code == 405
    assert client.post("/login", headers=JSON).json["error"] == "csrf"
    huge = client.post("/complain", data={"content": "x" * 2_000_000}, headers=JSON)
    assert (huge.status_code, huge.json["error"]) == (413, "too_large")


def test_the_language_of_a_sentence_is_the_pages(client: FlaskClient):
    assert "There is nothing here" not in client.get("/nowhere").text
    assert "There is nothing here" in client.get("/nowhere?lang=en").text


def test_the_log_says_where_and_what_kind_and_quotes_nobody(
    failing: Callable[..., object], caplog: pytest.LogCaptureFixture
):
    secret = "13800138000"
    cause = Exception(f'DETAIL: Failing row contains ({secret})')
    with caplog.at_level(logging.DEBUG):
        failing(IntegrityError("INSERT INTO contact", {"phone": secret}, cause))
        failing(ValueError(f"invalid literal: {secret}"))
    assert "fault at GET health.healthz" in caplog.text
    assert "ValueError" in caplog.text and "test_errors.py" in caplog.text
    assert secret not in caplog.text


@pytest.fixture
def away(config: Config) -> FlaskClient:
    """A browser at a product whose database does not answer."""
    nowhere = "postgresql+psycopg://hotline_app@/hotline?host=/nowhere-at-all"
    return create_app(replace(config, database_url=nowhere), ASYNC_MODE="threading").test_client()


def test_with_the_database_away_every_page_says_so(away: FlaskClient):
    for answer in (
        away.get("/"),
        away.post("/status", data={"number": "202601010000007", "code": "1" * 12}),
        away.post("/complain", data={"form_key": FORM_KEY, "content": "路面塌陷"}),
        away.get("/complain"),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] and "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "<h1>" in answer.text
    assert away.get("/healthz").status_code == 200
    ready = away.get("/readyz")
    assert (ready.status_code, ready.json) == (503, {"database": False})


def test_with_the_database_away_staff_are_told_so_too(away: FlaskClient, browser, new_staff):
    browser.sign_in(new_staff().login)
    away.set_cookie("hotline", browser.client.get_cookie("hotline").value)
    for answer in (away.get("/desk"), away.get("/"), away.post("/complain", data={"content": "路面塌陷"})):
        assert answer.status_code == 503 and "<h1>" in answer.text


def test_with_the_database_away_a_complaint_keeps_what_was_typed(away: FlaskClient):
    typed = {
        "form_key": FORM_KEY, "type": "help", "content": "路面塌陷\n请尽快", "region_code": "990102",
        "place": "府前路", "phone": "13800138000", "name": "王某",
        "address": "某小区", "confidential": "1", "wants_reply": "1",
    }  # fmt: skip
    answer = away.post("/complain", data=typed)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    form = next(one for one in forms_of(answer.text) if one.action.startswith("/complain?"))
    assert form.fields == {name: [value] for name, value in typed.items()}
    assert "请重新选择文件" not in answer.text
    photo = (BytesIO(picture()), "a.jpg")
    with_file = away.post("/complain", data=typed | {"files": photo}, content_type="multipart/form-data")
    assert with_file.status_code == 503 and 'id="files-fault"' in with_file.text
    assert "请重新选择文件" in with_file.text and "路面塌陷" in with_file.text
    # The same when a field is wrong besides, which is told with the city's areas beside it.
    wrong = away.post("/complain", data=typed | {"phone": "1"})
    assert wrong.status_code == 503 and "路面塌陷" in wrong.text


def test_with_the_database_away_programs_get_json(away: FlaskClient):
    answer = away.post("/complain", json={"form_key": FORM_KEY, "content": "路面塌陷"}, headers=JSON)
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
