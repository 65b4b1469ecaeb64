"""The telephone page and what it asks: who may, from which window, and what becomes of a call."""

from dataclasses import replace

import pytest

from app.headers import CARRIER_SCRIPT, FRAME
from config import Config
from db import db, transaction
from manage import create_app
from tickets.models import Ticket


def _policy(answer) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))


class TestPage:
    def test_shows_the_seat_to_who_answers_and_the_talks_to_who_coaches(self, switch, new_desk):
        operator, coach = (new_desk(*roles).browser.get("/desk/phone").text for roles in ((), ("supervisor",)))
        assert 'data-part="seat"' in operator and 'data-part="talks"' not in operator
        assert 'data-part="seat"' not in coach and 'data-part="talks"' in coach
        assert new_desk("administrator").browser.get("/desk/phone").status_code == 403

    def test_holds_the_desk_in_a_frame_and_is_the_only_page_that_may(self, switch, new_desk):
        browser = new_desk().browser
        page = browser.get("/desk/phone")
        assert 'name="desk"' in page.text and _policy(page)["frame-src"] == FRAME["frame-src"]
        assert "frame-src" not in _policy(browser.get("/desk"))

    def test_is_led_to_from_the_desk_but_not_from_the_desk_in_its_frame(self, switch, new_desk):
        browser = new_desk().browser
        frame = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
        assert 'href="/desk/phone"' in browser.get("/desk").text
        assert 'href="/desk/phone"' not in browser.get("/desk", headers=frame).text
        assert 'target="_top"' in browser.get("/desk", headers=frame).text

    def test_has_the_carriers_script_and_the_microphone_with_the_carrier_alone(self, switch, new_desk):
        page = new_desk().browser.get("/desk/phone")
        assert "twilio" not in page.headers["Content-Security-Policy"] and "twilio.min.js" not in page.text
        assert "microphone=()" in page.headers["Permissions-Policy"]

    def test_lets_the_carriers_script_in_where_there_is_a_carrier(self, config: Config, new_staff, signed_in):
        carrier = {"telephony": "twilio", "twilio_account_sid": "AC" + "0" * 32, "twilio_auth_token": "token"}
        other = create_app(replace(config, **carrier), ASYNC_MODE="threading")
        page = signed_in(other, new_staff()).get("/desk/phone")
        assert {name: _policy(page)[name] for name in CARRIER_SCRIPT} == CARRIER_SCRIPT
        assert "twilio.min.js" in page.text and "microphone=(self)" in page.headers["Permissions-Policy"]
        with other.app_context():
            db.engine.dispose()


class TestWindows:
    def test_a_later_one_takes_over_and_the_earlier_one_is_told(self, desk):
        other = desk.window("window-2")
        assert other.state()["seat"] is None and other.state()["elsewhere"]
        other.post("/sit")
        assert other.state()["seat"]["state"] == "ready"
        assert desk.state()["seat"] is None
        assert desk.post("/seat", 409, action="leave")["error"] == "stale"

    def test_one_that_is_offline_does_not_count_as_elsewhere(self, desk):
        desk.post("/seat", action="leave")
        assert not desk.window("window-2").state()["elsewhere"]

    def test_another_window_accepts_nothing(self, switch, desk):
        switch.queue()
        offer = desk.state()["offer"]["id"]
        assert desk.window("window-2").post(f"/offers/{offer}/accept", 409)["error"] == "stale"


class TestOffer:
    def test_says_what_is_known_of_the_caller_and_masks_the_number(self, switch, desk):
        call_id = switch.queue("+8613771234567")  # of nobody else's tickets
        state = desk.state()
        assert (state["waiting"], state["waiting_since"]) == (0, None)
        call = state["call"]
        assert (call["id"], call["number"], call["again"]) == (call_id, "137****4567", False)
        assert call["chosen"] == [] and call["waiting_since"] and call["known"]["open"] == 0

    def test_is_accepted_as_often_as_somebody_presses(self, switch, desk):
        switch.queue()
        offer = desk.state()["offer"]["id"]
        tokens = [desk.post(f"/offers/{offer}/accept")["token"] for _ in range(2)]
        assert all(tokens) and desk.state()["offer"] is None

    def test_is_no_other_persons(self, switch, desk, new_desk):
        switch.queue()
        offer = desk.state()["offer"]["id"]
        other = new_desk()
        other.ready()
        other.post(f"/offers/{offer}/accept", 404)

    def test_declined_is_a_break_until_somebody_is_ready(self, switch, desk):
        switch.queue()
        desk.post(f"/offers/{desk.state()['offer']['id']}/decline")
        state = desk.state()
        assert (state["seat"]["state"], state["seat"]["reason"]) == ("break", "no_answer")
        assert state["waiting"] == 1 and state["waiting_since"]


class TestTalk:
    def test_the_state_of_the_recording_is_the_carriers_not_what_was_ordered(self, switch, desk):
        call = desk.talk(switch)
        assert desk.state()["call"]["recording"] == "on"
        desk.post(f"/calls/{call}/pause_recording")
        assert desk.state()["call"]["recording"] == "pausing"

    def test_after_a_reload_there_is_a_way_back(self, switch, desk):
        desk.talk(switch)
        assert desk.post("/rejoin")["token"]


class TestEnd:
    @pytest.mark.parametrize(
        ("disposition", "state", "has_number"),
        [("answered", "ANSWERED", True), ("nothing", "DISCARDED", False), ("ticket", "DRAFT", False)],
    )
    def test_what_became_of_a_call_ends_its_draft_and_the_work_on_it(
        self, app, switch, desk, disposition: str, state: str, has_number: bool
    ):
        call = desk.talk(switch)
        switch.end(call)
        assert desk.state()["seat"]["state"] == "wrap_up"
        ticket = desk.state()["call"]["ticket"]["id"]
        number = desk.post(f"/calls/{call}/close", disposition=disposition)["number"]
        with app.app_context(), transaction():
            assert db.session.get_one(Ticket, ticket).state == state
        assert bool(number) == has_number
        after = desk.state()
        assert after["seat"]["state"] == "ready" and after["unfinished"] == []

    def test_is_still_asked_for_when_the_next_call_may_come(self, switch, desk):
        call = desk.talk(switch)
        switch.end(call)
        desk.post("/seat", action="ready")
        [left] = desk.state()["unfinished"]
        assert (left["id"], left["number"], left["ticket"]["state"]) == (call, "138****8000", "DRAFT")
        desk.post(f"/calls/{call}/close", disposition="nothing")
        assert desk.state()["unfinished"] == []

    def test_nothing_else_is_taken_for_an_end(self, switch, desk):
        call = desk.talk(switch)
        assert desk.post(f"/calls/{call}/close", 422, disposition="perhaps")["error"] == "invalid"

    def test_of_another_persons_call_nothing_can_be_said(self, switch, desk, new_desk):
        call = desk.talk(switch)
        other = new_desk()
        other.ready()
        other.post(f"/calls/{call}/close", 404, disposition="nothing")
