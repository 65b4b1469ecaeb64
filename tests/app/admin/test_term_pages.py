"""Time limits, the calendar, the city's settings: each change counts from now on, and open promises stay."""

from dataclasses import asdict, replace
from datetime import date

import pytest
from scenes import City
from sqlalchemy import delete, select

from app.admin.phone_wording import PHONE
from app.outbox import unit_of_work
from calls import settings as phone
from db import db
from routing import seed, terms
from routing.models import CitySetting, Policy
from tickets.clocks import clock_rules
from tickets.models import Deadline

NEW = {"clock": "handle", "ticket_type": "help", "urgency": "", "category_code": "", "line_no": "",
       "limit_value": "3", "limit_unit": "wd", "source": "热线中心文件"}  # fmt: skip


def policy(office, **scope):
    anything = dict.fromkeys(("ticket_type", "urgency", "category_code", "line_no"))
    wanted = {"clock": "handle"} | anything | scope
    return next(row for row in office.reference().policies
                if all(getattr(row, name) == value for name, value in wanted.items()))  # fmt: skip


class TestPolicies:
    def test_a_change_is_a_new_version_and_open_deadlines_keep_their_promise(self, office, vault):
        with office.app.app_context(), unit_of_work() as now:
            ticket_id = City(now, vault).waiting()
            query = select(Deadline.due_at, Deadline.limit).where(Deadline.ticket_id == ticket_id)
            promised = db.session.execute(query).one()
        old = policy(office, clock="dispatch")
        path = f"/admin/policies/{old.id}"
        page = office.get("/admin/policies").text
        assert 'class="alert alert-info"' in page
        assert office.send(path, limit_value="30", limit_unit="min").status_code == 303
        new = policy(office, clock="dispatch")
        assert (new.limit_value, new.limit_unit, new.version) == (30, "min", old.version + 1)
        assert new.ladder == old.ladder, "the ladder's form holds what is stored"
        told = office.last_edit().payload
        assert told["key"] == "dispatch/*/*/*" and told["after"] == {"limit_value": 30, "limit_unit": "min"}
        with office.app.app_context(), unit_of_work() as now:
            assert db.session.get_one(Policy, old.id).is_active is False
            query = select(Deadline.due_at, Deadline.limit).where(Deadline.ticket_id == ticket_id)
            assert db.session.execute(query).one() == promised
            assert City(now, vault).clock(City(now, vault).waiting(), "dispatch").limit == "30min"
        assert office.post(office.form(path, f"/admin/policies/{new.id}")).status_code == 303

    def test_who_comes_second_is_told_and_keeps_the_text(self, office):
        path = f"/admin/policies/{policy(office, clock='sign').id}"
        old = office.form(path).filled(source="第二人的依据")
        office.send(path, source="第一人的依据")
        answer = office.post(old)
        assert answer.status_code == 409
        assert "第二人的依据</textarea>" in answer.text and "<ins>第一人的依据</ins>" in answer.text

    def test_one_for_other_tickets_and_its_end(self, office):
        assert office.send("/admin/policies/new", "/admin/policies", **NEW).status_code == 303
        made = policy(office, ticket_type="help")
        assert made.limit_value == 3 and office.last_edit().kind == "reference.added"
        again = office.send("/admin/policies/new", "/admin/policies", **NEW)
        assert again.status_code == 422 and 'id="clock-fault"' in again.text
        path = f"/admin/policies/{made.id}"
        assert office.send(path, f"{path}/end").status_code == 303
        assert made.id not in {row.id for row in office.reference().policies}
        whole = f"/admin/policies/{policy(office).id}"
        assert office.send(whole, f"{whole}/end").status_code == 422
        assert office.get("/admin/policies/999999").status_code == 404

    def test_a_merged_line_has_its_own_beside_the_one_for_all(self, office, vault):
        page = office.get("/admin/policies/new").text
        assert '<option value="12315">12315消费者投诉举报</option>' in page
        given = NEW | {"ticket_type": "", "line_no": "12315", "limit_value": "60", "limit_unit": "d"}
        assert office.send("/admin/policies/new", "/admin/policies", **given).status_code == 303
        made = policy(office, line_no="12315")
        assert office.last_edit().payload["key"] == "handle/*/*/*/12315"
        assert "线路 12315" in office.get("/admin/policies").text
        again = office.send("/admin/policies/new", "/admin/policies", **given)
        assert again.status_code == 422 and 'id="clock-fault"' in again.text
        office.send(f"/admin/policies/{made.id}", limit_value="45")
        assert policy(office, line_no="12315").limit_value == 45 != policy(office).limit_value
        with office.app.app_context(), unit_of_work() as now:
            city = City(now, vault)
            ticket_id = city.waiting(line_no="12315")  # its rule dispatches it at once
            promised = select(Deadline.limit).where(Deadline.ticket_id == ticket_id, Deadline.clock == "handle")
            assert db.session.scalars(promised).all() == ["45d"]

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"limit_value": "0"}, "limit_value"),
            ({"limit_value": "soon"}, "limit_value"),
            ({"limit_unit": "moons"}, "limit_unit"),
            ({"source": ""}, "source"),
            ({"clock": "sand"}, "clock"),
            ({"category_code": "98"}, "category_code"),
            ({"line_no": "the market's"}, "line_no"),
            ({"rung_level": ["3", "2"], "rung_value": ["50%", "80%"]}, "ladder"),
            ({"rung_level": ["x", ""], "rung_value": ["50%", ""]}, "ladder"),
            ({"rung_level": ["1", ""], "rung_value": ["half", ""]}, "ladder"),
        ],
    )
    def test_what_does_not_fit_is_refused_and_stays_typed(self, office, fields, field):
        rungs = {"rung_tier": ["L0", "L1"], "rung_kind": ["share", "share"], "rung_share": ["", ""]}
        given = NEW | {"ticket_type": "praise"} | rungs | fields
        answer = office.send("/admin/policies/new", "/admin/policies", **given)
        assert answer.status_code == 422 and f'id="{field}-fault"' in answer.text
        if "rung_value" in fields:
            assert f'value="{fields["rung_value"][0]}"' in answer.text


