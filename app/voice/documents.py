"""TwiML: what the carrier is told to do with a line. Built from what a call is at; decides nothing."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import current_app
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from calls import texts
from config import Config
from routing import service as routing

MENU_SECONDS, MENU_DIGITS = 3, 1
HOLD_MUSIC = "/static/sound/hold.wav"
RETRY = "#rc=2&rp=ct,rt,5xx"
"""The carrier tries news twice more; it would not by itself, and news has no other address to fail over to."""
LONGEST_TALK = 7200
LONGEST_MESSAGE = 180
_UNSAYABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff￾￿]")


def config() -> Config:
    """The settings of this installation."""
    found: Config = current_app.extensions["hotline"]
    return found


def address(path: str, **own: object) -> str:
    """An address of ours for the carrier, with ids alone in it."""
    query = urlencode({name: value for name, value in own.items() if value not in (None, "")})
    return f"{config().public_base_url.rstrip('/')}{path}{'?' if query else ''}{query}"


def news(path: str, **own: object) -> str:
    """An address for news, which is told again where we do not answer."""
    return address(path, **own) + RETRY


class Speaker:
    """Says the city's texts in one language; a text that is an address of a recording is played."""

    def __init__(self, lang: str, line_no: str = "", *, is_shipped: bool = False) -> None:
        self.lang = lang if lang in texts.LANGUAGES else "zh"
        self.line_no = line_no
        self.is_shipped = is_shipped  # the database is away

    def text(self, key: str, **values: object) -> str:
        """The text as it is to be heard."""
        body = texts.shipped()[key][self.lang] if self.is_shipped else texts.text(key, self.lang, self.line_no)
        if "{hotline}" in body:
            names = {} if self.is_shipped else routing.current().setting("hotline_name")
            values["hotline"] = names.get(self.lang, "12345")
        return texts.fill(body, **values)

    def say(self, to: Any, key: str, **values: object) -> None:
        """Add a text to a document or to what a key may cut short."""
        body = _UNSAYABLE.sub(" ", self.text(key, **values)).strip()
        if body.startswith("https://"):
            to.play(body)
        elif body:
            voice, language = config().voices[self.lang]
            to.say(body, voice=voice, language=language)


def gather(response: VoiceResponse, action: str, *, digits: int | None, seconds: int, finish: str = "") -> Gather:
    """Wait for keys; where none comes the document goes on with what follows."""
    more: dict[str, Any] = {"num_digits": digits} if digits else {"finish_on_key": finish}
    found: Gather = response.gather(input="dtmf", action=action, method="POST", timeout=seconds, **more)
    return found


def conference(response: VoiceResponse, name: str, label: str, *, ends: bool, action: str, **more: Any) -> None:
    """Join the talking room. All who join give the same callback: that of the first is the one that counts."""
    dial: Dial = response.dial(action=action, method="POST", time_limit=LONGEST_TALK)
    dial.conference(
        name, participant_label=label, start_conference_on_enter=True, end_conference_on_exit=ends, beep="false",
        status_callback=news("/voice/conf"), status_callback_method="POST",
        status_callback_event="join leave hold", wait_url=address("/voice/hold"),
        wait_method="POST", **more,
    )  # fmt: skip


def record(response: VoiceResponse) -> None:
    """The tone, and the message after it."""
    response.record(
        max_length=LONGEST_MESSAGE, play_beep=True, finish_on_key="#", timeout=5, trim="do-not-trim",
        action=address("/voice/voicemail/done"), method="POST",
        recording_status_callback=news("/voice/voicemail/rec"), recording_status_callback_method="POST",
    )  # fmt: skip


def nothing() -> str:
    """The line is being led elsewhere; there is nothing to do here."""
    return str(VoiceResponse())


def go(to: str, speaker: Speaker | None = None, key: str = "", **values: object) -> str:
    """Lead the line on to another address, with a word before it where there is one."""
    response = VoiceResponse()
    if speaker is not None:
        speaker.say(response, key, **values)
    response.redirect(to, method="POST")
    return str(response)


