"""What a unit sees of itself: the calendar leads to the tickets of a day, each figure to its list."""

import html
import re

import pytest

from app.outbox import unit_of_work
from db import db
from tickets.request_models import Application


def ids(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<tr data-id="(\d+)"', page)]


def figure(page: str, name: str) -> tuple[str, str]:
    """(address, number shown) of a tile."""
    found = re.search(rf'<a href="([^"]+)" data-figure="{name}">[^<]*<b>([^<]+)</b>', page)
    return html.unescape(found[1]), found[2]


def test_a_day_leads_to_what_falls_due_on_it(desk_of, dispatched):
    ticket_id, _ = dispatched(urgency="critical")
    desk = desk_of("handler-urban")
    page = desk.get("/desk/calendar").text
    shown: set[int] = set()
    for address in set(re.findall(r'href="(/desk\?board=inbox&amp;due_from=[^"]+)"', page)):
        found = ids(desk.get(html.unescape(address)).text)
        assert found
        shown |= set(found)
    assert ticket_id in shown


@pytest.mark.parametrize("query", ["month=2026-13", "month=x", "month=1900-01", "month=9999-12", ""])
def test_an_odd_month_is_this_one(desk_of, query: str):
    assert desk_of("handler-urban").get(f"/desk/calendar?{query}").status_code == 200


@pytest.mark.parametrize("path", ["/desk/calendar", "/desk/figures", "/desk/figures/tickets?figure=due"])
def test_is_for_units_and_their_own(desk_of, unit_of, path: str):
    assert desk_of("leader").get(path).status_code == 403
    mark = "&" if "?" in path else "?"
    other = unit_of("handler-heat")
    assert desk_of("handler-urban").get(f"{path}{mark}unit={other}").status_code == 404


def test_what_is_excluded_stands_beside_and_leads_to_its_list(app, desk_of, dispatched):
    ticket_id, part = dispatched()
    desk = desk_of("handler-urban")
    desk.act(ticket_id, "sign", part=part)
    assert 'data-excluded' not in desk.get("/desk/figures").text
    with app.app_context(), unit_of_work() as now:
        asked = {"ticket_id": ticket_id, "assignment_id": part, "kind": "exclusion", "reason": "overdue"}
        db.session.add(Application(**asked, state="granted", asked_at=now, decided_at=now))
    page = desk.get("/desk/figures").text
    address = html.unescape(re.search(r'href="([^"]+)" data-excluded="signed"', page)[1])
    assert ids(desk.get(address).text) == [ticket_id] and ticket_id not in ids(
        desk.get("/desk/figures/tickets?figure=signed").text
    )


def test_each_number_is_that_of_its_list(desk_of, dispatched):
    ticket_id, part = dispatched()
    desk = desk_of("handler-urban")
    desk.act(ticket_id, "sign", part=part)
    page = desk.get("/desk/figures").text
    for name in ("open", "due_today", "overdue"):
        address, number = figure(page, name)
        assert len(ids(desk.get(address).text)) == min(int(number), 50), name
    signed = desk.get("/desk/figures/tickets?figure=signed").text
    assert ticket_id in ids(signed)
    assert ticket_id in ids(desk.get("/desk/figures/tickets?figure=signed_on_time").text)
    counted = int(re.search(r"data-count>(\d+)<", signed)[1])
    unlisted = re.search(r'alert-info"><p>\D*(\d+)', signed)  # given back, or confidential
    assert counted == len(ids(signed)) + (int(unlisted[1]) if unlisted else 0)
    assert desk.get("/desk/figures/tickets?figure=nonsense").status_code == 404
    assert desk.get("/desk/figures?days=5").status_code == 404
