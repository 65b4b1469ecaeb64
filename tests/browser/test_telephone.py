"""The pages of the telephone in a browser: a board that follows by itself, and says when it cannot."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from exchange import Exchange
from flask import Flask
from flows.product import Product
from playwright.sync_api import Page, expect
from scenes import City
from sqlalchemy import update

from app.outbox import unit_of_work
from calls import arriving
from calls.models import Call
from db import db
from manage import create_app

from .conftest import PHONE

pytestmark = pytest.mark.browser

SEEN_WITHIN = 4500.0  # ms; without news the page would ask after five seconds
LISTEN = """async (withOther) => {
  const told = [], hears = {}, real = window.io;
  window.fetch = async () => Response.json({ rows: [], gone: [], seq: 16, more: false, reload: false });
  window.io = () => ({ on: (name, hear) => { hears[name] = hear; }, io: { on() {} } });
  const { listen } = await import("/static/js/live.js");
  const note = ({ subject, id }) => told.push(`other ${subject ?? "?"} ${id ?? "?"}`);
  const other = withOther ? { other: note } : {};
  listen(10, {
    change: (row) => told.push(`change ${row.id}`), gone: (id) => told.push(`gone ${id}`),
    state() {}, heard() {}, ended() {}, ...other,
  });
  window.io = real;
  hears.joined({ rooms: { calls: 8, city: 9 }, seq: 10 });
  const news = (seq, prev, rest) => hears.news({ room: "calls", seq, prev, ...rest });
  news(11, 8, { kind: "call.noted", subject: "call", id: 3 });
  news(11, 8, { kind: "call.noted", subject: "call", id: 3 });
  news(12, 11, { kind: "ticket.given", id: 4, version: 1, row: { id: 4 } });
  news(13, 12, { kind: "seat.changed", subject: "seat", id: 5 });
  news(16, 15, { kind: "seat.changed", subject: "seat", id: 6 });
  await new Promise((done) => setTimeout(done, 700));
  return told;
}"""


@pytest.fixture
def switchboard(product: Product) -> Iterator[Callable[[datetime], Exchange]]:
    """A context in which verbs of calls are committed to the product's database."""
    application: Flask = create_app(product.config, ASYNC_MODE="threading")
    with application.app_context():

        def begin(now: datetime) -> Exchange:
            return Exchange(City(now, application.extensions["vault"]), _sids=int(now.timestamp() * 1000))

        yield begin
        with unit_of_work() as now:
            for call in db.session.query(Call).filter(Call.ended_at.is_(None)):
                arriving.end(call, now, now)
    with application.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_the_board_follows_by_itself(
    switchboard: Callable[..., Exchange], sign_in: Callable[..., Page], options: dict[str, object]
) -> None:
    page = sign_in("supervisor", **options)
    page.goto("/oversight/phone")
    expect(page.locator(".lamp")).to_have_attribute("data-live", "yes")
    waiting = page.locator("[data-value=waiting]")
    before = int(waiting.inner_text())
    with unit_of_work() as now:
        call = switchboard(now).queue()
        call_id = call.id
    expect(waiting).to_have_text(str(before + 1), timeout=SEEN_WITHIN)
    expect(page.locator("#lines")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with unit_of_work():
        long_ago = now - timedelta(seconds=90)
        values = {"queued_at": long_ago, "waiting_since": long_ago}
        db.session.execute(update(Call).where(Call.id == call_id).values(values))
    expect(page.locator("[data-bad=longest]")).to_be_visible(timeout=2 * SEEN_WITHIN)
    with unit_of_work() as later:
        arriving.end(db.session.get_one(Call, call_id), later, later)
    expect(waiting).to_have_text(str(before), timeout=SEEN_WITHIN)


def test_numbers_that_are_too_old_say_so(sign_in: Callable[..., Page], complaints: list[str]) -> None:
    page = sign_in("leader")
    page.goto("/oversight/phone")
    stale = page.locator("[data-stale]")
    expect(stale).to_be_hidden()
    page.route("**/oversight/phone/now", lambda route: route.abort())
    expect(stale).to_be_visible(timeout=20_000)
    page.unroute("**/oversight/phone/now")
    expect(stale).to_be_hidden(timeout=10_000)
    complaints.clear()  # of the requests that were cut


def test_it_asks_at_most_every_two_seconds(sign_in: Callable[..., Page]) -> None:
    page = sign_in("supervisor")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/phone/now") else None)
    page.goto("/oversight/phone")
    page.wait_for_timeout(1000)
    for _ in range(40):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(100)
    assert 1 <= len(asked) <= 3


@pytest.mark.parametrize("heard", [True, False])
def test_news_of_others_than_tickets_keep_the_chain(sign_in: Callable[..., Page], heard: bool) -> None:
    """Told twice it is told once; after a gap it may be about anything; nobody listens, nobody takes it for a
    ticket."""
    page = sign_in("supervisor")
    page.goto("/desk")
    others = ["other seat 5", "other seat 6"] if heard else []
    assert page.evaluate(LISTEN, heard) == [*(["other call 3"] if heard else []), "change 4", *others]


def test_figures_and_seats_are_drawn(sign_in: Callable[..., Page]) -> None:
    page = sign_in("leader")
    page.goto("/oversight/phone/figures")
    expect(page.locator("[data-chart] canvas")).to_have_count(1)
    page.goto("/oversight/phone/staffing")
    page.fill("[name=calls]", "480")
    page.select_option("[name=minutes]", "60")
    page.locator("main form button").click()
    expect(page.locator("[data-needed=seats]")).to_be_visible()
    expect(page.locator("[data-chart] canvas")).to_have_count(1)
