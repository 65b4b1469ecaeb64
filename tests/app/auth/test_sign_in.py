"""Signing in and out over HTTP: what a guesser, a thief and a second device get."""

import re
import threading
from dataclasses import replace

import pytest
from flask.sessions import SecureCookieSessionInterface
from redis.exceptions import ConnectionError as RedisDown
from sqlalchemy import func, select

from app.auth import accounts, passwords, session
from app.auth.accounts import CONSOLE
from app.auth.models import StaffSession
from app.auth.session import session_hash
from app.auth.signing_in import DEMO_PASSWORD
from app.outbox import unit_of_work
from db import db
from tickets.event_models import TicketEvent

WRONG = "not-the-right-one"
LIVE = re.compile(r'name="live-token" content="([^"]+)"')


def token_of(browser) -> str | None:
    with browser.client.session_transaction() as cookie:
        return cookie.get("_user_id")


def is_in(browser) -> bool:
    return browser.get("/account").status_code == 200


def test_right_password_lets_in_and_records_it(app, browser, new_staff):
    person = new_staff()
    answer = browser.sign_in(person.login)
    assert answer.status_code == 303 and answer.location == "/desk"
    assert is_in(browser)
    with app.app_context():
        kinds = db.session.scalars(
            select(TicketEvent.kind).where(TicketEvent.subject == "staff", TicketEvent.subject_id == person.id)
        ).all()
    assert kinds == ["staff.created", "staff.signed_in"]


def test_a_login_may_be_typed_in_capitals_and_full_width(browser, new_staff):
    login = new_staff().login
    assert browser.sign_in(f"  {login.upper()} ".replace("1", "１")).status_code == 303


def test_the_administrator_comes_to_the_pages_of_administration(browser, new_staff):
    assert browser.sign_in(new_staff(("administrator", None)).login).location == "/admin"


@pytest.mark.parametrize("password", [WRONG, "", DEMO_PASSWORD + " ", DEMO_PASSWORD.upper(), "x" * 5000, "a\x00b"])
def test_a_wrong_password_does_not(browser, new_staff, password: str):
    answer = browser.sign_in(new_staff().login, password)
    assert answer.status_code == 401
    assert not is_in(browser)


def test_what_was_typed_stays_but_for_the_password(browser):
    text = browser.sign_in("some-body", WRONG).text
    assert 'value="some-body"' in text and WRONG not in text


def test_unknown_disabled_and_unenrolled_get_the_answer_of_a_wrong_password(app, browser, new_staff, monkeypatch):
    known, disabled, unenrolled = new_staff(), new_staff(), new_staff()
    with app.app_context(), unit_of_work() as now:
        accounts.disable(CONSOLE, now, disabled.id, disabled.version)
        accounts.reset(CONSOLE, now, unenrolled.id)
        accounts.set_password(CONSOLE, now, known.id, "a-lamp-by-the-river")
    judged = []
    monkeypatch.setattr(passwords, "aside", lambda work, *args: judged.append(args) or work(*args))

    def answer(login: str, password: str) -> tuple[int, str]:
        response = browser.sign_in(login, password)
        text = re.sub(r'name="csrf_token" value="[^"]+"', "", response.text).replace(login, "LOGIN")
        return response.status_code, text

    wrong = answer(known.login, WRONG)
    assert wrong[0] == 401
    assert answer("nobody-at-all", WRONG) == wrong
    assert answer("' or 1=1 --\x00", WRONG)[0] == 401
    assert answer(disabled.login, DEMO_PASSWORD) == wrong
    assert answer(unenrolled.login, DEMO_PASSWORD) == wrong
    # Each was judged against a hash of the same cost, so the time tells nothing either.
    costs = {kept.rsplit("$", 2)[0] for kept, _ in judged}
    assert len(judged) == 5 and costs == {"$argon2id$v=19$m=19456,t=2,p=1"}


