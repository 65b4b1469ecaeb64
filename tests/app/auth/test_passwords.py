"""Which passwords are taken, and how they are kept."""

import pytest
from gevent import monkey

from app.auth import passwords


@pytest.mark.parametrize(
    "password",
    [
        "123456789012", "password1234", "P@ssw0rd2024!", "qwertyuiop12", "woaini520131", "aaaaaaaaaaaa",
        "abcabcabcabc", "1qaz2wsx3edc", "19870615-1987", "demo-12345-hotline", "Admin_Admin_2025",
        "１２３４５６７８９０１２",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(password: str):
    assert passwords.fault(password) == "common"


@pytest.mark.parametrize(
    "password",
    ["a-lamp-by-the-river", "correct horse battery staple", "hTq7-rain-Kobold", "市民热线真的很好用啊对不对呀"],
)
def test_any_characters_will_do(password: str):
    assert passwords.fault(password) is None


def test_login_and_name_are_no_part_of_a_password():
    assert passwords.fault("kowalczyk-jadwiga") is None
    assert passwords.fault("kowalczyk-jadwiga", "kowalczyk", "Jadwiga") == "common"


def test_length_is_bounded_on_both_sides():
    good = "kiln.fjord/"
    assert passwords.fault(good) == "too_short"
    assert passwords.fault(good + "x") is None
    assert passwords.fault((good * 20)[:128]) is None
    assert passwords.fault((good * 20)[:129]) == "too_long"


def test_kept_as_argon2id_with_a_salt_of_its_own():
    one, two = passwords.hashed("a-lamp-by-the-river"), passwords.hashed("a-lamp-by-the-river")
    assert one.startswith("$argon2id$") and one != two
    assert passwords.is_right(one, "a-lamp-by-the-river")
    assert not passwords.is_right(one, "a-lamp-by-the-rivers")


@pytest.mark.parametrize("kept", [None, "", "nonsense", "a-lamp-by-the-river"])
def test_nothing_fits_what_is_no_hash(kept: str | None):
    assert not passwords.is_right(kept, "a-lamp-by-the-river")


def test_under_gevent_a_thread_does_the_work_and_raises_nothing(monkeypatch: pytest.MonkeyPatch):
    """What a thread raises, gevent writes into the log, with its trace."""

    class Pool:
        def __init__(self) -> None:
            self.results: list[object] = []

        def apply(self, work, args, kwargs):
            self.results.append(work(*args, **kwargs))
            return self.results[-1]

    class Hub:
        threadpool = Pool()

    monkeypatch.setattr("app.aside.is_module_patched", lambda name: True)
    monkeypatch.setattr("app.aside.get_hub", lambda: Hub)
    kept = passwords.hashed("a-lamp-by-the-river")
    assert passwords.is_right(kept, "a-lamp-by-the-river")
    assert not passwords.is_right(kept, "another-lamp")
    assert not passwords.is_right("nonsense", "another-lamp")
    assert Hub.threadpool.results == [kept, True, False, False]
    assert not monkey.is_module_patched("threading")
