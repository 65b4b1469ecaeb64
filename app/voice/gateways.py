"""The providers of text messages, made from the settings."""

from functools import partial

from twilio.rest import Client

from app.voice import documents, http_texts
from app.voice.twilio_texts import TwilioTexts
from app.voice.twilio_voice import client_of
from calls.ports import SmsPort
from config import Config

_FILE = "http:"


def ports_of(config: Config, client: Client | None = None) -> tuple[SmsPort, ...]:
    """Those that SMS_PROVIDERS names; none: no texts go out. Raises UnsafeConfig."""
    return tuple(_port(config, entry, client) for entry in config.sms_routes)


def _port(config: Config, entry: str, client: Client | None) -> SmsPort:
    if entry.startswith(_FILE):
        return http_texts.read(entry.removeprefix(_FILE))
    return TwilioTexts(client or client_of(config), config.twilio_sms_from, partial(_news, "/sms/status"))


def _news(path: str, reference: str) -> str:
    """Where the state of one text is told, with our own name of it: a receipt may come before its answer."""
    return documents.news(path, m=reference)
