"""The administrator's page on who must have a second factor."""

from app.auth import factors
from routing import terms


def test_the_rule_is_changed_recorded_and_ends_the_sessions_of_those_without(app, office, new_browser, new_staff):
    operator, auditor = new_browser(), new_browser()
    login = new_staff().login
    operator.sign_in(login)
    auditor.sign_in(new_staff(("auditor", None)).login)
    answer = office.send("/admin/second-factor", roles=["operator"])
    assert answer.status_code == 303
    assert operator.get("/account").status_code == 302 and auditor.get("/account").status_code == 200
    assert new_browser().sign_in(login).location == "/login/code"
    page = office.get("/admin/second-factor").text
    assert 'value="operator" checked' in page and "operator" in page
    stale = office.form("/admin/second-factor").filled(version="0", roles=["auditor"])
    assert office.post(stale).status_code == 409
    assert office.send("/admin/second-factor", roles=["emperor"]).status_code == 422
    assert office.send("/admin/second-factor", roles=[]).status_code == 303
    assert new_browser().sign_in(login).location == "/desk"


def test_everybody_stands_for_all_roles_and_does_not_shut_out_who_says_so(app, office, new_browser, new_staff):
    auditor = new_browser()
    auditor.sign_in(new_staff(("auditor", None)).login)
    assert office.send("/admin/second-factor", roles=[factors.EVERYBODY, "operator"]).status_code == 303
    with app.app_context():
        assert factors.rule()[0] == [factors.EVERYBODY]
    assert auditor.get("/account").status_code == 302
    assert office.get("/admin/second-factor").status_code == 200
    assert office.send("/admin/second-factor", roles=[]).status_code == 303


def test_it_is_for_who_manages_accounts(app, new_browser, new_staff):
    browser = new_browser()
    browser.sign_in(new_staff(("supervisor", None)).login)
    assert browser.get("/admin/second-factor").status_code == 403
    assert browser.post("/admin/second-factor", {"version": 0}).status_code == 403
    assert browser.post(f"/admin/settings/{terms.SECOND_FACTOR}", {"version": 0}).status_code == 403


def test_the_page_of_settings_is_no_back_door(office):
    answer = office.browser.post(f"/admin/settings/{terms.SECOND_FACTOR}", {"version": 0, "value": []})
    assert answer.status_code == 404
