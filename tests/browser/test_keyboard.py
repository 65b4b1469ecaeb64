"""Work by keyboard alone, from signing in to signing for a ticket; and typed text that outlives its window."""

from collections.abc import Callable

import pytest
from flows.cases import LOGINS, URBAN, Office
from flows.test_phone_call import CALL
from playwright.sync_api import Page, expect

from app.auth.signing_in import DEMO_PASSWORD

pytestmark = pytest.mark.browser

MOST_STOPS = 60


def _tab_to(page: Page, target: str) -> None:
    """Press Tab until this has the focus; it must be seen to have it."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("target => document.activeElement.matches(target)", target):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{target} is not seen to have the focus"
            return
    raise AssertionError(f"{target} is not reached by Tab")


def test_from_signing_in_to_signing_for_a_ticket(new_window: Callable[..., Page], office: Office) -> None:
    case = office.take_call(**CALL)
    values = {"version": str(case.version), "lead": str(office.unit(URBAN))}
    assert office.who("dispatcher").post(f"{case.path}/dispatch", values).status_code == 303
    page = new_window()
    page.goto("/login")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('a[href=\"#main\"]')"), "first stop: past the navigation"
    _tab_to(page, "[name=login]")
    page.keyboard.type(LOGINS[URBAN])
    _tab_to(page, "[name=password]")
    page.keyboard.type(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    page.goto(case.path)
    _tab_to(page, f"form[action='{case.path}/sign'] button")
    page.keyboard.press("Enter")
    expect(page.locator(".alert-success")).to_be_visible()
    assert case.kinds()[-1] == "assignment.signed"

    _tab_to(page, f"details:has(form[action='{case.path}/handle']) > summary")
    page.keyboard.press("Enter")
    _tab_to(page, f"form[action='{case.path}/handle'] textarea")
    page.keyboard.type("已到现场。")
    _tab_to(page, f"form[action='{case.path}/handle'] button")
    page.keyboard.press("Enter")
    expect(page.locator("ol.line")).to_contain_text("已到现场。")


def _register(page: Page, phone: str) -> None:
    page.fill("[name=phone]", phone)
    page.click("form[data-draft] button.btn-primary")
    expect(page.locator("h1")).to_have_text("已登记")


def test_what_was_typed_outlives_its_window(sign_in: Callable[..., Page], office: Office) -> None:
    page = sign_in("operator")
    page.goto("/desk/tickets/new")
    page.fill("[name=content]", "来电人正在讲述，还没有说完")
    expect(page.locator("[data-draft-note]")).not_to_be_empty()
    page.close()
    again = sign_in("operator")
    again.goto("/desk/tickets/new")
    assert again.input_value("[name=content]") == "来电人正在讲述，还没有说完"
    _register(again, phone="13800138055")
    again.goto("/desk/tickets/new")
    assert again.input_value("[name=content]") == "", "what was sent is not kept"


def test_what_was_typed_outlives_who_leaves_at_once(sign_in: Callable[..., Page], office: Office) -> None:
    page = sign_in("operator")
    page.goto("/desk/tickets/new")
    page.fill("[name=content]", "话没说完就点了别处")
    page.goto("/desk")
    page.wait_for_timeout(1000)
    page.goto("/desk/tickets/new")
    assert page.input_value("[name=content]") == "话没说完就点了别处"
    _register(page, phone="13800138057")


def test_without_a_connection_a_form_stays_where_it_is(
    sign_in: Callable[..., Page], office: Office, complaints: list[str]
) -> None:
    page = sign_in("operator")
    page.goto("/desk/tickets/new")
    page.context.set_offline(True)
    page.fill("[name=content]", "断网时写下的内容")
    page.fill("[name=phone]", "13800138058")
    page.locator("form[data-draft] button").first.click()
    expect(page.locator("[data-draft-note]")).to_contain_text("没有网络，尚未提交")
    assert page.input_value("[name=content]") == "断网时写下的内容"
    page.context.set_offline(False)
    assert complaints and all("ERR_INTERNET_DISCONNECTED" in one for one in complaints)
    complaints.clear()
    page.locator("form[data-draft] button").first.click()
    expect(page.locator("h1")).to_have_text("已登记")


def test_what_was_typed_last_outlives_a_form_that_does_not_arrive(
    sign_in: Callable[..., Page], office: Office
) -> None:
    page = sign_in("operator")
    page.goto("/desk/tickets/new")
    page.route("**/desk/tickets/new", lambda sent: sent.abort("aborted"), times=1)
    page.fill("[name=content]", "刚刚写完就提交的内容")
    page.locator("form[data-draft] button").first.click()
    page.wait_for_timeout(1000)
    page.goto("/desk/tickets/new")
    assert page.input_value("[name=content]") == "刚刚写完就提交的内容"
    _register(page, phone="13800138056")
    page.goto("/desk/tickets/new")
    assert page.input_value("[name=content]") == "", "what was sent is not kept"
