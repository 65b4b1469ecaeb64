"""What the account owns: numbers and TwiML applications, with their addresses at the product."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A telephone number of the account."""

    number: str
    sid: str
    voice_url: str = ""
    voice_fallback_url: str = ""
    status_callback: str = ""
    sms_url: str = ""
    sms_fallback_url: str = ""


@dataclass(frozen=True)
class App:
    """A TwiML application: where the calls of browsers lead."""

    sid: str
    voice_url: str
    voice_fallback_url: str = ""
    status_callback: str = ""
