"""An administrator at the pages, on a database of each module's own: its edits disturb nobody else's city."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flows.markup import Form, form_to
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.outbox import unit_of_work
from db import db
from routing import service
from routing.reference import Reference
from tickets import clocks
from tickets.event_models import TicketEvent


@pytest.fixture(scope="module")
def app(own_app: Flask) -> Iterator[Flask]:
    """What is kept by version is another city's elsewhere, so it is forgotten before and after."""
    _forget()
    yield own_app
    _forget()


def _forget() -> None:
    service._kept.clear()
    clocks._kept.clear()


@dataclass
class Admin:
    """A signed-in administrator who opens a page and sends one of its forms."""

    browser: Any
    app: Flask

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def form(self, page: str, action: str = "", **holds: str) -> Form:
        """The form of a page that goes to `action`, or to the page's own address."""
        return form_to(self.get(page).text, action or page.partition("?")[0], **holds)

    def send(self, page: str, action: str = "", **fields: Any) -> TestResponse:
        """Open the page, fill the form in and send it."""
        return self.post(self.form(page, action).filled(**fields))

    def post(self, form: Form) -> TestResponse:
        fields = {name: value for name, value in form.fields.items() if name != "csrf_token"}
        return self.browser.post(form.action, fields)

    def reference(self) -> Reference:
        """The city as the next request sees it."""
        with self.app.app_context(), unit_of_work():
            return service.current()

    def last_edit(self) -> TicketEvent:
        """The latest event on reference data."""
        with self.app.app_context():
            query = select(TicketEvent).where(TicketEvent.subject == "reference").order_by(TicketEvent.id.desc())
            return db.session.scalars(query.limit(1)).one()

    def edits(self) -> int:
        with self.app.app_context():
            query = select(TicketEvent.id).where(TicketEvent.subject == "reference")
            return len(db.session.scalars(query).all())


@pytest.fixture
def office(app: Flask, new_browser: Callable[[], Any], new_staff: Callable[..., Any]) -> Admin:
    browser = new_browser()
    browser.sign_in(new_staff(("administrator", None)).login)
    return Admin(browser, app)


@pytest.fixture
def admin(office: Admin) -> Any:
    return office.browser
