"""Following and rating a ticket with number and query code only."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from markupsafe import escape
from scenes import GATE

from app.outbox import unit_of_work
from app.templating import deadline
from routing import service as routing
from tests.app.public.conftest import keys_of
from tickets import queries, service
from tickets.handling import Account
from tickets.permissions import SYSTEM

MOST_QUERIES = 7


@pytest.fixture
def replied(app, citizen, actor_of):
    """A ticket whose reply has passed review: number, code."""

    def make(reply: str = "井盖已更换。") -> tuple[str, str]:
        answer = citizen.complain(content="反映一件小事，电话13900139000", place="府前路12号3单元501室")
        number, code = keys_of(answer)
        with app.app_context():
            with unit_of_work() as now:
                dispatcher, handler = actor_of("dispatcher"), actor_of("handler-urban")
                ticket_id = queries.public_status(number, code, app.extensions["vault"]).ticket_id
                unit = next(iter(handler.departments))
                service.dispatch(dispatcher, now, ticket_id, unit)
            with unit_of_work() as now:
                page = queries.ticket_page(handler, now, ticket_id, app.extensions["vault"])
                part = page.parts[0].part.id
                service.sign(handler, now, ticket_id, part)
                service.reply(handler, now, ticket_id, part, Account(reply, "内部说明：张三经手", **GATE))
            with unit_of_work() as now:
                service.accept(actor_of("supervisor"), now, ticket_id)
        return number, code

    return make


def test_number_and_code_show_where_it_is(citizen):
    number, code = keys_of(citizen.complain())
    page = citizen.ask(number, code)
    assert page.status_code == 200
    assert "正在等待分派承办单位" in page.text
    assert page.headers["Cache-Control"] == "no-store"


@pytest.fixture
def at_work(app, citizen, actor_of):
    """A ticket that the city's own unit works on: number, code, id and its part."""
    number, code = keys_of(citizen.complain(content="反映一件小事", place="府前路12号"))
    with app.app_context(), unit_of_work() as now:
        ticket_id = queries.public_status(number, code, app.extensions["vault"]).ticket_id
        unit = routing.current().units["990102.urban"].id
        service.dispatch(actor_of("dispatcher"), now, ticket_id, unit)
        part = queries.ticket_page(SYSTEM, now, ticket_id, app.extensions["vault"]).parts[0].part.id
        service.sign(SYSTEM, now, ticket_id, part)
    return number, code, ticket_id, part


def test_more_time_is_told_beside_the_new_promise_with_the_first_one(app, citizen, actor_of, at_work):
    number, code, ticket_id, part = at_work
    assert "原承诺时间" not in citizen.ask(number, code).text
    with app.app_context(), unit_of_work() as now:
        first = queries.promised(ticket_id)
        service.ask_extension(actor_of("lead-wanghe"), now, ticket_id, part, "2", "等材料")
        service.grant_extension(actor_of("supervisor"), now, ticket_id, part, "同意")
    with app.test_request_context():
        was = deadline(first)
    page = citizen.ask(number, code).text
    assert "原承诺时间" in page and was in page and "等材料" not in page


def test_while_it_is_suspended_why_and_until_when_stand_at_the_top(app, citizen, actor_of, at_work):
    number, code, ticket_id, part = at_work
    with app.app_context(), unit_of_work() as now:
        on = now.date() + timedelta(days=20)
        service.ask_suspension(actor_of("lead-wanghe"), now, ticket_id, part, "planned", on, "列入计划")
        service.grant_suspension(actor_of("supervisor"), now, ticket_id, part, on, "管网明年改造")
    page = citizen.ask(number, code).text
    head = page[: page.index("<ol")]
    assert "再次核查时间" in head and "管网明年改造" in head and "列入计划" not in page
    with app.app_context(), unit_of_work() as now:
        service.resume(actor_of("supervisor"), now, ticket_id, "已完工")
    assert "再次核查时间" not in citizen.ask(number, code).text


