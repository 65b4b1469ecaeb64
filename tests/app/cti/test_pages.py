"""Who lets platforms in, who blocks numbers and says whose telephone is whose; and what an operator then sees."""

import re

import pytest
from pushing import CALLER, Platform
from sqlalchemy import select

from app.abilities import NEEDED
from app.templating import dial_link
from calls import platforms
from calls.models import BlockedNumber, Call, CtiPlatform, Seat
from db import db

KEY = re.compile(r'class="key">([^<]+)<')


@pytest.fixture
def admin(new_browser, new_staff):
    browser = new_browser()
    assert browser.sign_in(new_staff(("administrator", None)).login).status_code in (302, 303)
    return browser


@pytest.fixture
def supervisor(new_browser, new_staff):
    browser = new_browser()
    assert browser.sign_in(new_staff(("supervisor", None)).login).status_code in (302, 303)
    return browser


class TestPlatforms:
    def test_is_added_and_its_address_is_shown_once(self, platform: Platform, admin):
        answer = admin.post("/admin/platforms", {"name": "second", "networks": "10.0.0.0/8", "tells_queue": "1"})
        [where] = KEY.findall(answer.text)
        assert answer.status_code == 200 and "/cti/" in where
        page = admin.get("/admin/platforms/second").text
        assert where not in page and where.rpartition("/")[2] not in page
        platform.token, platform.address = where.rpartition("/")[2], "10.1.1.1"
        assert platform.tell("newCall") == {}
        assert "newCall" in admin.get("/admin/platforms/second").text

    @pytest.mark.parametrize(("field", "value"), [
        ("name", "1st"), ("name", "exchange"), ("networks", "everywhere"),
        ("dial_url", "javascript:alert({number})"),
        ("dial_url", "https://pbx.example/dial"), ("dial_url", "data:{number}"),
    ])  # fmt: skip
    def test_what_is_wrong_is_said_beside_its_field(self, platform: Platform, admin, field: str, value: str):
        answer = admin.post("/admin/platforms", {"name": "good", field: value})
        assert answer.status_code == 422 and f'id="{field}-fault"' in answer.text

    def test_tokens_are_made_and_struck(self, platform: Platform, admin):
        [fresh] = KEY.findall(admin.post("/admin/platforms/exchange/tokens", {"version": 1}).text)
        old = platforms.token_hash(platform.token)
        struck = admin.post("/admin/platforms/exchange/tokens/strike", {"version": 2, "token": old})
        assert struck.status_code == 303
        assert platform.post(json=platform.fields("newCall")).status_code == 404
        platform.token = fresh.rpartition("/")[2]
        assert platform.tell("newCall") == {}
        left = platform.read(lambda now: db.session.scalars(select(CtiPlatform.tokens)).one()[0]["hash"])
        last = admin.post("/admin/platforms/exchange/tokens/strike", {"version": 3, "token": left})
        assert last.status_code == 422

    def test_signature_is_demanded_and_no_longer(self, platform: Platform, admin):
        shown = admin.post("/admin/platforms/exchange/secret", {"version": 1, "signed": "1"})
        [secret] = KEY.findall(shown.text)
        now = int(platform.read(lambda now: now.timestamp()))
        assert platform.signed(platform.fields("newCall"), now, secret).status_code == 200
        assert platform.post(json=platform.fields("newCall")).status_code == 404
        assert admin.post("/admin/platforms/exchange/secret", {"version": 2}).status_code == 303
        assert platform.post(json=platform.fields("newCall")).status_code == 200

    def test_change_at_an_old_version_is_shown_and_not_stored(self, platform: Platform, admin):
        fields = {"version": 1, "networks": "10.0.0.1", "dial_url": "softphone:call?n={number}", "is_active": "1"}
        assert admin.post("/admin/platforms/exchange", fields).status_code == 303
        assert admin.post("/admin/platforms/exchange", fields).status_code == 409
        assert admin.get("/admin/platforms/nobody").status_code == 404
        assert "10.0.0.1" in admin.get("/admin/record").text

    def test_are_the_administrators(self, platform: Platform, supervisor):
        assert supervisor.get("/admin/platforms").status_code == 403
        assert supervisor.post("/admin/platforms", {"name": "mine"}).status_code == 403


