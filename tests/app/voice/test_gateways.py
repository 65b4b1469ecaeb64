"""Providers of text messages that are slow, broken or forgetful: one text for each row, nobody waits for them."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import gateway as gateways
import pytest
from gateway import Gateway, sid_of
from sqlalchemy import create_engine, func, select, text, update
from sqlalchemy.exc import OperationalError
from telephone import clear

from app.extensions import vault
from app.outbox import unit_of_work
from app.voice import hearing, http_texts, messengers, rounds
from calls import messaging
from calls.message_models import Message, MessageReceipt, MessageRoute, OptOut
from calls.models import TelephonyEvent
from config import UnsafeConfig
from db import database_now, db, transaction
from tickets import service
from tickets.intake import Intake
from tickets.models import Ticket
from tickets.permissions import VISITOR

MATTER = Intake(content="路灯不亮，夜里看不清路。", channel="web", phone="13800138000", wants_reply=True)


class Post:
    """Two gateways, and a clock process that a test turns by hand."""

    def __init__(self, app, first: Gateway, second: Gateway, folder: Path) -> None:
        self.app, self.first, self.second = app, first, second
        ports = [http_texts.read(one.write(folder).removeprefix("http:")) for one in (first, second)]
        app.extensions["texts"] = tuple(replace(port, seconds=1.0) for port in ports)
        with app.app_context():
            self.now = database_now()
        app.config["CLOCK"] = lambda: self.now

    def register(self) -> int:
        with self.app.app_context(), unit_of_work() as now:
            ticket = service.open_ticket(VISITOR, now, MATTER, vault()).ticket.id
        with self.app.app_context(), unit_of_work() as now:
            assert messaging.intend(ticket, "receipt", now, vault(), may_link=False)
        return self.read(select(Message.id).where(Message.ticket_id == ticket))

    def read(self, query):
        with self.app.app_context(), transaction():
            return db.session.scalar(query)

    def carry(self, rounds: int = 1) -> int:
        with self.app.app_context():
            return sum(messengers.carry_messages() for _ in range(rounds))

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        while self.carry():
            pass

    def state(self, message_id: int) -> tuple[str, str | None]:
        with self.app.app_context(), transaction():
            message = db.session.get_one(Message, message_id)
            return message.state, message.provider

    def reference(self, message_id: int) -> str:
        return self.read(select(Message.reference).where(Message.id == message_id))

    def is_shut(self, name: str) -> bool:
        return self.read(select(MessageRoute.shut_until).where(MessageRoute.provider == name)) is not None


@pytest.fixture
def post(app, tmp_path: Path) -> Iterator[Post]:
    clear(app)
    before = app.extensions["texts"]
    with gateways.running("first") as first, gateways.running("second") as second:
        yield Post(app, first, second, tmp_path)
    app.extensions["texts"] = before
    app.config.pop("CLOCK", None)


def total(post: Post, message_id: int) -> int:
    """How many copies of a text both of them took together."""
    reference = post.reference(message_id)
    return post.first.taken[reference] + post.second.taken[reference]


def test_the_first_takes_it(post: Post):
    message = post.register()
    post.carry()
    assert post.state(message) == ("ACCEPTED", "first") and total(post, message) == 1


@pytest.mark.parametrize("mode", ["accepts_500", "drops", "hang", "drip"])
def test_what_may_have_been_sent_is_asked_about_and_not_sent_again(post: Post, mode: str):
    post.first.mode, post.first.seconds = mode, 1.5
    message = post.register()
    begun = time.monotonic()
    post.carry()
    assert time.monotonic() - begun < 2.5
    assert post.state(message) == ("UNKNOWN", "first")
    post.first.mode = "ok"
    post.forward(5)
    assert post.state(message) == ("ACCEPTED", "first")
    assert total(post, message) == 1 and post.second.asked == 0 and post.first.looked == 1


def test_a_slow_answer_is_an_answer(post: Post):
    post.first.mode, post.first.seconds = "slow", 0.8
    message = post.register()
    post.carry()
    assert post.state(message) == ("ACCEPTED", "first")


def test_what_it_never_had_is_sent_after_a_while_and_once(post: Post):
    """An error says nothing; two minutes later a gateway that knows nothing of it has not got it."""
    post.first.mode = "broken"
    message = post.register()
    post.carry()
    assert post.state(message) == ("UNKNOWN", "first")
    post.first.mode = "ok"
    post.forward(6)
    assert post.state(message) == ("UNKNOWN", "first") and total(post, message) == 0
    post.forward(30)
    assert total(post, message) == 0
    post.forward(110)
    assert post.state(message)[0] == "ACCEPTED" and total(post, message) == 1


def test_busy_is_left_alone_as_long_as_it_says_and_the_second_takes_over(post: Post):
    post.first.mode, post.first.retry_after = "busy", "40"
    message, another = post.register(), post.register()
    post.carry(2)
    assert post.state(message) == ("ACCEPTED", "second") and post.state(another) == ("ACCEPTED", "second")
    assert post.first.asked == 1
    post.now += timedelta(seconds=41)
    post.first.mode = "ok"
    later = post.register()
    post.carry()
    assert post.state(later) == ("ACCEPTED", "first")


def test_five_failures_open_the_breaker_and_one_try_closes_it(post: Post):
    post.first.mode = "accepts_500"
    unclear = [post.register() for _ in range(5)]
    post.carry(5)
    assert post.is_shut("first") and post.first.asked == 5
    after = post.register()
    post.carry()
    assert post.state(after) == ("ACCEPTED", "second") and post.first.asked == 5
    post.now += timedelta(seconds=31)
    half_open = post.register()
    with post.app.app_context(), unit_of_work():
        db.session.execute(text("UPDATE effect SET due_at = due_at + interval '1 hour' WHERE fault IS NOT NULL"))
    post.carry()
    assert post.first.asked == 6 and post.is_shut("first")  # the one try failed
    post.first.mode = "ok"
    post.now += timedelta(seconds=31)
    closing = post.register()
    post.carry(3)
    assert post.state(closing) == ("ACCEPTED", "first") and not post.is_shut("first")
    post.forward(2 * 3600)
    for message in (*unclear, half_open):
        assert post.state(message) == ("ACCEPTED", "first") and total(post, message) == 1


def test_refused_by_both_is_an_end_and_opted_out_goes_nowhere_else(post: Post):
    post.first.mode = post.second.mode = "refuses"
    message = post.register()
    post.carry()
    assert post.state(message)[0] == "FAILED" and post.first.asked == post.second.asked == 1
    post.first.mode = "opted_out"
    another = post.register()
    post.carry()
    assert post.state(another) == ("FAILED", "first") and post.second.asked == 1


def test_nobody_to_be_reached_is_tried_for_a_day(post: Post):
    post.first.mode = post.second.mode = "busy"
    message = post.register()
    for _ in range(300):
        post.forward(300)
    assert post.state(message)[0] == "FAILED" and total(post, message) == 0


def test_nothing_is_open_in_the_database_while_a_provider_is_asked(post: Post):
    post.first.mode, post.first.seconds = "slow", 0.9
    post.register()
    engine = create_engine(post.app.extensions["hotline"].database_owner_url)
    worker = threading.Thread(target=post.carry)
    with engine.connect() as watcher:
        worker.start()
        assert post.first.arrived.wait(5)
        idle = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
        )
        assert watcher.scalar(idle) == 0
        begun = time.monotonic()
        post.register()  # taking a matter in is not held up
        assert time.monotonic() - begun < 0.8
        worker.join()
    engine.dispose()


def test_many_messengers_send_each_text_once(post: Post):
    messages = [post.register() for _ in range(30)]
    threads = [threading.Thread(target=post.carry, args=(30,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [total(post, message) for message in messages] == [1] * 30


def test_who_comes_while_another_one_sends_asks_and_does_not_send(post: Post):
    """As after a crash between the provider's answer and our commit."""
    message = post.register()
    post.first.mode = "held"
    first = threading.Thread(target=post.carry)
    first.start()
    assert post.first.arrived.wait(5)
    post.now += timedelta(seconds=26)  # the claim has run out
    post.first.mode = "ok"
    post.carry()
    assert post.state(message) == ("UNKNOWN", "first") or post.state(message) == ("ACCEPTED", "first")
    post.forward(10)
    post.first.released.set()
    first.join()
    post.forward(10)
    assert post.state(message) == ("ACCEPTED", "first") and total(post, message) == 1


