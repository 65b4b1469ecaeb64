"""The pages of the telephone: what stands there, what is said where there is nothing, what bad input is told."""

import html
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from databases import app_on_clone
from exchange import Exchange
from flask import Flask
from scenes import City

from app.outbox import unit_of_work
from app.oversight import phone_pages, phone_wording
from calls import arriving, seat_figures
from calls.kpis import Counts, mean, of_calls, one_of, share
from calls.seats import BREAKS, FORCED, SeatState
from config import Config

NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)
CITIZEN = "+8613712345678"


def shown(page: str, name: str) -> str:
    return re.search(rf'data-value="{name}">([^<]*)<', page)[1]


@pytest.fixture(scope="module")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    """In place of the one of this folder, where nobody rings."""
    yield from app_on_clone(config, worker_id, "phone_pages", clock=lambda: NOON)


@pytest.fixture
def enter(new_browser) -> Callable[[str], object]:
    def sign_in(login: str) -> object:
        browser = new_browser()
        assert browser.sign_in(login).status_code == 303
        return browser

    return sign_in


@pytest.fixture(scope="module")
def rung(app) -> Exchange:
    """At noon: a talk of two minutes since ended, one that goes on, a caller who waits for 70 s, one who gave up
    and one who left a message."""
    with app.app_context(), unit_of_work() as now:
        exchange = Exchange(City(now - timedelta(minutes=10), app.extensions["vault"]))
        call = exchange.talk("operator", CITIZEN)
        exchange.wait(120)
        arriving.end(call, exchange.city.now, exchange.city.now)
        gone = exchange.queue("+8613712345679")
        exchange.wait(30)
        arriving.end(gone, exchange.city.now, exchange.city.now)
        left = exchange.queue("+8613712345680")
        arriving.begin_voicemail(left, exchange.city.now, exchange.city.now)
        arriving.end(left, exchange.city.now, exchange.city.now)
        exchange.city.now = now - timedelta(seconds=80)
        exchange.talk("operator2", "+8613712345681")
        exchange.city.now = now - timedelta(seconds=70)
        exchange.queue("+8613712345682")
        exchange.city.now = now
        exchange.ring("+8613712345683")
    return exchange


class TestBoard:
    def test_now_and_today(self, enter, rung):
        page = enter("supervisor").get("/oversight/phone").text
        found = {name: shown(page, name) for name in (
            "waiting", "in_menu", "talking", "inbound", "answered", "abandoned", "service_level", "asa",
            "callbacks", "voicemails", "seats_on_call", "recent",
        )}  # fmt: skip
        assert found == {
            "waiting": "1", "in_menu": "1", "talking": "1", "inbound": "6", "answered": "2", "abandoned": "1",
            "service_level": "40.0%", "asa": "0:00", "callbacks": "1", "voicemails": "1", "seats_on_call": "1",
            "recent": "3",
        }  # fmt: skip
        assert re.search(r"<b data-longest data-since=\"[^\"]+\">1:10</b>", page)
        assert '<span class="light red" data-bad="longest">超过60秒</span>' in page
        assert '<span class="light red" data-bad="service_level">低于目标</span>' in page
        assert '<span class="light red" data-bad="recent" hidden>' in page

    def test_a_line_is_not_named_twice(self):
        names = {"12345": "12345政务服务便民热线", "12315": "消费投诉"}
        titles = [phone_pages.line_title(line, names) for line in ("12345", "12315", "12333")]
        assert titles == ["12345政务服务便民热线", "12315 消费投诉", "12333"]

    def test_hung_up_waiting_says_whether_those_at_once_count(self, enter, rung):
        browser = enter("supervisor")
        board, figures = browser.get("/oversight/phone").text, browser.get("/oversight/phone/figures").text
        assert "排队放弃（不含瞬时放弃）" in board and "排队放弃（含瞬时放弃）" not in board
        assert "排队放弃（含瞬时放弃）" in figures

    def test_seats_in_words_and_colours(self, enter, rung):
        page = enter("supervisor").get("/oversight/phone").text
        seats = page[page.index('id="seats"') : page.index("</table>", page.index('id="seats"'))]
        assert '<span class="light blue">通话</span>' in seats and ">1:20</span>" in seats and "12345" in seats
        assert '<span class="light yellow">话后处理</span>' in seats

    def test_the_scripts_answer_holds_the_same(self, enter, rung):
        browser = enter("leader")
        answer = browser.get("/oversight/phone/now")
        page = html.unescape(browser.get("/oversight/phone").text)
        assert answer.status_code == 200 and answer.json["bad"] == ["longest", "service_level"]
        assert all(shown(page, name) == text for name, text in answer.json["values"].items()
                   if f'data-value="{name}"' in page)  # fmt: skip
        assert [cells[0]["text"] for cells in answer.json["seats"]] == ["话务员乙", "话务员甲"]
        assert {name for name in answer.json["values"] if f'data-value="{name}"' not in page} == set()

    def test_nothing_of_a_citizen_is_on_it(self, enter, rung):
        browser = enter("supervisor")
        for path in ("/oversight/phone", "/oversight/phone/now", "/oversight/phone/figures"):
            text = browser.get(path).text
            assert "1371234" not in text and "5678" not in re.sub(r'"[\w.-]{20,}"', "", text), path

    def test_asking_by_itself_is_no_visit(self, app):
        assert app.view_functions["phone_watch.now"].in_background


