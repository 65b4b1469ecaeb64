"""Who is let in at the carrier's doors: whoever signs, for this address, with every field; and nobody else."""

import threading
from contextlib import contextmanager
from random import Random

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from telephone import CALLER, EMERGENCY, LINE, clear
from twilio.request_validator import RequestValidator

from app.access import CARRIER, entry_of
from app.voice import hearing
from app.voice.hearing import HANDLERS
from calls.models import Call, TelephonyEvent
from db import db, transaction
from tickets.models import Ticket

SID = "CA" + "7" * 32
FIELDS = {"CallSid": SID, "AccountSid": "AC1", "From": CALLER, "To": LINE, "CallStatus": "ringing",
          "ApiVersion": "2010-04-01", "Direction": "inbound", "Digits": ""}  # fmt: skip


@pytest.fixture(autouse=True)
def no_calls(app: Flask):
    clear(app)


@pytest.fixture
def ask(app: Flask):
    config = app.extensions["hotline"]

    def do(path: str = "/voice/in", fields=FIELDS, *, token: str = "", base: str = "", header=None, **more):
        url = (base or config.public_base_url.rstrip("/")) + path
        signature = RequestValidator(token or config.auth_tokens[0]).compute_signature(url, fields)
        headers = {"X-Twilio-Signature": signature if header is None else header}
        sent = {"data": fields, "headers": headers, "base_url": "http://anything.example"} | more
        return app.test_client().post(path, **sent)

    return do


def effects(app: Flask) -> tuple[int, int]:
    with app.app_context(), transaction():
        calls = db.session.scalar(select(func.count()).select_from(Call)) or 0
        return calls, db.session.scalar(select(func.count()).select_from(TelephonyEvent)) or 0


def test_signed_over_the_configured_address_whatever_host_is_asked(app: Flask, ask):
    answer = ask()
    assert answer.status_code == 200 and answer.mimetype == "text/xml" and "<Gather" in answer.text
    assert effects(app) == (1, 1)


@pytest.mark.parametrize(
    "forged",
    [
        {"header": ""}, {"header": "AAAA"}, {"token": "another"}, {"base": "https://elsewhere.example"},
        {"json": FIELDS, "data": None}, {"headers": {}}, {"query_string": {"a": "b"}},
        {"data": {**FIELDS, "From": "+8613900139000"}}, {"data": {**FIELDS, "Extra": "1"}},
        {"data": {name: value for name, value in FIELDS.items() if name != "Digits"}},
        {"data": {**FIELDS, "From": f"{CALLER} "}},
    ],
)  # fmt: skip
def test_whatever_is_not_signed_has_no_effect(app: Flask, ask, forged: dict):
    if "json" in forged:
        forged = {"json": FIELDS, "data": None}
    assert ask(**forged).status_code in (403, 413)
    assert effects(app) == (0, 0)


def test_a_new_token_is_taken_beside_the_old_one(app: Flask, ask, monkeypatch: pytest.MonkeyPatch):
    config = app.extensions["hotline"]
    object.__setattr__(config, "twilio_auth_token", f"the-new-one,{config.twilio_auth_token}")
    try:
        assert ask(token="the-new-one").status_code == 200
        assert ask(token=config.auth_tokens[1]).status_code == 200
    finally:
        object.__setattr__(config, "twilio_auth_token", config.auth_tokens[1])


def test_bodies_of_a_megabyte_are_not_read(app: Flask, ask):
    assert ask(fields={**FIELDS, "Body": "x" * 100_000}).status_code in (403, 413)
    assert ask(data=b"x" * 2_000_000).status_code in (403, 413)
    assert effects(app) == (0, 0)


@pytest.mark.parametrize("count", [200, pytest.param(5000, marks=pytest.mark.long)])
def test_no_mutation_is_let_in(app: Flask, count: int):
    """Requests that differ from a signed one by a character somewhere."""
    random, config = Random(12345), app.extensions["hotline"]
    url = f"{config.public_base_url.rstrip('/')}/voice/in"
    signature = RequestValidator(config.auth_tokens[0]).compute_signature(url, FIELDS)
    client, let_in = app.test_client(), 0
    for _ in range(count):
        fields, header = dict(FIELDS), signature
        where = random.choice([*fields, "signature"])
        text = header if where == "signature" else fields[where]
        at = random.randrange(len(text) + 1)
        changed = text[:at] + random.choice("aA0+ /=é") + text[at + random.randrange(2) :]
        if changed == text:
            continue
        if where == "signature":
            header = changed.encode("ascii", "replace").decode()
            if header == signature:
                continue
        else:
            fields[where] = changed
        let_in += client.post("/voice/in", data=fields, headers={"X-Twilio-Signature": header}).status_code != 403
    assert let_in == 0 and effects(app) == (0, 0)