def test_a_token_known_before_is_worth_nothing_after(app, new_browser, new_staff):
    """Fixation: the browser's old cookie, planted or stolen, does not become the session."""
    browser, thief = new_browser(), new_browser()
    browser.get("/login")
    with browser.client.session_transaction() as cookie:
        cookie["planted"] = "by the thief"
        cookie["_user_id"] = "a-token-the-thief-knows"
    planted = browser.client.get_cookie("hotline").value
    browser.sign_in(new_staff().login)
    thief.client.set_cookie("hotline", planted)
    assert is_in(browser) and not is_in(thief)
    assert token_of(browser) != "a-token-the-thief-knows"
    with browser.client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_each_sign_in_has_a_token_of_its_own(browser, new_staff):
    login = new_staff().login
    browser.sign_in(login)
    first = token_of(browser)
    browser.sign_in(login)
    assert token_of(browser) != first


def test_only_a_hash_of_the_token_is_stored(app, browser, new_staff):
    person = new_staff()
    browser.sign_in(person.login)
    token = token_of(browser)
    assert len(token) >= 43  # 256 bits
    with app.app_context():
        rows = db.session.scalars(select(StaffSession).where(StaffSession.staff_id == person.id)).all()
    assert [row.token_hash for row in rows] == [session_hash(token)]


def test_after_signing_out_the_cookie_opens_nothing(new_browser, new_staff):
    browser, thief = new_browser(), new_browser()
    browser.sign_in(new_staff().login)
    thief.client.set_cookie("hotline", browser.client.get_cookie("hotline").value)
    assert is_in(thief)
    assert browser.post("/logout").status_code == 303
    assert not is_in(browser) and not is_in(thief)


def test_signing_out_asks_for_the_forms_token(browser, new_staff):
    browser.sign_in(new_staff().login)
    assert browser.client.post("/logout").status_code == 400
    assert browser.get("/logout").status_code == 405
    assert is_in(browser)


def test_signing_in_asks_for_the_forms_token(browser, new_staff):
    login = new_staff().login
    browser.get("/login")
    answer = browser.client.post("/login", data={"login": login, "password": DEMO_PASSWORD})
    assert answer.status_code == 400 and not is_in(browser)


def test_the_third_session_ends_the_first(new_browser, new_staff, clock):
    login = new_staff().login
    browsers = [new_browser() for _ in range(3)]
    for browser in browsers:
        browser.sign_in(login)
        clock.forward(seconds=1)
    assert [is_in(browser) for browser in browsers] == [False, True, True]


def test_disabled_at_the_next_request(app, browser, new_staff):
    person = new_staff()
    browser.sign_in(person.login)
    with app.app_context(), unit_of_work() as now:
        accounts.disable(CONSOLE, now, person.id, person.version)
    assert browser.get("/account").status_code == 302
    assert browser.sign_in(person.login).status_code == 401


def test_disabled_while_the_password_is_judged(app, browser, new_staff, monkeypatch):
    """A guess already on its way does not become a session."""
    person = new_staff()
    judge = passwords.is_right

    def slowly(kept, password):
        with app.app_context(), unit_of_work() as now:
            accounts.disable(CONSOLE, now, person.id, person.version)
        return judge(kept, password)

    monkeypatch.setattr(passwords, "is_right", slowly)
    assert browser.sign_in(person.login).status_code == 401
    with app.app_context():
        count = select(func.count()).select_from(StaffSession).where(StaffSession.staff_id == person.id)
        assert db.session.scalar(count) == 0


def test_a_password_changed_while_the_old_one_is_judged(app, browser, new_staff, monkeypatch):
    person = new_staff()
    judge = passwords.is_right

    def slowly(kept, password):
        with app.app_context(), unit_of_work() as now:
            accounts.reset(CONSOLE, now, person.id)
        return judge(kept, password)

    monkeypatch.setattr(passwords, "is_right", slowly)
    assert browser.sign_in(person.login).status_code == 401


def test_a_change_of_roles_ends_the_session(app, browser, new_staff):
    person = new_staff()
    browser.sign_in(person.login)
    with app.app_context(), unit_of_work() as now:
        accounts.set_roles(CONSOLE, now, person.id, person.version, [("auditor", None)])
    assert not is_in(browser)


