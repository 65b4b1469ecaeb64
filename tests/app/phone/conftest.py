"""Operators at their telephone pages, and calls brought to them by the verbs alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from switchboard import Switch
from telephone import clear

from app.auth.models import Staff


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

    def talk(self, switch: Switch) -> int:
        """A caller is put through to this person, who is ready."""
        call_id = switch.queue()
        self.post(f"/offers/{self.state()['offer']['id']}/accept")
        switch.connect(call_id)
        return call_id

    def ready(self) -> None:
        self.post("/sit")
        self.post("/seat", action="ready")

    def window(self, console: str) -> "Desk":
        """Another window of the same person."""
        return Desk(self.browser, self.person, console)


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
