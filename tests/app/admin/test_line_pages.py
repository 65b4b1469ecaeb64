"""The numbers that can be dialled: added, changed, taken out of use; and who answers them when."""

import pytest

from app.outbox import unit_of_work
from calls import arriving
from calls.models import PhoneLine
from db import db

NEW = {
    "number": "+86990112348", "line_no": "12348", "name": "12348法律服务",
    "skills": "law，dialect", "priority": "5", "hours": "8:30-12:00\n14:00 – 24:00",
    "holidays": "outside", "outside": "closed",
}  # fmt: skip
CONSUMER = "/admin/lines/+86990112315"
SOCIAL = "/admin/lines/+86990112333"


def line(office, path: str) -> dict[str, object]:
    with office.app.app_context(), unit_of_work():
        row = db.session.get_one(PhoneLine, path.rpartition("/")[2])
        return {column.key: getattr(row, column.key) for column in PhoneLine.__table__.columns}


def test_a_line_is_added_and_answered_as_it_says(office):
    assert office.send("/admin/lines/new", "/admin/lines", **NEW).location == "/admin/lines/+86990112348"
    stored = line(office, "/+86990112348")
    assert (stored["skills"], stored["priority"], stored["version"]) == (["dialect", "law"], 5, 1)
    assert stored["hours"] == [["08:30", "12:00"], ["14:00", "24:00"]]
    told = office.last_edit()
    assert (told.kind, told.payload["what"]) == ("reference.added", "phone_line")
    assert told.payload["key"] == NEW["number"]
    with office.app.app_context(), unit_of_work():
        assert arriving.line_of(NEW["number"]).line_no == "12348"
    assert "00:00–24:00</span> 不接听" in office.get("/admin/lines/+86990112348").text
    assert NEW["name"] in office.get("/admin/lines").text
    again = office.send("/admin/lines/new", "/admin/lines", **NEW)
    assert again.status_code == 422 and 'id="number-fault"' in again.text
    open_on_holidays = NEW | {"number": "+86990112350", "line_no": "12350", "holidays": "open"}
    office.send("/admin/lines/new", "/admin/lines", **open_on_holidays)
    page = office.get("/admin/lines/+86990112350").text
    assert page.count("08:30–12:00</span> 日常班人员") == 2, "today, whatever day it is, and the next day off"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"number": "12349"}, "number"),
        ({"number": ""}, "number"),
        ({"line_no": "ab"}, "line_no"),
        ({"line_no": "12345"}, "line_no"),
        ({"name": ""}, "name"),
        ({"skills": "Recht"}, "skills"),
        ({"priority": "100"}, "priority"),
        ({"priority": "first"}, "priority"),
        ({"hours": "20:00-08:00"}, "hours"),
        ({"hours": "all day"}, "hours"),
        ({"holidays": "perhaps"}, "holidays"),
        ({"outside": "robots"}, "outside"),
    ],
)
def test_what_does_not_fit_is_refused_and_stays_typed(office, fields, field):
    given = NEW | {"number": "+86990112349", "line_no": "12349"} | fields
    answer = office.send("/admin/lines/new", "/admin/lines", **given)
    assert answer.status_code == 422 and f'id="{field}-fault"' in answer.text
    assert fields.get("name", NEW["name"]) in answer.text
    assert office.get("/admin/lines/+86990112349").status_code == 404


def test_a_change_is_told_with_before_and_after_and_the_number_stays(office):
    assert office.send(CONSUMER, hours="", outside="closed", number="+8610086").status_code == 303
    told = office.last_edit().payload
    assert told["before"] == {"hours": [["08:00", "20:00"]], "outside": "crew"}
    assert told["after"] == {"hours": [], "outside": "closed"}
    page = office.get(CONSUMER).text
    assert "<del>08:00–20:00</del> → <ins>全天</ins>" in page and "<del>由夜班人员接听</del>" in page
    count = office.edits()
    office.send(CONSUMER)
    assert office.edits() == count, "nothing changed, nothing recorded"


def test_who_comes_second_is_told_and_keeps_the_text(office):
    old = office.form(SOCIAL).filled(name="第二人的名称")
    office.send(SOCIAL, name="第一人的名称")
    answer = office.post(old)
    assert answer.status_code == 409
    assert 'value="第二人的名称"' in answer.text and "<ins>第一人的名称</ins>" in answer.text


def test_out_of_use_it_is_answered_as_the_hotline_and_may_come_back_alone(office):
    assert office.send(SOCIAL, f"{SOCIAL}/off").status_code == 303
    with office.app.app_context(), unit_of_work():
        assert arriving.line_of("+86990112333") is None
    other = NEW | {"number": "+86990112334", "line_no": "12333"}
    assert office.send("/admin/lines/new", "/admin/lines", **other).status_code == 303
    refused = office.send(SOCIAL, f"{SOCIAL}/on")
    assert refused.status_code == 422 and "+86990112334" in refused.text
    office.send("/admin/lines/+86990112334", "/admin/lines/+86990112334/off")
    assert office.send(SOCIAL, f"{SOCIAL}/on").status_code == 303
    assert line(office, SOCIAL)["is_active"] is True