def test_a_request_on_its_way_does_not_bring_an_ended_session_back(app, browser, new_staff, clock, monkeypatch):
    """Somebody is disabled between the moment a request reads its session and the moment it notes the visit."""
    person = new_staff()
    browser.sign_in(person.login)
    judge, ended = session._runs, []

    def and_then_it_ends(row, now):
        if not ended:
            ended.append(True)
            thread = threading.Thread(target=disable)
            thread.start()
            thread.join()
        return judge(row, now)

    def disable():
        with app.app_context(), unit_of_work() as now:
            accounts.disable(CONSOLE, now, person.id, person.version)

    clock.forward(minutes=2)
    monkeypatch.setattr(session, "_runs", and_then_it_ends)
    browser.get("/account")
    with app.app_context():
        count = select(func.count()).select_from(StaffSession).where(StaffSession.staff_id == person.id)
        assert ended and db.session.scalar(count) == 0
    assert browser.get("/account").status_code == 302


def test_half_an_hour_idle_ends_it_and_use_keeps_it(browser, new_staff, clock):
    browser.sign_in(new_staff().login)
    for _ in range(4):
        clock.forward(minutes=29)
        assert is_in(browser)
    clock.forward(minutes=30)
    assert not is_in(browser)


@pytest.mark.parametrize("path", ["/live/changes?after=0", "/desk/rows?board=mine"])
def test_an_open_board_that_asks_by_itself_is_no_use(browser, new_staff, clock, path: str):
    browser.sign_in(new_staff().login)
    for _ in range(29):
        clock.forward(minutes=1)
        assert browser.get(path).status_code == 200
    clock.forward(minutes=1)
    assert browser.get(path).status_code == 302
    assert not is_in(browser)


def test_nor_is_a_socket_that_connects_again(config, browser, new_staff, clock, sockets):
    browser.sign_in(new_staff().login)
    token = LIVE.search(browser.get("/desk").text)[1]
    cookie = f"hotline={browser.client.get_cookie('hotline').value}"
    with sockets(config, CLOCK=clock) as is_let_in:
        for _ in range(2):
            clock.forward(minutes=14)
            assert is_let_in(cookie, token)
        clock.forward(minutes=2)
        assert not is_let_in(cookie, token)
    assert not is_in(browser)


def test_no_use_keeps_it_beyond_a_shift(browser, new_staff, clock):
    browser.sign_in(new_staff().login)
    for _ in range(36):
        clock.forward(minutes=20)
        browser.get("/account")
    assert clock.now and not is_in(browser)


def test_administrators_have_less_time(browser, new_staff, clock):
    login = new_staff(("administrator", None)).login
    browser.sign_in(login)
    clock.forward(minutes=14)
    assert is_in(browser)
    clock.forward(minutes=15)
    assert not is_in(browser)


def test_the_visit_is_noted_once_a_minute(app, browser, new_staff, clock):
    browser.sign_in(new_staff().login)
    token, start = token_of(browser), clock.now

    def seen():
        with app.app_context():
            return db.session.get_one(StaffSession, session_hash(token)).seen_at

    clock.forward(seconds=59)
    is_in(browser)
    assert seen() == start
    clock.forward(seconds=1)
    is_in(browser)
    assert seen() == clock.now


def test_ended_sessions_are_swept(app, browser, new_staff, clock):
    browser.sign_in(new_staff().login)
    token = token_of(browser)
    with app.app_context():
        with unit_of_work() as now:
            session.sweep(now)
        assert db.session.get(StaffSession, session_hash(token)) is not None
        clock.forward(minutes=30)
        with unit_of_work() as now:
            session.sweep(now)
        assert db.session.get(StaffSession, session_hash(token)) is None


def test_a_user_is_loaded_with_two_queries(app, browser, new_staff, count_queries):
    browser.sign_in(new_staff().login)
    token = token_of(browser)
    with app.app_context(), count_queries() as queries:
        user = session.load_user(token)
    assert user is not None and len(queries) == 2, queries


def test_loading_a_user_within_a_unit_of_work_does_not_end_it(app, browser, new_staff):
    person = new_staff()
    browser.sign_in(person.login)
    token = token_of(browser)
    with app.app_context():
        with pytest.raises(ZeroDivisionError), unit_of_work() as now:
            accounts.disable(CONSOLE, now, person.id, person.version)
            assert session.load_user(token) is None
            raise ZeroDivisionError  # so that all of it is rolled back
        assert session.load_user(token) is not None