@pytest.mark.parametrize("shape", ["{}", " {} ", "{}　", "－{}"])
def test_typing_it_with_blanks_and_dashes_is_no_mistake(citizen, shape):
    number, code = keys_of(citizen.complain())
    assert citizen.ask(shape.format(number), code.replace(" ", "-")).status_code == 200


def test_wrong_number_and_wrong_code_get_the_same_bytes(citizen):
    number, code = keys_of(citizen.complain())
    wrong_code = citizen.ask(number, "1" * 12)
    wrong_number = citizen.ask("202001010000014", code)
    assert {answer.status_code for answer in (wrong_code, wrong_number)} == {404}
    told = wrong_code.text.replace(f'"{number}"', '""').replace(f'"{"1" * 12}"', '""')
    assert told == wrong_number.text.replace('"202001010000014"', '""').replace(f'"{code}"', '""')
    # The code is typed with blanks here, and what was typed is shown again: the two are not equally long.
    heads = [dict(answer.headers) | {"Content-Length": ""} for answer in (wrong_code, wrong_number)]
    assert heads[0] == heads[1]


def test_programs_get_the_same_answer_for_whatever_is_wrong(citizen):
    number, code = keys_of(citizen.complain())
    pairs = [(number, "1" * 12), ("202001010000014", code), ("", "x" * 500)]
    options = {"headers": {"Accept": "application/json"}}
    answers = [citizen.post("/status", {"number": one, "code": other}, **options) for one, other in pairs]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        ("20201<b>", "1" * 12, ["编号应为15位数字，您填写了5位"]),
        ("202001010000014", "x" * 500, ["查询码应为12位数字，您填写了0位"]),
        ("", "", ["编号应为15位数字，您填写了0位", "查询码应为12位数字，您填写了0位"]),
    ],
)
def test_a_wrong_count_of_digits_is_said_beside_its_field_and_costs_no_try(citizen, number, code, said):
    good_number, good_code = keys_of(citizen.complain())
    for _ in range(21):
        answer = citizen.ask(number, code)
    assert answer.status_code == 422
    assert [words in answer.text for words in said] == [True] * len(said)
    assert f'value="{escape(number)}"' in answer.text and f'value="{code}"' in answer.text
    assert answer.text.count("-fault") == 2 * len(said)
    assert citizen.ask(good_number, good_code).status_code == 200


def test_swapped_fields_and_both_in_one_are_understood(citizen):
    number, code = keys_of(citizen.complain())
    for first, second in ((code, number), (f"{number} {code}", ""), ("", number + code)):
        assert citizen.ask(first, second).status_code == 200


def test_what_was_typed_stays_after_a_wrong_guess_and_while_one_waits(citizen):
    number, _code = keys_of(citizen.complain())
    answers = [citizen.ask(f"{number[:8]} {number[8:]}", "1" * 12) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429]
    for answer in answers:
        assert f'value="{number[:8]} {number[8:]}"' in answer.text and f'value="{"1" * 12}"' in answer.text


def test_five_wrong_codes_shut_the_ticket_for_a_while(citizen, new_browser, clock):
    number, code = keys_of(citizen.complain())
    for _ in range(5):
        assert citizen.ask(number, "1" * 12).status_code == 404
    shut = citizen.ask(number, code)
    assert shut.status_code == 429 and int(shut.headers["Retry-After"]) > 60
    citizen.browser = new_browser()
    assert citizen.ask(number, code).status_code == 429  # also from another address
    clock.forward(minutes=16)
    assert citizen.ask(number, code).status_code == 200


def test_twenty_wrong_guesses_shut_the_address(citizen, new_browser):
    number, code = keys_of(citizen.complain())
    for guess in range(20):
        citizen.ask(f"2020010100{guess:05d}", "1" * 12)
    assert citizen.ask(number, code).status_code == 429
    citizen.browser = new_browser()
    assert citizen.ask(number, code).status_code == 200


