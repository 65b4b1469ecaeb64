"""The SmsPort by Twilio's REST interface, or that of a server like it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from app.voice.reaching import had_left
from calls.message_states import MessageState as State
from calls.ports import MAY_RECEIVE, Gone, OptedOut, Outgoing, Refused, Sent, TextState, Unclear, Unreachable

STATES = {
    "accepted": State.ACCEPTED, "scheduled": State.ACCEPTED, "queued": State.ACCEPTED, "sending": State.ACCEPTED,
    "sent": State.SENT, "delivered": State.DELIVERED, "read": State.DELIVERED, "failed": State.FAILED,
    "canceled": State.FAILED, "undelivered": State.UNDELIVERED, "partially_delivered": State.UNDELIVERED,
}  # fmt: skip
OPTED_OUT = 21610
BEFORE, AFTER = timedelta(seconds=60), timedelta(minutes=10)
"""Their clock may be off by so much, and a request may have hung so long."""
LISTED = 50


class TwilioTexts:
    """Texts by one account.

    The interface has no field for a name of ours, so an unclear text is looked for by number, words and time. The
    words of each of our texts hold the number of its ticket; one sent anew by hand is told apart by its own name.
    """

    name = "twilio"
    caps = frozenset({MAY_RECEIVE})  # no addresses in texts to China, by the carrier's own rules

    def __init__(self, client: Client, sender: str, news: Callable[[str], str]) -> None:
        self.client, self.news = client, news
        self.sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}

    def send(self, text: Outgoing) -> str:
        with _told_plainly(begins=True):
            made = self.client.messages.create(
                to=text.number, body=text.text, status_callback=self.news(text.reference), **self.sender
            )
        return str(made.sid)

    def look(self, sent: Sent) -> TextState:
        with _told_plainly():
            if sent.sid:
                return _state(self.client.messages(sent.sid).fetch())
            # Not by the day it was sent: one that waits has none yet.
            found = self.client.messages.list(to=sent.number, limit=LISTED)
        for one in found:
            if one.body == sent.text and one.sid not in sent.others and _is_about(one.date_created, sent.tried_at):
                return _state(one)
        if len(found) == LISTED:
            raise Unclear("too many to tell")
        raise Gone("not there")


def _is_about(made: datetime | None, tried_at: datetime) -> bool:
    return made is None or tried_at - BEFORE <= made <= tried_at + AFTER


def _state(message: Any) -> TextState:
    code = str(message.error_code) if message.error_code else None
    return TextState(str(message.sid), STATES.get(str(message.status), State.ACCEPTED), code)


@contextmanager
def _told_plainly(*, begins: bool = False) -> Iterator[None]:
    """Turn the library's errors into those of the port. To send again what may have been sent is never safe."""
    try:
        yield
    except TwilioRestException as fault:
        if fault.status == 429:
            raise Unreachable("429") from None
        if fault.status >= 500:
            raise (Unclear if begins else Unreachable)(f"{fault.status}") from None
        if fault.status == 404 and not begins:
            raise Gone("not there") from None
        if fault.status in (401, 403, 404):
            raise Unreachable(f"{fault.code or fault.status}") from None
        raise (OptedOut if fault.code == OPTED_OUT else Refused)(f"{fault.code or fault.status}") from None
    except (requests.RequestException, TimeoutError) as fault:
        unclear = begins and had_left(fault)
        raise (Unclear if unclear else Unreachable)(type(fault).__name__) from None