@pytest.mark.parametrize("token", ["", "0", "null", "None", " ", "\x00", "é" * 50])
def test_no_token_of_this_kind_loads_anybody(app, token: str):
    with app.app_context():
        assert session.load_user(token) is None


def test_five_failures_in_a_minute_shut_the_account(new_browser, new_staff, clock):
    login = new_staff().login
    for _ in range(5):
        assert new_browser().sign_in(login, WRONG).status_code == 401
    held_back = new_browser().sign_in(login)  # the right one, from yet another address
    assert held_back.status_code == 429
    clock.forward(seconds=61)
    assert new_browser().sign_in(login).status_code == 303


def test_ten_failures_in_a_row_shut_it_for_a_quarter_of_an_hour(new_browser, new_staff, clock):
    login, browser = new_staff().login, new_browser()
    for _ in range(10):
        assert browser.sign_in(login, WRONG).status_code == 401
        clock.forward(minutes=1)
    clock.forward(minutes=13)
    assert browser.sign_in(login).status_code == 429
    clock.forward(minutes=1)
    assert browser.sign_in(login).status_code == 303


def test_ten_failures_from_everywhere_shut_it_until_the_first_is_a_quarter_of_an_hour_old(
    new_browser, new_staff, clock
):
    login = new_staff().login
    for _ in range(10):
        assert new_browser().sign_in(login, WRONG).status_code == 401
        clock.forward(minutes=1)
    clock.forward(minutes=4)
    assert new_browser().sign_in(login).status_code == 429
    clock.forward(minutes=1)
    assert new_browser().sign_in(login).status_code == 303


def test_one_guess_a_quarter_of_an_hour_keeps_out_nobody_but_the_guesser(new_browser, new_staff, clock):
    """The owner comes with a new device each time, so nothing but the address tells the two apart."""
    login, guesser = new_staff().login, new_browser()
    for _ in range(10):
        guesser.sign_in(login, WRONG)
        clock.forward(minutes=1)
    for _ in range(8):
        clock.forward(minutes=15)
        assert guesser.sign_in(login, WRONG).status_code == 401
        assert guesser.sign_in(login).status_code == 429
        assert new_browser().sign_in(login).status_code == 303


def test_a_success_between_breaks_the_row(new_browser, new_staff, clock):
    login = new_staff().login
    for password in [WRONG] * 4 + [DEMO_PASSWORD] + [WRONG] * 4:
        new_browser().sign_in(login, password)
    assert new_browser().sign_in(login).status_code == 303


def test_fifty_failures_an_hour_shut_an_address_whatever_it_claims(new_browser, new_staff, clock, monkeypatch):
    browser, login = new_browser(), new_staff().login
    with monkeypatch.context() as quickly:
        quickly.setattr(passwords, "is_right", lambda kept, password: False)
        for number in range(50):
            forwarded = {"X-Forwarded-For": f"192.0.2.{number}"}
            guess = {"login": f"guess{number}", "password": WRONG}
            assert browser.post("/login", guess, headers=forwarded).status_code == 401
            clock.forward(seconds=1)
    assert browser.sign_in(login).status_code == 429
    assert new_browser().sign_in(login).status_code == 303


def test_strangers_cannot_lock_out_a_known_device(new_browser, new_staff):
    """The account is shut for everybody else, and its owner still comes in from where they did before."""
    owner, login = new_browser(), new_staff().login
    owner.sign_in(login)
    owner.post("/logout")
    for _ in range(6):
        status = new_browser().sign_in(login, WRONG).status_code
    assert status == 429
    assert owner.sign_in(login).status_code == 303


