"""Is the account set up as it must be? One line for each thing, with what to do where it is not."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests
from sqlalchemy import select
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from app.voice.documents import address
from calls.models import PhoneLine
from config import Config
from db import db, transaction

OK, CARE, BAD = "ok", "care", "bad"
MOST_SKEW = 30.0  # seconds that this machine's clock may differ from the carrier's
SECONDS = 5.0
ELSEWHERE = {
    "none": ": no calls are taken here",
    "cti": ": the city's own platform takes the calls; what it tells stands under Administration, Platforms",
}
NEWS = "#rc=2&rp=ct,rt,5xx"


@dataclass(frozen=True)
class Finding:
    """One line. `say` names what was looked at and how it is; `do` what to change, empty where nothing."""

    state: str
    say: str
    do: str = ""


def examine(config: Config, client: Client) -> Iterator[Finding]:
    """All findings, in the order in which one sets an account up. Raises nothing."""
    yield from _settings(config)
    if not config.has_twilio:
        return
    if config.telephony == "simulator" and not config.twilio_api_url:
        yield Finding(CARE, "the simulated network does not run", "It runs with ./hotline up on this folder.")
        return
    for look in (_account, _clock, _numbers, _application, _key, _public):
        try:
            yield from look(config, client)
        except (TwilioException, requests.RequestException, OSError) as fault:
            code = _code_of(fault)
            yield Finding(BAD, f"{look.__name__.strip('_')}: no answer ({code})", _help_with(code))


def _code_of(fault: Exception) -> str:
    """The carrier's number of an error; of lists the library tells it only inside the answer it passes on."""
    code = getattr(fault, "code", None)
    for answer in fault.args[1:]:
        with suppress(ValueError, AttributeError):
            code = code or json.loads(answer.text).get("code")
    return str(code or type(fault).__name__)


def _help_with(code: str) -> str:
    if code == "20003":
        return "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN do not belong together; copy both from the console."
    return "Is the carrier's interface reachable from this machine? See TWILIO_API_URL."


def _settings(config: Config) -> Iterator[Finding]:
    yield Finding(CARE if config.telephony == "none" else OK,
                  f"TELEPHONY_PROVIDER is {config.telephony}{ELSEWHERE.get(config.telephony, '')}")  # fmt: skip
    if not config.has_twilio:
        return
    is_public = config.is_https or config.telephony == "simulator"
    yield Finding(OK if is_public else BAD, f"PUBLIC_BASE_URL is {config.public_base_url}",
                  "" if is_public else "The carrier and browsers' microphones want https.")  # fmt: skip
    if config.emergency:
        yield Finding(OK, f"emergency calls go to {len(config.emergency)} command centres")
    else:
        yield Finding(CARE, "EMERGENCY_LINES is empty: emergency calls go to an operator, before all others",
                      "Agree with the command centres on full numbers; 110 itself cannot be dialled.")  # fmt: skip


def _account(config: Config, client: Client) -> Iterator[Finding]:
    account = client.api.accounts(config.twilio_account_sid).fetch()
    is_active = str(account.status) == "active"
    yield Finding(OK if is_active else BAD, f"account is {account.status}",
                  "" if is_active else "The account must be active to make and take calls.")  # fmt: skip
    if str(account.type).lower() == "trial":
        yield Finding(CARE, "trial account: few calls at once, and only to numbers that were verified",
                      "Upgrade the account.")  # fmt: skip


def _clock(config: Config, client: Client) -> Iterator[Finding]:
    answer = requests.head(config.twilio_api_url or "https://api.twilio.com", timeout=SECONDS)
    said = answer.headers.get("Date")
    if said is None:
        return
    skew = abs(time.time() - parsedate_to_datetime(said).timestamp())
    is_right = skew < MOST_SKEW
    yield Finding(OK if is_right else BAD, f"this machine's clock differs by {skew:.0f} s",
                  "" if is_right else "Browsers' tokens will not be valid: set the clock by NTP.")  # fmt: skip


def _numbers(config: Config, client: Client) -> Iterator[Finding]:
    theirs = {str(one.phone_number): one for one in client.incoming_phone_numbers.list(limit=500)}
    with transaction():
        ours = list(db.session.scalars(select(PhoneLine.number).where(PhoneLine.is_active)))
    if not ours:
        yield Finding(CARE, "no line is entered", "Enter the numbers that can be dialled, under Administration.")
    for number in ours:
        if number not in theirs:
            yield Finding(BAD, f"{number}: the account has no such number", "Buy it, or correct the line.")
            continue
        yield from _number(number, theirs[number])
    for number in sorted(theirs.keys() - set(ours)):
        yield Finding(CARE, f"{number}: the account has it, and no line is entered for it",
                      "It is answered as the hotline itself; enter a line if it is another one.")  # fmt: skip


def _number(number: str, found: object) -> Iterator[Finding]:
    wanted = (
        ("voice_url", address("/voice/in"), BAD, "Without it a call fails at once, and nothing tells why."),
        ("voice_fallback_url", address("/voice/fallback"), CARE, "Or a static document that takes a message."),
        ("status_callback", address("/voice/ended") + NEWS, BAD, "Without it the end of calls is found out late."),
        ("sms_url", address("/sms/in"), CARE, "Texts to this number are not heard of."),
    )  # fmt: skip
    for name, url, grade, why in wanted:
        has = str(getattr(found, name, "") or "")
        is_right = has.partition("#")[0] == url.partition("#")[0]
        yield Finding(OK if is_right else grade, f"{number}: {name} is {has or 'empty'}",
                      "" if is_right else f"Set it to {url}. {why}")  # fmt: skip


def _application(config: Config, client: Client) -> Iterator[Finding]:
    if not config.twilio_app_sid:
        yield Finding(BAD, "TWILIO_APP_SID is empty", "Make a TwiML application for operators' browsers.")
        return
    found = client.applications(config.twilio_app_sid).fetch()
    url = address("/voice/operator")
    is_right = str(found.voice_url or "") == url
    yield Finding(OK if is_right else BAD, f"application: voice address is {found.voice_url or 'empty'}",
                  "" if is_right else f"Set it to {url}.")  # fmt: skip


def _key(config: Config, client: Client) -> Iterator[Finding]:
    key, _, secret = config.twilio_api_key.partition(":")
    if not key.startswith("SK") or not secret:
        yield Finding(BAD, "TWILIO_API_KEY is not SK...:secret", "Make an API key; the token cannot stand for it.")
        return
    weak = len(secret) < 32
    yield Finding(CARE if weak else OK, f"API key {key[:6]}… is set", "Its secret is short." if weak else "")


def _public(config: Config, client: Client) -> Iterator[Finding]:
    """Whether our own public address leads to us, and lets nobody in without a signature."""
    url = address("/voice/in")
    said = requests.post(url, data={}, timeout=SECONDS).status_code
    yield Finding(OK if said == 403 else BAD, f"{url} answers {said} without a signature",
                  "" if said == 403 else "It should be 403: does the address lead to this product?")  # fmt: skip