class TestFigures:
    def test_each_with_its_formula_and_both_sides(self, enter, rung):
        page = html.unescape(enter("leader").get("/oversight/phone/figures").text)
        rows = dict(re.findall(r'<tr data-kpi="(\w+)">(.*?)</tr>', page))
        assert "40.0%" in rows["service_level"] and ">2 / 5<" in rows["service_level"]
        assert "15秒内接听" in rows["service_level"] and ">2 / 6<" in rows["answer_rate_all"]
        assert "—" in rows["callback_in_time"]  # none is due yet
        assert "不显示工时利用率" in page and "<script>" not in page and "style=" not in page

    def test_by_quarter_line_and_operator(self, enter, rung):
        page = enter("leader").get("/oversight/phone/figures").text
        series = page[page.index('id="series"') : page.index("</table>", page.index('id="series"'))]
        assert series.count("<tr>") == 97
        assert re.search(r'<th scope="row">11:45</th>\s*<td class="number">5</td>', series)
        assert '<th scope="row">12345' in page and page.count("data-operator=") == 2

    def test_by_day_where_there_are_several(self, enter, rung):
        page = enter("leader").get("/oversight/phone/figures?from=2026-03-01&to=2026-03-04").text
        assert "每日来电" in page and re.search(r'<th scope="row">3-4</th>\s*<td class="number">5</td>', page)

    def test_of_one_line(self, enter, rung):
        browser = enter("leader")
        none = browser.get("/oversight/phone/figures?line=12315").text
        assert "这段时间没有来电" in none and '<option value="12315" selected>' in none
        assert '<b data-count="inbound">6</b>' in browser.get("/oversight/phone/figures?line=12345").text

    @pytest.mark.parametrize(
        ("query", "field", "sentence"),
        [
            ("from=soon", "from", "请填写日期"), ("to=2026-02-30", "to", "请填写日期"),
            ("from=0001-01-01", "from", "请填写日期"),
            ("from=2026-03-04&to=2026-03-01", "to", "结束日期不能早于开始日期"),
            ("from=2025-01-01&to=2026-03-01", "to", "一次最多查询92天"),
        ],
    )  # fmt: skip
    def test_days_that_mean_nothing_are_told_beside_their_field(self, enter, query, field, sentence):
        answer = enter("leader").get(f"/oversight/phone/figures?{query}")
        assert answer.status_code == 422 and "data-kpi" not in answer.text
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"[^>]*>\s*<span[^>]*>{sentence}', answer.text)