class TestLines:
    def test_number_is_blocked_and_unblocked(self, platform: Platform, supervisor):
        fields = {"phone": "138 0013 8000", "reason": "反复辱骂话务员", "days": "7"}
        assert supervisor.post("/oversight/lines/blocked", fields).status_code == 303
        page = supervisor.get("/oversight/lines").text
        assert "138****8000" in page and CALLER not in page and "反复辱骂话务员" in page
        assert supervisor.post("/oversight/lines/blocked", fields).status_code == 422
        assert platform.tell("newCall") == {"action": "reject", "reason": "busy"}
        row = platform.read(lambda now: db.session.scalars(select(BlockedNumber.id)).one())
        for _ in range(2):
            assert supervisor.post(f"/oversight/lines/blocked/{row}/end").status_code == 303
        assert "138****8000" not in supervisor.get("/oversight/lines").text
        assert supervisor.post("/oversight/lines/blocked/999/end").status_code == 404

    @pytest.mark.parametrize("fields", [
        {"phone": "12"}, {"reason": ""}, {"reason": "\x00"}, {"days": "0"}, {"days": "366"}, {"days": "x"},
    ])  # fmt: skip
    def test_what_is_wrong_is_said(self, platform: Platform, supervisor, fields: dict[str, str]):
        good = {"phone": "13800138000", "reason": "骚扰", "days": "1"}
        answer = supervisor.post("/oversight/lines/blocked", good | fields)
        assert answer.status_code == 422 and f'id="{next(iter(fields))}-fault"' in answer.text

    def test_telephone_of_a_desk(self, platform: Platform, supervisor, new_staff):
        person, other, reader = new_staff(), new_staff(), new_staff(("auditor", None))
        path = "/oversight/lines/desks"
        assert supervisor.post(f"{path}/{person.id}", {"extension": "8001"}).status_code == 303
        assert supervisor.post(f"{path}/{other.id}", {"extension": "8001"}).status_code == 422
        assert supervisor.post(f"{path}/{other.id}", {"extension": "<8002>"}).status_code == 422
        assert supervisor.post(f"{path}/{reader.id}", {"extension": "8003"}).status_code == 404
        assert supervisor.post(f"{path}/{person.id}", {"extension": ""}).status_code == 303
        assert supervisor.post(f"{path}/{other.id}", {"extension": "sip:8001@pbx.example"}).status_code == 303
        seats = select(Seat.extension).where(Seat.extension.is_not(None))
        assert platform.read(lambda now: db.session.scalars(seats).all()) == ["sip:8001@pbx.example"]

    def test_supervisor_cannot_listen_to_what_is_spoken_elsewhere(self, platform: Platform, supervisor):
        platform.tell("answer")
        call = platform.read(lambda now: db.session.scalars(select(Call.id)).one())
        answer = supervisor.post(f"/desk/phone/calls/{call}/listen", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json["state"]) == (409, "not_here")

    def test_operators_may_not(self, platform: Platform, new_browser, new_staff):
        browser = new_browser()
        browser.sign_in(new_staff().login)
        assert browser.get("/oversight/lines").status_code == 403
        assert browser.post("/oversight/lines/blocked", {"phone": "13800138000"}).status_code == 403


@pytest.mark.parametrize(("template", "address"), [
    ("", "tel:+8613800138000"), ("softphone:call?n={number}", "softphone:call?n=+8613800138000"),
    ("https://pbx.example/dial?n={number}", "https://pbx.example/dial?n=%2B8613800138000"),
])  # fmt: skip
def test_number_is_dialled_as_the_platform_does_it(platform: Platform, template: str, address: str):
    def do(now) -> str:
        platforms.change("exchange", 1, "", template, tells_queue=False, is_active=True)
        return dial_link("+8613800138000")

    assert platform.read(do) == address


class TestOperatorsPage:
    HEADERS = {"X-Console": "w", "Accept": "application/json"}

    def test_pops_up_with_what_can_be_done(self, platform: Platform, new_browser, new_staff):
        person, browser = new_staff(), new_browser()
        browser.sign_in(person.login)
        browser.post("/desk/phone/sit", headers=self.HEADERS)
        browser.post("/desk/phone/seat", {"action": "ready"}, headers=self.HEADERS)
        platform.tell("newCall")
        assert browser.get("/desk/phone/state", headers=self.HEADERS).json["call"] is None
        platform.tell("answer", answeringNumber=person.login)
        state = browser.get("/desk/phone/state", headers=self.HEADERS).json
        assert (state["seat"]["state"], state["call"]["state"], state["offer"]) == ("on_call", "TALKING", None)
        assert (state["caps"], state["dial"]) == (["dial_out"], "tel:{number}")
        assert state["call"]["number"] == "138****8000"
        call = state["call"]["id"]
        for order in NEEDED.keys() - {"listen", "call_out"}:
            answer = browser.post(f"/desk/phone/calls/{call}/{order}", headers=self.HEADERS)
            assert (answer.status_code, answer.json["state"]) == (409, "not_here")
        ticket = state["call"]["ticket"]["id"]
        rung = browser.post(f"/desk/phone/callbacks/tickets/{ticket}/call", headers=self.HEADERS)
        assert (rung.status_code, rung.json["state"]) == (409, "not_here")
        platform.tell("hangup", cause="normalClearing")
        state = browser.get("/desk/phone/state", headers=self.HEADERS).json
        assert state["seat"]["state"] == "wrap_up" and state["call"]["ticket"]["state"] == "DRAFT"
        closed = browser.post(
            f"/desk/phone/calls/{call}/close", {"disposition": "answered"}, headers=self.HEADERS
        )
        assert closed.status_code == 200 and closed.json["number"]
        assert browser.get("/desk/phone/state", headers=self.HEADERS).json["seat"]["state"] == "ready"
