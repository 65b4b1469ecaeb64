"""Boards and the search narrowed on their pages, and filters kept under a name, alone or with a unit."""

import html
import re

import pytest

from app.contacts import contact_commands
from app.outbox import unit_of_work
from db import db
from tickets.models import Contact


def ids(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<tr data-id="(\d+)"', page)]


def kept(page: str, name: str) -> str:
    """The address of a filter above a list."""
    found = re.search(rf'<a class="chip" href="([^"]+)">{name}', page)
    assert found is not None, name
    return html.unescape(found[1])


class TestBoards:
    def test_inbox_comes_first_for_a_unit_and_counts_lead_to_what_they_count(self, desk_of, dispatched):
        ticket_id, _ = dispatched(urgency="urgent")
        desk = desk_of("handler-urban")
        page = desk.get("/desk").text
        assert "待办工单" in re.search(r'nav-link active"[^>]*>([^<]+)', page)[1]
        for chip, count in re.findall(r'<a class="chip" href="(/desk\?[^"]+)">.*?<b>(\d+)</b>', page):
            shown = desk.get(html.unescape(chip)).text
            assert len(ids(shown)) == min(int(count), 50), chip
        assert ticket_id in ids(desk.get("/desk?board=inbox&urgency=urgent").text)
        assert ticket_id not in ids(desk.get("/desk?board=inbox&urgency=hard").text)

    def test_the_script_asks_for_the_same_list(self, desk_of, dispatched):
        ticket_id, _ = dispatched(urgency="urgent")
        desk = desk_of("handler-urban")
        for urgency, is_on in (("urgent", True), ("hard", False)):
            page = desk.get(f"/desk?board=inbox&urgency={urgency}").text
            asked = html.unescape(re.search(r'data-rows="([^"]+)"', page)[1])
            rows = desk.get(asked, headers={"Accept": "application/json"}).json["rows"]
            assert (ticket_id in [row["id"] for row in rows]) is is_on
            assert '&#34;states&#34;: null' in page or '"states": null' in html.unescape(page)

    @pytest.mark.parametrize(
        "query", ["state=NONSENSE", "light=blue", "category=99-99", "area=1", "unit=abc", "unit=999999",
                  "due_from=yesterday", "registered_to=2026-13-01", "staff=nobody", "urgency=%00"],
    )  # fmt: skip
    def test_what_no_form_offers_is_refused(self, desk_of, query: str):
        assert desk_of("handler-urban").get(f"/desk?board=inbox&{query}").status_code == 422
        assert desk_of("supervisor").get(f"/desk/find?{query}").status_code == 422


class TestKept:
    def keep(self, desk, name: str, **fields: object):
        return desk.post("/desk/filters", {"filter_name": name, "place": "inbox", **fields})

    def test_is_found_again_renamed_and_deleted(self, desk_of, dispatched):
        dispatched(urgency="urgent")
        desk = desk_of("handler-urban")
        answer = self.keep(desk, "只看紧急", wanted_urgency="urgent", wanted_state="PENDING_SIGN")
        assert answer.status_code == 303
        address = kept(desk.get("/desk").text, "只看紧急")
        assert "urgency=urgent" in address and "state=PENDING_SIGN" in address
        page = desk.get("/desk/filters").text
        assert "紧急" in page and "待签收" in page
        [filter_id] = re.findall(r'action="/desk/filters/(\d+)"', page)
        assert desk.post(f"/desk/filters/{filter_id}", {"filter_name": "急件"}).status_code == 303
        assert kept(desk.get("/desk").text, "急件") == address
        assert desk.post(f"/desk/filters/{filter_id}/delete", {}).status_code == 303
        assert "急件" not in desk.get("/desk").text

    def test_is_ones_own_unless_shared_with_the_unit(self, desk_of, lead_of, unit_of):
        lead, unit = lead_of("handler-urban"), unit_of("handler-urban")
        assert self.keep(lead, "我的退单", wanted_state="RETURN_REQUESTED").status_code == 303
        assert self.keep(lead, "全组待签", wanted_state="PENDING_SIGN", share=unit).status_code == 303
        page = desk_of("handler-urban").get("/desk").text
        assert "我的退单" not in page and kept(page, "全组待签")
        assert "全组待签" not in desk_of("handler-heat").get("/desk").text
        mine = lead.get("/desk/filters").text
        for filter_id in re.findall(r'action="/desk/filters/(\d+)"', mine):
            other = desk_of("handler-urban")
            assert other.post(f"/desk/filters/{filter_id}", {"filter_name": "x"}).status_code == 404
            assert other.post(f"/desk/filters/{filter_id}/delete", {}).status_code == 404
            lead.post(f"/desk/filters/{filter_id}/delete", {})

    @pytest.mark.parametrize(
        "fields", [{"filter_name": " "}, {"filter_name": "x" * 41}, {"wanted_urgency": ""}, {"place": "all"},
                   {"share": "1"}, {"wanted_urgency": "nonsense"}],
    )  # fmt: skip
    def test_what_cannot_be_kept_is_refused(self, desk_of, fields: dict):
        given = {"wanted_urgency": "urgent", "filter_name": "好的", **fields}
        desk = desk_of("handler-heat")
        assert desk.post("/desk/filters", {"place": "inbox", **given}).status_code == 422
        assert re.findall(r'action="/desk/filters/(\d+)"', desk.get("/desk/filters").text) == []

    def test_a_name_is_given_once(self, desk_of):
        desk = desk_of("supervisor")
        for urgency in ("urgent", "hard"):
            fields = {"place": "triage", "filter_name": "甲", "wanted_urgency": urgency}
            assert desk.post("/desk/filters", fields).status_code == 303
        assert "urgency=hard" in kept(desk.get("/desk/find").text, "甲")
        desk.post("/desk/filters", {"place": "find", "filter_name": "乙", "wanted_urgency": "hard"})
        mine = desk.get("/desk/filters").text
        first, second = sorted(re.findall(r'action="/desk/filters/(\d+)"', mine), key=int)
        assert desk.post(f"/desk/filters/{second}", {"filter_name": "甲"}).status_code == 422
        for filter_id in (first, second):
            desk.post(f"/desk/filters/{filter_id}/delete", {})


class TestFind:
    def test_filters_alone_lead_to_an_address_and_pages(self, desk_of, matter):
        ticket_id = matter(urgency="hard")
        desk = desk_of("supervisor")
        answer = desk.post("/desk/find", {"q": "", "urgency": "hard"})
        assert answer.status_code == 303 and "urgency=hard" in answer.location
        assert ticket_id in ids(desk.get(answer.location).text)

    def test_by_a_callers_name_without_a_trace_in_the_address(self, desk_of, matter):
        ticket_id = matter(name="司徒找找", urgency="hard")
        desk = desk_of("supervisor")
        answer = desk.post("/desk/find", {"q": "", "name": "司徒 找找"})
        assert answer.status_code == 200 and ids(answer.text) == [ticket_id]
        assert ids(desk.post("/desk/find", {"name": "司徒找找", "urgency": "urgent"}).text) == []
        assert ids(desk.post("/desk/find", {"name": "司徒"}).text) == []
        assert desk_of("leader").post("/desk/find", {"name": "司徒找找"}).status_code == 403
        assert 'name="name"' not in desk_of("leader").get("/desk/find").text
        assert "按电话号码或姓名查找" in desk_of("auditor").get("/oversight/looks").text


def test_names_taken_down_before_are_made_searchable_once(app, desk_of, matter):
    ticket_id = matter(name="公孙旧案")
    with app.app_context(), unit_of_work():
        db.session.get_one(Contact, ticket_id).name_hash = None
    desk = desk_of("supervisor")
    assert ids(desk.post("/desk/find", {"name": "公孙旧案"}).text) == []
    runner = app.test_cli_runner()
    first = runner.invoke(contact_commands, ["rehash"])
    assert first.exit_code == 0 and "names can now be searched for" in first.output and "公孙" not in first.output
    assert ids(desk.post("/desk/find", {"name": "公孙旧案"}).text) == [ticket_id]
    assert runner.invoke(contact_commands, ["rehash"]).output == "0 names can now be searched for\n"
