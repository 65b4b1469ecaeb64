"""The record of looks at contacts: who, when, at which ticket, why; and never what was shown."""

import html
import re

import pytest
from scenes import City
from sqlalchemy import select

from app.outbox import unit_of_work
from app.oversight import wording
from db import db
from tickets import disclosures, service
from tickets.events import KINDS
from tickets.models import Ticket

ROW = re.compile(r'<tr>\s*<td data-label="时间">(.*?)</tr>', re.DOTALL)


@pytest.fixture(scope="session")
def looked(app, made) -> dict[str, str]:
    """The supervisor looked at two tickets and the operator often at one. The numbers of all tickets, by name."""
    vault = app.extensions["vault"]
    with app.app_context(), unit_of_work() as now:
        who = City(now, vault).who
        service.reveal(who("supervisor"), now, made["secret"], "name", "核对举报人身份", vault)
        service.reveal(who("supervisor"), now, made["overdue"], "phone", "回电13912345678说明进展", vault)
        for number in range(disclosures.MANY + 1):
            service.reveal(who("operator"), now, made["waiting"], "phone", f"第{number}次回电", vault)
        numbers = dict(db.session.execute(select(Ticket.id, Ticket.number)).all())
    return {name: numbers[ticket_id] for name, ticket_id in made.items()}


def rows(page: str) -> list[str]:
    return ROW.findall(page)


def rows_of(page: str, looked: dict[str, str]) -> list[str]:
    """Those about these tickets: others search by number in the same city, which is on record too."""
    return [row for row in rows(page) if any(number and number in row for number in looked.values())]


def test_who_looked_when_at_what_and_why_without_what_was_seen(enter, looked):
    page = enter("supervisor").get("/oversight/looks").text
    [of_secret] = [row for row in rows(page) if looked["secret"] in row]
    assert "督办员" in of_secret and "姓名" in of_secret and "核对举报人身份" in of_secret
    [of_overdue] = [row for row in rows(page) if looked["overdue"] in row]
    assert "回电139****5678说明进展" in of_overdue
    assert "13800138000" not in page and "张三丰" not in page and "13912345678" not in page


def test_the_record_is_whole_for_an_auditor_but_a_confidential_tickets_reason_is_not_shown(enter, looked, made):
    page = enter("auditor").get("/oversight/looks").text
    assert len(rows_of(page, looked)) == disclosures.MANY + 3
    [of_secret] = [row for row in rows(page) if looked["secret"] in row]
    assert "核对举报人身份" not in of_secret and "不显示" in of_secret
    assert f"/desk/tickets/{made['secret']}" not in of_secret
    assert f"/desk/tickets/{made['overdue']}" in page


def test_who_looks_often_is_pointed_out(enter, looked):
    page = enter("auditor").get("/oversight/looks").text
    [alert] = re.findall(r'<div class="alert alert-warning".*?</div>', page, re.DOTALL)
    assert f"最近一小时查看{disclosures.MANY + 1}次" in alert and "who=operator" in alert


def test_it_is_narrowed_by_person_day_and_ticket(enter, looked):
    browser = enter("auditor")

    def count(query: str) -> int:
        return len(rows_of(browser.get(f"/oversight/looks?{query}").text, looked))

    today = re.search(r'<time datetime="(\d{4}-\d\d-\d\d)', browser.get("/oversight/looks").text)[1]
    assert count("who=supervisor") == 2 and count("who=operator") == disclosures.MANY + 1
    assert count(f"number={looked['waiting']}") == disclosures.MANY + 1
    assert count(f"number={looked['overdue'][:8]}-{looked['overdue'][8:]}") == 1
    assert count(f"who=operator&number={looked['overdue']}") == 0
    assert count("day=2020-02-29") == 0 and count(f"day={today}") + count("day=") >= disclosures.MANY + 3


def test_with_nothing_to_show_it_says_so(enter, looked):
    page = enter("auditor").get(f"/oversight/looks?number={looked['rated']}").text
    assert "按所选条件，没有查看记录" in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("who=nobody-here", "没有这个登录名的账号"),
        ("number=12", "没有这个编号的工单"),
        ("day=soon", "请填写日期"),
        ("day=0001-01-01", "请填写日期"),
    ],
)
def test_a_filter_that_means_nothing_is_told_beside_its_field(enter, looked, query: str, sentence: str):
    page = enter("auditor").get(f"/oversight/looks?{query}")
    name, _, value = query.partition("=")
    assert page.status_code == 422 and sentence in page.text and rows(page.text) == []
    assert re.search(rf'name="{name}"[^>]*value="{value}"[^>]*aria-invalid="true"', page.text)


def test_pages_follow_each_other_without_gap_or_repeat(enter, looked, monkeypatch: pytest.MonkeyPatch):
    browser = enter("auditor")
    whole = rows(browser.get("/oversight/looks").text)
    some = disclosures.disclosures
    monkeypatch.setattr(disclosures, "disclosures", lambda *given: some(*given, limit=4))
    found, address = [], "/oversight/looks"
    while address:
        page = browser.get(address).text
        found += rows(page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(onward[1]) if onward else ""
    assert found == whole and len(found) > 8


def test_the_kinds_are_known_and_have_their_words():
    assert set(disclosures.KINDS) <= KINDS.keys() & wording.LOOKS.keys()