def _at_once(citizen, path: str, guesses: list[dict[str, str]]) -> Counter[int]:
    """How many answers of each status, when all are sent together."""
    gate = threading.Barrier(len(guesses))

    def send(guess: dict[str, str]) -> int:
        gate.wait()
        return citizen.post(path, guess).status_code

    with ThreadPoolExecutor(len(guesses)) as together:
        return Counter(together.map(send, guesses))


@pytest.mark.parametrize("path", ["/status", "/rate"])
def test_wrong_codes_sent_at_once_cannot_pass_the_limit_together(citizen, path):
    number, code = keys_of(citizen.complain())
    guesses = [{"number": number, "code": f"{guess:012d}"} for guess in range(24)]
    assert _at_once(citizen, path, guesses)[404] == 5
    assert citizen.ask(number, code).status_code == 429


def test_wrong_numbers_sent_at_once_cannot_pass_the_limit_of_the_address(citizen):
    guesses = [{"number": f"2020010200{guess:05d}", "code": "1" * 12} for guess in range(24)]
    assert _at_once(citizen, "/status", guesses)[404] == 20


def test_a_right_answer_is_no_wrong_guess(citizen):
    number, code = keys_of(citizen.complain())
    assert {citizen.ask(number, code).status_code for _ in range(7)} == {200}


def test_the_page_shows_no_person_and_no_internal_word(citizen, replied):
    number, code = replied()
    page = citizen.ask(number, code).text
    assert "井盖已更换" in page and "东河市城市管理局" in page
    for hidden in ("内部说明", "张三", "13900139000", "13800138000", "3单元", "501室", "承办员"):
        assert hidden not in page


def test_the_headline_says_what_the_department_has_not_taken_on(citizen, app, actor_of):
    number, code = keys_of(citizen.complain())
    with app.app_context(), unit_of_work() as now:
        ticket_id = queries.public_status(number, code, app.extensions["vault"]).ticket_id
        unit, other = (routing.current().units[one].id for one in ("9901.urban", "9901.heat"))
        service.dispatch(actor_of("dispatcher"), now, ticket_id, unit, [other])
    page = citizen.ask(number, code).text
    assert "承办单位尚未签收" in page and "协办单位：东河市热力有限公司" in page


def test_a_reply_stands_there_after_review_only(citizen, app, actor_of):
    number, code = keys_of(citizen.complain())
    with app.app_context():
        handler = actor_of("handler-urban")
        with unit_of_work() as now:
            ticket_id = queries.public_status(number, code, app.extensions["vault"]).ticket_id
            service.dispatch(actor_of("dispatcher"), now, ticket_id, next(iter(handler.departments)))
        with unit_of_work() as now:
            part = queries.ticket_page(handler, now, ticket_id, app.extensions["vault"]).parts[0].part.id
            service.sign(handler, now, ticket_id, part)
            service.reply(handler, now, ticket_id, part, Account("答复尚未审核", "说明", **GATE))
    page = citizen.ask(number, code).text
    assert "我们正在审核答复" in page and "答复尚未审核" not in page


def test_rating_closes_the_ticket(citizen, replied):
    number, code = replied()
    assert 'name="solved"' in citizen.ask(number, code).text
    word = {"number": number, "code": code, "solved": "yes", "satisfied": "3", "rating_note": "谢谢"}
    page = citizen.post("/rate", word)
    assert page.status_code == 200 and "已办结" in page.text
    assert 'name="solved"' not in page.text


@pytest.mark.parametrize(("solved", "satisfied", "goes_on"), [("yes", "3", 0), ("no", "2", 0), ("yes", "1", 1)])
def test_a_rating_is_said_back_and_whoever_is_not_content_is_told_what_to_do(
    citizen, replied, solved, satisfied, goes_on
):
    number, code = replied()
    word = {"number": number, "code": code, "solved": solved, "satisfied": satisfied}
    page = citizen.post("/rate", word).text
    assert "您的评价已记录" in page and {"3": "满意", "2": "基本满意", "1": "不满意"}[satisfied] in page
    assert page.count(f"并说明工单编号{number}") == goes_on
    assert ("已交承办单位重新办理" in page) == (solved == "no")


