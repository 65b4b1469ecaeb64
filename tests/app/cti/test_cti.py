"""What a platform sends, what it is answered, and what comes of it: samples of the convention, and misuse."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pushing import Platform
from sqlalchemy import select

from app.auth.models import Attempt
from calls import blocking, platforms, seating
from calls.models import Call, Callback, CtiPlatform, PhoneLine, TelephonyEvent
from db import db


def calls(platform: Platform) -> list[dict[str, Any]]:
    names = ("state", "provider", "provider_sid", "direction", "end_reason", "staff_id", "line_no")
    query = select(*(getattr(Call, name) for name in names)).order_by(Call.id)
    return platform.read(lambda now: [dict(row._mapping) for row in db.session.execute(query)])


def callbacks(platform: Platform) -> int:
    query = select(Callback.id).where(Callback.closed_at.is_(None))
    return platform.read(lambda now: len(db.session.scalars(query).all()))


def change(platform: Platform, **more: Any) -> None:
    def do(now: Any) -> None:
        row = db.session.get_one(CtiPlatform, "exchange")
        given = {"networks": "", "dial_url": "", "tells_queue": False, "is_active": True, **more}
        platforms.change("exchange", row.version, **given)

    platform.read(do)


class TestConvention:
    def test_samples_as_a_form(self, platform: Platform):
        sample = {"from": "13800138000", "to": "12345", "direction": "in", "callId": "4991155921769858278-1"}
        answers = [
            platform.post(data={"event": "newCall", "user": ["Alice", "Bob"], **sample}),
            platform.post(data={"event": "answer", "user": "Alice", "answeringNumber": "8001", **sample}),
            platform.post(data={"event": "hangup", "cause": "normalClearing", **sample}),
        ]
        assert [(answer.status_code, answer.json) for answer in answers] == [(200, {})] * 3
        [call] = calls(platform)
        assert (call["state"], call["end_reason"], call["provider"]) == ("ENDED", "completed", "cti:exchange")

    def test_samples_as_json_with_keys_that_nobody_knows(self, platform: Platform):
        assert platform.tell("newCall", caller=["Alice"], queue="hotline", **{"x\x00": [{"a": "\x00"}]}) == {}
        assert platform.tell("answer", caller="Alice", **{"user[]": ["Alice", "Bob\x00"]}) == {}
        assert platform.tell("hangup", cause="tea time") == {}
        assert calls(platform)[0]["end_reason"] == "completed"

    def test_group_call_is_nobodys_until_it_is_answered(self, platform: Platform, new_staff):
        person = new_staff()
        platform.tell("newCall", user=[person.login])
        assert calls(platform)[0]["staff_id"] is None
        platform.tell("answer", user=[person.login, "somebody"])
        assert calls(platform)[0]["staff_id"] is None
        platform.tell("answer", user=[person.login])
        assert calls(platform)[0]["staff_id"] == person.id

    def test_call_out_is_told_which_number_to_show(self, platform: Platform):
        out = {"direction": "out", "from": "8001", "to": "13900139000"}
        assert platform.tell("newCall", **out) == {
            "action": "dial", "caller_id": "86990112345", "number": "13900139000",
        }  # fmt: skip
        kept = platform.read(lambda now: [row.reply for row in db.session.scalars(select(TelephonyEvent))])
        assert kept == ["{}"]
        platform.read(lambda now: db.session.execute(PhoneLine.__table__.update().values(is_active=False)))
        assert platform.tell("newCall", "s-2", **out) == {}

    def test_missed_call_makes_one_callback(self, platform: Platform):
        early = {"timestamp": "2020-01-01T00:00:00Z"}  # a clock that is years behind is not believed
        platform.tell("newCall", **early)
        platform.read(
            lambda now: db.session.execute(Call.__table__.update().values(started_at=now - timedelta(minutes=1)))
        )
        platform.tell("hangup", "s-2", cause="noAnswer")
        platform.tell("hangup", "s-2", cause="noAnswer")
        assert callbacks(platform) == 1

    def test_repeat_with_a_number_of_its_own_is_heard_once(self, platform: Platform):
        for _ in range(2):
            platform.tell("newCall", seq=1)
            platform.tell("hold", seq=2)
        kinds = platform.read(lambda now: [row.kind for row in db.session.scalars(select(TelephonyEvent))])
        assert sorted(kinds) == ["cti.hold", "cti.newCall"]

    @pytest.mark.parametrize("moment", ["2026-11-27T08:00:00+08:00", "1700000000", "1700000000123", "soon", ""])
    def test_any_moment_is_taken_or_passed_over(self, platform: Platform, moment: str):
        assert platform.tell("newCall", timestamp=moment) == {}

    def test_nothing_of_the_caller_stands_in_what_is_kept(self, platform: Platform):
        platform.tell("newCall", queue="13800138000")
        rows = platform.read(lambda now: [str(row.payload) for row in db.session.scalars(select(TelephonyEvent))])
        assert "138" not in "".join(rows)

    @pytest.mark.parametrize("fields", [
        {}, {"event": "ring"}, {"event": "newCall"}, {"event": "newCall", "callId": "x" * 251},
        {"event": ["newCall"], "callId": "1"}, {"event": "newCall", "callId": {"a": 1}}, [1], "text", None,
    ])  # fmt: skip
    def test_what_is_no_event_is_refused(self, platform: Platform, fields: Any):
        answer = platform.post(data=json.dumps(fields), headers={"Content-Type": "application/json"})
        assert answer.status_code == 422 and answer.json["error"] == "invalid"
        assert calls(platform) == []

    def test_broken_json_is_refused(self, platform: Platform):
        assert platform.post(data=b"{", headers={"Content-Type": "application/json"}).status_code == 422


def test_events_at_one_moment_are_one_call(platform: Platform, new_staff):
    """Eight connections tell of the same calls, which pass two operators to and fro."""
    first, second = new_staff().login, new_staff().login

    def tell(number: int) -> int:
        call_id, agents = f"s-{number % 2}", (first, second) if number % 2 else (second, first)
        events = [
            ("newCall", {}), ("answer", {"answeringNumber": agents[0]}), ("transfer", {"agentId": agents[1]}),
            ("hangup", {"cause": "normalClearing"}),
        ]
        answers = [platform.post(json=platform.fields(event, call_id, **more)) for event, more in events]
        return sum(answer.status_code != 200 for answer in answers)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tell, range(24))) == 0
    assert [call["end_reason"] for call in calls(platform)] == ["completed"] * 2
    assert callbacks(platform) == 0


class TestOperators:
    @pytest.mark.parametrize("by", ["extension", "login", "id"])
    def test_are_found(self, platform: Platform, new_staff, by: str):
        person, other = new_staff(), new_staff()
        platform.read(lambda now: setattr(seating.place_of(person.id, now), "extension", str(other.id + 7000)))
        named = {"extension": str(other.id + 7000), "login": person.login, "id": str(person.id)}[by]
        platform.tell("newCall")
        platform.tell("answer", answeringNumber=named)
        assert calls(platform)[0]["staff_id"] == person.id

    def test_who_answers_no_calls_is_given_none(self, platform: Platform, new_staff):
        person = new_staff(("auditor", None))
        platform.tell("newCall")
        platform.tell("answer", answeringNumber=person.login)
        assert calls(platform)[0]["staff_id"] is None

    def test_state_of_an_agent(self, platform: Platform, new_staff):
        person = new_staff()
        for state in ("ready", "break", "ready", "asleep"):
            assert platform.tell("agentState", "", agentId=person.login, state=state) == {}
        seat = platform.read(lambda now: seating.lock(person.id).state)
        assert seat == "ready"


class TestBlocked:
    def test_number_is_turned_away_and_leaves_no_draft(self, platform: Platform, actor_of, vault):
        platform.read(lambda now: blocking.block(actor_of("supervisor"), now, "138 0013 8000", "骚扰", 7, vault))
        assert platform.tell("newCall", seq=1) == {"action": "reject", "reason": "busy"}
        assert platform.tell("newCall", seq=1) == {"action": "reject", "reason": "busy"}
        platform.tell("hangup", cause="busy")
        assert calls(platform)[0]["end_reason"] == "rejected" and callbacks(platform) == 0
        assert platform.read(lambda now: db.session.scalars(select(Call.ticket_id)).all()) == [None]

    def test_unblocked_number_comes_through(self, platform: Platform, actor_of, vault):
        edit = platform.read(
            lambda now: blocking.block(actor_of("supervisor"), now, "13800138000", "骚扰", 7, vault)
        )
        platform.read(lambda now: blocking.unblock(actor_of("supervisor"), now, int(edit.key)))
        assert platform.tell("newCall") == {}


class TestDoor:
    def test_wrong_token_is_no_address_at_all(self, platform: Platform):
        wrong = platform.post("/cti/" + "x" * 43, json=platform.fields("newCall"))
        assert wrong.status_code == 404 == platform.post("/nowhere").status_code
        assert calls(platform) == []

    def test_guesses_are_limited_and_the_good_token_is_not(self, platform: Platform):
        platform.address = "198.51.100.9"
        answers = [platform.post(f"/cti/{number}").status_code for number in range(25)]
        assert answers == [404] * 20 + [429] * 5
        assert platform.tell("newCall") == {}
        platform.read(lambda now: db.session.execute(Attempt.__table__.delete()))

    @pytest.mark.parametrize(("network", "status"), [
        ("198.51.100.0/24", 200), ("198.51.100.7", 200), ("192.0.2.0/24", 404),
        ("2001:db8::/32\n198.51.100.7", 200),
    ])  # fmt: skip
    def test_address(self, platform: Platform, network: str, status: int):
        change(platform, networks=network)
        assert platform.post(json=platform.fields("newCall")).status_code == status

    def test_claimed_address_counts_for_nothing(self, platform: Platform):
        change(platform, networks="192.0.2.1")
        answer = platform.post(json=platform.fields("newCall"), headers={"X-Forwarded-For": "192.0.2.1"})
        assert answer.status_code == 404

    def test_signature(self, platform: Platform, vault):
        platform.read(lambda now: platforms.set_secret("exchange", 1, "s3cret", vault))
        now = int(platform.read(lambda now: now.timestamp()))
        fields = platform.fields("newCall")
        assert platform.post(json=fields).status_code == 404
        assert platform.signed(fields, now, "other").status_code == 404
        other = json.dumps(fields | {"callId": "s-2"}).encode()
        assert platform.signed(fields, now, "s3cret", tampered=other).status_code == 404
        assert platform.signed(fields, now - 301, "s3cret").status_code == 404
        assert platform.signed(fields, now + 330, "s3cret").status_code == 404
        assert platform.signed(fields, now - 280, "s3cret").status_code == 200

    def test_tokens_are_exchanged_while_calls_go_on(self, platform: Platform):
        platform.read(lambda now: platforms.rotate(now, "exchange", 1, "n" * 43))
        assert platform.tell("newCall") == {}
        assert platform.post("/cti/" + "n" * 43, json=platform.fields("answer")).status_code == 200
        platform.read(lambda now: platforms.strike("exchange", 2, platforms.token_hash(platform.token)))
        assert platform.post(json=platform.fields("hangup")).status_code == 404
        assert platform.post("/cti/" + "n" * 43, json=platform.fields("hangup")).status_code == 200

    def test_one_that_was_ended_is_let_in_no_more(self, platform: Platform):
        change(platform, is_active=False)
        assert platform.post(json=platform.fields("newCall")).status_code == 404

    def test_large_body(self, platform: Platform):
        assert platform.post(data=b"x" * 1024 * 1024, content_type="application/json").status_code == 413

    def test_what_was_heard_last_is_noted(self, platform: Platform):
        platform.tell("newCall")
        row = platform.read(lambda now: db.session.execute(select(CtiPlatform.heard_event)).scalar_one())
        assert row == "newCall"
