"""Operators at their telephone pages, and calls brought to them by the verbs alone."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from telephone import CALLER, LINE, clear

from app.auth.models import Staff
from app.extensions import vault
from app.outbox import unit_of_work
from calls import arriving, keeping, offering, talking
from calls.arriving import Ringing

_sids = itertools.count(1)


@dataclass
class Desk:
    """One person at the telephone page; `console` is the window."""

    browser: Any
    person: Staff
    console: str = "window-1"

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.browser.get(f"/desk/phone{path}", headers=self._headers())
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json

    def post(self, path: str, status: int = 200, **fields: Any) -> Any:
        answer = self.browser.post(f"/desk/phone{path}", fields, headers=self._headers())
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json

    def _headers(self) -> dict[str, str]:
        return {"X-Console": self.console, "Accept": "application/json"}

    def state(self) -> Any:
        return self.get("/state")

    def ready(self) -> None:
        self.post("/sit")
        self.post("/seat", action="ready")

    def window(self, console: str) -> "Desk":
        """Another window of the same person."""
        return Desk(self.browser, self.person, console)


@dataclass
class Switch:
    """Callers and lines, as the carrier would tell of them."""

    app: Flask
    calls: list[int] = field(default_factory=list)

    def _sid(self) -> str:
        return f"CA{next(_sids):032x}"

    def queue(self, phone: str = CALLER) -> int:
        with self.app.app_context(), unit_of_work() as now:
            call = arriving.ring(now, Ringing("twilio", self._sid(), LINE, phone), vault())
            arriving.enqueue(call, now, now)
            offering.assign(now)
            return call.id

    def connect(self, desk: Desk, offer_id: int) -> None:
        """The operator's line and the caller come into the room."""
        with self.app.app_context(), unit_of_work() as now:
            leg = offering.connect(now, offer_id, desk.person.id, "twilio", self._sid())
            assert leg is not None
            call = keeping.lock(leg.call_id)
            talking.joined(call, leg.label, call.epoch, now, now)
            talking.joined(call, talking.CALLER, call.epoch, now, now)

    def talk(self, desk: Desk, phone: str = CALLER) -> int:
        """This operator, who is ready, and a caller are talking."""
        call_id = self.queue(phone)
        offer = desk.state()["offer"]
        desk.post(f"/offers/{offer['id']}/accept")
        self.connect(desk, offer["id"])
        return call_id

    def end(self, call_id: int) -> None:
        """The caller has hung up."""
        with self.app.app_context(), unit_of_work() as now:
            call = keeping.lock(call_id)
            talking.left(call, talking.CALLER, call.epoch, now, now)
            arriving.end(call, now, now)


@pytest.fixture
def switch(app: Flask) -> Switch:
    clear(app)
    return Switch(app)


@pytest.fixture
def new_desk(new_browser, new_staff) -> Callable[..., Desk]:
    """Somebody new who is signed in: an operator if nothing is said."""

    def make(*roles: str) -> Desk:
        person, browser = new_staff(*((role, None) for role in roles)), new_browser()
        assert browser.sign_in(person.login).status_code in (302, 303)
        return Desk(browser, person)

    return make


@pytest.fixture
def desk(switch: Switch, new_desk: Callable[..., Desk]) -> Desk:
    """An operator who is ready."""
    made = new_desk()
    made.ready()
    return made


@pytest.fixture
def signed_in(new_browser) -> Callable[[Flask, Staff], Any]:
    """A browser of this person's at another application, with settings of its own."""

    def enter(application: Flask, person: Staff) -> Any:
        browser = new_browser()
        browser.client = application.test_client()
        assert browser.sign_in(person.login).status_code in (302, 303)
        return browser

    return enter
