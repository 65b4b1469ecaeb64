"""The tour: who to sign in as and what to try, in both languages, in the demo city and in no other."""

import pytest

from app.auth.commands import DEMO_STAFF
from app.auth.signing_in import DEMO_PASSWORD


@pytest.mark.parametrize(("language", "words"), [("zh", "试用导览"), ("en", "A tour of Donghe")])
def test_names_every_account_with_a_way_in(browser, language: str, words: str):
    page = browser.get(f"/tour?lang={language}")
    assert page.status_code == 200 and words in page.text and DEMO_PASSWORD in page.text
    for login, *_ in DEMO_STAFF:
        assert f"/login?login={login}" in page.text


def test_every_link_in_it_leads_somewhere(browser):
    page = browser.get("/tour?lang=en").text
    for address in {part.partition('"')[0] for part in page.split('href="/')[1:]}:
        assert browser.get(f"/{address.replace('&amp;', '&')}").status_code in (200, 302), address


@pytest.mark.parametrize("path", ["/", "/login"])
def test_is_found_where_people_come_in(browser, path: str):
    assert 'href="/tour"' in browser.get(path).text


def test_is_nowhere_in_a_city_of_its_own(browser, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.demonstration.REGION", "1234")
    assert browser.get("/tour").status_code == 404
    for path in ("/", "/login"):
        page = browser.get(path)
        assert page.status_code == 200 and "/tour" not in page.text


class TestWayIn:
    def test_has_the_login_filled_in_and_leads_to_the_board(self, browser):
        page = browser.get("/login?login=dispatcher&next=/desk?board%3Dtriage").text
        assert 'name="login" type="text" value="dispatcher"' in page and 'value="/desk?board=triage"' in page

    @pytest.mark.parametrize("login", ['"><b>', "x" * 50, "", "a b"])
    def test_takes_nothing_that_is_no_login(self, browser, login: str):
        page = browser.get("/login", query_string={"login": login})
        assert page.status_code == 200 and 'name="login" type="text" value=""' in page.text
