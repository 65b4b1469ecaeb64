"""An administrator gives a duty to another unit, and the next complaint goes there."""

from collections.abc import Callable

import pytest
from flows.cases import Office
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

LAMP = {"content": "明德街道书院社区门口的路灯不亮，路灯坏了三天，路灯没有人修", "phone": "13900139001"}
POWER = "9901.power"
DUTY = "/admin/duties/D020401"


def test_a_duty_goes_to_another_unit(office: Office, sign_in: Callable[..., Page]) -> None:
    before = office.complaint(**LAMP)
    page = sign_in("admin")
    page.get_by_role("link", name="职责", exact=True).click()
    page.fill("[name=q]", "D020401")
    page.locator("main form button").first.click()
    page.locator(f"a[href='{DUTY}']").click()
    lead = page.locator("[name=lead]").input_value()
    _give(page, POWER)
    assert page.locator(".light.green").count() == 1, "one version is in force"

    page.goto("/admin/duties/try")
    page.fill("[name=text]", LAMP["content"])
    page.get_by_role("button", name="试算", exact=True).click()
    expect(page.locator("section[role=status]")).to_contain_text("供电")

    after = office.complaint(**LAMP | {"phone": "13900139002"})
    assert office.unit(POWER) == _lead(office, after.id) != _lead(office, before.id)
    page.goto(DUTY)
    _give(page, lead)


def _give(page: Page, lead: str) -> None:
    page.select_option("[name=lead]", lead)
    page.get_by_role("button", name="发布新版本").click()
    expect(page.locator(".alert-success")).to_be_visible()


def _lead(office: Office, ticket: int) -> int:
    """The unit that routing chose."""
    query = "SELECT lead_department_id FROM routing_decision WHERE ticket_id = %s"
    found: int = office.product.ask(query, ticket)
    return found
