"""Settings: what is missing or unsafe is refused with one sentence, in production above all."""

import base64
import dataclasses
import re
from pathlib import Path

import pytest

from config import Config, UnsafeConfig, psycopg_url

KEY = base64.b64encode(bytes(range(32))).decode()
CONSTANT = base64.b64encode(b"k" * 32).decode()
SAFE = {
    "HOTLINE_ENV": "production",
    "DATABASE_URL": "postgresql://hotline_app@db/hotline",
    "DATABASE_OWNER_URL": "postgresql://hotline_owner@db/hotline",
    "REDIS_URL": "redis://:a-password@queue:6379/0",
    "SECRET_KEY": "9f0c1d2e3b4a5968770f1e2d3c4b5a69",
    "PII_KEYS": f"k1:{KEY}",
    "BLIND_KEY": KEY,
    "PUBLIC_BASE_URL": "https://12345.city.example",
}


def test_safe_settings_pass_and_keep_their_types():
    config = Config.from_environ(SAFE)
    assert config.is_production
    assert config.database_url == "postgresql+psycopg://hotline_app@db/hotline"
    assert config.data_dir == ".data"
    assert config.public_origin == "https://12345.city.example"
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.secret_key = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "9f0c1d2e3b4a5968770f1e2d3c4b5a6"}, "SECRET_KEY"),  # short by one
        ({"SECRET_KEY": "ab" * 20}, "SECRET_KEY"),  # long, and nothing in it
        ({"SECRET_KEY": "change-me-0123456789abcdefghijklmno"}, "SECRET_KEY"),
        ({"SECRET_KEY": "my-Secret-0123456789abcdefghijklmno"}, "SECRET_KEY"),
        ({"SECRET_KEY": "an-example-0123456789abcdefghijklmn"}, "SECRET_KEY"),
        ({"SECRET_KEY": "by-default-0123456789abcdefghijklmn"}, "SECRET_KEY"),
        ({"SECRET_KEY": "some-sample-0123456789abcdefghijklm"}, "SECRET_KEY"),
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        ({"REDIS_URL": "redis://queue:6379/0"}, "REDIS_URL"),
        ({"REDIS_URL": "redis://user@queue:6379/0"}, "REDIS_URL"),
        ({"PUBLIC_BASE_URL": "http://12345.city.example"}, "PUBLIC_BASE_URL"),
        ({"PUBLIC_BASE_URL": ""}, "PUBLIC_BASE_URL"),
        ({"CORS_ALLOWED_ORIGINS": "*"}, "CORS_ALLOWED_ORIGINS"),
        ({"RQ_SERIALIZER": "pickle"}, "RQ_SERIALIZER"),
        ({"DATABASE_OWNER_URL": ""}, "DATABASE_OWNER_URL"),
        ({"DATABASE_OWNER_URL": SAFE["DATABASE_URL"]}, "DATABASE_OWNER_URL"),
        ({"DATABASE_OWNER_URL": SAFE["DATABASE_URL"] + "?application_name=owner"}, "DATABASE_OWNER_URL"),
        ({"DATABASE_OWNER_URL": "postgresql://hotline%5Fapp:pw@db:5432/hotline"}, "DATABASE_OWNER_URL"),
        ({"DATABASE_OWNER_URL": "postgresql://hotline_owner@db/hotline?user=hotline_app"}, "DATABASE_OWNER_URL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
        ({"PII_KEYS": ""}, "PII_KEYS"),
        ({"PII_KEYS": "k1:c2hvcnQ="}, "PII_KEYS"),
        ({"PII_KEYS": f"k1:{KEY},k2:!"}, "PII_KEYS"),
        ({"PII_KEYS": f":{KEY}"}, "PII_KEYS"),
        ({"PII_KEYS": f"k1:{CONSTANT}"}, "PII_KEYS"),
        ({"PII_KEYS": f"k2:{KEY}, k1:{CONSTANT}"}, "PII_KEYS"),
        ({"BLIND_KEY": ""}, "BLIND_KEY"),
        ({"BLIND_KEY": "c2hvcnQ="}, "BLIND_KEY"),
        ({"BLIND_KEY": CONSTANT}, "BLIND_KEY"),
        ({"HOTLINE_TRUSTED_PROXIES": "-1"}, "HOTLINE_TRUSTED_PROXIES"),
        ({"HOTLINE_TRUSTED_PROXIES": "all"}, "HOTLINE_TRUSTED_PROXIES"),
        ({"HOTLINE_TRUSTED_PROXIES": "10"}, "HOTLINE_TRUSTED_PROXIES"),
        ({"HOTLINE_ENV": "prod"}, "HOTLINE_ENV"),
        ({"TWILIO_WAITING_ROOM": "lobby"}, "TWILIO_WAITING_ROOM"),
        ({"SMS_PROVIDERS": "twilio"}, "SMS_PROVIDERS"),
        ({"SMS_PROVIDERS": "pigeon"}, "SMS_PROVIDERS"),
        ({"SMS_PROVIDERS": "http:/a.json,http:/a.json"}, "SMS_PROVIDERS"),
    ],
)
def test_each_unsafe_value_is_refused_with_one_sentence(changes: dict[str, str], named: str):
    with pytest.raises(UnsafeConfig) as refusal:
        Config.from_environ(SAFE | changes)
    sentence = str(refusal.value)
    assert named in sentence
    assert "\n" not in sentence and sentence[0].isupper()
    secret = changes.get(named, "")
    assert len(secret) < 8 or named == "HOTLINE_ENV" or secret not in sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"REDIS_URL": "unix:///run/queue.sock?db=0"},
        {"REDIS_URL": "rediss://:a-password@queue:6379/0"},
        {"REDIS_URL": "redis://queue:6379/0?password=a-password"},
        {"FLASK_DEBUG": "0"},
        {"RQ_SERIALIZER": "json"},
        {"PII_KEYS": f"k2:{KEY},k1:{KEY}"},
        {"CORS_ALLOWED_ORIGINS": "https://12345.city.example"},
        {"DATABASE_OWNER_URL": "postgresql://db/hotline?user=hotline_owner"},
        {"HOTLINE_TRUSTED_PROXIES": "2"},
    ],
)
def test_what_is_safe_is_not_refused(changes: dict[str, str]):
    Config.from_environ(SAFE | changes)


