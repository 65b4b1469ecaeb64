"""Text messages: those that people send to the account's numbers, and those that go out to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from simulator.people import Phone, Sms
from simulator.post import Reply
from simulator.twiml import BadTwiml, Verb, parse, unplayed

if TYPE_CHECKING:
    from simulator.network import Network
    from simulator.owned import Number

TO_SENT, TO_DELIVERED = 0.5, 2.0  # seconds from being accepted
WRONG = {"failed": "30008", "undelivered": "30003"}
WIDE_SINGLE, WIDE_PART, NARROW_SINGLE, NARROW_PART = 70, 67, 160, 153


def segments_of(body: str) -> int:
    """How many parts a text is sent in; anything beyond Latin makes them short."""
    wide = any(ord(letter) > 255 for letter in body)
    single, part = (WIDE_SINGLE, WIDE_PART) if wide else (NARROW_SINGLE, NARROW_PART)
    return 1 if len(body) <= single else -(-len(body) // part)


@dataclass(eq=False)
class Text:
    """One message of the account."""

    sid: str
    from_: str
    to: str
    body: str
    direction: str
    created_at: datetime
    status: str
    callback: str = ""
    error_code: str = ""


class Messages:
    """All messages of the account."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.all: dict[str, Text] = {}

    def _text(
        self, from_: str, to: str, body: str, direction: str, status: str, callback: str = ""
    ) -> Text:
        sid = self.network.sid("SM")
        made = Text(sid, from_, to, body, direction, self.network.clock.now(), status, callback)
        self.all[sid] = made
        self.network.truth.note("accepted", sid, direction)
        return made

    def outgoing(
        self, from_: str, to: str, body: str, callback: str = "", direction: str = "outbound-api"
    ) -> Text:
        """Accepted; what becomes of it depends on the phone."""
        made = self._text(from_, to, body, direction, "queued", callback)
        phone = self.network.phone(to)
        self.network.clock.after(TO_SENT, lambda: self._move(made, "failed" if phone.sms == "failed" else "sent"))
        if phone.sms != "failed":
            self.network.clock.after(TO_DELIVERED, lambda: self._arrive(made, phone))
        return made

    def _arrive(self, made: Text, phone: Phone) -> None:
        if phone.sms == "undelivered":
            self._move(made, "undelivered")
            return
        phone.inbox.append(Sms(self.network.clock.now(), made.from_, made.body, made.sid))
        self._move(made, "delivered")

    def _move(self, made: Text, status: str) -> None:
        made.status = status
        made.error_code = WRONG.get(status, "")
        self.network.truth.note(status, made.sid)
        params = {
            "MessageSid": made.sid, "SmsSid": made.sid, "MessageStatus": status, "SmsStatus": status,
            "AccountSid": self.network.account_sid, "From": made.from_, "To": made.to, "ApiVersion": "2010-04-01",
        }  # fmt: skip
        if made.error_code:
            params["ErrorCode"] = made.error_code
        if made.callback:
            self.network.post.tell(made.callback, params)

    def incoming(self, phone: Phone, to: str, body: str) -> str:
        """Somebody texts one of the account's numbers."""
        number = self.network.numbers[to]
        made = self._text(phone.address, to, body, "inbound", "received")
        params = {
            "MessageSid": made.sid, "SmsSid": made.sid, "SmsMessageSid": made.sid, "SmsStatus": "received",
            "AccountSid": self.network.account_sid, "From": phone.address, "To": to, "Body": body,
            "NumMedia": "0", "NumSegments": str(segments_of(body)), "ApiVersion": "2010-04-01",
        }  # fmt: skip
        if number.sms_url:
            self._ask(number.sms_url, params, made, number, with_fallback=True)
        return made.sid

    def _ask(self, url: str, params: dict[str, str], made: Text, number: Number, with_fallback: bool) -> None:
        def answered(reply: Reply) -> None:
            code = reply.problem
            try:
                verbs = [] if code else parse(reply.body)
            except BadTwiml as error:
                code, verbs = error.code, []
            if not code:
                self.network.inspect(reply.body, "sms", url)
                self._perform(verbs, url, params, made, number)
            elif with_fallback and number.sms_fallback_url:
                more = {"ErrorCode": code, "ErrorUrl": url.partition("#")[0]}
                self._ask(number.sms_fallback_url, params | more, made, number, with_fallback=False)
            else:
                self.network.failed(code, url)

        self.network.post.ask(url, params, answered)

    def _perform(self, verbs: list[Verb], url: str, params: dict[str, str], made: Text, number: Number) -> None:
        for trouble in unplayed(verbs):
            self.network.fault(trouble)
        for verb in verbs:
            if verb.name == "Redirect":
                self._ask(urljoin(url, verb.text), params, made, number, with_fallback=True)
                return
            if verb.name == "Message":
                body = verb.text or "".join(child.text for child in verb.children if child.name == "Body")
                callback = verb.get("statusCallback") and urljoin(url, verb.get("statusCallback"))
                to, from_ = verb.get("to", made.from_), verb.get("from", made.to)
                if self.network.phone(to).sms != "opted-out":
                    self.outgoing(from_, to, body, callback, "outbound-reply")
