"""The pages of those who watch over the work, in a browser: pictures, the walk along the chain, phone width."""

from collections.abc import Callable

import pytest
from flows.cases import Office
from flows.test_phone_call import CALL
from playwright.sync_api import Page, Route, expect

from .conftest import PHONE

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "phone"])
def test_figures_are_drawn_and_lead_to_their_tickets(
    office: Office, sign_in: Callable[..., Page], options: dict[str, object]
) -> None:
    """The windows' consoles hear of every refused style or markup."""
    case = office.take_call(**CALL)
    page = sign_in("leader", **options)
    page.goto("/oversight/figures")
    expect(page.locator("[data-chart] canvas")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown = page.locator("[data-figure=open] b").first.inner_text()
    page.locator("[data-figure=open]").first.click()
    expect(page.locator(".number[data-count]")).to_have_text(shown)
    expect(page.locator(f"a[href='{case.path}']")).to_be_visible()


def test_pictures_follow_light_and_dark(office: Office, sign_in: Callable[..., Page]) -> None:
    office.take_call(**CALL)
    page = sign_in("leader")
    page.goto("/oversight/figures")
    picture = "() => document.querySelector('[data-chart=hours] canvas').toDataURL()"
    light = page.evaluate(picture)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("(before) => (" + picture + ")() !== before", arg=light)


def test_without_script_the_numbers_are_a_table(
    office: Office, new_window: Callable[..., Page], sign_in: Callable[..., Page]
) -> None:
    office.take_call(**CALL)
    signed_in = sign_in("leader")
    page = new_window(java_script_enabled=False, storage_state=signed_in.context.storage_state())
    page.goto("/oversight/figures")
    expect(page.locator("[data-chart]").first).to_be_hidden()
    page.locator("summary", has_text="数据表").first.click()
    expect(page.locator("#hours")).to_be_visible()


def test_the_chain_is_walked_without_a_press(office: Office, sign_in: Callable[..., Page]) -> None:
    """A record as short as this one is read in one stretch; the page is told that there is more to come."""
    office.take_call(**CALL)
    office.wait_published()
    last = office.last_seq()
    page = sign_in("auditor")
    page.goto("/oversight/audit")
    link = f'<b data-reached></b><a data-walk="0" data-to="{last}" href="/oversight/audit?after=0&to={last}"></a>'

    def unfinished(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace("alert-success", "").replace("</main>", f"{link}</main>")
        route.fulfill(response=answer, body=body)

    page.route("**/oversight/audit?after=0*", unfinished, times=1)
    page.get_by_text("开始核验").click()
    expect(page.locator(".alert-success")).to_contain_text(f"到第{last}号")
