"""The tree of units: found, added, renamed, moved, closed; and what does not fit is refused."""

import re
from urllib.parse import quote

import pytest
from flows.markup import form_to
from scenes import City
from sqlalchemy import select

from app.outbox import unit_of_work
from db import db
from routing.models import Department

NEW = {
    "code": "990102.lamp", "name": "望河区路灯管理所", "short_name": "望河路灯所", "level": "2", "kind": "bureau",
    "line": "lamp", "region_code": "990102", "parent": "990102.urban",
}  # fmt: skip


def add(office, **fields: str):
    return office.send("/admin/units/new", "/admin/units", **NEW | fields)


def test_the_tree_opens_down_to_a_unit(office):
    top = office.get("/admin/units").text
    assert "市城市管理局" in top and "明德街道办事处" not in top
    way = re.search(r'href="(/admin/units\?under=990102\.gov)"', top)
    assert "明德街道办事处" in office.get(way[1]).text
    assert "书院社区" in office.get("/admin/units?under=990102001.gov").text


def test_units_are_found_by_name_code_and_field_of_work(office):
    for words in ("书院社区", "990102001001", "bus"):
        assert '<th scope="row"' in office.get(f"/admin/units?q={quote(words)}").text
    assert "empty" in office.get("/admin/units?q=nowhere").text


def test_a_unit_from_form_to_use(office):
    answer = add(office)
    assert answer.location == "/admin/units/990102.lamp"
    unit = office.reference().units["990102.lamp"]
    assert (unit.parent, unit.region, unit.line) == ("990102.urban", "990102", "lamp")
    event = office.last_edit()
    assert (event.kind, event.actor, event.version) == ("reference.added", "staff", 1)
    assert event.payload["key"] == "990102.lamp" and event.payload["after"]["name"] == NEW["name"]
    with office.app.app_context():
        row = db.session.scalars(select(Department).where(Department.code == "990102.lamp")).one()
        assert row.path.endswith(f"/{unit.id}/")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"code": "990102.urban"}, "code"),
        ({"code": "no blanks"}, "code"),
        ({"name": " "}, "name"),
        ({"name": "名" * 101}, "name"),
        ({"line": "Not A Line"}, "line"),
        ({"kind": "village"}, "kind"),
        ({"kind": "court"}, "kind"),
        ({"region_code": "990102001"}, "region_code"),
        ({"region_code": ""}, "region_code"),
        ({"parent": ""}, "parent"),
        ({"parent": "nothing"}, "parent"),
        ({"parent": "990103.gov"}, "parent"),
        ({"parent": "990102001.gov"}, "parent"),
        ({"level": "x"}, "level"),
    ],
)
def test_what_does_not_fit_is_refused_and_stays_typed(office, fields, field):
    before = office.edits()
    answer = add(office, **{"code": "990102.odd", "short_name": "<b>短</b>"} | fields)
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text and "&lt;b&gt;短&lt;/b&gt;" in answer.text
    assert office.edits() == before


def test_renaming_tells_before_and_after(office):
    path = "/admin/units/9901.bus"
    assert office.send(path, name="东河市公交集团").status_code == 303
    event = office.last_edit()
    assert event.payload["after"] == {"name": "东河市公交集团"} and len(event.payload["before"]) == 1
    assert "<ins>东河市公交集团</ins>" in office.get(path).text
    before = office.edits()
    assert office.send(path).status_code == 303
    assert office.edits() == before, "a form that changes nothing leaves no trace"


def test_who_comes_second_is_told_what_the_first_did_and_keeps_the_text(office):
    path = "/admin/units/9901.gas"
    old = office.form(path).filled(name="第二个名字")
    office.send(path, name="第一个名字")
    answer = office.post(old)
    assert answer.status_code == 409
    assert 'value="第二个名字"' in answer.text and "<ins>第一个名字</ins>" in answer.text
    assert office.reference().units["9901.gas"].name == "第一个名字"


