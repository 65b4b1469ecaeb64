"""Who may enter which page of oversight, and what the bar at the top offers them."""

import pytest

DOORS = {
    "/oversight/figures": {"supervisor", "leader"},
    "/oversight/figures/tickets?figure=open": {"supervisor", "leader"},
    "/oversight/overdue": {"supervisor", "leader", "auditor"},
    "/oversight/looks": {"supervisor", "auditor"},
    "/oversight/audit": {"supervisor", "auditor"},
    "/oversight/audit/counts": {"supervisor", "auditor"},
    "/oversight/phone": {"supervisor", "leader"},
    "/oversight/phone/now": {"supervisor", "leader"},
    "/oversight/phone/figures": {"supervisor", "leader"},
    "/oversight/phone/staffing": {"supervisor", "leader"},
}
LED_TO = ("/tickets", "/counts", "/phone/")
"""By other pages, not by the bar at the top."""
PEOPLE = ["operator", "dispatcher", "handler-urban", "lead-wanghe", "admin", "supervisor", "leader", "auditor"]


@pytest.mark.parametrize("login", PEOPLE)
def test_pages_open_to_those_whose_work_it_is(enter, login: str):
    browser = enter(login)
    found = {path for path in DOORS if browser.get(path).status_code == 200}
    assert found == {path for path, people in DOORS.items() if login in people}
    assert all(browser.get(path).status_code == 403 for path in DOORS.keys() - found)


@pytest.mark.parametrize("login", PEOPLE)
def test_the_bar_offers_what_may_be_entered_and_nothing_else(enter, login: str):
    page = enter(login).get("/account").text
    for path, people in DOORS.items():
        if not any(part in path for part in LED_TO):
            assert (f'<a href="{path}"' in page) == (login in people), path


def test_an_address_with_characters_that_no_text_holds_is_no_fault(enter):
    browser = enter("supervisor")
    for path in ("overdue?level=%00", "looks?who=%00x", "figures/tickets?figure=open&by=channel&value=%00",
                 "phone/figures?line=%00&from=%00", "phone/staffing?calls=%00"):
        assert browser.get(f"/oversight/{path}").status_code in (200, 422), path


def test_without_signing_in_there_is_only_the_way_there(client):
    for path in DOORS:
        answer = client.get(path)
        assert answer.status_code == 302 and "/login" in answer.location
