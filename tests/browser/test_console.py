"""The telephone page in a browser: by keys alone, in any order of windows, and with the desk beside it."""

import re
from collections.abc import Callable, Iterator

import pytest
from flows.cases import Office
from flows.product import Product
from playwright.sync_api import APIResponse, Page, Route, expect
from switchboard import Switch
from telephone import clear

from app.abilities import CONFERENCE
from app.outbox import unit_of_work
from calls import pushed
from calls.pushed import Source, Told
from db import db
from manage import create_app

from .test_axe import violations

pytestmark = pytest.mark.browser

SOON = 9000.0  # ms: the page asks every five seconds when it hears of nothing


@pytest.fixture
def switch(product: Product, office: Office) -> Iterator[Switch]:
    application = create_app(product.config, ASYNC_MODE="threading")
    clear(application)
    yield Switch(application)
    clear(application)
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def console(switch: Switch, sign_in: Callable[..., Page]) -> Iterator[Page]:  # windows close before tables empty
    """An operator's page, ready. Its line comes as soon as it is asked for."""
    page = sign_in("operator")
    _open(page)
    page.keyboard.press("F4")
    _expect_seat(page, "ready")
    yield page
    if not page.is_closed():
        page.unroute_all(behavior="wait")  # what is under way comes to its end before the window closes


def _open(page: Page) -> None:
    """As with a carrier that does whatever it is told: this product runs with none."""
    page.route("**/desk/phone/simulated/*", _done)
    page.route("**/desk/phone/calls/*/hold", _done)
    page.route("**/desk/phone/state", _able)
    page.goto("/desk/phone")
    expect(page.locator('[data-part="seat"]')).to_be_visible()


def _able(asked: Route) -> None:
    answer = asked.fetch()
    asked.fulfill(response=answer, json=answer.json() | {"caps": sorted(CONFERENCE)})


def _done(asked: Route) -> None:
    asked.fulfill(json={"done": True})


def _expect_seat(page: Page, state: str) -> None:
    expect(page.locator(".seat")).to_have_attribute("data-seat", state, timeout=SOON)


def _part(page: Page, name: str):
    return page.locator(f'[data-part="{name}"]')


def _talk(page: Page, switch: Switch) -> int:
    call = switch.queue()
    expect(_part(page, "offer")).to_be_visible(timeout=SOON)
    page.keyboard.press("F2")
    expect(_part(page, "talk")).to_be_visible(timeout=SOON)
    switch.connect(call)
    _expect_seat(page, "on_call")
    return call


def test_a_question_takes_one_key_to_accept_and_two_to_end(console: Page, switch: Switch) -> None:
    call = switch.queue()
    expect(_part(console, "offer")).to_be_visible(timeout=SOON)
    expect(_part(console, "offer")).to_contain_text("138****8000")
    assert "☎" in console.title()
    assert violations(console) == []
    console.keyboard.press("F2")
    form = console.frame_locator("#desk").locator("#content")
    expect(form).to_be_focused(timeout=SOON)
    assert "☎" not in console.title()
    switch.connect(call)
    _expect_seat(console, "on_call")
    assert violations(console) == []
    switch.end(call)
    _expect_seat(console, "wrap_up")
    form.press("F8")
    console.keyboard.press("Enter")
    expect(_part(console, "news")).to_contain_text("工单编号", timeout=SOON)
    _expect_seat(console, "ready")
    expect(_part(console, "closing")).to_be_hidden()


def test_what_was_typed_is_in_the_ticket_that_two_keys_make(console: Page, switch: Switch) -> None:
    call = _talk(console, switch)
    desk = console.frame_locator("#desk")
    desk.locator("#place").fill("学府路8号")
    desk.locator("#content").fill("学区怎么划分？\n新生几号报名？")
    switch.end(call)
    _expect_seat(console, "wrap_up")
    desk.locator("#content").press("F8")
    expect(console.locator("#closing-content")).to_have_value("学区怎么划分？\n新生几号报名？")
    console.keyboard.press("Enter")
    _expect_seat(console, "ready")
    expect(desk.locator("h1")).to_contain_text("学区怎么划分", timeout=SOON)
    expect(desk.locator("main")).to_contain_text("学府路8号")
    expect(desk.locator("form[data-draft$=register]")).to_have_count(0)


def test_each_further_f8_is_the_next_choice(console: Page, switch: Switch) -> None:
    call = _talk(console, switch)
    switch.end(call)
    _expect_seat(console, "wrap_up")
    assert violations(console) == []
    for choice in ("answered", "nothing", "ticket", "answered", "nothing"):
        console.keyboard.press("F8")
        expect(console.locator("[name=disposition]:checked")).to_have_value(choice)
    console.keyboard.press("Enter")
    _expect_seat(console, "ready")
    number = console.locator('[data-part="news"]')
    expect(number).not_to_contain_text("工单编号")


