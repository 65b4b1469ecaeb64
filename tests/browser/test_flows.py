"""The five flows as people walk them: two or three of them, each in a window of their own, in both languages."""

from collections.abc import Callable
from typing import Any

import pytest
from flows.cases import HEAT, HOUSING, LOGINS, URBAN, Case, Office
from flows.markup import receipt_of
from flows.test_overdue import make_overdue
from flows.test_phone_call import CALL
from playwright.sync_api import Page, expect
from scenes import GATE

from .conftest import PHONE

pytestmark = pytest.mark.browser

DESKTOP: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}
SCREENS = {"desktop": DESKTOP, "phone": PHONE}
SEEN_WITHIN = 4000.0  # ms, as the machine is busy; without sockets a board would take ten seconds
SWEPT_WITHIN = 30_000.0  # ms: a sweep every ten seconds, and a worker that takes the job
CONTENT = "小区物业不履行维修义务，公共维修资金被挪用，已经两个月没有人管。"


def speak(page: Page, language: str) -> Page:
    """Let the window's pages speak this language from now on."""
    page.goto(f"/status?lang={language}")
    assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
    return page


def act(page: Page, path: str, action: str, **texts: str | list[str]) -> None:
    """Do one action by its form on the ticket's page, as a person would."""
    page.goto(path)
    form = page.locator(f"form[action='{path}/{action}']")
    for details in page.locator("details", has=form).all():  # from the outermost in
        if details.get_attribute("open") is None:
            details.locator("> summary").click()
    for name, text in texts.items():
        field = form.locator(f"[name={name}]")
        if isinstance(text, list):
            for value in text:
                form.locator(f"[name={name}][value='{value}']").check()
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(str(text))
    form.locator("button").last.click()
    expect(page.locator(".alert-success")).to_be_visible()


def fits(page: Page) -> None:
    """Nothing sticks out to the side."""
    page.wait_for_load_state("load")  # a form's answer may be there before its style is
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} is too wide"


@pytest.mark.parametrize(("language", "screen"), [("zh", "phone"), ("en", "desktop"), ("en", "phone")])
def test_a_complaint_from_the_citizen_to_the_rating(
    language: str, screen: str, new_window: Callable[..., Page], sign_in: Callable[..., Page], office: Office
) -> None:
    """Citizen, handler, supervisor: complain, sign, record, reply, accept, read, rate."""
    citizen = speak(new_window(**SCREENS[screen]), language)
    handler = speak(sign_in(LOGINS[HOUSING], **SCREENS[screen]), language)
    supervisor = speak(sign_in("supervisor", **DESKTOP), language)

    citizen.goto("/complain")
    citizen.fill("[name=content]", CONTENT)
    citizen.select_option("[name=region_code]", "990102")
    citizen.fill("[name=phone]", "13800138011")
    citizen.click("main form button")
    expect(citizen.locator("main .key").first).to_be_visible()
    number, code = receipt_of(citizen.content())
    path = f"/desk/tickets/{office.ticket(number)}"
    fits(citizen)

    act(handler, path, "sign")
    act(handler, path, "handle", handle_note="已约谈物业公司。")
    act(handler, path, "reply", public_reply="物业已退还资金，并开始维修。", internal_note="已责令整改。", **GATE)
    fits(handler)
    act(supervisor, path, "accept")

    citizen.goto("/status")
    citizen.fill("[name=number]", number)
    citizen.fill("[name=code]", code)
    citizen.click("main form button")
    expect(citizen.locator("main")).to_contain_text("开始维修")
    fits(citizen)
    citizen.check("[name=solved][value=yes]")
    citizen.check("[name=satisfied][value='3']")
    citizen.locator("form[action$='/rate'] button").click()
    expect(citizen.locator("form[action$='/rate']")).to_have_count(0)
    supervisor.goto(path)
    expect(supervisor.locator("ol.line")).to_contain_text({"zh": "满意", "en": "Satisfied"}[language])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_call_with_a_suggestion_dispatched_by_one_key(
    language: str, sign_in: Callable[..., Page], office: Office
) -> None:
    """Operator and dispatcher: the suggestion while typing; news on the board; 'j' to the line, 'a' to accept."""
    operator = speak(sign_in("operator", **DESKTOP), language)
    dispatcher = speak(sign_in("dispatcher", **DESKTOP), language)
    dispatcher.goto("/desk?board=triage")
    expect(dispatcher.locator(".lamp")).to_have_attribute("data-live", "yes")

    operator.goto("/desk/tickets/new")
    operator.keyboard.type("路边有垃圾")
    operator.locator("details", has=operator.locator("[name=title]")).locator("summary").click()
    operator.fill("[name=title]", "反映一件事")
    operator.fill("[name=phone]", "13800138012")
    operator.select_option("[name=urgency]", "critical")
    expect(operator.locator("#suggestion")).to_contain_text("城市管理")
    operator.click("form[data-draft] button.btn-primary")
    number = operator.locator("dd.key").first.inner_text().replace(" ", "")
    case = office.ticket(number)

    expect(dispatcher.locator("#fresh")).to_be_visible(timeout=SEEN_WITHIN)
    dispatcher.keyboard.press("r")
    expect(dispatcher.locator(".lamp")).to_have_attribute("data-live", "yes")
    line = dispatcher.locator(f"tr[data-id='{case}']")
    expect(line).to_be_visible()
    for _ in range(dispatcher.locator("tr[data-id]").count()):
        dispatcher.keyboard.press("j")
        if line.get_attribute("aria-selected") == "true":
            break
    expect(line).to_have_attribute("aria-selected", "true")
    dispatcher.keyboard.press("a")
    expect(line).to_have_class("gone", timeout=SEEN_WITHIN)
    assert office.product.ask("SELECT state FROM ticket WHERE id = %s", case) == "IN_PROGRESS"