def test_a_known_device_is_no_way_around_the_limit(new_browser, new_staff):
    device, login = new_browser(), new_staff().login
    device.sign_in(login)
    device.post("/logout")
    answers = [device.sign_in(login, WRONG).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    # Nor is it known to another account.
    other = new_staff().login
    for _ in range(5):
        new_browser().sign_in(other, WRONG)
    assert device.sign_in(other).status_code == 429


def test_a_forged_device_counts_as_a_stranger(new_browser, new_staff):
    login = new_staff().login
    for number in range(6):
        browser = new_browser()
        browser.client.set_cookie("device", f"WzEsImZvcmdlZCJd.{number}")
        status = browser.sign_in(login, WRONG).status_code
    assert status == 429


def test_the_limits_hold_without_redis(app, new_browser, new_staff, monkeypatch):
    class Down:
        def __getattr__(self, name):
            raise RedisDown("down")

    monkeypatch.setattr("redis.connection.Connection.connect", lambda self: Down().connect)
    monkeypatch.setattr("redis.connection.UnixDomainSocketConnection.connect", lambda self: Down().connect)
    login = new_staff().login
    answers = [new_browser().sign_in(login, WRONG).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    browser = new_browser()
    assert browser.sign_in(new_staff().login).status_code == 303 and is_in(browser)


def test_the_demo_password_opens_nothing_in_production(app, browser, new_staff, monkeypatch):
    production = replace(app.extensions["hotline"], env="production")
    monkeypatch.setitem(app.extensions, "hotline", production)
    assert browser.sign_in(new_staff().login).status_code == 401


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/desk?board=all", "/desk?board=all"),
        ("//evil.example/", "/desk"),
        ("/\\evil.example", "/desk"),
        ("/\t/evil.example", "/desk"),
        ("https://evil.example/", "/desk"),
        ("javascript:alert(1)", "/desk"),
        ("desk", "/desk"),
        ("", "/desk"),
    ],
)
def test_goes_on_to_pages_of_this_site_only(browser, new_staff, asked: str, location: str):
    assert browser.sign_in(new_staff().login, next=asked).location == location


def test_whoever_is_not_in_is_sent_to_the_form_and_back(browser, new_staff):
    sent = browser.get("/account")
    assert sent.status_code == 302 and sent.location == "/login?next=%2Faccount"
    assert 'name="next" value="/account"' in browser.get(sent.location).text
    assert 'name="next"' not in browser.get("/login?next=//evil.example").text


def test_the_cookie_is_for_this_server_only(app, browser, new_staff):
    headers = browser.sign_in(new_staff().login).headers.getlist("Set-Cookie")
    by_name = {header.partition("=")[0]: header for header in headers}
    assert all("HttpOnly" in header and "SameSite=Lax" in header for header in by_name.values())
    assert set(by_name) == {"hotline", "device"}
    assert isinstance(app.session_interface, SecureCookieSessionInterface)


def test_a_new_password_ends_all_other_sessions_and_renews_this_one(new_browser, new_staff):
    login, here, there = new_staff().login, new_browser(), new_browser()
    here.sign_in(login)
    there.sign_in(login)
    before = token_of(here)
    form = {"current": DEMO_PASSWORD, "password": "a-lamp-by-the-river", "again": "a-lamp-by-the-river"}
    assert here.post("/account/password", form).status_code == 303
    assert is_in(here) and not is_in(there) and token_of(here) != before
    assert there.sign_in(login).status_code == 401
    assert there.sign_in(login, "a-lamp-by-the-river").status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {"current": WRONG, "password": "a-lamp-by-the-river", "again": "a-lamp-by-the-river"},
        {"current": DEMO_PASSWORD, "password": "a-lamp-by-the-river", "again": "a-lamp-by-the-rivers"},
        {"current": DEMO_PASSWORD, "password": "short", "again": "short"},
        {"current": DEMO_PASSWORD, "password": DEMO_PASSWORD, "again": DEMO_PASSWORD},
        {"current": DEMO_PASSWORD},
        {},
    ],
)
def test_a_new_password_is_refused(browser, new_staff, form: dict[str, str]):
    login = new_staff().login
    browser.sign_in(login)
    answer = browser.post("/account/password", form)
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
    assert is_in(browser) and browser.sign_in(login).status_code == 303


def test_who_holds_a_session_cannot_guess_its_password_at_will(browser, new_staff):
    browser.sign_in(new_staff().login)
    form = {"current": WRONG, "password": "a-lamp-by-the-river", "again": "a-lamp-by-the-river"}
    answers = [browser.post("/account/password", form).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_signing_out_everywhere_else(new_browser, new_staff):
    login, here, there = new_staff().login, new_browser(), new_browser()
    here.sign_in(login)
    there.sign_in(login)
    assert here.get("/account").text.count("<li>") == 2
    assert here.post("/account/sessions").status_code == 303
    assert is_in(here) and not is_in(there)
