"""A citizen with a telephone of 390 pixels and no scripts: complain, keep the receipt, look where it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flows.markup import receipt_of
from playwright.sync_api import Page, expect

from .conftest import PHONE

pytestmark = pytest.mark.browser

CONTENT = "小区物业不履行维修义务，公共维修资金被挪用，已经两个月没有人管。"
TOUCHED = "main button:visible, main select, main input:visible"
FINGER = 40  # pixels, the least height of what is to be touched


def _fits(page: Page, shot: Path) -> None:
    """Nothing sticks out to the side, and what is to be touched is large enough."""
    page.screenshot(path=shot, full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    small = [
        button.inner_text() for button in page.locator(TOUCHED).all()
        if button.get_attribute("type") not in ("checkbox", "radio") and button.bounding_box()["height"] < FINGER
    ]
    assert not small


def test_complaining_without_scripts(new_window: Callable[..., Page], tmp_path: Path) -> None:
    page = new_window(**PHONE, java_script_enabled=False)
    page.goto("/")
    page.click("main a[href='/complain']")
    _fits(page, tmp_path / "form.png")

    page.fill("[name=content]", CONTENT)
    page.click("main form button")
    assert page.locator("#phone-fault").is_visible(), "a fault stands beside its field"
    assert page.input_value("[name=content]") == CONTENT, "what was typed is still there"
    _fits(page, tmp_path / "faults.png")

    page.fill("[name=phone]", "13800138077")
    page.select_option("[name=region_code]", "990102")
    page.click("main form button")
    expect(page.locator("main .key").first).to_be_visible()
    number, code = receipt_of(page.content())
    assert len(number) == 15 and len(code) == 12
    _fits(page, tmp_path / "receipt.png")

    _look_up(page, number, code, tmp_path)


def _look_up(page: Page, number: str, code: str, shots: Path) -> None:
    page.click("nav a[href='/status']")
    _fits(page, shots / "ask.png")
    page.fill("[name=number]", number)
    page.fill("[name=code]", f"{code[:4]} {code[4:8]} {code[8:]}")
    page.click("main form button")
    assert "望河区住房和城乡建设局" in page.inner_text("main")
    assert "13800138077" not in page.content() and code not in page.url
    _fits(page, shots / "status.png")


def test_the_language_is_switched_and_remembered(new_window: Callable[..., Page]) -> None:
    page = new_window()
    page.goto("/complain")
    assert page.get_attribute("html", "lang") == "zh-CN"
    page.click("a[hreflang=en]")
    assert page.get_attribute("html", "lang") == "en" and page.inner_text("h1") == "Tell us"
    page.goto("/status")
    assert page.get_attribute("html", "lang") == "en"
    page.goto("/login")
    page.click("a[hreflang=zh]")
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert not page.evaluate(
        "[...document.querySelectorAll('main *')].some(one => /[A-Za-z]{4}/.test(one.textContent))"
    ), "a page in Chinese speaks no English"