def ask(
    speaker: Speaker, key: str, action: str, *,
    otherwise: str, seconds: int, digits: int | None = 1, finish: str = "", before: str = "", times: int = 1,
    **values: object,
) -> str:  # fmt: skip
    """Say a text that keys may cut short, after another that they may not, so many times; where no key comes, lead
    the line on."""
    response = VoiceResponse()
    if before:
        speaker.say(response, before)
    for _ in range(times):
        speaker.say(gather(response, action, digits=digits, seconds=seconds, finish=finish), key, **values)
    response.redirect(otherwise, method="POST")
    return str(response)


def goodbye(speaker: Speaker | None = None, key: str = "goodbye") -> str:
    """Hang up, with a word before it where there is somebody to hear it."""
    response = VoiceResponse()
    if speaker is not None:
        speaker.say(response, key)
    response.hangup()
    return str(response)


def emergency_menu(speaker: Speaker) -> str:
    """Which of the configured command centres; without a key, or where none is configured, an operator."""
    operator = address("/voice/enqueue", urgent=1)
    if not config().emergency:
        return go(operator, speaker, "emergency_direct")
    dial = address("/voice/emergency/dial", lang=speaker.lang)
    return ask(speaker, "emergency", dial, seconds=8, otherwise=operator)


def line_of_key(key: str) -> str | None:
    """The line of the command centre that a key of emergency_menu stands for; None for any other key."""
    lines = list(config().emergency)
    return lines[int(key) - 1] if key.isdigit() and 0 < int(key) <= len(lines) else None


def emergency_dial(speaker: Speaker, line: str, caller_id: str) -> str:
    """Put the caller through to the command centre of a line; it answers to `done` what came of it."""
    response = VoiceResponse()
    speaker.say(response, "emergency_handing_over")
    done = address("/voice/emergency/done", line=line, lang=speaker.lang)
    dial: Dial = response.dial(action=done, method="POST", timeout=30, caller_id=caller_id or None)
    dial.number(config().emergency[line])
    return str(response)


def message(text: str) -> str:
    """The answer to a text; an empty one is none."""
    response = MessagingResponse()
    if text:
        response.message(_UNSAYABLE.sub(" ", text))
    return str(response)


def sorry(kind: str, fields: Mapping[str, str], own: Mapping[str, str]) -> str:
    """What can be said and done without the database: a message is taken, an emergency is handed over."""
    speaker = Speaker(own.get("lang", "zh"), is_shipped=True)
    if kind in TEXTS:
        return message(speaker.text("sms_sorry"))
    if kind == "emergency":
        return emergency_menu(speaker)
    if kind == "emergency_dial" or (kind == "menu" and fields.get("Digits") == "9"):
        line = line_of_key(fields.get("Digits", "")) if kind == "emergency_dial" else None
        return emergency_dial(speaker, line, fields.get("To", "")) if line is not None else emergency_menu(speaker)
    if kind in PATIENT:
        return _music(speaker)
    if kind == "emergency_done" and fields.get("DialCallStatus") in PUT_THROUGH:
        return goodbye()
    if kind in LAST:
        return goodbye(speaker, "voicemail_thanks" if kind == "voicemail_done" else "goodbye")
    response = VoiceResponse()
    speaker.say(gather(response, address("/voice/emergency"), digits=1, seconds=MENU_SECONDS), "sorry")
    record(response)
    response.hangup()
    return str(response)


def _music(speaker: Speaker) -> str:
    response = VoiceResponse()
    speaker.say(response, "hold")
    response.play(address(HOLD_MUSIC))
    return str(response)


PATIENT = frozenset({"wait", "waitkey", "hold", "interrupted"})
"""What is heard in the queue and on hold, where no message can be taken: whoever waits there waits on."""
PUT_THROUGH = frozenset({"completed", "answered"})
"""What the carrier says of a call that somebody has answered."""
URGENT = frozenset({"emergency", "emergency_dial"})
"""Webhooks that are answered as without the database where the call is not known."""
LAST = frozenset(
    {"voicemail_done", "operator_done", "after", "survey", "dept", "dept_key", "operator", "out", "out_asked"}
)
"""Webhooks after which nothing is left to do for the one on the line."""

TEXTS = frozenset({"sms_in", "sms_fallback"})
"""Webhooks that are answered with a text and not with speech."""