def test_hold_is_shown_once_the_carrier_says_so(console: Page, switch: Switch) -> None:
    call = _talk(console, switch)
    held = console.locator("[data-held]")
    console.frame_locator("#desk").locator("#content").press("F9")
    console.wait_for_timeout(1500)
    expect(held).to_be_hidden()
    switch.hold(call, on=True)
    expect(held).to_be_visible(timeout=SOON)
    switch.hold(call, on=False)
    expect(held).to_be_hidden(timeout=SOON)


def test_an_answer_from_before_the_call_was_taken_does_not_end_its_line(console: Page, switch: Switch) -> None:
    late: list[tuple[Route, APIResponse]] = []

    def hold_back(asked: Route) -> None:
        if late:
            _able(asked)
        else:
            late.append((asked, asked.fetch()))

    call = switch.queue()
    expect(_part(console, "offer")).to_be_visible(timeout=SOON)
    with console.expect_request("**/desk/phone/state"):
        console.route("**/desk/phone/state", hold_back)
    with console.expect_request_finished(lambda one: one.url.endswith("/simulated/connect")):
        console.keyboard.press("F2")
    console.wait_for_timeout(300)
    [(asked, answer)] = late
    asked.fulfill(response=answer, json=answer.json() | {"caps": sorted(CONFERENCE)})
    switch.connect(call)
    _expect_seat(console, "on_call")
    expect(console.locator("[data-do=hold]")).to_be_enabled(timeout=SOON)
    expect(_part(console, "rejoin")).to_be_hidden()


def test_the_talk_outlives_what_is_done_at_the_desk(console: Page, switch: Switch) -> None:
    _talk(console, switch)
    desk = console.frame_locator("#desk")
    desk.locator("nav [data-key=find]").click()
    expect(desk.locator("#q")).to_be_visible()
    expect(_part(console, "talk")).to_be_visible()
    expect(desk.locator("nav [data-key=telephone]")).to_have_count(0)


def test_a_registered_ticket_is_an_end_already_chosen(console: Page, switch: Switch) -> None:
    call = _talk(console, switch)
    desk = console.frame_locator("#desk")
    desk.locator("#content").fill("和平路路灯连续三天不亮，请派人维修。")
    desk.locator("form[data-draft] button.btn-primary").first.click()
    expect(desk.locator("h1")).to_have_text("已登记")
    switch.end(call)
    _expect_seat(console, "wrap_up")
    console.keyboard.press("F8")
    expect(console.locator("[name=disposition]:checked")).to_have_value("ticket")
    expect(console.locator("[name=disposition][value=nothing]")).to_be_disabled()
    console.keyboard.press("Enter")
    _expect_seat(console, "ready")


def test_a_citizen_who_is_rung_and_not_reached(console: Page, switch: Switch, product: Product) -> None:
    """Only hanging up makes sense while it rings; then it says what came of it, and the empty form goes."""
    callback = switch.owe_callback()
    expect(console.locator("[data-callbacks-count]")).to_have_text("1", timeout=SOON)
    me = product.ask("SELECT id FROM staff WHERE login = 'operator'")
    _expect_seat(console, "ready")
    call = switch.ring_out(me, console.evaluate("sessionStorage.getItem('console')"), callback)
    expect(_part(console, "talk")).to_contain_text("正在呼叫市民", timeout=SOON)
    expect(console.locator("[data-do=hang_up]")).to_be_enabled(timeout=SOON)
    expect(console.locator("[data-do=hold]")).to_be_hidden()
    expect(console.locator("[data-do=pause_recording]")).to_be_hidden()
    assert "·" not in _part(console, "talk").inner_text()
    desk = console.frame_locator("#desk")
    expect(desk.locator("form[data-draft$=register]")).to_be_visible(timeout=SOON)
    switch.tell_out(call, "busy")
    expect(_part(console, "not_reached")).to_contain_text("占线", timeout=SOON)
    expect(_part(console, "not_reached")).to_contain_text("下次回拨时间")
    expect(desk.locator("[data-callback]")).to_be_visible(timeout=SOON)
    assert violations(console) == []


def test_a_call_answered_at_a_platform_opens_its_form(console: Page, switch: Switch, product: Product) -> None:
    me = product.ask("SELECT id FROM staff WHERE login = 'operator'")
    for kind, staff in (("newCall", None), ("answer", me)):
        with switch.app.app_context(), unit_of_work() as now:
            told = Told(kind, "call-1", now, "in", "13800138000", "12345", staff, staff is not None)
            pushed.hear(now, Source("their-own"), told, switch.app.extensions["vault"])
    expect(console.frame_locator("#desk").locator("form[data-draft$=register]")).to_be_visible(timeout=SOON)


def test_whoever_pressed_9_is_not_to_be_overlooked(console: Page, switch: Switch) -> None:
    switch.queue(key="9")
    expect(console.locator("[data-offer-urgent]")).to_be_visible(timeout=SOON)
    expect(_part(console, "offer")).to_contain_text("紧急求助")
    expect(console.locator("[data-call-out]")).to_contain_text("紧急求助")
    assert violations(console) == []