class TestReceipts:
    def _tell(self, post: Post, *reports: dict[str, str], age: float = 0, secret: str = gateways.SECRET) -> int:
        body = json.dumps({"reports": list(reports)}).encode()
        stamp = str(int((post.now - timedelta(seconds=age)).timestamp()))
        made = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"X-Signature": made, "X-Timestamp": stamp}
        client = post.app.test_client()
        return client.post(
            "/sms/gateway/first", data=body, headers=headers, content_type="application/json"
        ).status_code

    def test_bring_the_message_on(self, post: Post):
        message = post.register()
        post.carry()
        sid = sid_of(post.reference(message))
        assert self._tell(post, {"id": sid, "status": "DELIVRD"}) == 204
        assert post.state(message) == ("DELIVERED", "first")

    def test_may_overtake_the_answer(self, post: Post):
        message = post.register()
        sid = sid_of(post.reference(message))
        assert self._tell(post, {"id": sid, "status": "UNDELIV", "err": "MK:0001"}) == 204
        assert post.state(message)[0] == "PENDING"
        post.carry()
        assert post.state(message) == ("UNDELIVERED", "first")
        told = select(MessageReceipt.message_id).where(MessageReceipt.provider_sid == sid)
        assert post.read(told) == message

    def test_settle_what_was_unclear(self, post: Post):
        post.first.mode = "accepts_500"
        message = post.register()
        post.carry()
        reference = post.reference(message)
        assert self._tell(post, {"ext": reference, "id": sid_of(reference), "status": "ok"}) == 204
        post.forward(3600)
        assert post.state(message) == ("SENT", "first") and total(post, message) == 1

    @pytest.mark.parametrize(("age", "secret"), [(301, gateways.SECRET), (-301, gateways.SECRET), (0, "another")])
    def test_that_are_old_or_forged_are_shut_out(self, post: Post, age: float, secret: str):
        message = post.register()
        post.carry()
        report = {"id": sid_of(post.reference(message)), "status": "DELIVRD"}
        assert self._tell(post, report, age=age, secret=secret) == 403
        assert post.state(message) == ("ACCEPTED", "first")

    @pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"{", b'{"reports": [[], 1, {"id": {}}]}', b"\xff"])
    def test_that_make_no_sense_do_nothing(self, post: Post, body: bytes):
        stamp = str(int(post.now.timestamp()))
        made = hmac.new(gateways.SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"X-Signature": made, "X-Timestamp": stamp}
        answer = post.app.test_client().post(
            "/sms/gateway/first", data=body, headers=headers, content_type="application/json"
        )
        assert answer.status_code == 204

    def test_of_a_gateway_that_is_none_of_ours_are_shut_out(self, post: Post):
        assert post.app.test_client().post("/sms/gateway/nobody", data=b"{}").status_code == 403


