"""Using a one-time token over HTTP."""

from app.auth import accounts
from app.auth.accounts import CONSOLE
from app.outbox import unit_of_work

GOOD = "a-lamp-by-the-river"


def fresh_token(app, login: str) -> str:
    with app.app_context(), unit_of_work() as now:
        return accounts.create_staff(
            CONSOLE, now, login=login, name="新人", memberships=[("operator", None)]
        )[1]


def form(token: str, **changes: str) -> dict[str, str]:
    return {"token": token, "password": GOOD, "again": GOOD} | changes


def test_sets_the_password_and_shows_the_sign_in_form(app, browser):
    token = fresh_token(app, "enrol-one")
    answer = browser.post("/enrol", form(token))
    assert answer.status_code == 303 and answer.location == "/login"
    assert browser.sign_in("enrol-one", GOOD).status_code == 303
    assert browser.post("/enrol", form(token)).status_code == 422


def test_a_refusal_keeps_the_token_but_no_password(app, browser):
    token = fresh_token(app, "enrol-two")
    for changes in ({"again": "different"}, {"password": "short", "again": "short"}, {"password": ""}):
        answer = browser.post("/enrol", form(token, **changes))
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
        assert token in answer.text and GOOD not in answer.text
    assert browser.post("/enrol", form(token)).status_code == 303


def test_a_list_of_tokens_is_none(app, browser):
    token = fresh_token(app, "enrol-three")
    fields = form(token)
    del fields["token"]
    assert browser.post("/enrol", fields | {"token[]": token}).status_code == 422


def test_the_address_bar_is_no_place_for_it(app, browser):
    token = fresh_token(app, "enrol-four")
    assert f'value="{token}"' not in browser.get(f"/enrol?token={token}").text


def test_guessing_is_held_back(app, new_browser):
    browser = new_browser()
    answers = [browser.post("/enrol", form("a" * 26)).status_code for _ in range(51)]
    assert answers == [422] * 50 + [429]
    token = fresh_token(app, "enrol-five")
    assert browser.post("/enrol", form(token)).status_code == 429
    assert new_browser().post("/enrol", form(token)).status_code == 303
