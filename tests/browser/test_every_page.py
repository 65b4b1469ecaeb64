"""Every page that has an address of its own, for every role: no error, no refused source."""

from collections.abc import Callable

import pytest
from flask import Flask
from flows.cases import Office
from flows.test_phone_call import CALL
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

NO_PAGES = (
    "/static/", "/healthz", "/readyz", "/live/", "/desk/rows", "/desk/waiting", "/oversight/phone/now",
    "/desk/phone/state", "/notices/unread", "/desk/phone/talks", "/demo/phone/", "/exports/progress",
)  # fmt: skip


def addresses(app: Flask) -> list[str]:
    """Pages without values in their address."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]
    return sorted({rule.rule for rule in rules if not rule.rule.startswith(NO_PAGES)})


@pytest.mark.parametrize("login", ["", "operator", "supervisor", "leader", "auditor", "admin", "handler-heat"])
def test_pages_load_clean(
    login: str, app: Flask, office: Office, new_window: Callable[..., Page], sign_in: Callable[..., Page]
) -> None:
    """Each with one heading; a page that is not for this person says so. Windows look after their consoles."""
    case = office.take_call(**CALL)
    page = sign_in(login) if login else new_window()
    more = [case.path, f"{case.path}/amend"] if login == "operator" else []
    more += ["/admin/staff/1"] if login == "admin" else []
    for address in [*addresses(app), *more]:
        answer = page.goto(address)
        assert answer is not None and answer.status in (200, 403, 404), f"{address}: {answer}"
        assert page.locator("h1").count() == 1, f"{address} has no one heading"