def test_a_rating_sent_again_shows_how_it_stands(citizen, replied):
    number, code = replied()
    word = {"number": number, "code": code, "solved": "yes", "satisfied": "3"}
    citizen.post("/rate", word)
    again = citizen.post("/rate", word)
    assert again.status_code == 200 and "此前已办理过" in again.text and number in again.text
    program = citizen.post("/rate", word, headers={"Accept": "application/json"})
    assert (program.status_code, program.json["error"]) == (409, "not_now")


def test_asking_again_after_the_outcome_says_that_nothing_was_noted(citizen, replied):
    number, code = replied()
    page = citizen.post("/urge", {"number": number, "code": code, "urge_note": "请快一点"})
    assert page.status_code == 200 and "未能记录" in page.text


def test_the_same_words_sent_again_are_noted_once_and_use_up_no_try(citizen):
    number, code = keys_of(citizen.complain())
    word = {"number": number, "code": code, "urge_note": "请快一点"}
    pages = [citizen.post("/urge", word) for _ in range(5)]
    assert {page.status_code for page in pages} == {200}
    assert pages[-1].text.count("您进行了催办") == 1
    assert "已记录" in pages[-1].text


def test_what_has_ended_says_how_to_go_on(citizen, replied):
    number, code = replied()
    words = "仍未解决，或有新的情况？"
    assert words not in citizen.ask(number, code).text
    citizen.post("/rate", {"number": number, "code": code, "solved": "yes", "satisfied": "3"})
    page = citizen.ask(number, code).text
    assert words in page and 'href="tel:12345"' in page and 'href="/complain">重新提交诉求' in page


def test_a_rating_without_a_choice_is_asked_for_again(citizen, replied):
    number, code = replied()
    page = citizen.post("/rate", {"number": number, "code": code, "solved": "no", "rating_note": "还在漏水"})
    assert page.status_code == 422
    assert 'id="satisfied-fault"' in page.text and "还在漏水" in page.text
    assert 'value="no" checked' in page.text


def test_rating_needs_the_code(citizen, replied):
    number, _code = replied()
    word = {"number": number, "code": "1" * 12, "solved": "yes", "satisfied": "3"}
    assert citizen.post("/rate", word).status_code == 404


def test_a_status_costs_few_queries(citizen, app, count_queries):
    number, code = keys_of(citizen.complain())
    citizen.ask(number, code)
    with app.app_context(), count_queries() as statements:
        assert citizen.ask(number, code).status_code == 200
    assert len(statements) <= MOST_QUERIES, statements
    assert not any("INSERT" in statement or "DELETE" in statement for statement in statements)


def test_the_other_language_is_one_form_away(citizen):
    number, code = keys_of(citizen.complain())
    english = citizen.post("/status?lang=en", {"number": number, "code": code})
    assert "waiting to be assigned" in english.text
    assert code not in english.request.url and number not in english.request.url


def test_units_are_named_in_full(citizen, replied, app):
    number, code = replied()
    with app.app_context(), unit_of_work():
        names = {unit.name for unit in routing.current().units.values()}
    page = citizen.ask(number, code).text
    assert any(f">{name}<" in page or f"{name}<br>" in page for name in names)


def test_half_a_character_in_the_fields_breaks_no_page(citizen):
    answer = citizen.browser.client.post("/status", json={"number": "\ud800", "code": "1"})
    assert answer.status_code == 422


def test_a_number_that_holds_the_digits_of_the_hotline_is_no_link(app):
    with app.test_request_context():
        dial = app.jinja_env.get_template("public/dial.html").module.dial
        said = str(dial("Call 12345 and name 202611271234507."))
    assert said == 'Call <a href="tel:12345">12345</a> and name 202611271234507.'


