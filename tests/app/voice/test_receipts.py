"""What is told of texts, in any order and any number of times; and texts told again, forged or misdirected."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from telephone import CALLER, LINE, clear
from twilio.request_validator import RequestValidator

from app.extensions import vault
from app.outbox import unit_of_work
from app.voice.twilio_texts import STATES
from calls import message_receipts, messaging
from calls.message_models import Message, MessageReceipt
from calls.message_states import RANKS, MessageState
from db import database_now, db
from tickets.models import TicketText

EXAMPLES = 2000
_numbers = itertools.count(1)
_ORDERS = [("queued", "sent", "delivered"), ("queued", "sent", "failed")]
told_in_any_order = st.sampled_from(_ORDERS).flatmap(
    lambda states: st.tuples(
        st.just(states),
        st.lists(st.sampled_from([*states, "unknown", "expired"]), max_size=6).flatmap(
            lambda more: st.permutations([*states, *more])
        ),
    )
)


class Carrier:
    """Signs as the carrier does, and tells."""

    def __init__(self, app) -> None:
        self.app, self.config = app, app.extensions["hotline"]
        self.client = app.test_client()

    def post(self, path: str, fields: dict[str, str], *, signature: str | None = None, **more: object) -> int:
        url = self.config.public_base_url.rstrip("/") + path
        made = signature or RequestValidator(self.config.auth_tokens[0]).compute_signature(url, fields)
        parts = urlsplit(url)
        base = more.pop("base_url", f"{parts.scheme}://{parts.netloc}")
        client = self.app.test_client()
        answer = client.post(
            path, data=fields, base_url=base, headers={"X-Twilio-Signature": made}, **more
        )
        self.text = answer.text
        return answer.status_code


def _new_message(now) -> tuple[int, str]:
    """A text that a carrier has taken."""
    sid = f"SM{next(_numbers):032x}"
    reference = f"r{sid}"
    message = Message(
        reference=reference, direction="out", provider="twilio", provider_sid=sid, template="receipt", round=0,
        again=0, tries=1, body=messaging.seal(vault(), reference, "[]"), segments=1,
        state=MessageState.ACCEPTED, rank=RANKS[MessageState.ACCEPTED], created_at=now, tried_at=now, sent_at=now,
    )  # fmt: skip
    db.session.add(message)
    db.session.flush()
    return message.id, sid


@pytest.fixture
def carrier(app) -> Iterator[Carrier]:
    clear(app)
    yield Carrier(app)
    app.config.pop("CLOCK", None)


def _expected(states: tuple[str, ...]) -> str:
    return "DELIVERED" if "delivered" in states else "FAILED"


Told = tuple[tuple[str, ...], list[str]]


def _tell_in_order(app, told: Told) -> None:
    states, order = told
    with app.app_context():
        now = database_now()
        message_id, sid = _new_message(now)
        for said in order:
            if said == "unknown":
                assert not message_receipts.tell("twilio", f"SMx{sid}", MessageState.DELIVERED, said, now)
            elif said == "expired":
                message_receipts.tell("twilio", sid, MessageState.SENT, "sent", now + timedelta(hours=72))
            else:
                assert message_receipts.tell("twilio", sid, STATES[said], said, now)
        message = db.session.get_one(Message, message_id)
        kept = select(func.count()).select_from(MessageReceipt).where(MessageReceipt.message_id == message_id)
        assert message.state == _expected(states)
        assert db.session.scalar(kept) == len([said for said in order if said != "unknown"])
        db.session.rollback()


def _tell_by_webhook(app, carrier: Carrier, told: Told) -> None:
    states, order = told
    with app.app_context(), unit_of_work() as now:
        message_id, sid = _new_message(now)
    for said in order:
        fields = {"MessageSid": f"SMx{sid}" if said == "unknown" else sid, "MessageStatus": said}
        assert carrier.post("/sms/status", fields) == 204
    with app.app_context(), unit_of_work():
        assert db.session.get_one(Message, message_id).state == _expected(states)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told_in_any_order)
def test_the_order_of_receipts_plays_no_part(app, carrier, told: Told):
    _tell_in_order(app, told)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told_in_any_order)
def test_by_the_webhook_neither_and_none_is_a_fault(app, carrier, told: Told):
    _tell_by_webhook(app, carrier, told)


@pytest.mark.long
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told_in_any_order)
def test_nor_in_two_thousand_orders(app, carrier, told: Told):
    _tell_in_order(app, told)
    _tell_by_webhook(app, carrier, told)


def test_a_receipt_for_another_name_than_its_own_does_nothing(app, carrier):
    """The address holds our own name of a text: it counts only for a text that has no other name yet."""
    with app.app_context(), unit_of_work() as now:
        message_id, sid = _new_message(now)
    fields = {"MessageSid": "SM" + "f" * 32, "MessageStatus": "delivered"}
    assert carrier.post(f"/sms/status?m=r{sid}", fields) == 204
    with app.app_context(), unit_of_work():
        assert db.session.get_one(Message, message_id).state == "ACCEPTED"


def _counts(app) -> tuple[int, int]:
    with app.app_context(), unit_of_work():
        messages = db.session.scalar(select(func.count()).select_from(Message)) or 0
        return messages, db.session.scalar(select(func.count()).select_from(TicketText)) or 0


def _text(body: str) -> dict[str, str]:
    return {"MessageSid": "SM" + "a" * 32, "From": CALLER, "To": LINE, "Body": body, "NumMedia": "0"}


def test_the_same_text_fifty_times_at_once_has_one_effect_and_one_answer(app, carrier):
    before = _counts(app)
    carriers = [Carrier(app) for _ in range(50)]
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda one: one.post("/sms/in", _text("你好")), carriers))
    assert statuses == [200] * 50
    assert len({one.text for one in carriers}) == 1 and "TD" in carriers[0].text
    assert _counts(app) == (before[0] + 1, before[1])


def test_told_by_the_other_address_it_gets_the_same_answer(app, carrier):
    assert carrier.post("/sms/in", _text("你好")) == 200
    first = carrier.text
    assert carrier.post("/sms/fallback", _text("你好") | {"ErrorCode": "11200"}) == 200
    assert carrier.text == first and "TD" in first


@pytest.mark.parametrize("path", ["/sms/in", "/sms/status", "/sms/fallback"])
def test_what_is_not_the_carriers_is_shut_out(app, carrier, path: str):
    before = _counts(app)
    fields = _text("TD")
    url = carrier.config.public_base_url.rstrip("/") + path
    sign = RequestValidator(carrier.config.auth_tokens[0]).compute_signature
    good, elsewhere = sign(url, fields), sign("https://evil.example" + path, fields)
    flipped = good[:5] + ("A" if good[5] != "A" else "B") + good[6:]
    assert carrier.post(path, fields, signature=flipped) == 403
    assert carrier.post(path, fields | {"Body": "TDx"}, signature=good) == 403
    assert carrier.post(path, fields, signature=elsewhere, base_url="https://evil.example") == 403
    client = app.test_client()
    assert client.post(path, data=fields).status_code == 403
    as_json = client.post(path, json=fields, headers={"X-Twilio-Signature": good})
    assert as_json.status_code == 403
    assert client.get(path).status_code in (403, 405)
    assert _counts(app) == before


@pytest.mark.parametrize("fields", [{}, {"MessageSid": ""}, {"From": "anonymous"}, {"From": "10086"}])
def test_a_text_from_nobody_is_not_answered(app, carrier, fields: dict[str, str]):
    assert carrier.post("/sms/in", _text("你好") | {"From": "", **fields}) == 200
    assert "<Message>" not in carrier.text
