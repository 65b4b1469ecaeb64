"""Boards: who has which, what stands on them, and what their script is told."""

import html
import json
import re

import pytest
from sqlalchemy import delete

from app import wording
from app.auth.models import RoleMembership
from app.desk.pages import STATES_OF_BOARD
from db import db, transaction
from tickets.boards import BOARDS
from tickets.lifecycle import TicketState

TABS = re.compile(r"/desk\?board=(\w+)")


def tabs_of(page: str) -> set[str]:
    return set(TABS.findall(page[page.index("data-waiting") : page.index("row-of")]))


@pytest.mark.parametrize(
    ("login", "boards"),
    [
        ("operator", {"mine"}),
        ("dispatcher", {"triage", "returns"}),
        ("handler-urban", {"to_sign", "in_hand", "submitted"}),
        ("supervisor", {"triage", "returns", "review", "callback", "overdue", "all"}),
        ("leader", {"overdue", "all", "ordered"}),
    ],
)
def test_each_role_has_its_boards_and_no_other(desk_of, login, boards):
    desk = desk_of(login)
    assert tabs_of(desk.get("/desk").text) >= boards
    for other in BOARDS.keys() - tabs_of(desk.get("/desk").text):
        assert desk.get(f"/desk?board={other}").status_code == 404
        assert desk.get(f"/desk/rows?board={other}").status_code == 404


def test_what_waits_is_what_stands_on_the_queues(desk_of, matter):
    matter()
    supervisor = desk_of("supervisor")
    waiting = supervisor.get("/desk/waiting").json
    assert waiting["triage"] >= 1 and "all" not in waiting
    for board, lines in waiting.items():
        assert lines == len(supervisor.get(f"/desk/rows?board={board}").json["rows"])
    assert desk_of("admin").get("/desk/waiting").json == {}


def test_who_does_not_work_on_tickets_begins_where_the_work_is(desk_of):
    admin = desk_of("admin")
    answer = admin.get("/desk")
    assert (answer.status_code, answer.location) == (302, "/admin")
    bar = admin.get("/admin").text.partition("</header>")[0]
    assert 'href="/admin"' in bar and 'href="/desk' not in bar


def test_a_page_that_is_not_there_keeps_the_head_of_who_is_signed_in(desk_of, client):
    page = desk_of("dispatcher").get("/no-such-page")
    assert page.status_code == 404 and 'data-key="boards"' in page.text
    assert 'data-key="boards"' not in client.get("/no-such-page").text


def test_who_has_no_work_at_all_is_told_so(app, new_browser, new_staff):
    person, browser = new_staff(), new_browser()
    with app.app_context(), transaction():
        db.session.execute(delete(RoleMembership).where(RoleMembership.staff_id == person.id))
    browser.sign_in(person.login)
    page = browser.get("/desk")
    assert page.status_code == 200 and "没有工单列表" in page.text


def test_without_signing_in_there_is_only_the_way_there(client):
    answer = client.get("/desk")
    assert answer.status_code == 302 and "/login" in answer.location


def test_a_new_matter_stands_on_the_dispatchers_board(desk_of, matter):
    ticket_id = matter(content="有一件小事想反映一下，13987654321")
    page = desk_of("dispatcher").get("/desk?board=triage").text
    assert f'data-id="{ticket_id}"' in page
    assert "13987654321" not in page
    assert f"/desk/tickets/{ticket_id}" in page


def test_the_script_gets_the_sequence_the_match_and_the_words(desk_of, matter):
    matter()
    page = desk_of("dispatcher").get("/desk?board=triage").text
    table = re.search(r'<table class="[^"]*board stacked"[^>]*>', page)[0]
    values = {name: html.unescape(value) for name, value in re.findall(r'data-([a-z]+)="([^"]*)"', table)}
    assert int(values["seq"]) >= 0
    assert json.loads(values["match"])["states"] == ["REGISTERED", "TO_DISPATCH"]
    assert json.loads(values["words"])["states"]["TO_DISPATCH"] == "待派单"
    assert values["zone"] == "Asia/Shanghai"
    assert re.search(r'<meta name="live-token" content="[^"]{20,}">', page)
    assert "<script>" not in page and "style=" not in page


def test_rows_as_data_are_those_of_the_page(desk_of, dispatched):
    ticket_id, _part = dispatched()
    desk = desk_of("handler-urban")
    answer = desk.get("/desk/rows?board=to_sign", headers={"Accept": "application/json"})
    assert ticket_id in [row["id"] for row in answer.json["rows"]]
    assert set(answer.json) == {"rows", "is_all"}
    shown = set(re.findall(r'data-id="(\d+)"', desk.get("/desk?board=to_sign").text))
    assert shown == {str(row["id"]) for row in answer.json["rows"]}


def test_a_neighbour_sees_nothing_of_it(desk_of, dispatched):
    ticket_id, part = dispatched()
    neighbour = desk_of("handler-housing")
    for board in ("to_sign", "in_hand", "submitted"):
        assert f'data-id="{ticket_id}"' not in neighbour.get(f"/desk?board={board}").text
    assert neighbour.get(f"/desk/tickets/{ticket_id}").status_code == 404
    answer = neighbour.post(f"/desk/tickets/{ticket_id}/sign", {"version": "1", "part": str(part)})
    assert answer.status_code == 404


def test_pages_follow_each_other_without_gap_or_repeat(desk_of, matter):
    newest = [matter() for _ in range(51)]
    desk = desk_of("supervisor")
    first = desk.get("/desk?board=all").text
    follow = html.unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    second = desk.get(follow).text
    ids = [int(one) for page in (first, second) for one in re.findall(r'data-id="(\d+)"', page)]
    assert len(ids) == len(set(ids)) and ids == sorted(ids, reverse=True)
    assert set(newest) <= set(ids)


def test_a_page_key_that_is_none_is_refused(desk_of):
    assert desk_of("supervisor").get("/desk?board=all&after=nonsense").status_code == 422


def test_every_board_has_a_name_and_known_states():
    assert wording.BOARDS.keys() == BOARDS.keys()
    assert STATES_OF_BOARD.keys() <= BOARDS.keys()
    assert {state for states in STATES_OF_BOARD.values() for state in states} <= set(TicketState)