def test_a_question_is_answered_and_what_was_typed_is_kept(app, citizen, actor_of):
    number, code = keys_of(citizen.complain())
    with app.app_context(), unit_of_work() as now:
        ticket_id = queries.public_status(number, code, app.extensions["vault"]).ticket_id
        service.ask_info(actor_of("dispatcher"), now, ticket_id, "请说明是哪个路口")
    proof = {"number": number, "code": code}
    assert "请说明是哪个路口" in citizen.ask(number, code).text
    empty = citizen.post("/supplement", {**proof, "supplement": " "})
    assert empty.status_code == 422 and "请说明是哪个路口" in empty.text
    answer = citizen.post("/supplement", {**proof, "supplement": "明德路和东六路口"})
    assert answer.status_code == 200 and "明德路和东六路口" in answer.text
    late = citizen.post("/supplement", {**proof, "supplement": "再补充一句"})
    assert late.status_code == 200 and "再补充一句" in late.text


def test_who_wants_nothing_more_withdraws_it(citizen):
    number, code = keys_of(citizen.complain())
    proof = {"number": number, "code": code}
    assert citizen.post("/withdraw", proof).status_code == 422
    answer = citizen.post("/withdraw", {**proof, "withdraw_reason": "已经解决"})
    assert answer.status_code == 200 and "已撤" in answer.text


def test_an_appeal_is_taken_once(citizen, replied):
    number, code = replied()
    proof = {"number": number, "code": code}
    assert citizen.post("/rate", {**proof, "solved": "yes", "satisfied": "1"}).status_code == 200
    assert citizen.post("/appeal", {**proof, "appeal_reason": ""}).status_code == 422
    assert citizen.post("/appeal", {**proof, "appeal_reason": "第二天又坏了"}).status_code == 200
    again = citizen.post("/appeal", {**proof, "appeal_reason": "我再说一遍"})
    assert again.status_code == 200 and "此前已办理过" in again.text


def test_the_page_says_who_has_it_and_until_when_before_it_is_sent_on_and_while_more_is_asked(
    citizen, app, actor_of
):
    number, code = keys_of(citizen.complain())
    page = citizen.ask(number, code).text
    assert "热线中心" in page and "派单时限" in page
    with app.app_context(), unit_of_work() as now:
        ticket_id = queries.public_status(number, code, app.extensions["vault"]).ticket_id
        service.ask_info(actor_of("dispatcher"), now, ticket_id, "在哪里？")
    assert "请在此前补充" in citizen.ask(number, code).text


def test_the_promise_of_before_is_marked_while_the_department_asks(app, citizen, actor_of, at_work):
    number, code, ticket_id, part = at_work
    assert "计时暂停" not in citizen.ask(number, code).text
    with app.app_context(), unit_of_work() as now:
        service.ask_citizen(actor_of("lead-wanghe"), now, ticket_id, part, "哪一栋？")
    page = citizen.ask(number, code).text
    assert "计时暂停" in page and "请在此前补充" in page
    answered = citizen.post("/supplement", {"number": number, "code": code, "supplement": "东边那栋"}).text
    assert 'id="urge_note"' in answered and 'id="withdraw_reason"' in answered
    assert answered.count("东边那栋") == 1 and "计时暂停" not in answered


def test_an_appeal_stands_in_the_headline_and_the_next_round_with_the_reply_of_before(
    app, citizen, actor_of, replied
):
    number, code = replied()
    fields = {"number": number, "code": code}
    assert "评价截止时间" in citizen.ask(number, code).text
    rated = citizen.post("/rate", fields | {"solved": "yes", "satisfied": "3"}).text
    assert 'id="appeal_reason"' in rated
    page = citizen.post("/appeal", fields | {"appeal_reason": "又坏了"}).text
    assert "<h1>您已申请复核" in page and "决定时限" in page and 'id="appeal_reason"' not in page
    with app.app_context(), unit_of_work() as now:
        ticket_id = queries.public_status(number, code, app.extensions["vault"]).ticket_id
        service.grant_appeal(actor_of("supervisor"), now, ticket_id, "确实又坏了")
    page = citizen.ask(number, code).text
    assert "正在重新办理（第2轮）" in page and "上一轮的答复" in page and "井盖已更换" in page