def test_the_same_request_fifty_times_at_once_is_one_call(app: Flask, ask):
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(ask().text)) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 50 and len(set(answers)) == 1
    assert effects(app) == (1, 1)
    with app.app_context(), transaction():
        drafts = select(func.count()).select_from(Ticket).where(Ticket.id.in_(select(Call.ticket_id)))
        assert db.session.scalar(drafts) == 1


def test_what_is_not_known_is_answered_alike_and_has_no_effect(app: Flask, ask):
    assert ask("/voice/ended", FIELDS | {"CallStatus": "completed"}).status_code == 204
    answer = ask("/voice/menu", FIELDS | {"Digits": "3"})
    assert answer.status_code == 200 and "<Hangup" in answer.text
    assert effects(app)[0] == 0


def test_every_voice_endpoint_wants_the_signature(app: Flask):
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/voice/", "/sms/")):
            assert entry_of(app.view_functions[rule.endpoint]) == CARRIER, rule.rule
            assert rule.methods is not None and rule.methods & {"GET", "HEAD"} == set(), rule.rule


def test_every_handler_has_its_name_in_the_spool(app: Flask):
    assert {"in", "menu", "ended", "conf", "voicemail_rec"} <= HANDLERS.keys()


@pytest.fixture
def without_database(monkeypatch: pytest.MonkeyPatch):
    """Nobody can be asked."""

    @contextmanager
    def away(limit_ms: int | None = None):
        raise OperationalError("SELECT 1", {}, Exception("gone"))
        yield

    monkeypatch.setattr(hearing, "unit_of_work", away)


def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(hearing, "keep", lambda told: lines.append(told.kind))
    return lines


def test_help_is_given_to_a_call_whose_beginning_still_lies_in_the_spool(app: Flask, ask, monkeypatch):
    lines = kept(monkeypatch)
    assert "/voice/emergency/dial" in ask("/voice/emergency", FIELDS | {"Digits": "9"}).text
    assert EMERGENCY in ask("/voice/emergency/dial", FIELDS | {"Digits": "1"}).text
    assert lines == ["emergency", "emergency_dial"] and effects(app) == (0, 0)


@pytest.mark.usefixtures("without_database")
def test_help_without_database_and_without_command_centres(app: Flask, ask, monkeypatch):
    kept(monkeypatch)
    config = app.extensions["hotline"]
    given = config.emergency_lines
    object.__setattr__(config, "emergency_lines", "")
    try:
        for path, digits in (("/voice/emergency", "9"), ("/voice/emergency/dial", "1"), ("/voice/menu", "9")):
            text = ask(path, FIELDS | {"Digits": digits}).text
            assert "110、119或120" in text and "<Gather" not in text and "/voice/enqueue?urgent=1" in text
        assert "<Record" in ask("/voice/enqueue?urgent=1").text
    finally:
        object.__setattr__(config, "emergency_lines", given)


@pytest.mark.usefixtures("without_database")
def test_operators_line_that_was_let_go_is_not_taken_up_later(app: Flask, ask, monkeypatch):
    lines = kept(monkeypatch)
    assert "<Hangup" in ask("/voice/operator", FIELDS | {"From": "client:op_1", "t": "x"}).text
    assert ask("/voice/ended", FIELDS | {"CallStatus": "completed"}).status_code == 204
    assert lines == ["ended"]


@pytest.mark.usefixtures("without_database")
@pytest.mark.parametrize("status", ["completed", "answered", "busy", "no-answer", "failed"])
def test_after_help_was_reached_there_is_nothing_left_to_ask(app: Flask, ask, monkeypatch, status: str):
    lines = kept(monkeypatch)
    text = ask("/voice/emergency/done?line=110&lang=zh", FIELDS | {"DialCallStatus": status}).text
    is_reached = status in ("completed", "answered")
    assert ("<Hangup" in text and "<Say" not in text and "<Record" not in text) == is_reached
    assert ("<Record" in text) != is_reached and lines == ["emergency_done"]