def signed(post: Post, body: bytes, secret: str = gateways.SECRET, age: float = 0) -> dict[str, str]:
    stamp = str(int((post.now - timedelta(seconds=age)).timestamp()))
    made = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Signature": made, "X-Timestamp": stamp}


class TestWhatCitizensWrite:
    """Handed over by the gateway; the answer goes out as a text of its own."""

    TOKEN = "a-token-that-is-long-enough"

    def _write(self, post: Post, text: str, sid: str, phone: str = "13800138000", **how):
        body = json.dumps({"messages": [{"id": sid, "mobile": phone, "content": text}]}).encode()
        answer = post.app.test_client().post(
            "/sms/gateway/first/in", data=body, headers=signed(post, body, **how), content_type="application/json"
        )
        while post.carry():
            pass
        return answer

    def _token(self, post: Post, **inbound: object) -> None:
        """The first gateway has a token instead, and posts forms of one text."""
        port, *others = post.app.extensions["texts"]
        part = {"sid": "id", "from": "mobile", "text": "content", "token": self.TOKEN, **inbound}
        post.app.extensions["texts"] = (replace(port, described={**port.described, "inbound": part}), *others)

    def _form(self, post: Post, path: str, **headers: str):
        fields = {"id": "f1", "mobile": "+8613800138000", "content": "你好"}
        return post.app.test_client().post(f"/sms/gateway/first/in{path}", data=fields, headers=headers)

    def _ticket(self, post: Post):
        message = post.register()
        post.carry()
        post.first.said.clear()
        with post.app.app_context(), transaction():
            ticket = db.session.get_one(Ticket, db.session.get_one(Message, message).ticket_id)
            return ticket.id, ticket.number

    def test_is_answered_by_a_text_to_whoever_wrote(self, post: Post):
        _, number = self._ticket(post)
        answer = self._write(post, number, "i1")
        assert (answer.status_code, answer.json) == (200, {"code": 0})
        [(mobile, said)] = post.first.said
        assert mobile == "13800138000" and number in said and "已受理" not in said
        reply = post.read(select(Message.id).where(Message.template == "reply"))
        assert post.state(reply) == ("ACCEPTED", "first")
        assert b"13800138000" not in post.read(select(Message.body).where(Message.id == reply))

    def test_by_somebody_with_no_ticket_is_answered_too(self, post: Post):
        self._write(post, "你好", "i1", "15400000001")
        [(mobile, said)] = post.first.said
        assert mobile == "15400000001" and "TD" in said

    def test_told_twice_is_answered_once(self, post: Post):
        for _ in range(3):
            assert self._write(post, "你好", "i1").status_code == 200
            post.now += timedelta(seconds=1)
        assert len(post.first.said) == 1
        assert post.read(select(func.count()).where(Message.direction == "in")) == 1

    def test_stop_is_confirmed_and_start_undoes_it(self, post: Post):
        self._write(post, "TD", "i1")
        self._write(post, "恢复", "i2")
        assert len(post.first.said) == 2 and post.read(select(OptOut.phone_hash)) is None
        self._write(post, "TD", "i3")
        assert len(post.first.said) == 3 and post.read(select(OptOut.phone_hash)) is not None

    def test_a_rating_closes_the_ticket(self, post: Post):
        ticket, number = self._ticket(post)
        with post.app.app_context(), unit_of_work():
            db.session.execute(update(Ticket).where(Ticket.id == ticket).values(state="TO_CALLBACK"))
        self._write(post, "1", "i1")
        assert post.read(select(Ticket.state).where(Ticket.id == ticket)) == "CLOSED"
        assert number in post.first.said[-1][1]

    def test_is_taken_by_the_second_where_the_first_takes_nothing(self, post: Post):
        post.first.mode = "busy"
        self._write(post, "你好", "i1")
        assert post.first.said == [] and len(post.second.said) == 1

    def test_is_kept_while_the_database_is_away(self, post: Post, monkeypatch: pytest.MonkeyPatch):
        @contextmanager
        def away(limit_ms: int | None = None):
            raise OperationalError("SELECT 1", {}, Exception("gone"))
            yield

        with monkeypatch.context() as patched:
            patched.setattr(hearing, "unit_of_work", away)
            answer = self._write(post, "你好", "i1")
        assert (answer.status_code, answer.json) == (200, {"code": 0}) and post.first.said == []
        with post.app.app_context():
            assert rounds.replay() == 1
        post.carry()
        assert len(post.first.said) == 1

    @pytest.mark.parametrize("how", [{"secret": "another"}, {"age": 301}, {"age": -301}])
    def test_forged_or_old_is_shut_out(self, post: Post, how: dict):
        assert self._write(post, "TD", "i1", **how).status_code == 403
        assert post.read(select(OptOut.phone_hash)) is None

    def test_a_token_stands_in_a_header_or_in_the_address(self, post: Post):
        self._token(post)
        for path, headers in (("", {}), ("/", {}), ("", {"X-Token": "wrong"}), (f"/{self.TOKEN}x", {})):
            assert self._form(post, path, **headers).status_code in (403, 404)
        assert self._form(post, f"/{self.TOKEN}").status_code == 200
        again = self._form(post, "", **{"X-Token": self.TOKEN})
        assert (again.status_code, again.text) == (200, "")
        assert post.read(select(func.count()).where(Message.direction == "in")) == 1
        kept = select(TelephonyEvent.payload).where(TelephonyEvent.kind == "sms_gateway_in")
        assert post.read(kept) == {}

    def test_a_short_token_lets_nobody_in(self, post: Post):
        self._token(post, token="short")
        assert self._form(post, "/short").status_code == 403

    def test_where_it_is_not_described_nobody_is_let_in(self, post: Post):
        port, *others = post.app.extensions["texts"]
        bare = {name: part for name, part in port.described.items() if name != "inbound"}
        post.app.extensions["texts"] = (replace(port, described=bare), *others)
        assert self._write(post, "你好", "i1").status_code == 403
        assert self._form(post, "/").status_code in (403, 404)

    @pytest.mark.parametrize(
        "body",
        [b"[]", b"{", b'{"messages": [[], 1, {"id": {}}, {"id": "a"}, {"id": "b", "mobile": "10086"}]}'],
    )
    def test_that_makes_no_sense_does_nothing(self, post: Post, body: bytes):
        answer = post.app.test_client().post(
            "/sms/gateway/first/in", data=body, headers=signed(post, body), content_type="application/json"
        )
        assert answer.status_code == 200 and post.read(select(Message.id)) is None

    def test_too_much_is_not_read(self, post: Post):
        body = b'{"messages": "' + b"x" * 70_000 + b'"}'
        answer = post.app.test_client().post(
            "/sms/gateway/first/in", data=body, headers=signed(post, body), content_type="application/json"
        )
        assert answer.status_code in (403, 413)


@pytest.mark.parametrize(
    "harm",
    [
        lambda d: d.pop("send"), lambda d: d["send"].pop("url"), lambda d: d.update(name="A Name"),
        lambda d: d.update(states={"x": "arrived"}), lambda d: d.update(look={"url": "x"}),
        lambda d: d["inbound"].pop("from"), lambda d: d.update(inbound=[]),
    ],
)  # fmt: skip
def test_a_file_that_says_too_little_is_refused_at_the_start(tmp_path: Path, harm: Callable[[dict], object]):
    described = Gateway("city").described()
    harm(described)
    path = tmp_path / "city.json"
    path.write_text(json.dumps(described))
    with pytest.raises(UnsafeConfig):
        http_texts.read(str(path))
