"""A Chromium found on this machine, windows in it, and an eye on everything their consoles say."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from databases import clone_database
from flows.cases import Office
from flows.product import Product
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from app.auth.signing_in import DEMO_PASSWORD

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = "no Chromium on this machine: apt-get install chromium fonts-noto-cjk, or name one in CHROMIUM"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
SECONDS = 10.0  # for one step of a test
QUEUE_OF_PRODUCTS = 15  # the last database of the queue's server; those before are the other products'


def _chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="package")  # no longer: its event loop runs, and tests after these want one of their own
def chromium() -> Iterator[Browser]:
    path = _chromium()
    if path is None:
        pytest.skip(HOW)
    with sync_playwright() as playwright:
        # Without its sandbox, which needs rights that a container's root does not have; it sees our pages only.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def rung_product(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A running product that can be rung: the telephone network is played beside it."""
    cloned = clone_database(f"hotline_{worker_id}_rung")
    redis = f"{cloned.redis_url.partition('?')[0]}?db={QUEUE_OF_PRODUCTS}"
    config = replace(cloned, redis_url=redis)
    running = Product(config, tmp_path_factory.mktemp("rung"), has_network=True)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def office(product: Product) -> Iterator[Office]:
    office = Office(product)
    office.forget_guesses()
    yield office
    office.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the windows' consoles complained of: errors, refused sources, failed requests."""
    return []


@pytest.fixture
def new_window(chromium: Browser, product: Product, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens a window with a profile of its own; at the end nothing may have been complained of."""
    profiles: list[BrowserContext] = []

    def open_window(**options: Any) -> Page:
        profile = chromium.new_context(base_url=product.address, **options)
        profile.set_default_timeout(SECONDS * 1000)
        profiles.append(profile)
        page = profile.new_page()
        page.on("console", lambda said: _note_said(complaints, said))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: _note_failed(complaints, request))
        return page

    yield open_window
    for profile in profiles:
        profile.close()
    assert complaints == []


def _note_said(complaints: list[str], said: ConsoleMessage) -> None:
    """That a page itself was answered with a refusal is no complaint: the test looks at what it says."""
    is_of_page = said.page is not None and said.location["url"] == said.page.url
    if said.type in ("error", "warning") and not (is_of_page and "status of 4" in said.text):
        complaints.append(f"{said.location['url']}: {said.text}")


def _note_failed(complaints: list[str], request: Request) -> None:
    if request.failure != "net::ERR_ABORTED":  # somebody went on to the next page meanwhile
        complaints.append(f"{request.url}: {request.failure}")


@pytest.fixture
def sign_in(new_window: Callable[..., Page]) -> Callable[..., Page]:
    """A window in which somebody has signed in."""

    def enter(login: str, **options: Any) -> Page:
        page = new_window(**options)
        page.goto("/login")
        page.fill("[name=login]", login)
        page.fill("[name=password]", DEMO_PASSWORD)
        page.click("main form button")
        page.wait_for_url(lambda address: "/login" not in address)
        return page

    return enter