def _dispatched(office: Office, unit: str = URBAN) -> Case:
    case = office.take_call(**CALL)
    values = {"version": str(case.version), "lead": str(office.unit(unit))}
    assert office.who("dispatcher").post(f"{case.path}/dispatch", values).status_code == 303
    return case


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_return_that_is_granted_moves_the_ticket_from_screen_to_screen(
    language: str, sign_in: Callable[..., Page], office: Office
) -> None:
    """Handler, dispatcher, the other unit's handler."""
    case = _dispatched(office)
    handler, dispatcher = sign_in(LOGINS[URBAN], **PHONE), sign_in("dispatcher", **DESKTOP)
    other = speak(sign_in(LOGINS[HEAT], **DESKTOP), language)
    other.goto("/desk?board=to_sign")
    expect(other.locator(".lamp")).to_have_attribute("data-live", "yes")
    speak(handler, language)
    heat = str(office.unit(HEAT))
    reason = {"return_reason": "not_our_duty", "return_note": "属于供热单位职责。", "legal_basis": "供热条例"}
    act(handler, case.path, "request_return", **reason, suggested=heat)
    speak(dispatcher, language)
    act(dispatcher, case.path, "redispatch", lead=heat, decision_note="同意改派供热单位。")
    expect(other.locator("#fresh")).to_be_visible(timeout=SEEN_WITHIN)
    other.click("#fresh")
    expect(other.locator(f"tr[data-id='{case.id}']")).to_be_visible()
    answer = handler.goto(case.path)
    assert answer is not None and answer.status == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_people_on_one_ticket_know_of_each_other_and_lose_no_text(
    language: str, sign_in: Callable[..., Page], office: Office
) -> None:
    """Handler and supervisor: each other's name, the notice that it changed, and what was typed is still there."""
    case = _dispatched(office)
    handler = speak(sign_in(LOGINS[URBAN], **DESKTOP), language)
    supervisor = speak(sign_in("supervisor", **DESKTOP), language)
    act(handler, case.path, "sign")
    supervisor.goto(case.path)
    handler.goto(case.path)
    expect(handler.locator("[data-others]")).to_contain_text("督办员")
    form = handler.locator(f"form[action='{case.path}/handle']")
    handler.locator("details", has=form).locator("summary").first.click()
    form.locator("[name=handle_note]").fill("我正在写的办理情况")
    _amend(supervisor, case)
    expect(handler.locator("#fresh")).to_be_visible(timeout=SEEN_WITHIN)
    form.locator("button").last.click()
    expect(handler.locator("form textarea[name=handle_note]")).to_have_value("我正在写的办理情况")
    expect(handler.locator(".alert-warning")).to_be_visible()


def _amend(page: Page, case: Case) -> None:
    page.goto(f"{case.path}/amend")
    page.select_option("[name=type]", "complaint")
    page.locator("form[data-draft] button.btn-primary").click()
    expect(page.locator(".alert-success")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_overdue_matter_climbs_on_the_supervisors_screen(
    language: str, sign_in: Callable[..., Page], office: Office
) -> None:
    case = _dispatched(office)
    supervisor = speak(sign_in("supervisor", **DESKTOP), language)
    supervisor.goto("/desk?board=all")
    level = supervisor.locator(f"tr[data-id='{case.id}'] [data-cell=level]")
    expect(level).to_have_text("")
    clock = "SELECT id FROM deadline WHERE ticket_id = %s AND clock = 'handle' AND stopped_at IS NULL"
    make_overdue(office.product, office.product.ask(clock, case.id))
    told = {"zh": "L2 单位负责人和督办员", "en": "L2 unit's lead and supervisor"}[language]
    expect(level).to_have_text(told, timeout=SWEPT_WITHIN)
    supervisor.goto("/desk?board=overdue")
    light = supervisor.locator(f"tr[data-id='{case.id}'] .light").first
    expect(light).to_have_text({"zh": "已超期", "en": "Overdue"}[language])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_ticket_is_found_by_number_by_telephone_and_by_words(
    language: str, sign_in: Callable[..., Page], office: Office
) -> None:
    case = office.take_call(**CALL | {"phone": "13800138013", "content": "河边栏杆松动了，孩子们常在那里玩"})
    operator = speak(sign_in("operator", **DESKTOP), language)
    operator.goto("/desk")
    for words in (case.number, "138 0013 8013", "栏杆松动"):
        operator.keyboard.press("/")
        operator.wait_for_selector("#q")
        operator.fill("#q", words)
        operator.keyboard.press("Enter")
        expect(operator.locator(f"tr[data-id='{case.id}']")).to_be_visible(timeout=SEEN_WITHIN)
        operator.keyboard.press("Escape")
        operator.locator("body").click(position={"x": 5, "y": 5})
