"""Hours of units, arrangements of years, and running deadlines on the administrator's pages."""

import re
from datetime import date, timedelta

import pytest
from scenes import UNNAMED, City
from sqlalchemy import create_engine, delete, select, text

from app.enqueue import RESCHEDULE
from app.jobs.rescheduling import move_deadlines
from app.outbox import claim_jobs, unit_of_work
from app.rescheduling import Rescheduling
from db import db
from routing.calendar_models import CalendarYear
from routing.models import CalendarDay
from tickets.clocks import clock_rules
from tickets.event_models import JobOwed

UNIT = "/admin/units/990102.urban"
HOURS = f"{UNIT}/hours"
NEW = {
    "weekdays": "08:30-12:00\n13:30-17:00", "saturday": "09:00-12:00", "sunday": "", "keeps_holidays": "1",
    "source": "区政府办公室通知",
}  # fmt: skip
DEADLINES = "/admin/deadlines"
JSON = {"Accept": "application/json"}


class TestHours:
    def test_are_inherited_given_and_given_up(self, office):
        unit = office.reference().units["990102.urban"]
        page = office.get(UNIT).text
        assert "与全市机关一致" in page and HOURS in page
        form = office.get(HOURS).text
        assert "08:30-12:00\n14:00-17:30</textarea>" in form, "the form begins with the hours in force"
        assert office.send(HOURS, **NEW).location == UNIT
        assert office.last_edit().kind == "reference.added"
        told = office.last_edit().payload
        assert (told["what"], told["key"]) == ("department_hours", "990102.urban")
        assert told["after"]["saturday"] == [["09:00", "12:00"]]
        reference = office.reference()
        assert reference.hours_of(unit.id)[0] == unit.id
        assert clock_rules(reference).calendar_of_unit(unit.id).is_working(date(2026, 3, 7))
        page = office.get(UNIT).text
        assert "13:30–17:00" in page and "与全市机关一致" not in page
        assert office.send(HOURS, saturday="").status_code == 303
        assert "<del>09:00–12:00</del>" in office.get(HOURS).text
        assert office.send(HOURS, f"{HOURS}/drop").status_code == 303
        assert office.reference().hours_of(unit.id) is None
        again = office.send(HOURS, f"{HOURS}", **NEW)
        assert again.status_code == 303, "hours that were given up can be given again"
        assert office.last_edit().version == 4

    def test_the_unit_below_shows_whose_they_are(self, office):
        office.send("/admin/units/990102.gov/hours", **NEW | {"weekdays": "00:00-24:00"})
        page = office.get("/admin/units/990102.water/hours").text
        assert "沿用上级单位望河区" in page and "00:00-24:00</textarea>" in page and "/drop" not in page
        assert "望河区人民政府" in office.get("/admin/units/990102.water").text

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"weekdays": ""}, "weekdays"),
            ({"weekdays": "8-12"}, "weekdays"),
            ({"weekdays": "14:00-12:00"}, "weekdays"),
            ({"weekdays": "08:30-12:00\n11:00-17:00"}, "weekdays"),
            ({"weekdays": "24:00-24:00"}, "weekdays"),
            ({"saturday": "09:00"}, "saturday"),
            ({"sunday": "09:00-25:00"}, "sunday"),
            ({"source": " "}, "source"),
        ],
    )
    def test_what_does_not_fit_is_refused_and_stays_typed(self, office, fields, field):
        path, edits = "/admin/units/990103.urban/hours", office.edits()
        answer = office.send(path, **NEW | fields)
        assert answer.status_code == 422 and f'id="{field}-fault"' in answer.text
        assert "区政府办公室通知" in answer.text or field == "source"
        assert office.edits() == edits

    def test_who_comes_second_is_told(self, office):
        path = "/admin/units/990104.urban/hours"
        old = office.form(path).filled(**NEW | {"source": "第二人"})
        office.send(path, **NEW | {"source": "第一人"})
        answer = office.post(old)
        assert answer.status_code == 409 and "<ins>第一人</ins>" in answer.text and 'value="第二人"' in answer.text

    def test_there_must_be_such_a_unit_and_hours_to_give_up(self, office):
        assert office.get("/admin/units/nobody/hours").status_code == 404
        assert office.browser.post("/admin/units/nobody/hours", {**NEW, "version": "0"}).status_code == 404
        assert office.browser.post("/admin/units/990121.urban/hours/drop", {"version": "0"}).status_code == 422


