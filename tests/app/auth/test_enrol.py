"""Using a one-time token over HTTP."""

import hashlib
import itertools
import re
import threading

import pytest
from sqlalchemy import select, update

from app.auth import accounts, passwords
from app.auth.accounts import CONSOLE
from app.auth.models import OneTimeToken, Staff
from app.outbox import unit_of_work
from db import db
from tickets import errors

GOOD = "a-lamp-by-the-river"
NUMBERS = itertools.count(1)


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


@pytest.mark.parametrize(
    "token",
    ["", " ", "\t\r\n", "0", "null", "None", "undefined", "[]", "{}", "true", "-----", "\x00", "\x00" * 26,
     "a" * 25, "a" * 27, "a" * 200_000, "%00",
     "' OR '1'='1", "７" * 26, "\ud800" * 26, "$argon2id$", "a\u200b" * 26],
)  # fmt: skip
def test_what_is_no_token_sets_no_password(app, browser, token: str):
    """Also where a row were kept under the hash of nothing: the form of a token is judged before the table is."""
    login = f"enrol-none-{next(NUMBERS)}"
    fresh_token(app, login)
    with app.app_context(), unit_of_work():
        kept = hashlib.sha256(re.sub(r"[\s-]", "", token).lower().encode(errors="surrogatepass")).digest()
        mine = OneTimeToken.staff_id == staff_id(login)
        db.session.execute(update(OneTimeToken).where(mine).values(token_hash=kept))
    fields = form(token.encode(errors="surrogatepass"))
    try:
        assert browser.post("/enrol", fields).status_code in (413, 422)
        assert browser.sign_in(login, GOOD).status_code == 401
    finally:
        with app.app_context(), unit_of_work():
            accounts.void_tokens(staff_id(login))


def staff_id(login: str) -> int:
    return db.session.scalars(select(Staff.id).where(Staff.login == login)).one()


def test_several_tokens_are_no_way_to_try_many(app, browser):
    token = fresh_token(app, "enrol-several")
    assert browser.post("/enrol", form(["a" * 26, token])).status_code == 422
    assert browser.post("/enrol", form("") | {"token[0]": token, "token": ""}).status_code == 422
    assert browser.sign_in("enrol-several", GOOD).status_code == 401


def test_data_for_a_form_is_refused(app, browser):
    """A body of JSON, where null and lists are no texts, is no form."""
    token = fresh_token(app, "enrol-json")
    for given in (None, [token], {"": token}, 0, True, token):
        headers = {"X-CSRFToken": browser._form_token()}
        body = {"token": given, "password": GOOD, "again": GOOD}
        answer = browser.client.post("/enrol", json=body, headers=headers)
        assert answer.status_code == 422, given
    assert browser.sign_in("enrol-json", GOOD).status_code == 401


def test_of_two_who_use_it_at_once_one_wins(app):
    token = fresh_token(app, "enrol-twice")
    both, results = threading.Barrier(2), []

    def use(password: str) -> None:
        with app.app_context():
            both.wait()
            try:
                with unit_of_work() as now:
                    accounts.redeem_token(now, token, password)
                results.append(password)
            except errors.Invalid:
                results.append("")

    threads = [threading.Thread(target=use, args=(f"{GOOD}-{one}",)) for one in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = [one for one in results if one]
    with app.app_context(), unit_of_work():
        kept = db.session.scalars(select(Staff.password_hash).where(Staff.login == "enrol-twice")).one()
    assert passwords.is_right(kept, winner)
