"""What the words after ./hotline mean."""

from pathlib import Path

import pytest

from supervisor.errors import Refusal
from supervisor.usage import ROOT, parse


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("HOTLINE_DATA", "HOTLINE_PORT", "HOTLINE_DEMO"):
        monkeypatch.delenv(name, raising=False)


def test_up_defaults_to_the_demo_beside_the_script():
    options = parse(["up"])
    assert (options.folder, options.port, options.host, options.demo) == (
        ROOT / ".data",
        8000,
        "127.0.0.1",
        True,
    )


def test_up_takes_port_data_and_no_demo():
    options = parse(["up", "--port", "8123", "--data", "/srv/x", "--no-demo"])
    assert (options.folder, options.port, options.demo) == (Path("/srv/x"), 8123, False)


def test_the_environment_stands_in_for_options(monkeypatch):
    monkeypatch.setenv("HOTLINE_DATA", "/srv/y")
    monkeypatch.setenv("HOTLINE_PORT", "8200")
    assert (parse(["flask", "x"]).folder, parse(["up"]).port) == (Path("/srv/y"), 8200)
    assert parse(["up", "--port", "8201"]).port == 8201


@pytest.mark.parametrize(
    ("demo", "words", "made"),
    [
        ("", ["up"], True), ("1", ["up"], True), ("0", ["up"], False), ("1", ["up", "--no-demo"], False),
        ("", ["flask", "staff", "list"], False), ("1", ["flask", "staff", "list"], True),
    ],
)  # fmt: skip
def test_the_demo_city_is_made_as_the_environment_says(monkeypatch, demo, words, made):
    monkeypatch.setenv("HOTLINE_DEMO", demo)
    assert parse(words).demo is made


def test_a_wish_for_the_demo_that_is_none_is_told(monkeypatch):
    monkeypatch.setenv("HOTLINE_DEMO", "no")
    with pytest.raises(Refusal, match="HOTLINE_DEMO is 'no': give 0 or 1"):
        parse(["up"])


def test_only_leading_options_are_taken_from_a_product_command():
    options = parse(["flask", "--data=/srv/z", "import", "--data", "other", "file.csv"])
    assert options.folder == Path("/srv/z")
    assert options.rest == ("import", "--data", "other", "file.csv")


def test_all_is_for_us_and_the_rest_for_pytest():
    options = parse(["test", "-k", "x", "--all", "-rs"])
    assert options.long
    assert options.rest == ("-k", "x", "-rs")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fly"], "no command 'fly'"),
        (["up", "--port", "99999"], "1 to 65535"),
        (["up", "--port", "no"], "1 to 65535"),
        (["up", "--nonsense"], "--nonsense"),
        (["flask", "--data"], "--data"),
    ],
)
def test_what_is_not_understood_gets_one_sentence(words, told):
    with pytest.raises(Refusal, match="help|port") as refused:
        parse(words)
    assert told in str(refused.value)
