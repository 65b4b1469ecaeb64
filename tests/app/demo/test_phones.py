"""The demo city's telephones: what they forward to the played network, what they refuse, where they are not."""

import html
import json
from dataclasses import replace

import pytest
from telephone import CALLER, LINE, Telephone

from app.demo import phones
from routing import service as routing

PATHS = ("/demo/phone", "/demo/department", f"/demo/phone/now?number={CALLER}", "/demo/phone/rush")
PLUS = CALLER.replace("+", "%2B")


@pytest.fixture
def app(ringing_app):
    return ringing_app


@pytest.fixture
def unit(app):
    with app.app_context():
        return next(unit for unit in routing.current().units.values() if unit.phone)


def now(browser, number: str = CALLER, **asked: object):
    query = {"number": number, **asked}
    return browser.get("/demo/phone/now", query_string=query).json


def order(browser, path: str, status: int = 200, **fields: object):
    answer = browser.post(f"/demo{path}", fields, headers={"Accept": "application/json"})
    assert answer.status_code == status, answer.text
    return answer.json


def ring(browser, **fields: object) -> str:
    return order(browser, "/phone/dial", number=CALLER, to=LINE, **fields)["call"]


class TestPages:
    @pytest.mark.parametrize(("language", "words"), [("zh", "拨打电话"), ("en", "Do not show my number")])
    def test_of_the_citizen_names_lines_and_numbers(self, browser, network: Telephone, language: str, words: str):
        page = browser.get(f"/demo/phone?lang={language}")
        assert page.status_code == 200 and words in page.text
        assert LINE in page.text and phones.NUMBERS[0] in page.text

    def test_of_a_department_names_those_with_a_telephone(self, browser, network: Telephone, unit):
        page = browser.get("/demo/department")
        assert page.status_code == 200 and f'value="{unit.phone}">{unit.name}' in page.text

    @pytest.mark.parametrize("path", PATHS)
    def test_are_nowhere_in_a_city_of_its_own(self, browser, path: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("app.demonstration.REGION", "1234")
        assert browser.get(path).status_code == 404

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("telephony", ["none", "twilio"])
    def test_are_nowhere_with_a_real_telephone(self, app, browser, path: str, telephony: str, monkeypatch):
        config = app.extensions["hotline"]
        monkeypatch.setitem(app.extensions, "hotline", replace(config, telephony=telephony))
        assert browser.get(path).status_code == 404
        assert browser.post("/demo/phone/rush/stop").status_code == 404

    @pytest.mark.parametrize("path", ["/phone/dial", "/phone/do", "/phone/rush", "/phone/crew", "/department/way"])
    def test_change_nothing_for_a_page_elsewhere(self, browser, network: Telephone, path: str):
        assert browser.client.post(f"/demo{path}", data={"number": CALLER, "to": LINE}).status_code == 400
        assert network.network.calls == {}


class TestCall:
    def test_is_rung_heard_and_ended(self, browser, network: Telephone):
        sid = ring(browser)
        network.pass_(2)
        call = now(browser)["call"]
        assert (call["sid"], call["doing"], call["incoming"]) == (sid, "menu", False)
        assert "录音" in call["heard"][0]["text"] and call["heard"][0]["at"]
        network.pass_(30)
        later = now(browser, call=sid, since=call["next"])["call"]
        assert later["doing"] == "waiting" and "录音" not in "".join(one["text"] for one in later["heard"])
        order(browser, "/phone/do", number=CALLER, call=sid, doing="hang-up")
        assert now(browser)["call"]["doing"] == "ended"

    def test_keys_and_speech_go_through(self, browser, network: Telephone):
        sid = ring(browser)
        network.pass_(2)
        order(browser, "/phone/do", number=CALLER, call=sid, doing="press", keys="3")
        network.pass_(2)
        assert "编号" in network.network.calls[sid].heard[-1].text
        order(browser, "/phone/do", number=CALLER, call=sid, doing="speak", seconds="60")
        assert network.network.calls[sid].speaking_until is not None

    def test_can_hide_its_number(self, browser, network: Telephone):
        sid = ring(browser, withheld="1")
        assert network.network.calls[sid].from_ == "anonymous" and now(browser)["call"]["sid"] == sid

    def test_is_one_at_a_time(self, browser, network: Telephone):
        ring(browser)
        assert order(browser, "/phone/dial", 409, number=CALLER, to=LINE)["error"] == "busy"

    def test_not_too_many_are_dialled_by_hand(self, browser, network: Telephone):
        for number in range(phones.BY_HAND):
            network.phone(f"+86154000010{number:02d}").dial(LINE)
        assert order(browser, "/phone/dial", 429, number=CALLER, to=LINE)["error"] == "many"

    def test_of_another_number_is_left_alone(self, browser, network: Telephone):
        sid = network.phone("+8615400000077").dial(LINE).sid
        fields = {"number": CALLER, "call": sid, "doing": "hang-up"}
        assert order(browser, "/phone/do", 422, **fields)["message"]
        assert not network.network.calls[sid].is_over

    def test_that_is_over_says_so(self, browser, network: Telephone):
        sid = ring(browser)
        network.network.calls[sid].hang_up()
        fields = {"number": CALLER, "call": sid, "doing": "press", "keys": "1"}
        assert order(browser, "/phone/do", 409, **fields)["error"] == "refused"

    @pytest.mark.parametrize(
        "fields",
        [{"doing": "vanish"}, {"doing": "press", "keys": "12"}, {"doing": "press", "keys": "x"},
         {"doing": "speak"}, {"doing": "speak", "seconds": "999"},
         {"doing": "press", "keys": "1", "call": "../state"}],
    )  # fmt: skip
    def test_takes_nothing_else(self, browser, network: Telephone, fields: dict):
        order(browser, "/phone/do", 422, **{"number": CALLER, "call": ring(browser), **fields})

    @pytest.mark.parametrize("number", ["", "abc", "+4915112345678", "110", LINE, "1380013800０a", "+86/../state"])
    def test_is_of_a_number_of_this_country(self, browser, network: Telephone, number: str):
        assert order(browser, "/phone/dial", 422, number=number, to=LINE)["error"] == "number"

    @pytest.mark.parametrize(
        "number", ["13800138000", "138 0013 8000", "+86-138-0013-8000", "１３８００１３８０００"]
    )
    def test_takes_a_number_as_people_write_it(self, browser, network: Telephone, number: str):
        order(browser, "/phone/dial", number=number, to=LINE)
        assert [phone for phone in network.network.phones if phone == CALLER]

    def test_rings_lines_of_the_hotline_only(self, browser, network: Telephone):
        assert order(browser, "/phone/dial", 422, number=CALLER, to="+8613900000000")["error"] == "line"


def test_a_call_for_a_department_rings_and_is_answered(browser, network: Telephone, unit):
    order(browser, "/department/way", number=unit.phone, way="human")
    assert now(browser, unit.phone)["way"] == "human"
    assert network.phone(unit.phone).answer.then[0].keys == "1"
    order(browser, "/department/way", number=unit.phone, way="by_hand")
    assert now(browser, unit.phone)["way"] == "by_hand" and network.phone(unit.phone).answer is None
    says = "<Say voice='Polly.Zhiyu-Neural' language='cmn-CN'>请按1。</Say><Pause length='9'/>"
    network.client.calls.create(to=unit.phone, from_=LINE, twiml=f"<Response>{says}</Response>")
    network.network.advance(2)
    call = now(browser, unit.phone)["call"]
    assert (call["doing"], call["incoming"]) == ("ringing", True)
    order(browser, "/phone/do", number=unit.phone, call=call["sid"], doing="answer")
    network.network.advance(2)
    assert now(browser, unit.phone)["call"]["heard"][0]["text"] == "请按1。"


@pytest.mark.parametrize("way", ["", "human ", "machine"])
def test_a_department_answers_in_no_other_way(browser, network: Telephone, unit, way: str):
    order(browser, "/department/way", 422, number=unit.phone, way=way)
    order(browser, "/department/way", 422, number=CALLER, way="busy")


class TestTexts:
    def test_arrive_and_are_told_once(self, browser, network: Telephone):
        network.client.messages.create(to=CALLER, from_=LINE, body="您好")
        network.network.advance(5)
        found = now(browser)
        assert [text["body"] for text in found["inbox"]] == ["您好"] and found["texts"] == 1
        assert now(browser, texts=1)["inbox"] == []

    @pytest.mark.parametrize("body", ["", "  ", "长" * 501])
    def test_have_a_length(self, browser, network: Telephone, body: str):
        assert order(browser, "/phone/text", 422, number=CALLER, to=LINE, body=body)["error"] == "text"


class TestRush:
    FIELDS = {"to": LINE, "callers": "5", "minutes": "1", "patience": "30", "talk": "30"}

    def test_begins_goes_and_is_stopped(self, browser, network: Telephone):
        assert browser.get("/demo/phone/rush").json["counts"] is None
        begun = order(browser, "/phone/rush", **self.FIELDS)
        assert begun["going"] and begun["counts"]["to_come"] == 5
        assert order(browser, "/phone/rush", 409, **self.FIELDS)["error"] == "rushing"
        network.pass_(30)
        assert browser.get("/demo/phone/rush").json["counts"]["to_come"] < 5
        stopped = order(browser, "/phone/rush/stop")
        assert not stopped["going"] and stopped["counts"]["over"] == 5
        network.pass_(2)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("callers", "0"), ("callers", "201"), ("minutes", "31"), ("minutes", "1.5"), ("patience", ""),
         ("talk", "-5"), ("talk", "9" * 30), ("callers", "٣")],
    )  # fmt: skip
    def test_has_limits_that_it_names(self, browser, network: Telephone, name: str, value: str):
        refused = order(browser, "/phone/rush", 422, **(self.FIELDS | {name: value}))
        assert refused["error"] == name and any(sign.isdigit() for sign in refused["message"])

    def test_when_operators_answer_is_chosen(self, browser, network: Telephone):
        assert order(browser, "/phone/crew", when="always")["crew"] == "always"
        assert network.network.crew == "always"
        order(browser, "/phone/crew", 422, when="sometimes")


class TestWithoutTheNetwork:
    def test_the_pages_say_so_and_go_on_asking(self, app, browser):
        for path in (f"/demo/phone/now?number={PLUS}", "/demo/phone/rush"):
            answer = browser.get(path)
            assert answer.status_code == 200 and "./hotline up" not in answer.text and answer.json["problem"]
        assert browser.get("/demo/phone").status_code == 200

    def test_orders_are_refused(self, app, browser):
        answer = order(browser, "/phone/dial", 503, number=CALLER, to=_a_line(app))
        assert answer["error"] == "no_network"

    def test_a_port_where_nobody_listens_is_the_same(self, app, browser, monkeypatch: pytest.MonkeyPatch):
        config = replace(app.extensions["hotline"], twilio_api_url="http://127.0.0.1:9")
        monkeypatch.setitem(app.extensions, "hotline", config)
        assert now(browser)["problem"]


def _a_line(app) -> str:
    with app.app_context():
        return phones._lines()[0].number


def test_what_is_no_speech_stands_there_in_chinese(browser):
    page = html.unescape(browser.get("/demo/phone").text)
    for chinese in ("录音或音乐", "提示音", "保持中"):
        assert json.dumps(chinese)[1:-1] in page
