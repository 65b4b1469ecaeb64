"""One call from its first ring to its end, in three windows: the citizen's, the operator's, the supervisor's."""

from collections.abc import Callable

import pytest
from flows.product import Product, wait
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

SOON = 15_000.0  # ms: three processes and a played network take part in each step
MATTER = "和平路路灯连续三天不亮，请派人维修。"


@pytest.fixture(scope="module")
def product(rung_product: Product) -> Product:
    """In place of the one that nobody can ring."""
    return rung_product


def _part(page: Page, name: str) -> Locator:
    return page.locator(f'[data-part="{name}"]')


def _expect_board(page: Page, **values: int) -> None:
    for name, value in values.items():
        expect(page.locator(f"[data-value={name}]")).to_have_text(str(value), timeout=SOON)


def _expect_seat(page: Page, state: str) -> None:
    expect(page.locator(".seat")).to_have_attribute("data-seat", state, timeout=SOON)


def _let_a_department_answer(page: Page) -> str:
    """The first one's telephone is answered by a person from now on; returns its name."""
    page.goto("/demo/department")
    name = page.locator("#unit option").first.inner_text()
    with page.expect_response("**/demo/department/way") as kept:
        page.select_option("#way", "human")
    assert kept.value.ok
    return name


def _dial(citizen: Page) -> None:
    """Past the welcome by a key, into the queue."""
    citizen.goto("/demo/phone")
    citizen.click("[data-press=dial]")
    expect(citizen.locator("[data-state=menu]")).to_be_visible(timeout=SOON)
    citizen.click("[data-key='0']")
    expect(citizen.locator("[data-state=waiting]")).to_be_visible(timeout=SOON)


def _register(operator: Page) -> None:
    desk = operator.frame_locator("#desk")
    desk.locator("#content").fill(MATTER)
    desk.locator("form[data-draft] button.btn-primary").first.click()
    expect(desk.locator("h1")).to_have_text("已登记")


def _hold_and_talk_on(operator: Page, heard: Locator) -> None:
    music = heard.filter(has_text="请稍候")
    before = music.count()
    operator.click("[data-do=hold]")
    expect(operator.locator("[data-held]")).to_be_visible(timeout=SOON)
    expect(music.nth(before)).to_be_visible(timeout=SOON)
    operator.click("[data-do=hold]")
    expect(operator.locator("[data-held]")).to_be_hidden(timeout=SOON)


def _bring_in(operator: Page, department: str) -> None:
    """The department is rung while the caller is on hold; then all three talk."""
    operator.click("[data-consult] summary")
    operator.fill("#unit-words", department)
    operator.click("[data-consult-form] button")
    expect(operator.locator("[data-held]")).to_be_visible(timeout=SOON)
    expect(operator.locator("[data-parties] li")).to_contain_text("已加入通话", timeout=SOON)
    expect(operator.locator("[data-hold]")).to_have_text("三方通话")
    operator.click("[data-do=hold]")
    expect(operator.locator("[data-held]")).to_be_hidden(timeout=SOON)


def _listen(supervisor: Page) -> None:
    supervisor.goto("/desk/phone")
    supervisor.locator("[data-talks] [data-coach=listen]").click(timeout=SOON)
    expect(supervisor.locator("[data-coaching]")).to_contain_text("监听")


def test_a_call_from_its_first_ring_to_its_end(
    product: Product, new_window: Callable[..., Page], sign_in: Callable[..., Page]
) -> None:
    citizen, operator, supervisor = new_window(), sign_in("operator"), sign_in("supervisor")
    department = _let_a_department_answer(citizen)
    supervisor.goto("/oversight/phone")
    _expect_board(supervisor, waiting=0, talking=0)
    operator.goto("/desk/phone")

    _dial(citizen)
    _expect_board(supervisor, waiting=1, talking=0)
    operator.click("[data-do=ready]")
    expect(_part(operator, "offer")).to_be_visible(timeout=SOON)
    expect(_part(operator, "offer")).to_contain_text("138****8000")
    operator.click("[data-do=accept]")
    _expect_seat(operator, "on_call")
    expect(citizen.locator("[data-state=talking]")).to_be_visible(timeout=SOON)
    expect(operator.locator("[data-do=hold]")).to_be_enabled(timeout=SOON)
    _expect_board(supervisor, waiting=0, talking=1, seats_on_call=1)

    _register(operator)
    _hold_and_talk_on(operator, citizen.locator("[data-heard] li"))
    _listen(supervisor)
    _bring_in(operator, department)
    wait(lambda: product.ask("SELECT count(*) FROM call_leg WHERE joined_at IS NOT NULL AND left_at IS NULL"
                             " AND role IN ('operator', 'department', 'supervisor')") == 3, 15, "three listen")
    operator.click("[data-do=end_consult]")
    expect(operator.locator("[data-do=end_consult]")).to_be_hidden(timeout=SOON)
    expect(operator.locator("[data-hang-up]")).to_have_text("挂断", timeout=SOON)
    wait(lambda: product.ask("SELECT left_at IS NOT NULL FROM call_leg WHERE role = 'department'"), 15, "it left")

    operator.click("[data-do=hang_up]")
    _expect_seat(operator, "wrap_up")
    expect(citizen.locator("[data-heard] li").last).to_contain_text("请对本次服务评价", timeout=SOON)
    citizen.click("[data-key='1']")
    expect(citizen.locator("[data-heard] li").last).to_contain_text("您的问题得到答复了吗", timeout=SOON)
    citizen.click("[data-key='1']")
    expect(citizen.locator("[data-state=ended]")).to_be_visible(timeout=SOON)
    answers = "SELECT string_agg(question || ' ' || answer, ', ' ORDER BY question) FROM survey_answer"
    assert product.ask(answers) == "satisfied 3, solved 1"

    operator.keyboard.press("F8")
    operator.keyboard.press("Enter")
    _expect_seat(operator, "ready")
    operator.click("[data-do=leave]")
    _expect_seat(operator, "offline")
    supervisor.goto("/oversight/phone")
    _expect_board(supervisor, waiting=0, in_menu=0, talking=0, seats_on_call=0, seats_wrap_up=0, seats_ready=0)
    _expect_board(supervisor, inbound=1, answered=1, abandoned=0)
    wait(lambda: product.ask("SELECT state FROM call") == "ENDED", 15, "the call is over")
    assert product.ask("SELECT end_reason || ' by ' || ended_by FROM call") == "completed by operator"
    assert product.ask("SELECT hold_seconds FROM call") > 0
    assert product.ask("SELECT disposition FROM call") == "ticket"
    assert product.ask("SELECT number FROM ticket JOIN call ON call.ticket_id = ticket.id") is not None