def test_times_are_the_citys_and_the_keys_are_read_from_the_top(
    switch: Switch, sign_in: Callable[..., Page], product: Product
) -> None:
    page = sign_in("operator", timezone_id="America/New_York", viewport={"width": 900, "height": 360})
    _open(page)
    page.keyboard.press("F4")
    call = _talk(page, switch)
    switch.end(call)
    _expect_seat(page, "wrap_up")
    there = product.ask("SELECT to_char(answered_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') FROM call")
    expect(page.locator("[data-closing=at]")).to_have_text(there)
    page.locator("[data-help]").click()
    expect(page.locator("#help")).to_be_visible()
    expect(page.locator("#help-title")).to_be_focused()
    assert page.evaluate("document.querySelector('#help').scrollTop") == 0
    page.unroute_all(behavior="wait")


def test_after_a_window_was_closed_in_a_talk_the_next_one_leads_back(console: Page, switch: Switch) -> None:
    call = _talk(console, switch)
    second = console.context.new_page()
    console.unroute_all(behavior="wait")
    console.close()
    switch.cut(call)
    _open(second)
    expect(_part(second, "rejoin")).to_be_visible(timeout=SOON)
    expect(_part(second, "taken")).to_be_hidden()
    second.unroute_all(behavior="wait")


def test_a_page_loaded_anew_leads_back_into_the_talk(console: Page, switch: Switch) -> None:
    call = _talk(console, switch)
    console.once("dialog", lambda asked: asked.accept())
    console.reload()
    switch.cut(call)
    expect(_part(console, "rejoin")).to_be_visible(timeout=SOON)
    # What a broken line cannot carry rests.
    form = re.compile(r"/desk/tickets/\d+/register$")
    expect(console.locator("[data-talk-ticket]")).to_have_attribute("href", form)
    expect(console.locator("[data-do=hold]")).to_be_disabled()
    expect(console.locator("[data-do=hang_up]")).to_be_enabled()
    console.keyboard.press("F2")
    expect(_part(console, "rejoin")).to_be_hidden(timeout=SOON)
    # What is taken down in the call comes back with the line.
    expect(console.frame_locator("#desk").locator("#content")).to_be_visible(timeout=SOON)


def test_a_second_window_asks_before_it_takes_over(console: Page) -> None:
    second = console.context.new_page()
    second.goto("/desk/phone")
    expect(_part(second, "taken")).to_be_visible(timeout=SOON)
    expect(_part(second, "seat")).to_be_hidden()
    assert violations(second) == []
    second.click("[data-do=sit]")
    _expect_seat(second, "ready")
    expect(_part(console, "taken")).to_be_visible(timeout=2000.0)


def test_without_a_connection_it_says_so_and_keeps_what_was_typed(
    console: Page, switch: Switch, complaints: list[str]
) -> None:
    call = _talk(console, switch)
    switch.end(call)
    _expect_seat(console, "wrap_up")
    console.fill("[name=answer]", "下周一起恢复供水。")
    console.unroute("**/desk/phone/state")  # which reaches the product past the window
    console.context.set_offline(True)
    console.locator("[data-closing-form] button").click()
    expect(_part(console, "trouble")).to_contain_text("网络已断开")
    assert console.input_value("[name=answer]") == "下周一起恢复供水。"
    console.context.set_offline(False)
    expect(_part(console, "trouble")).to_be_hidden(timeout=SOON)
    assert console.input_value("[name=answer]") == "下周一起恢复供水。"
    console.locator("[data-closing-form] button").click()
    _expect_seat(console, "ready")
    assert all("ERR_INTERNET_DISCONNECTED" in one or "/socket.io/" in one for one in complaints)
    complaints.clear()


def test_whoever_coaches_sees_talks_and_goes_in_and_out(
    console: Page, switch: Switch, sign_in: Callable[..., Page], product: Product
) -> None:
    call = _talk(console, switch)
    coach = sign_in("supervisor")
    coach.route("**/desk/phone/simulated/*", _done)
    coach.route("**/desk/phone/calls/*/listen", lambda asked: asked.fulfill(json={"token": "a pass"}))
    coach.goto("/desk/phone")
    line = coach.locator("[data-talks] li")
    expect(line).to_have_count(1, timeout=SOON)
    line.locator("[data-coach=listen]").click()
    expect(coach.locator("[data-coaching]")).to_contain_text("监听")
    line.locator("[data-coach=whisper]").click()
    expect(coach.locator("[data-coaching]")).to_contain_text("只有坐席")
    assert violations(coach) == []
    switch.hand_over(call, product.ask("SELECT min(id) FROM department WHERE phone <> ''"))
    expect(line).to_contain_text("已转交", timeout=SOON)
    expect(coach.locator("[data-coaching]")).to_be_hidden()
    expect(line.locator("[data-coach=whisper]")).to_be_hidden()
    line.locator("[data-coach=listen]").click()
    expect(coach.locator("[data-coaching]")).to_contain_text("监听")
    line.locator("[data-coach=leave]").click()
    expect(coach.locator("[data-coaching]")).to_be_hidden()