def test_a_demo_needs_keys_but_may_be_lax():
    lax = {
        "HOTLINE_ENV": "demo", "FLASK_DEBUG": "1", "SECRET_KEY": "short", "PUBLIC_BASE_URL": "",
        "DATABASE_OWNER_URL": "", "REDIS_URL": "redis://queue", "PII_KEYS": f"k1:{CONSTANT}",
        "BLIND_KEY": CONSTANT,
    }  # fmt: skip
    config = Config.from_environ(SAFE | lax)
    assert not config.is_production
    assert config.public_base_url == "http://127.0.0.1:8000"
    assert config.database_owner_url == config.database_url
    assert config.trusted_proxies == 0


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("postgres://a@b/c", "postgresql+psycopg://a@b/c"),
        ("postgresql://a@b/c", "postgresql+psycopg://a@b/c"),
        ("postgresql+psycopg://a@b/c", "postgresql+psycopg://a@b/c"),
        ("", ""),
    ],
)
def test_every_common_spelling_of_a_postgres_address_is_understood(given: str, meant: str):
    assert psycopg_url(given) == meant


def test_every_setting_is_explained_in_the_example():
    source = Path(__file__).parents[1]
    fields = len(dataclasses.fields(Config))
    named = set(re.findall(r"# ([A-Z_]{5,})", (source / "config.py").read_text(encoding="utf-8")))
    assert len(named) == fields
    example = (source / ".env.example").read_text(encoding="utf-8")
    assert named <= set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def test_the_pace_of_the_demo_city_is_a_number():
    assert Config.from_environ(SAFE).demo_pace == 20
    assert Config.from_environ(SAFE | {"HOTLINE_DEMO_PACE": "0"}).demo_pace == 0
    with pytest.raises(UnsafeConfig, match="HOTLINE_DEMO_PACE"):
        Config.from_environ(SAFE | {"HOTLINE_DEMO_PACE": "fast"})


def test_operators_talk_on_desk_phones_only_where_the_server_has_no_conferences():
    account = {"TWILIO_ACCOUNT_SID": f"AC{'0' * 32}", "TWILIO_AUTH_TOKEN": "token"}
    loop = {"TWILIO_WAITING_ROOM": "loop"}
    assert not Config.from_environ(SAFE | account | {"TELEPHONY_PROVIDER": "twilio"}).rings_desks
    assert Config.from_environ(SAFE | account | loop | {"TELEPHONY_PROVIDER": "twilio"}).rings_desks
    assert not Config.from_environ(SAFE | loop | {"TELEPHONY_PROVIDER": "cti"}).rings_desks
def test_providers_of_texts_are_asked_in_the_order_in_which_they_are_named():
    twilio = {
        "TELEPHONY_PROVIDER": "twilio", "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "t" * 32,
        "TWILIO_SMS_FROM": "+8657112345",
    }  # fmt: skip
    config = Config.from_environ(SAFE | twilio | {"SMS_PROVIDERS": " http:/etc/city.json , twilio"})
    assert config.sms_routes == ("http:/etc/city.json", "twilio")
    assert Config.from_environ(SAFE).sms_routes == ()


def test_each_fault_of_the_telephone_has_a_line_of_its_own():
    wrong = {"TELEPHONY_PROVIDER": "twillio", "EMERGENCY_LINES": "110", "TWILIO_WAITING_ROOM": "lobby"}
    with pytest.raises(UnsafeConfig) as refusal:
        Config.from_environ(SAFE | wrong)
    assert [line.partition(" ")[0] for line in str(refusal.value).splitlines()] == [
        "TELEPHONY_PROVIDER", "TWILIO_WAITING_ROOM", "EMERGENCY_LINES",
    ]  # fmt: skip


def test_an_account_that_is_given_and_wrong_is_not_called_missing():
    given = {"TELEPHONY_PROVIDER": "twilio", "TWILIO_ACCOUNT_SID": "AC123", "TWILIO_AUTH_TOKEN": "t" * 32}
    with pytest.raises(UnsafeConfig, match=r"^TWILIO_ACCOUNT_SID must be AC and 32 .*\Z"):
        Config.from_environ(SAFE | given)
    with pytest.raises(UnsafeConfig, match="needs TWILIO_ACCOUNT_SID, which is not set"):
        Config.from_environ(SAFE | given | {"TWILIO_ACCOUNT_SID": ""})