class TestCalendar:
    def test_a_day_is_switched_with_note_and_source(self, office):
        path = "/admin/calendar/2026-12-05"
        fields = {"is_working": "yes", "note": "调休上班", "source": "国办发明电〔2025〕1号"}
        assert office.send(path, **fields).location == "/admin/calendar?year=2026"
        reference = office.reference()
        assert reference.calendar[date(2026, 12, 5)] is True
        assert clock_rules(reference).calendar.is_working(date(2026, 12, 5)), "clocks count by it at once"
        assert office.last_edit().payload["after"]["source"] == fields["source"]
        page = office.get("/admin/calendar?year=2026").text
        assert "day makeup" in page and fields["source"] in page
        assert office.send(path, is_working="no").status_code == 303
        assert office.reference().calendar[date(2026, 12, 5)] is False

    def test_coming_second_and_what_does_not_fit(self, office):
        path = "/admin/calendar/2026-12-06"
        old = office.form(path).filled(is_working="yes", note="第二", source="乙")
        office.send(path, is_working="no", note="第一", source="甲")
        answer = office.post(old)
        assert answer.status_code == 409 and 'value="第二"' in answer.text and "<ins>第一</ins>" in answer.text
        assert office.send(path, source="").status_code == 422
        assert office.get("/admin/calendar/2026-13-01").status_code == 404

    def test_a_year_without_its_official_arrangement_is_marked(self, office):
        assert "alert-warning" not in office.get("/admin/calendar?year=2026").text
        assert "alert-warning" in office.get("/admin/calendar?year=2030").text
        assert office.get("/admin/calendar?year=999999").status_code == 200


