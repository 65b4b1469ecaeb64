"""Who is let in at the socket, what a socket can do, and how soon it closes when a session ends."""

import time
from collections.abc import Callable

import pytest

from .cases import Office
from .markup import form_to
from .people import Person, Screen
from .product import wait
from .test_phone_call import CALL

CLOSED_WITHIN = 5.0


@pytest.fixture
def auditor(office: Office) -> Person:
    """A session of its own, which a test may end."""
    return Person(office.product, "auditor")


def test_only_a_page_of_a_running_session_is_let_in(office: Office, auditor: Person) -> None:
    token, cookies = auditor.live_token(), auditor.cookies()
    other = office.who("supervisor")
    origin = office.product.address
    refused: dict[str, tuple[str, object, dict[str, object]]] = {
        "no cookie": ("", {"token": token}, {}),
        "a cookie that is none": ("hotline=abc", {"token": token}, {}),
        "no token": (cookies, None, {}),
        "a token that is none": (cookies, {"token": "abc"}, {}),
        "no origin and no token": (cookies, None, {"suppress_origin": True}),
        "no text for a token": (cookies, {"token": ["abc"]}, {}),
        "a list for the credentials": (cookies, [token], {}),
        "a token of another session": (cookies, {"token": other.live_token()}, {}),
        "a foreign origin": (cookies, {"token": token}, {"origin": "http://example.org"}),
        "a look-alike origin": (cookies, {"token": token}, {"origin": f"{origin}.example.org"}),
        "another port": (cookies, {"token": token}, {"origin": "http://127.0.0.1:1"}),
        "no readable origin": (cookies, {"token": token}, {"origin": "null"}),
    }
    for name, (cookie, auth, extra) in refused.items():
        assert Screen(auditor).is_refused(cookie, auth, **extra), f"let in with {name}"
    screen = Screen(auditor).open()
    assert screen.rooms() == {"city"}
    screen.close()


def _sign_out(office: Office, person: Person) -> None:
    assert person.post("/logout", {}).status_code == 303


def _disable(office: Office, person: Person) -> None:
    _switch(office, person.login, "disable")


def _switch(office: Office, login: str, action: str) -> None:
    admin = office.who("admin")
    key = office.product.ask("SELECT id FROM staff WHERE login = %s", login)
    form = form_to(admin.page(f"/admin/staff/{key}"), f"/admin/staff/{key}/{action}")
    assert admin.send(form).status_code == 303


def _change_roles(office: Office, person: Person) -> None:
    _switch(office, person.login, "roles")


@pytest.mark.parametrize("ending", [_sign_out, _disable, _change_roles])
def test_a_socket_closes_when_its_session_ends(
    office: Office, auditor: Person, ending: Callable[[Office, Person], None]
) -> None:
    screen = Screen(auditor).open()
    cookies, token = auditor.cookies(), auditor.live_token()
    began = time.monotonic()
    ending(office, auditor)
    assert screen.closed.wait(CLOSED_WITHIN), f"open {CLOSED_WITHIN:g} s after the session's end"
    assert time.monotonic() - began <= CLOSED_WITHIN
    assert auditor.get("/desk").status_code == 302
    assert Screen(auditor).is_refused(cookies, {"token": token})
    screen.close()
    if ending is _disable:
        _switch(office, "auditor", "enable")


def test_a_socket_cannot_ask_for_anything(office: Office) -> None:
    handler = office.who("handler-mingde")
    screen = Screen(handler).open()
    for event in ("join", "join_room", "subscribe", "news", "message", "__class__", "connect", "enter_room"):
        for data in ("city", {"room": "city"}, {"room": "%"}, ["city", "triage"], b"\x00city", None):
            screen.socket.emit(event, data)
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    screen.socket.emit("join", deep)
    case = office.take_call(**CALL)
    wait(lambda: office.screen("supervisor").version_of(case.id) == case.version, 5, "others hear of it")
    time.sleep(0.2)
    assert screen.told == [] and screen.socket.connected
    assert handler.json("/live/changes", after=case.start)["rows"] == []
    screen.close()


def test_a_message_that_is_too_large_ends_the_socket_and_nothing_else(office: Office) -> None:
    screen = Screen(office.who("handler-mingde")).open()
    screen.socket.emit("join", "x" * 200_000)
    assert screen.closed.wait(CLOSED_WITHIN)
    screen.close()
    assert office.stranger().get("/readyz").status_code == 200