class TestYear:
    def test_is_reviewed_as_a_whole_and_announced(self, office):
        path = "/admin/calendar/2027/arrangement"
        year = office.get("/admin/calendar?year=2027").text
        assert "放假安排尚未公布" in year and path in year
        form = office.form(path)
        (held,) = form.fields["days"]
        assert "2027-10-01~2027-10-03 休 国庆节" in held
        days = held + "\n2027-09-26 班 国庆节调休\n2027-10-06～2027-10-07 休 国庆节（调休）"
        answer = office.send(path, days=days, source="国办发明电〔2026〕9号", is_announced="1")
        assert answer.location == "/admin/calendar?year=2027"
        told = office.last_edit().payload
        assert told["after"]["2027-09-26"] == "班 国庆节调休" and told["after"]["is_announced"] is True
        reference = office.reference()
        assert reference.calendar[date(2027, 9, 26)] is True and 2027 in reference.announced
        assert reference.calendar[date(2027, 10, 7)] is False
        year = office.get("/admin/calendar?year=2027").text
        assert "国办发明电〔2026〕9号" in year and "alert-warning" not in year
        assert "2027-09-26 班 国庆节调休" in office.get(path).text
        again = office.send(path)
        assert again.status_code == 303 and office.last_edit().payload == told, "nothing changed, nothing recorded"

    def test_a_day_no_longer_named_is_as_its_weekday_says(self, office):
        path = "/admin/calendar/2030/arrangement"
        office.send(path, days="2030-05-01~2030-05-03 休 劳动节", source="甲")
        office.send(path, days="2030-05-01 休 劳动节", source="乙")
        assert office.reference().calendar[date(2030, 5, 2)] is True
        assert office.form(path).fields["days"] == ["2030-05-01 休 劳动节"]
        assert office.last_edit().payload["before"]["2030-05-02"] == "休 劳动节"
        with office.app.app_context(), unit_of_work():
            row = db.session.get_one(CalendarDay, date(2030, 5, 2))
            assert (row.version, row.source) == (2, "乙")
            assert db.session.get_one(CalendarYear, 2030).is_announced is False

    def test_the_package_is_a_beginning_and_stores_nothing(self, office):
        path = "/admin/calendar/2026/arrangement"
        office.send("/admin/calendar/2026-12-25", is_working="no", note="本市假日", source="市政府")
        assert "2026-12-25 休 本市假日" in office.get(path).text
        begun = office.get(f"{path}?from_package=1").text
        assert "2026-12-25" not in begun and "holidays" in begun and "2026-10-10 班 调休上班" in begun
        assert office.reference().calendar[date(2026, 12, 25)] is False

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"days": "2031-05-01"}, "days"),
            ({"days": "2031-05-01 假 劳动节"}, "days"),
            ({"days": "2031-02-29 休"}, "days"),
            ({"days": "2030-12-31 休 元旦"}, "days"),
            ({"days": "2031-05-03~2031-05-01 休"}, "days"),
            ({"days": "2031-05-01~2031-05-03 休\n2031-05-02 班"}, "days"),
            ({"source": ""}, "source"),
        ],
    )
    def test_what_does_not_fit_is_refused_and_stays_typed(self, office, fields, field):
        given = {"days": "2031-05-01 休 劳动节", "source": "通知"} | fields
        answer = office.send("/admin/calendar/2031/arrangement", **given)
        assert answer.status_code == 422 and f'id="{field}-fault"' in answer.text
        assert given["days"].partition("\n")[0] in answer.text
        assert date(2031, 5, 1) not in office.reference().calendar

    def test_who_comes_second_is_told(self, office):
        path = "/admin/calendar/2032/arrangement"
        old = office.form(path).filled(days="2032-05-01 休 第二", source="乙")
        office.send(path, days="2032-05-03 休 第一", source="甲")
        answer = office.post(old)
        assert answer.status_code == 409 and "休 第一" in answer.text and "2032-05-01 休 第二" in answer.text

    def test_no_other_years(self, office):
        for year in (1899, 3000):
            assert office.get(f"/admin/calendar/{year}/arrangement").status_code == 404


@pytest.fixture
def clean(office):
    """Nobody has had anything computed anew."""
    _forget(office)
    yield office
    _forget(office)


def _forget(office) -> None:
    owner = create_engine(office.app.extensions["hotline"].database_owner_url)
    with owner.begin() as connection:
        connection.execute(text("TRUNCATE rescheduling"))
        connection.execute(text("UPDATE deadline SET stopped_at = now(), next_at = NULL"))
        connection.execute(delete(JobOwed).where(JobOwed.job == RESCHEDULE))
    owner.dispose()