class TestSettings:
    def test_what_ships_for_the_telephone_is_said_twice_and_alike(self):
        assert seed.document("settings")["phone"] == asdict(phone.PhoneSettings())
        assert terms.PHONE_RANGES.keys() == set(phone.NAMES) == PHONE.keys()
        assert terms.SETTINGS["phone"](asdict(phone.PhoneSettings())) == asdict(phone.PhoneSettings())

    @pytest.mark.parametrize(
        ("key", "fields", "value"),
        [
            ("city_name", {"zh": "新东河市", "en": "New Donghe"}, {"zh": "新东河市", "en": "New Donghe"}),
            ("zone", {"value": "Asia/Urumqi"}, "Asia/Urumqi"),
            ("working_periods", {"value": "09:00-12:00\n13:00 – 17:00"}, [["09:00", "12:00"], ["13:00", "17:00"]]),
            ("routing_threshold", {"value": "0.8"}, 0.8),
            ("confidential_types", {"value": ["report", "complaint"]}, ["complaint", "report"]),
            ("green_factor", {"value": "0.5"}, 0.5),
        ],
    )
    def test_each_is_changed_by_its_own_form(self, office, key, fields, value):
        assert office.send("/admin/settings", f"/admin/settings/{key}", **fields).status_code == 303
        assert office.reference().setting(key) == value
        told = office.last_edit().payload
        assert (told["what"], told["key"], told["after"]) == ("setting", key, {"value": value})

    @pytest.mark.parametrize(
        ("key", "fields"),
        [
            ("city_name", {"zh": "", "en": "x"}),
            ("zone", {"value": "Mars/Olympus"}),
            ("working_periods", {"value": ""}),
            ("working_periods", {"value": "08:00-12:00\n11:00-17:00"}),
            ("working_periods", {"value": "soon"}),
            ("routing_threshold", {"value": "1.2"}),
            ("routing_threshold", {"value": "nan"}),
            ("green_factor", {"value": "0"}),
            ("confidential_types", {"value": ["treason"]}),
        ],
    )
    def test_what_does_not_fit_is_refused_and_stays_typed(self, office, key, fields):
        before = office.reference().setting(key)
        answer = office.send("/admin/settings", f"/admin/settings/{key}", **fields)
        assert answer.status_code == 422 and f'id="{key}-' in answer.text
        assert office.reference().setting(key) == before

    def test_the_telephone_has_one_form_and_the_record_tells_what_differs(self, office):
        page = office.get("/admin/settings").text
        assert all(f'name="{name}"' in page for name in phone.NAMES)
        before = phone.of(office.reference().setting("phone"))
        given = {"answer_within": "12", "queue_limit": "80"}
        assert office.send("/admin/settings", "/admin/settings/phone", **given).status_code == 303
        with office.app.app_context(), unit_of_work():
            assert phone.current() == replace(before, answer_within=12, queue_limit=80)
        told = office.last_edit().payload
        assert told["before"] == {"answer_within": 15, "queue_limit": 200}
        assert told["after"] == {"answer_within": 12, "queue_limit": 80}

    def test_every_wrong_number_of_the_telephone_is_told_at_once(self, office):
        before = office.reference().setting("phone")
        wrong = [("offer", "0"), ("drop", "9999"), ("short_abandon", "61")]
        answer = office.send("/admin/settings", "/admin/settings/phone", **dict(wrong))
        assert answer.status_code == 422
        assert all(f'id="phone-{name}-fault"' in answer.text and f'value="{typed}"' in answer.text
                   for name, typed in wrong)  # fmt: skip
        answer = office.send("/admin/settings", "/admin/settings/phone", offer="soon", wrap_up="", drop="9999")
        for name in ("offer", "wrap_up", "drop"):
            assert f'<li><a href="#{name}">' in answer.text, name  # all at once, each with a way to its field
        assert answer.text.count('id="phone-') == 3
        assert office.reference().setting("phone") == before

    def test_a_city_without_the_telephones_goes_by_what_ships_and_may_change_that(self, office):
        with office.app.app_context(), unit_of_work():
            db.session.execute(delete(CitySetting).where(CitySetting.key == "phone"))
        with office.app.app_context(), unit_of_work():
            assert phone.current() == phone.PhoneSettings()
        assert office.send("/admin/settings", "/admin/settings/phone", drop="20").status_code == 303
        with office.app.app_context(), unit_of_work():
            assert phone.current() == phone.PhoneSettings(drop=20)

    def test_coming_second_is_told(self, office):
        old = office.form("/admin/settings", "/admin/settings/hotline_name").filled(zh="第二", en="Second")
        office.send("/admin/settings", "/admin/settings/hotline_name", zh="第一", en="First")
        answer = office.post(old)
        assert answer.status_code == 409 and 'value="第二"' in answer.text and "第一" in answer.text
        assert office.browser.post("/admin/settings/secret", {"version": 1, "value": "x"}).status_code == 404
