"""The leader's page: each number is that of the list it leads to, and says how sure it is."""

import html
import re
from datetime import timedelta

import pytest

from app.oversight import pages, wording
from app.oversight.pages import Rate
from tickets import figures
from tickets.figures import DIMENSIONS, FIGURES, OF_UNITS

LINK = re.compile(r'<a href="(/oversight/figures/tickets\?[^"]+)"[^>]*>(?:<b>)?([^<]*)')
ROW = re.compile(r'<tr data-id="(\d+)"')
COUNT = re.compile(r"data-count>(\d+)<")
UNLISTED = re.compile(r"其中(\d+)件只计数")
NEXT = re.compile(r'rel="next" href="([^"]+)"')


def listed(browser, address: str) -> tuple[int, list[int], int]:
    """(the figure as the list states it, ids on all its pages, how many it says are not listed)."""
    ids: list[int] = []
    while True:
        page = browser.get(address).text
        ids += [int(one) for one in ROW.findall(page)]
        onward = NEXT.search(page)
        if onward is None:
            unlisted = UNLISTED.search(page)
            return int(COUNT.search(page)[1]), ids, int(unlisted[1]) if unlisted else 0
        address = html.unescape(onward[1])


@pytest.mark.parametrize(("login", "days"), [("leader", 1), ("leader", 30), ("supervisor", 7)])
def test_every_number_is_that_of_the_list_behind_it(enter, login: str, days: int):
    browser = enter(login)
    links = {html.unescape(address): shown for address, shown in LINK.findall(
        browser.get(f"/oversight/figures?days={days}").text
    )}  # fmt: skip
    assert len(links) > 40
    for address, shown in links.items():
        count, ids, unlisted = listed(browser, address)
        assert len(ids) == len(set(ids)) and len(ids) + unlisted == count, address
        if shown.isdigit():
            assert int(shown) == count, address
        if login == "supervisor":
            assert unlisted == 0, address


def test_what_happened_today_is_in_the_figures_of_today(enter, made):
    browser = enter("supervisor")

    def behind(figure: str, **more: str) -> set[str]:
        address = "&".join([f"/oversight/figures/tickets?figure={figure}", *(f"{k}={v}" for k, v in more.items())])
        return {name for name, number in made.items() if number in listed(browser, address)[1]}

    today = made.keys() - {"overdue", "overdue_secret", "old_waiting", "draft"}
    assert behind("taken_in") == today
    assert behind("taken_in", by="channel", value="web") == {"web"}
    assert behind("taken_in", by="district", value="990102") >= {"waiting"}
    assert behind("taken_in", by="category", value="01") == {"web"}
    assert behind("answered") == {"answered"}
    assert behind("closed") == {"answered", "referred", "rated", "confirmed"}
    assert behind("handled") == {"rated", "confirmed"}
    assert behind("returned") == {"returned"}
    assert behind("rated") == {"rated", "so_so"}
    assert behind("solved") == behind("satisfied") == {"rated"}
    assert behind("so_so") == {"so_so"} and behind("dissatisfied") == set()
    assert behind("unrated") == {"confirmed"}  # a word on the telephone is no rating
    assert behind("overdue") == {"overdue", "overdue_secret", "old_waiting"}
    ended = {"answered", "referred", "rated", "confirmed"}  # not so_so, which is handled again
    assert behind("open") == made.keys() - {"draft", *ended}
    assert behind("due") == behind("on_time") == set()
    assert behind("due", days="30") == {"overdue", "overdue_secret"} and behind("on_time", days="30") == set()


def test_a_leader_counts_a_confidential_ticket_and_does_not_see_it(enter, made):
    page = enter("leader").get("/oversight/figures/tickets?figure=overdue").text
    assert f'data-id="{made["overdue"]}"' in page and f'data-id="{made["overdue_secret"]}"' not in page
    assert COUNT.search(page)[1] == "3" and UNLISTED.search(page)[1] == "1"


def test_few_ratings_make_no_rate():
    assert Rate(29, 29).percent is None and Rate(15, 30).percent == "50.0%" and Rate(0, 0).percent is None


def test_with_few_ratings_the_page_says_that_they_are_too_few(enter):
    page = enter("leader").get("/oversight/figures").text
    assert "<b>1 / 2</b>评价为满意" in page and "n=2，少于30件，不足以评判" in page


def test_the_pictures_have_their_numbers_in_a_table(enter):
    page = enter("leader").get("/oversight/figures").text
    hours = page[page.index('id="hours"') : page.index("</table>", page.index('id="hours"'))]
    month = page[page.index('id="month"') : page.index("</table>", page.index('id="month"'))]
    taken_in = int(re.search(r'data-figure="taken_in"><b>(\d+)</b>', page)[1])
    today = re.findall(r'<tr><th scope="row">\d+</th><td class="number">(\d+)</td>', hours)
    assert len(today) == 24 and sum(map(int, today)) == taken_in
    days = re.findall(r'<td class="number">(\d+)</td>', month)
    assert len(days) == 30 and int(days[-1]) == taken_in
    assert "<script>" not in page and "style=" not in page


def test_every_figure_has_a_name_and_says_how_it_is_counted(app, enter):
    assert wording.FIGURES.keys() == wording.HOW.keys() == FIGURES.keys()
    assert wording.DIMENSIONS.keys() == DIMENSIONS.keys() | {"unit"} and OF_UNITS.keys() <= FIGURES.keys()
    page = html.unescape(enter("leader").get("/oversight/figures").text)
    with app.test_request_context():
        assert [str(how) for how in wording.HOW.values() if f"<dd>{how}</dd>" not in page] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("figure=nothing", 404), ("", 404), ("figure=open&by=name", 404), ("figure=closed&by=unit&value=1", 404),
        ("figure=open&by=unit&value=x", 404), ("figure=open&days=3", 404), ("figure=open&day=yesterday", 422),
        ("figure=closed&day=9999-12-31", 422), ("figure=open&after=x", 422),
    ],
)  # fmt: skip
def test_what_is_no_figure_is_refused(enter, query: str, status: int):
    assert enter("leader").get(f"/oversight/figures/tickets?{query}").status_code == status


def test_lists_go_on_by_key(enter, monkeypatch: pytest.MonkeyPatch):
    browser = enter("supervisor")
    _, whole, _ = listed(browser, "/oversight/figures/tickets?figure=open")
    behind = figures.tickets_behind
    monkeypatch.setattr(figures, "tickets_behind", lambda *given: behind(*given, limit=2))
    count, ids, _ = listed(browser, "/oversight/figures/tickets?figure=open")
    assert ids == whole == sorted(whole, reverse=True) and len(ids) == count > 4


def test_lengths_are_told_in_two_units(app):
    with app.test_request_context():
        told = [pages.length(timedelta(**span)) for span in (
            {"days": 3, "hours": 4, "minutes": 5}, {"hours": 2}, {"minutes": 7}, {"seconds": 3}, {"days": 400},
            {"days": 1, "minutes": 5},
        )]  # fmt: skip
    assert told == ["3天 4小时", "2小时", "7分钟", "不足1分钟", "400天", "1天"]
    assert pages.length(None) == ""
