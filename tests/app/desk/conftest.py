"""Staff at their desks, and tickets to work on."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from werkzeug.test import TestResponse

from app.outbox import unit_of_work
from tickets import queries, service
from tickets.intake import Intake
from tickets.permissions import VISITOR

CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
VERSION = re.compile(r'name="version" value="(\d+)"')


@dataclass
class Desk:
    """One person's browser, signed in."""

    browser: object

    def get(self, path: str, **options: object) -> TestResponse:
        return self.browser.get(path, **options)

    def post(self, path: str, fields: dict[str, object], **options: object) -> TestResponse:
        return self.browser.post(path, fields, **options)

    def act(self, ticket_id: int, action: str, **fields: object) -> TestResponse:
        """Send the action's form as the ticket's page has it, with the fields given."""
        page = self.get(f"/desk/tickets/{ticket_id}")
        found = VERSION.search(page.text)
        version = {"version": found[1]} if found else {}
        return self.post(f"/desk/tickets/{ticket_id}/{action}", version | fields)


@pytest.fixture
def desk_of(new_browser) -> Callable[[str], Desk]:
    """The desk of a demo account, by login."""

    def sign_in(login: str) -> Desk:
        browser = new_browser()
        assert browser.sign_in(login).status_code == 303
        return Desk(browser)

    return sign_in


@pytest.fixture
def matter(app) -> Callable[..., int]:
    """Takes in a web complaint that no duty matches, so that it waits in triage; returns the ticket's id."""

    def open_ticket(**values: object) -> int:
        intake = Intake(**{"content": "有一件小事想反映一下", "phone": "13800138000", "name": "王小明", **values})
        with app.app_context(), unit_of_work() as now:
            opened = service.open_ticket(
                VISITOR, now, intake, app.extensions["vault"], form_key=str(uuid.uuid4())
            )
            return opened.ticket.id

    return open_ticket


@pytest.fixture
def unit_of(app, actor_of) -> Callable[[str], int]:
    """The unit that a demo handler works for."""

    def find(login: str) -> int:
        with app.app_context(), unit_of_work():
            return next(iter(actor_of(login).departments))

    return find


@pytest.fixture
def dispatched(app, actor_of, matter, unit_of) -> Callable[..., tuple[int, int]]:
    """A ticket dispatched to the unit of handler-urban: ticket id, part id."""

    def make(**values: object) -> tuple[int, int]:
        ticket_id = matter(**values)
        unit = unit_of("handler-urban")
        with app.app_context():
            with unit_of_work() as now:
                service.dispatch(actor_of("dispatcher"), now, ticket_id, unit)
            with unit_of_work():
                page = queries.ticket_page(actor_of("handler-urban"), now, ticket_id, app.extensions["vault"])
        return ticket_id, page.parts[0].part.id

    return make


@pytest.fixture
def lead_of(desk_of, new_staff, unit_of) -> Callable[[str], Desk]:
    """The desk of a lead of the unit that a demo handler works for."""
    return lambda login: desk_of(new_staff(("department_lead", unit_of(login))).login)
