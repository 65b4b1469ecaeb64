"""Several lines in one step: each by itself, what was not done with its reason, and nothing twice."""

import re
from html import unescape

import pytest

from app.outbox import unit_of_work
from db import db
from tickets.models import Assignment, Ticket

LINE = re.compile(r'name="line" value="([^"]+)"')
NEXT = re.compile(r'rel="next" href="([^"]+)"')
OUTCOME = re.compile(r'<tr data-id="(\d+)" data-done="(\w+)"')


def lines(desk, board: str, *ids: int) -> list[str]:
    """What can be chosen of these on any page of the board."""
    found, path = [], f"/desk?board={board}"
    while path:
        page = desk.get(path).text
        found += LINE.findall(page)
        following = NEXT.search(page)
        path = unescape(following[1]) if following else ""
    return [line for line in found if int(line.split(":")[0]) in ids]


def outcomes(page: str) -> dict[int, str]:
    return {int(ticket): done for ticket, done in OUTCOME.findall(page)}


def state_of(app, model, row_id: int) -> str:
    with app.app_context(), unit_of_work():
        return db.session.get_one(model, row_id).state


def test_signs_what_is_chosen_and_again_nothing_twice(app, desk_of, dispatched):
    made = [dispatched() for _ in range(3)]
    desk = desk_of("handler-urban")
    chosen = lines(desk, "inbox", made[0][0], made[1][0])
    assert len(chosen) == 2
    page = desk.post("/desk/bulk/sign", {"line": chosen, "board": "inbox"}).text
    assert outcomes(page) == {made[0][0]: "yes", made[1][0]: "yes"} and "/desk?board=inbox" in page
    assert page.count("有一件小事想反映一下") == 2  # what they are about stands beside the numbers
    assert [state_of(app, Assignment, part) for _, part in made] == ["HANDLING", "HANDLING", "PENDING_SIGN"]
    with app.app_context(), unit_of_work():
        versions = [db.session.get_one(Ticket, ticket).version for ticket, _ in made]
    again = desk.post("/desk/bulk/sign", {"line": chosen, "board": "inbox"}).text
    assert outcomes(again) == {made[0][0]: "yes", made[1][0]: "yes"} and "此前已办" in again
    with app.app_context(), unit_of_work():
        assert [db.session.get_one(Ticket, ticket).version for ticket, _ in made] == versions
    # What is signed for can be chosen no more.
    assert lines(desk, "inbox", made[0][0]) == [] and lines(desk, "inbox", made[2][0]) != []


def test_one_that_moved_on_keeps_none_from_its_turn(app, desk_of, matter, unit_of):
    first, second = matter(), matter()
    desk, unit = desk_of("dispatcher"), unit_of("handler-urban")
    chosen = lines(desk, "triage", first, second)
    assert desk_of("dispatcher").act(first, "dispatch", lead=unit_of("handler-heat")).status_code == 303
    page = desk.post("/desk/bulk/dispatch", {"line": chosen, "lead": unit, "board": "triage"}).text
    assert outcomes(page) == {first: "no", second: "yes"} and "共 2 件，已办 1 件" in page
    assert state_of(app, Ticket, second) == "IN_PROGRESS"


def test_what_one_may_not_see_is_not_touched_and_not_told_of(app, desk_of, matter, dispatched):
    secret = matter(confidential=True)
    ticket, part = dispatched()
    desk = desk_of("handler-heat")
    page = desk.post("/desk/bulk/sign", {"line": [f"{ticket}:99:{part}", f"{secret}:1:"]}).text
    assert outcomes(page) == {ticket: "no", secret: "no"}
    with app.app_context(), unit_of_work():
        number = db.session.get_one(Ticket, ticket).number
    assert number not in page and state_of(app, Assignment, part) == "PENDING_SIGN"


def test_nobody_learns_who_leads_what_one_may_not_see(app, desk_of, dispatched):
    ticket, part = dispatched()
    with app.app_context(), unit_of_work():
        lead = db.session.get_one(Assignment, part).department_id
    page = desk_of("handler-heat").post("/desk/bulk/dispatch", {"line": [f"{ticket}:1:"], "lead": [str(lead)]})
    assert page.status_code == 403 or outcomes(page.text) == {ticket: "no"}


@pytest.mark.parametrize(
    ("action", "fields", "status"),
    [
        ("sign", {}, 422), ("sign", {"line": ["x"]}, 422), ("sign", {"line": ["1:2:3:4"]}, 422),
        ("sign", {"line": [f"{n}:1:1" for n in range(51)]}, 422), ("dispatch", {"line": ["1:1:"]}, 422),
        ("close", {"line": ["1:1:"]}, 404), ("dispatch", {"line": ["1:1:"], "lead": "x"}, 422),
    ],
)  # fmt: skip
def test_what_no_form_of_ours_sends_is_refused(desk_of, action: str, fields: dict, status: int):
    assert desk_of("dispatcher").post(f"/desk/bulk/{action}", fields).status_code == status


def test_who_may_neither_sign_nor_dispatch_does_not_enter(desk_of):
    assert desk_of("leader").post("/desk/bulk/sign", {"line": ["1:1:1"]}).status_code == 403
