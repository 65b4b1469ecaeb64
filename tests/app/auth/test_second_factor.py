"""The second factor over HTTP: what it takes to come in, and what a stolen password alone is worth."""

import html
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pyotp
import pytest
import segno
from redis.exceptions import ConnectionError as RedisDown
from sqlalchemy import delete, func, select

from app.access import PUBLIC, entry_of
from app.auth import accounts, factors, second_step, session
from app.auth.accounts import CONSOLE
from app.auth.factor_models import PendingSignIn, RecoveryCode
from app.auth.models import Staff, StaffSession
from app.auth.session import session_hash
from app.auth.signing_in import DEMO_PASSWORD
from app.outbox import unit_of_work
from app.push import page_token
from db import db
from routing import terms
from routing.models import CitySetting
from tickets import errors
from tickets.event_models import TicketEvent

OFFER = re.compile(r'name="offer" value="([^"]+)"')
KEY = re.compile(r'class="key" translate="no">([A-Z2-7 ]+)<')
CODES = re.compile(r"<li>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</li>")


def token_of(browser, name: str = "_user_id") -> str | None:
    with browser.client.session_transaction() as cookie:
        return cookie.get(name)


def is_in(browser) -> bool:
    return browser.get("/account").status_code == 200


def app_of(page: str) -> pyotp.TOTP:
    """What an authenticator would have after the page's key was typed into it."""
    return pyotp.TOTP(KEY.search(page)[1].replace(" ", ""))


def offered(page: str, app: pyotp.TOTP, clock, **fields: str) -> dict[str, str]:
    return {"offer": html.unescape(OFFER.search(page)[1]), "code": app.at(clock.now), **fields}


class Owner:
    """Somebody with an app on the telephone, and recovery codes on paper."""

    def __init__(self, browser, login: str, clock) -> None:
        self.browser, self.login, self.clock = browser, login, clock
        browser.sign_in(login)
        page = browser.get("/account/second-factor").text
        self.app = app_of(page)
        answer = browser.post("/account/second-factor", offered(page, self.app, clock, proof=DEMO_PASSWORD))
        assert answer.status_code == 200, answer.text
        self.codes = CODES.findall(answer.text)

    def code(self) -> str:
        """The next code: the one on the telephone in half a minute."""
        self.clock.forward(seconds=30)
        return self.app.at(self.clock.now)

    def id(self, app) -> int:
        with app.app_context():
            return db.session.scalars(select(Staff.id).where(Staff.login == self.login)).one()

    def half_way(self, browser) -> None:
        answer = browser.sign_in(self.login)
        assert answer.status_code == 303 and answer.location == "/login/code"

    def comes_in(self, browser) -> None:
        self.half_way(browser)
        assert browser.post("/login/code", {"code": self.code()}).location == "/desk"


@pytest.fixture
def owner(new_browser, new_staff, clock) -> Owner:
    return Owner(new_browser(), new_staff().login, clock)


@pytest.fixture
def demand(app) -> Iterator:
    """Sets the city's rule for one test."""

    def setting(*roles: str) -> None:
        with app.app_context(), unit_of_work():
            db.session.merge(CitySetting(key=terms.SECOND_FACTOR, value=list(roles), version=1))

    yield setting
    with app.app_context(), unit_of_work():
        db.session.execute(delete(CitySetting).where(CitySetting.key == terms.SECOND_FACTOR))