def _owed() -> list[int]:
    fresh, again = claim_jobs(100, timedelta(0))
    return fresh.get(RESCHEDULE, []) + again.get(RESCHEDULE, [])


def _run(office) -> None:
    with office.app.app_context():
        while owed := _owed():
            move_deadlines(owed)


class TestDeadlines:
    def test_are_counted_first_then_moved_for_a_reason(self, clean, vault):
        office = clean
        with office.app.app_context(), unit_of_work() as now:
            ticket_id = City(now, vault).dispatched(**UNNAMED)
        for page in ("/admin/calendar", "/admin/policies", HOURS):
            assert f'href="{DEADLINES}"' in office.get(page).text
        assert "还没有重新计算过" in office.get(DEADLINES).text
        office.send(HOURS, **NEW | {"weekdays": "08:30-12:00\n14:00-18:30", "saturday": ""})
        assert office.send(DEADLINES, f"{DEADLINES}/count").location == DEADLINES
        assert office.browser.get(DEADLINES, headers=JSON).json == {"done": 0, "ended": False}
        page = office.get(DEADLINES).text
        assert "data-counting" in page and "<form" not in page.partition("<main")[2].partition("</main>")[0]
        _run(office)
        assert office.browser.get(DEADLINES, headers=JSON).json["ended"] is True
        page = office.get(DEADLINES).text
        assert re.search(r"将延后</th><td class=\"number\">2</td>", page)
        assert office.send(DEADLINES, f"{DEADLINES}/move", reason=" ").status_code == 422
        assert office.send(DEADLINES, f"{DEADLINES}/move", reason="本单位延长服务时间").location == DEADLINES
        told = office.last_edit().payload
        assert told["what"] == "rescheduling"
        assert told["after"] == {"may_shorten": False, "reason": "本单位延长服务时间"}
        _run(office)
        page = office.get(DEADLINES).text
        assert "已调整工单1件" in page and "本单位延长服务时间" in page
        assert "运行中时限重新计算" in office.get("/admin/record").text
        with office.app.app_context(), unit_of_work() as now:
            events = City(now, vault).events(ticket_id)
            assert [event.kind for event in events].count("ticket.rescheduled") == 1

    def test_shortening_is_a_choice_of_its_own(self, clean, vault):
        office = clean
        office.send(HOURS, **NEW | {"weekdays": "08:30-12:00\n14:00-18:30", "saturday": ""})
        with office.app.app_context(), unit_of_work() as now:
            City(now, vault).dispatched(**UNNAMED)
        office.send(HOURS, **NEW | {"weekdays": "08:30-12:00\n14:00-16:30", "saturday": ""})
        office.send(DEADLINES, f"{DEADLINES}/count")
        _run(office)
        page = office.get(DEADLINES).text
        assert 'name="may_shorten"' in page and "checked" not in page.partition('name="may_shorten"')[2][:40]
        office.send(DEADLINES, f"{DEADLINES}/move", reason="缩短", may_shorten="1")
        assert office.last_edit().payload["after"]["may_shorten"] is True
        _run(office)
        assert "已提前" in office.get(DEADLINES).text

    def test_what_was_counted_by_other_rules_is_not_moved(self, clean, vault):
        office = clean
        with office.app.app_context(), unit_of_work() as now:
            City(now, vault).dispatched(**UNNAMED)
        office.send(HOURS, **NEW | {"weekdays": "08:30-12:00\n14:00-18:00", "saturday": ""})
        office.send(DEADLINES, f"{DEADLINES}/count")
        _run(office)
        form = office.form(DEADLINES, f"{DEADLINES}/move").filled(reason="通知")
        office.send(HOURS, **NEW | {"weekdays": "08:30-12:00\n14:00-19:00", "saturday": ""})
        answer = office.post(form)
        assert answer.status_code == 422 and "请先重新测算" in answer.text
        with office.app.app_context(), unit_of_work():
            assert len(db.session.scalars(select(Rescheduling)).all()) == 1

    def test_are_for_who_may_change_the_rules(self, new_browser, new_staff):
        browser = new_browser()
        browser.sign_in(new_staff(("supervisor", None)).login)
        assert browser.get(DEADLINES).status_code == 403
        assert browser.post(f"{DEADLINES}/count").status_code == 403
        assert browser.post(f"{DEADLINES}/move", {"counted": "1", "reason": "x"}).status_code == 403