def test_moving_takes_along_what_lies_below_and_ends_the_sessions_of_leads(office, new_browser):
    lead = new_browser()
    lead.sign_in("lead-wanghe")
    path = "/admin/units/990102.traffic"
    assert office.send(path, parent="990102.gov").status_code == 303
    reference = office.reference()
    unit = reference.units["990102.traffic"]
    with office.app.app_context():
        row = db.session.get_one(Department, unit.id)
        above = [str(one) for one in reversed(reference.ancestors(unit.id))]
        assert row.path == f"/{'/'.join(above)}/{unit.id}/"
    assert office.last_edit().payload["before"] == {"parent": "990102.police"}
    assert lead.get("/account").status_code == 302
    village = reference.units["990102001001.gov"].id
    office.send("/admin/units/990102001.gov", name="明德街道办")
    assert office.reference().ancestors(village) == reference.ancestors(village)


def test_a_refused_form_is_still_the_one_that_was_opened(office):
    """Mended and sent again, it does not pass over what somebody did meanwhile."""
    path = "/admin/units/9901.heat"
    old = office.form(path).filled(level="x", name="第二个名字")
    office.send(path, short_name="先改的简称")
    refused = office.post(old)
    assert refused.status_code == 422
    again = form_to(refused.text, path).filled(level="1", name="第二个名字")
    assert office.post(again).status_code == 409
    assert office.reference().units["9901.heat"].short_name == "先改的简称"


@pytest.mark.parametrize(
    ("code", "fields", "fault"),
    [
        ("990102.gov", {"parent": "990102.urban"}, "parent"),
        ("990102.gov", {"parent": "990102.gov"}, "parent"),
        ("990102001.gov", {"level": "2", "kind": "bureau", "region_code": "990102"}, "level"),
        ("990102.gov", {"region_code": "990103"}, "level"),
    ],
)
def test_a_move_that_breaks_the_tree_is_refused(office, code, fields, fault):
    answer = office.send(f"/admin/units/{code}", **fields)
    assert answer.status_code == 422 and f'id="{fault}-fault"' in answer.text


def test_a_unit_that_is_named_is_not_closed(office):
    office.send("/admin/units/990102.traffic", parent="990102.police")
    add(office, code="990102.ruled", line="ruled", parent="990102.gov")
    rule = {"name": "只归它的规则", "words_any": "夜景", "lead": "990102.ruled"}
    office.send("/admin/rules/new", "/admin/rules", **rule)
    cases = {"990102.police": "望河区公安分局交通警察大队", "9901.bus": "D", "990102.ruled": "只归它的规则"}
    for code, named in cases.items():
        answer = office.send(f"/admin/units/{code}", f"/admin/units/{code}/close")
        assert answer.status_code == 422 and named in answer.text, code
        assert form_to(answer.text, f"/admin/units/{code}").fields["name"] != [""], "its form stays"
        assert office.reference().units[code].is_active


def test_a_unit_with_open_tickets_is_not_closed(office, vault):
    code = "990102.urban"
    with office.app.app_context(), unit_of_work() as now:
        city = City(now, vault)
        ticket_id = city.dispatched()
        number = city.ticket(ticket_id).number
    below = [unit.code for unit in office.reference().units.values() if unit.parent == code and unit.is_active]
    for one in below:
        office.send(f"/admin/units/{one}", f"/admin/units/{one}/close")
    answer = office.send(f"/admin/units/{code}", f"/admin/units/{code}/close")
    assert answer.status_code == 422 and number in answer.text
    assert office.reference().units[code].is_active


def test_closing_and_opening_again(office):
    add(office, code="990102.brief")
    path = "/admin/units/990102.brief"
    assert office.send(path, f"{path}/close").status_code == 303
    assert not office.reference().units["990102.brief"].is_active
    assert office.last_edit().payload["after"] == {"is_active": False}
    office.send(path, f"{path}/reopen")
    assert office.reference().units["990102.brief"].is_active
    assert office.get("/admin/units/nothing").status_code == 404
    assert office.browser.post("/admin/units/nothing/close", {"version": 1}).status_code == 404