def test_the_codes_are_those_of_the_standard(now):
    """RFC 6238, appendix B: its secret and its moments, by the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        moment = now.fromtimestamp(seconds, now.tzinfo)
        assert factors._fitting_step(secret, code, moment) == seconds // 30
        assert factors._fitting_step(secret, str((int(code) + 1) % 10**6).zfill(6), moment) is None


class TestSettingItUp:
    def test_a_first_code_puts_it_in_force(self, app, owner, new_browser):
        with app.app_context():
            person = db.session.scalars(select(Staff).where(Staff.login == owner.login)).one()
            assert owner.app.secret.encode() not in person.totp_secret
            kinds = select(TicketEvent.kind).where(
                TicketEvent.subject == "staff", TicketEvent.subject_id == person.id
            )
            assert "staff.factor_set" in db.session.scalars(kinds).all()
        assert len(owner.codes) == factors.RECOVERY_CODES == len(set(owner.codes))
        owner.comes_in(new_browser())

    def test_the_picture_holds_what_the_key_says_and_needs_no_style_or_script(self, new_browser, new_staff):
        browser, login = new_browser(), new_staff().login
        browser.sign_in(login)
        answer = browser.get("/account/second-factor")
        picture = re.search(r'<svg class="qr".*?</svg>', answer.text, re.S)[0]
        assert "style" not in picture and "href" not in picture
        bars = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", picture)
        dark = {(int(x) + at, int(y)) for x, y, length, _ in bars for at in range(int(length))}
        issuer = quote("东河市12345政务服务便民热线")
        address = f"otpauth://totp/{issuer}:{login}?secret={app_of(answer.text).secret}&issuer={issuer}"
        matrix = segno.make(address, error="m", micro=False).matrix
        assert dark == {(x, y) for y, row in enumerate(matrix, 4) for x, is_dark in enumerate(row, 4) if is_dark}
        assert "style-src 'self'" in answer.headers["Content-Security-Policy"]

    @pytest.mark.parametrize(
        "spoilt", [{"code": "000000"}, {"code": ""}, {"offer": ""}, {"offer": "é"}, {"proof": "x"}]
    )
    def test_nothing_changes_before_all_is_right(self, new_browser, new_staff, clock, spoilt: dict[str, str]):
        browser, login = new_browser(), new_staff().login
        browser.sign_in(login)
        page = browser.get("/account/second-factor").text
        fields = offered(page, app_of(page), clock, proof=DEMO_PASSWORD) | spoilt
        answer = browser.post("/account/second-factor", fields)
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
        assert new_browser().sign_in(login).location == "/desk"

    @pytest.mark.parametrize("spoilt", [{"code": "000000"}, {"proof": "x"}])
    def test_the_picture_stays_while_it_holds(self, new_browser, new_staff, clock, spoilt: dict[str, str]):
        """The telephone scanned it: a mistyped code or password must not put another one in its place."""
        browser = new_browser()
        browser.sign_in(new_staff().login)
        page = browser.get("/account/second-factor").text
        app = app_of(page)
        fields = offered(page, app, clock, proof=DEMO_PASSWORD)
        again = browser.post("/account/second-factor", fields | spoilt).text
        assert app_of(again).secret == app.secret
        clock.forward(minutes=15)
        assert browser.get("/account").status_code == 200
        late = browser.post("/account/second-factor", offered(again, app, clock, proof=DEMO_PASSWORD)).text
        assert "请重新扫描" in late and app_of(late).secret != app.secret
        fields = offered(late, app_of(late), clock, proof=DEMO_PASSWORD)
        assert browser.post("/account/second-factor", fields).status_code == 200

    def test_an_offer_is_for_one_session_of_one_person_and_soon(self, new_browser, new_staff, clock):
        """Who knows the password and saw an offer must not know the secret that its owner takes on."""
        login, other = new_staff().login, new_staff().login
        thief, here, stranger = new_browser(), new_browser(), new_browser()
        for browser, name in ((thief, login), (here, login), (stranger, other)):
            browser.sign_in(name)
        page = thief.get("/account/second-factor").text
        for browser in (here, stranger):
            fields = offered(page, app_of(page), clock, proof=DEMO_PASSWORD)
            assert browser.post("/account/second-factor", fields).status_code == 422
        clock.forward(minutes=15)
        thief.get("/account")
        fields = offered(page, app_of(page), clock, proof=DEMO_PASSWORD)
        assert thief.post("/account/second-factor", fields).status_code == 422

    def test_every_other_session_ends_and_this_one_is_renewed(self, new_browser, new_staff, clock):
        login, there, here = new_staff().login, new_browser(), new_browser()
        there.sign_in(login)
        owner = Owner(here, login, clock)
        before = token_of(here)
        assert is_in(here) and not is_in(there)
        page = here.get("/account/second-factor").text
        new = app_of(page)
        code = owner.code()
        assert here.post("/account/second-factor", offered(page, new, clock, proof=code)).status_code == 200
        assert is_in(here) and token_of(here) != before
        # The new telephone is the one that counts from now on, and old recovery codes are waste paper.
        browser = new_browser()
        owner.half_way(browser)
        assert browser.post("/login/code", {"code": owner.code()}).status_code == 401
        assert browser.post("/login/code", {"recovery": owner.codes[0]}).status_code == 401
        assert browser.post("/login/code", {"code": new.at(clock.now)}).status_code == 303


class TestTheSecondStep:
    def test_the_id_is_new_after_each_step(self, owner, new_browser):
        browser = new_browser()
        owner.half_way(browser)
        pending = token_of(browser, "pending")
        assert token_of(browser) is None
        browser.post("/login/code", {"code": owner.code()})
        assert token_of(browser) not in (None, pending) and token_of(browser, "pending") is None

    def test_a_stolen_cookie_of_the_first_step_is_worth_nothing_after(self, owner, new_browser):
        browser, thief = new_browser(), new_browser()
        owner.half_way(browser)
        thief.client.set_cookie("hotline", browser.client.get_cookie("hotline").value)
        browser.post("/login/code", {"code": owner.code()})
        assert is_in(browser) and not is_in(thief)
        answer = thief.post("/login/code", {"code": owner.code()})
        assert answer.location == "/login" and not is_in(thief)

    def test_each_code_opens_once(self, owner, new_browser):
        first, second = new_browser(), new_browser()
        owner.half_way(first)
        owner.half_way(second)
        code = owner.code()
        assert first.post("/login/code", {"code": code}).status_code == 303
        assert second.post("/login/code", {"code": code}).status_code == 401
        assert not is_in(second)

    def test_nor_does_one_before_it(self, owner, new_browser, clock):
        browser, early = new_browser(), owner.code()
        late = owner.code()
        owner.half_way(browser)
        assert browser.post("/login/code", {"code": late}).status_code == 303
        again = new_browser()
        owner.half_way(again)
        assert again.post("/login/code", {"code": early}).status_code == 401

    @pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 303), (0, 303), (1, 303), (2, 401)])
    def test_a_clock_may_be_wrong_by_one_step(self, owner, new_browser, clock, steps: int, status: int):
        clock.forward(seconds=150)
        browser = new_browser()
        owner.half_way(browser)
        code = owner.app.generate_otp(int(clock.now.timestamp()) // 30 + steps)
        assert browser.post("/login/code", {"code": code}).status_code == status

    def test_a_code_may_be_typed_full_width_and_in_groups(self, owner, new_browser):
        browser = new_browser()
        owner.half_way(browser)
        code = owner.code()
        typed = f" {code[:3]} {code[3:]}".translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
        assert browser.post("/login/code", {"code": typed}).status_code == 303

    @pytest.mark.parametrize(
        "code",
        ["", " ", "0", "null", "None", "12345", "1234567", "\x00" * 6, "٠٠٠٠٠٠", "a" * 16, "x" * 9000, "％"]
    )  # fmt: skip
    def test_what_is_no_code_opens_nothing(self, owner, new_browser, code: str):
        browser = new_browser()
        owner.half_way(browser)
        for name in ("code", "recovery"):
            assert browser.post("/login/code", {name: code}).status_code == 401
        assert not is_in(browser)

    def test_a_list_of_codes_is_no_way_to_try_many(self, owner, new_browser):
        browser = new_browser()
        owner.half_way(browser)
        assert browser.post("/login/code", {"code": ["000000", owner.code()]}).status_code == 401

    def test_five_wrong_ones_and_one_waits_wherever_one_is(self, owner, new_browser, clock):
        browser = new_browser()
        owner.half_way(browser)
        for _ in range(5):
            assert browser.post("/login/code", {"code": "000000"}).status_code == 401
        elsewhere = new_browser()
        owner.half_way(elsewhere)
        held_back = elsewhere.post("/login/code", {"code": owner.code()})
        assert held_back.status_code == 429 and not is_in(elsewhere)
        assert elsewhere.post("/login/code", {"recovery": owner.codes[0]}).status_code == 429
        clock.forward(minutes=15)
        owner.comes_in(new_browser())

    def test_guesses_made_at_the_same_time_cannot_pass_the_limit_together(self, app, owner):
        staff_id = owner.id(app)
        results: list[int] = []

        def guess() -> None:
            with app.app_context(), unit_of_work() as now:
                refused = second_step._judge(accounts.lock_staff(staff_id), now, "000000")
                results.append(1 if refused.wait else 0)

        threads = [threading.Thread(target=guess) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == [0] * 5 + [1] * 5

    def test_a_known_device_replaces_nothing(self, owner, new_browser):
        browser = new_browser()
        owner.comes_in(browser)
        browser.post("/logout")
        assert browser.client.get_cookie("device") is not None
        assert browser.sign_in(owner.login).location == "/login/code"
        assert not is_in(browser)

    def test_it_ends_after_ten_minutes(self, owner, new_browser, clock):
        browser = new_browser()
        owner.half_way(browser)
        clock.forward(minutes=10)
        assert browser.get("/login/code").location == "/login"
        assert browser.post("/login/code", {"code": owner.code()}).location == "/login"
        assert not is_in(browser)

    def test_going_back_ends_it_too(self, app, owner, new_browser):
        browser, thief = new_browser(), new_browser()
        owner.half_way(browser)
        thief.client.set_cookie("hotline", browser.client.get_cookie("hotline").value)
        browser.post("/logout")
        assert thief.post("/login/code", {"code": owner.code()}).location == "/login"

    def test_knowing_the_password_ends_nobodys_session(self, owner, new_browser):
        for _ in range(4):
            owner.half_way(new_browser())
        assert is_in(owner.browser)

    @pytest.mark.parametrize("verb", ["disable", "reset", "set_roles"])
    def test_what_ends_sessions_ends_it(self, app, owner, new_browser, verb: str):
        browser = new_browser()
        owner.half_way(browser)
        with app.app_context(), unit_of_work() as now:
            person = db.session.scalars(select(Staff).where(Staff.login == owner.login)).one()
            more = ([("auditor", None)],) if verb == "set_roles" else ()
            getattr(accounts, verb)(CONSOLE, now, person.id, person.version, *more)
        assert browser.post("/login/code", {"code": owner.code()}).location == "/login"
        assert not is_in(browser)

    def test_it_goes_on_to_where_one_wanted_to(self, owner, new_browser):
        browser = new_browser()
        browser.sign_in(owner.login, next="/desk?board=all")
        assert browser.post("/login/code", {"code": owner.code()}).location == "/desk?board=all"

    def test_it_holds_without_redis(self, owner, new_browser, monkeypatch):
        def down(connection):
            raise RedisDown("down")

        monkeypatch.setattr("redis.connection.Connection.connect", down)
        monkeypatch.setattr("redis.connection.UnixDomainSocketConnection.connect", down)
        browser = new_browser()
        owner.half_way(browser)
        for _ in range(5):
            assert browser.post("/login/code", {"code": "000000"}).status_code == 401
        assert browser.post("/login/code", {"code": owner.code()}).status_code == 429

    def test_those_that_ran_out_are_swept(self, app, owner, new_browser, clock):
        owner.half_way(new_browser())
        clock.forward(minutes=10)
        with app.app_context(), unit_of_work() as now:
            mine = select(func.count()).select_from(PendingSignIn).where(PendingSignIn.staff_id == owner.id(app))
            assert db.session.scalar(mine) == 1
            session.sweep(now)
            assert db.session.scalar(mine) == 0


class TestHalfWay:
    """Whoever has only the password may do nothing but give a code."""

    def test_no_page_and_no_order_is_open(self, app, owner, new_browser):
        browser = new_browser()
        owner.half_way(browser)
        shut = 0
        for rule in app.url_map.iter_rules():
            entry = PUBLIC if rule.endpoint == "static" else entry_of(app.view_functions[rule.endpoint])
            if entry == PUBLIC or rule.endpoint.partition(".")[0] in ("voice", "cti"):
                continue
            sample = dict.fromkeys(rule.arguments, "1")
            for method in rule.methods & {"GET", "POST"}:
                path = rule.build({**sample, **({"day": "2026-10-01"} if "day" in sample else {})})[1]
                answer = browser.get(path) if method == "GET" else browser.post(path)
                if entry in ("carrier", "platform"):
                    assert answer.status_code in (403, 404), (method, path)
                    continue
                assert answer.status_code == 302 and answer.location.startswith("/login"), (method, path)
                shut += 1
        assert shut > 100
        assert token_of(browser, "pending") is not None

    def test_no_socket_is_open(self, app, config, owner, new_browser, clock, sockets):
        browser = new_browser()
        owner.half_way(browser)
        pending = token_of(browser, "pending")
        with app.app_context():
            token = page_token(pending)
        cookie = f"hotline={browser.client.get_cookie('hotline').value}"
        with sockets(config, CLOCK=clock) as is_let_in:
            assert not is_let_in(cookie, token)
            with browser.client.session_transaction() as planted:
                planted["_user_id"] = pending
            assert not is_let_in(f"hotline={browser.client.get_cookie('hotline').value}", token)

    def test_its_token_is_no_session(self, app, owner, new_browser):
        browser = new_browser()
        owner.half_way(browser)
        with app.app_context():
            assert session.load_user(token_of(browser, "pending")) is None
            rows = db.session.scalars(select(StaffSession.token_hash)).all()
        assert session_hash(token_of(browser, "pending")) not in rows

    def test_who_has_a_factor_cannot_take_on_another_one(self, owner, new_browser):
        browser = new_browser()
        owner.half_way(browser)
        assert browser.get("/login/second-factor").location == "/login/code"
        answer = browser.post("/login/second-factor", {"offer": "x", "code": "000000"})
        assert answer.status_code == 403 and not is_in(browser)


class TestRecoveryCodes:
    def test_each_opens_once_and_is_noted(self, app, owner, new_browser):
        browser = new_browser()
        owner.half_way(browser)
        assert browser.post("/login/code", {"recovery": owner.codes[0].upper()}).status_code == 303
        assert "还剩 9 个恢复码" in browser.get("/account").text
        assert "已使用" in browser.get("/account/second-factor").text
        again = new_browser()
        owner.half_way(again)
        assert again.post("/login/code", {"recovery": owner.codes[0]}).status_code == 401
        with app.app_context():
            event = select(TicketEvent.payload).where(TicketEvent.kind == "staff.recovery_used")
            assert {"left": 9} in db.session.scalars(event).all()

    def test_one_used_twice_at_once_opens_once(self, app, owner):
        with app.app_context(), unit_of_work():
            staff_id = db.session.scalars(select(Staff.id).where(Staff.login == owner.login)).one()
        both, results = threading.Barrier(2), []

        def use() -> None:
            with app.app_context():
                both.wait()
                with unit_of_work() as now:
                    results.append(factors.prove(accounts.lock_staff(staff_id), now, owner.codes[1]))

        threads = [threading.Thread(target=use) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == [False, True]

    def test_only_a_keyed_hash_is_stored(self, app, owner):
        with app.app_context():
            rows = db.session.scalars(select(RecoveryCode.code_hash)).all()
        plain = owner.codes[0].replace("-", "").encode()
        assert all(len(row) == 32 and plain not in row for row in rows)

    def test_new_ones_take_the_place_of_the_old_for_who_proves_it(self, owner, new_browser):
        assert owner.browser.post("/account/second-factor/codes", {"present": "000000"}).status_code == 422
        answer = owner.browser.post("/account/second-factor/codes", {"present": owner.code()})
        fresh = CODES.findall(answer.text)
        assert len(fresh) == 10 and not set(fresh) & set(owner.codes)
        assert answer.headers["Cache-Control"] == "no-store"
        browser = new_browser()
        owner.half_way(browser)
        assert browser.post("/login/code", {"recovery": owner.codes[0]}).status_code == 401
        assert browser.post("/login/code", {"recovery": fresh[0]}).status_code == 303

    def test_somebody_elses_opens_nothing(self, owner, new_browser, new_staff, clock):
        other = Owner(new_browser(), new_staff().login, clock)
        browser = new_browser()
        owner.half_way(browser)
        assert browser.post("/login/code", {"recovery": other.codes[0]}).status_code == 401


class TestTheRule:
    def test_production_asks_everybody_and_the_demo_nobody(self, app, new_staff, monkeypatch):
        staff_id = new_staff().id
        with app.app_context():
            assert not factors.is_demanded(staff_id)
            production = replace(app.extensions["hotline"], env="production")
            monkeypatch.setitem(app.extensions, "hotline", production)
            assert factors.is_demanded(staff_id)

    def test_who_must_have_one_does_nothing_else_before(self, app, new_browser, new_staff, demand, clock):
        demand("operator")
        browser, login = new_browser(), new_staff().login
        assert new_browser().sign_in(new_staff(("auditor", None)).login).location == "/desk"
        assert browser.sign_in(login, next="/desk?board=mine").location == "/login/code"
        page = browser.get("/login/code", follow_redirects=True)
        assert page.request.path == "/login/second-factor"
        assert browser.get("/desk").status_code == 302 and not is_in(browser)
        new, before = app_of(page.text), token_of(browser, "pending")
        assert browser.post("/login/code", {"code": new.at(clock.now)}).status_code == 401
        wrong = browser.post("/login/second-factor", offered(page.text, new, clock) | {"code": "000000"})
        assert wrong.status_code == 422 and not is_in(browser) and app_of(wrong.text).secret == new.secret
        answer = browser.post("/login/second-factor", offered(wrong.text, new, clock))
        assert answer.status_code == 200 and len(CODES.findall(answer.text)) == 10
        assert 'href="/desk?board=mine"' in answer.text
        assert is_in(browser) and token_of(browser) != before
        # The code that set it up is used up.
        again = new_browser()
        again.sign_in(login)
        assert again.post("/login/code", {"code": new.at(clock.now)}).status_code == 401

    def test_everybody_is_everybody(self, new_browser, new_staff, demand):
        demand(factors.EVERYBODY)
        for role in ("operator", "auditor", "administrator"):
            assert new_browser().sign_in(new_staff((role, None)).login).location == "/login/code"

    def test_it_is_switched_off_by_who_proves_it_unless_it_is_demanded(self, owner, new_browser, demand):
        before = token_of(owner.browser)
        assert owner.browser.post("/account/second-factor/off", {"last": "000000"}).status_code == 422
        demand("operator")
        assert owner.browser.post("/account/second-factor/off", {"last": owner.code()}).status_code == 409
        demand()
        assert owner.browser.post("/account/second-factor/off", {"last": owner.code()}).status_code == 303
        assert is_in(owner.browser) and token_of(owner.browser) != before
        assert new_browser().sign_in(owner.login).location == "/desk"


class TestTakingItAway:
    def test_all_sessions_end_and_the_person_is_told_once(self, app, owner, new_browser, new_staff):
        second = new_browser()
        owner.comes_in(second)
        admin = new_browser()
        admin.sign_in(new_staff(("administrator", None)).login)
        with app.app_context():
            person = db.session.scalars(select(Staff).where(Staff.login == owner.login)).one()
        path = f"/admin/staff/{person.id}"
        assert f'action="{path}/reset-factor"' in admin.get(path).text
        assert admin.post(f"{path}/reset-factor", {"version": person.version - 1}).status_code == 409
        assert admin.post(f"{path}/reset-factor", {"version": person.version}).status_code == 303
        assert not is_in(owner.browser) and not is_in(second)
        assert f'action="{path}/reset-factor"' not in admin.get(path).text
        browser = new_browser()
        assert browser.sign_in(owner.login).location == "/desk"
        assert "解除您的二次验证" in browser.get("/account").text
        assert "解除您的二次验证" not in browser.get("/account").text
        browser.post("/logout")
        browser.sign_in(owner.login)
        assert "解除您的二次验证" not in browser.get("/account").text
        with app.app_context():
            query = select(TicketEvent.actor_id).where(
                TicketEvent.kind == "staff.factor_reset", TicketEvent.subject_id == person.id
            )
            assert len(db.session.scalars(query).all()) == 1

    def test_who_must_have_one_is_told_where_a_new_one_is_set_up(self, app, owner, new_browser, demand):
        demand("operator")
        with app.app_context(), unit_of_work() as now:
            person = db.session.scalars(select(Staff).where(Staff.login == owner.login)).one()
            factors.reset(CONSOLE, now, person.id)
        browser = new_browser()
        browser.sign_in(owner.login)
        assert "解除您的二次验证" in browser.get("/login/second-factor").text

    def test_old_codes_open_nothing_after(self, app, owner, new_browser, demand, clock):
        demand("operator")
        with app.app_context(), unit_of_work() as now:
            staff_id = db.session.scalars(select(Staff.id).where(Staff.login == owner.login)).one()
            factors.reset(CONSOLE, now, staff_id)
        browser = new_browser()
        browser.sign_in(owner.login)
        for fields in ({"code": owner.code()}, {"recovery": owner.codes[0]}):
            assert browser.post("/login/code", fields).status_code == 401

    def test_not_by_others_and_not_ones_own(self, session, now, actor_of, app):
        admin = actor_of("admin")
        person = db.session.get_one(Staff, actor_of("operator").id)
        for actor in (actor_of("supervisor"), actor_of("auditor"), actor_of("operator")):
            with pytest.raises(errors.Forbidden):
                factors.reset(actor, now, person.id)
        with pytest.raises(errors.NotNow):
            factors.reset(admin, now, person.id)
        with pytest.raises(errors.Forbidden):
            factors.reset(admin, now, admin.id)

    def test_from_the_command_line(self, app, owner, new_browser):
        run = app.test_cli_runner().invoke
        assert run(args=["staff", "reset-factor", owner.login]).exit_code == 0
        assert new_browser().sign_in(owner.login).location == "/desk"
        refused = run(args=["staff", "reset-factor", owner.login])
        assert refused.exit_code != 0 and "has no second factor" in refused.output
        assert "no account nobody" in run(args=["staff", "reset-factor", "nobody"]).output
