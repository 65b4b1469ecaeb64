"""Webhooks on their way to the product: signed, retried, timed, and never trusted to come back well."""

import re
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from twilio.request_validator import RequestValidator

from simulator.chaos import Chaos
from simulator.clock import Clock

LONGEST_ANSWER = 15.0  # seconds
REMEMBERED = 10_000  # webhooks: a demo may run for weeks
LARGEST_ANSWER = 64 * 1024
TWIML_TYPES = ("text/xml", "application/xml")


@dataclass(frozen=True)
class Webhook:
    """One request as it goes over the wire. `url` has no fragment; of GET it holds the parameters."""

    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    method: str = "POST"
    is_callback: bool = False


@dataclass(frozen=True)
class Reply:
    """What came back. `failure`: "" or "connect" or "timeout", and then the rest means nothing."""

    status: int = 200
    body: str = ""
    content_type: str = "text/xml"
    seconds: float = 0.0
    failure: str = ""

    @property
    def problem(self) -> str:
        """Twilio's error code when no TwiML can be had from it, else ""."""
        if self.failure:
            return "11205"
        if self.status >= 300:
            return "11200"
        if len(self.body.encode()) > LARGEST_ANSWER:
            return "11750"
        if self.content_type.partition(";")[0].strip().lower() not in TWIML_TYPES:
            return "12300"
        return ""


Deliver = Callable[[Webhook], Reply]
Done = Callable[[Reply], None]


@dataclass(frozen=True)
class Overrides:
    """What the fragment of a URL says about retries: rc times on the conditions rp."""

    times: int = 1
    conditions: tuple[str, ...] = ("ct",)

    def covers(self, reply: Reply) -> bool:
        condition = {"connect": "ct", "timeout": "rt", "": f"{reply.status // 100}xx"}[reply.failure]
        return condition in self.conditions or ("all" in self.conditions and condition not in ("2xx", "3xx"))


def overrides_of(fragment: str) -> Overrides:
    """Raises ValueError on a fragment that says nothing Twilio knows."""
    if not fragment:
        return Overrides()
    values = {name: found[0] for name, found in parse_qs(fragment, strict_parsing=True).items()}
    if values.keys() - {"rc", "rp", "ct", "rt", "tt", "edge", "sni"}:
        raise ValueError(f"connection overrides {fragment!r}")
    conditions = tuple(values.get("rp", "ct").split(","))
    times = int(values.get("rc", "1"))
    if not 0 <= times <= 5 or set(conditions) - {"4xx", "5xx", "ct", "rt", "all"}:
        raise ValueError(f"connection overrides {fragment!r}")
    return Overrides(times, conditions)


@dataclass
class Attempted:
    """One webhook with what came back, for whoever wants to look afterwards."""

    webhook: Webhook
    reply: Reply


@dataclass
class Post:
    """`ask` wants an answer; `tell` is a callback, whose answer nobody reads."""

    clock: Clock
    deliver: Deliver
    auth_token: str
    chaos: Chaos
    fault: Callable[[str], None]
    failed: Callable[[str, str], None]  # Twilio's error code and URL: what its debugger would show
    log: deque[Attempted] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def ask(self, url: str, params: Mapping[str, str], done: Done, method: str = "POST") -> None:
        webhook, retries = self._webhook(url, params, method, False)
        if self.chaos.dup:
            # The answer that counts is the second one, as after a retry.
            self._send(webhook, retries, lambda _: self._send(webhook, retries, done))
        else:
            self._send(webhook, retries, done)

    def tell(self, url: str, params: Mapping[str, str], method: str = "POST") -> None:
        if not url or self.chaos.loses():
            return
        webhook, retries = self._webhook(url, params, method, True)

        def judge(reply: Reply) -> None:
            if reply.failure or reply.status >= 400:
                self.failed(reply.problem, webhook.url)

        for _ in range(2 if self.chaos.dup else 1):
            self.clock.after(self.chaos.delay(), lambda: self._send(webhook, retries, judge))

    def _webhook(
        self, url: str, params: Mapping[str, str], method: str, is_callback: bool
    ) -> tuple[Webhook, Overrides]:
        if not re.match(r"https?://", url):
            self.fault(f"a webhook's URL is not absolute: {url!r}")
        parts = urlsplit(url)
        bare = parts._replace(fragment="").geturl()
        try:
            retries = overrides_of(parts.fragment)
        except ValueError as error:
            self.fault(f"{url}: {error}")
            retries = Overrides()
        signed: Mapping[str, str] = params
        if method == "GET":
            bare += ("&" if "?" in bare else "?") + urlencode(params)
            signed = {}
        signature = RequestValidator(self.auth_token).compute_signature(bare, signed)
        headers = {
            "X-Twilio-Signature": signature,
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
            "User-Agent": "TwilioProxy/1.1",
        }
        return Webhook(bare, dict(signed), headers, method, is_callback), retries

    def _send(self, webhook: Webhook, retries: Overrides, done: Done) -> None:
        def go() -> None:
            with self.clock.lock:
                self.chaos.count()
            reply = self._delivered(webhook)
            self.clock.after(reply.seconds, lambda: arrived(reply))

        def arrived(reply: Reply) -> None:
            self.log.append(Attempted(webhook, reply))
            if retries.times and retries.covers(reply):
                self._send(webhook, Overrides(retries.times - 1, retries.conditions), done)
            else:
                done(reply)

        self.clock.outside(go)

    def _delivered(self, webhook: Webhook) -> Reply:
        """The answer, or what Twilio makes of one that is missing or late."""
        began = self.clock.now()
        try:
            reply = self.deliver(webhook)
        except TimeoutError:
            # In real time the wait is over already.
            waited = (self.clock.now() - began).total_seconds()
            return Reply(failure="timeout", seconds=max(0.0, LONGEST_ANSWER - waited))
        except ConnectionError:
            return Reply(failure="connect")
        seconds = reply.seconds + self.chaos.slow
        if seconds > LONGEST_ANSWER:
            return Reply(failure="timeout", seconds=LONGEST_ANSWER)
        return Reply(reply.status, reply.body, reply.content_type, seconds, reply.failure)