class TestStaffing:
    ASKED = "minutes=60&aht=300&share=95&within=15&busiest=100&shrinkage=0"

    def test_one_number(self, enter):
        page = enter("leader").get(f"/oversight/phone/staffing?calls=480&{self.ASKED}").text
        assert '<b data-needed="seats">51</b>' in page and '<b data-needed="scheduled">51</b>' in page
        assert re.search(r'<tr aria-current="true"><th scope="row">51</th>', page)
        assert 'id="aht"' in page and ">480</textarea>" in page

    def test_a_forecast(self, enter):
        page = enter("leader").get(f"/oversight/phone/staffing?calls=300,+480%0A960&{self.ASKED}").text
        assert '<b data-needed="seats">94</b>' in page
        seats = re.findall(r'<th scope="row">\d</th><td class="number">(\d+)</td>', page)
        assert seats == ["34", "51", "94"]

    @pytest.mark.parametrize(
        ("change", "field", "sentence"),
        [
            ("calls=", "calls", "请填写一个来电数"), ("calls=many", "calls", "请填写一个来电数"),
            ("calls=-3", "calls", "请填写一个来电数"), ("calls=" + "1+" * 97, "calls", "请填写一个来电数"),
            ("calls=5&aht=0", "aht", "请填写处理时长"), ("calls=5&aht=nan", "aht", "请填写处理时长"),
            ("calls=5&share=100", "share", "请填写及时接听的比例"), ("calls=5&within=x", "within", "请填写秒数"),
            ("calls=5&busiest=101", "busiest", "请填写占用率上限"), ("calls=5&minutes=7", "minutes", "请选择"),
            ("calls=5&shrinkage=91", "shrinkage", "请填写不在线时间占比"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_told_and_kept(self, enter, change, field, sentence):
        whole = dict(part.split("=") for part in f"{self.ASKED}&{change}".split("&"))
        answer = enter("leader").get("/oversight/phone/staffing", query_string=whole)
        assert answer.status_code == 422 and f'id="{field}-fault">{sentence}' in answer.text
        assert "data-needed" not in answer.text
        if field not in ("calls", "minutes"):
            assert re.search(rf'id="{field}"[^>]*value="{whole[field]}"', answer.text)

    def test_the_handling_time_is_that_of_the_last_weeks(self, enter, rung):
        page = enter("leader").get("/oversight/phone/staffing").text
        assert "最近28天平均" in page and not re.search(r'id="aht"[^>]*value="300"', page)

    def test_more_than_any_hotline_has(self, enter):
        query = "calls=100000&minutes=15&aht=7200&share=95&within=15&busiest=100&shrinkage=0"
        answer = enter("leader").get(f"/oversight/phone/staffing?{query}")
        assert answer.status_code == 422 and "请填写一个来电数" in answer.text


def test_every_figure_and_state_has_its_words(app):
    assert phone_wording.KPIS.keys() == phone_wording.HOW.keys()
    assert phone_wording.SEATS.keys() == {str(state) for state in SeatState}
    assert phone_wording.REASONS.keys() == {*BREAKS, *FORCED}
    assert of_calls(Counts()).keys() | {"wait_p50", "wait_p90"} <= phone_wording.KPIS.keys()
    assert seat_figures.kpis([]).keys() <= phone_wording.KPIS.keys()


def test_figures_as_people_read_them(app):
    with app.test_request_context():
        assert [phone_pages.shown(kpi) for kpi in (
            share(1, 3), share(0, 3), share(0, 0), mean(75, 1), mean(3675, 1), one_of(None, 0), one_of(9.5, 2),
        )] == ["33.3%", "0.0%", "—", "1:15", "1:01:15", "—", "0:10"]  # fmt: skip
        assert phone_pages.sides(share(1, 3)) == "1 / 3" and phone_pages.sides(one_of(9, 4)) == "共4次"
