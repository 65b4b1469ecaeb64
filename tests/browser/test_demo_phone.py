"""The demo city's telephone in a browser, with the network played beside the running product: ring, hear, wait."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flows.product import Product, wait
from playwright.sync_api import Page, expect

from .conftest import PHONE
from .test_axe import violations
from .test_phone import _fits

pytestmark = pytest.mark.browser

RINGS_WITHIN = 40_000  # milliseconds: the welcome is spoken as slowly as people speak


@pytest.fixture(scope="module")
def product(rung_product: Product) -> Product:
    """In place of the one that nobody can ring."""
    return rung_product


def test_ring_hear_the_welcome_wait_and_hang_up(
    product: Product, new_window: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_window(**PHONE)
    page.goto("/demo/phone")
    _fits(page, tmp_path / "phone.png")
    assert page.locator("[data-key='1']").is_disabled()
    page.click("[data-press=dial]")
    expect(page.locator("[data-state=menu]")).to_be_visible()
    expect(page.locator("[data-heard] li").first).to_contain_text("12345政务服务便民热线")
    assert page.locator("[data-press=dial]").is_hidden()
    expect(page.locator("[data-state=waiting]")).to_be_visible(timeout=RINGS_WITHIN)
    assert product.ask("SELECT state FROM call") == "QUEUED"
    _fits(page, tmp_path / "waiting.png")
    assert violations(page) == []
    page.click("[data-press=hang-up]")
    expect(page.locator("[data-state=ended]")).to_be_visible()
    wait(lambda: product.ask("SELECT state FROM call") == "ENDED", 10, "the call is over")
    assert product.ask("SELECT ended_by FROM call") == "caller"
    assert product.ask("SELECT end_reason FROM call") in ("short_abandon", "abandoned_queue")


def test_keys_of_the_keyboard_do_the_same(product: Product, new_window: Callable[..., Page]) -> None:
    page = new_window()
    page.goto("/demo/phone?lang=en")
    page.select_option("#number", "+8615400000001")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("Enter")
    expect(page.locator("[data-state=menu]")).to_be_visible()
    page.keyboard.press("8")
    expect(page.locator("[data-heard] li.own")).to_contain_text("You: 8")
    page.keyboard.press("Escape")
    expect(page.locator("[data-state=ended]")).to_have_text("The call has ended")


def test_how_a_department_answers_is_kept(product: Product, new_window: Callable[..., Page]) -> None:
    page = new_window(color_scheme="dark")
    page.goto("/demo/department?lang=en")
    assert violations(page) == []
    page.select_option("#way", "busy")
    page.reload()
    expect(page.locator("#way")).to_have_value("busy")
    page.select_option("#way", "by_hand")


def test_a_rush_hour_goes_on_and_is_stopped(product: Product, new_window: Callable[..., Page]) -> None:
    page = new_window()
    page.goto("/demo/phone?lang=en")
    page.select_option("#crew", "never")
    page.fill("#callers", "3")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("[data-tells]")).to_contain_text("to come")
    assert violations(page) == []
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("[data-tells]")).to_contain_text("The rush hour was stopped.")
    assert page.locator("progress").is_hidden()
