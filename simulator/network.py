"""The network as a whole: its numbers and people, its calls, and everything that goes between them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

from simulator import dialing  # noqa: F401  it and what it imports say who plays which verb
from simulator.chaos import Chaos
from simulator.clock import Clock, VirtualClock
from simulator.conferences import Conference
from simulator.flow import run
from simulator.legs import Callbacks, Leg, Program, Target
from simulator.lint import lint as plain_lint
from simulator.messages import Messages
from simulator.owned import App, Number
from simulator.people import Browser, Party, Phone
from simulator.post import Deliver, Post
from simulator.recordings import Recordings
from simulator.rest import Rest
from simulator.rush import Crowd
from simulator.spec import Spec
from simulator.truth import Truth
from simulator.waiting import Queue


class Lint(Protocol):
    """simulator.lint.lint, perhaps with more arguments bound."""

    def __call__(self, document: str, *, context: str) -> Sequence[str]: ...


class Network:
    """Everything that is not the product. `faults` is what the product did wrong: tests want it empty."""

    def __init__(
        self, account_sid: str, auth_token: str, deliver: Deliver, clock: Clock | None = None,
        chaos: Chaos | None = None, spec: Spec | None = None, seed: int = 0, lint: Lint = plain_lint,
        api_base: str = "https://api.twilio.com",
    ) -> None:  # fmt: skip
        self.account_sid, self.auth_token, self.seed, self.api_base = account_sid, auth_token, seed, api_base
        self.clock: Clock = clock or VirtualClock()
        self.chaos = chaos or Chaos(seed=seed)
        self.keys = {account_sid: auth_token}  # whoever knows one of these may use the REST API
        self.lint = lint
        self.faults: list[str] = []
        self.failures: list[tuple[str, str]] = []  # Twilio's debugger: error code and URL
        self.truth = Truth(self.clock.now)
        self.post = Post(self.clock, deliver, auth_token, self.chaos, self.fault, self.failed)
        self.numbers: dict[str, Number] = {}
        self.apps: dict[str, App] = {}
        self.phones: dict[str, Phone] = {}
        self.browsers: dict[str, Browser] = {}
        self.calls: dict[str, Leg] = {}
        self.queues: dict[str, Queue] = {}
        self.conferences: dict[str, Conference] = {}
        self.recordings = Recordings(self)
        self.messages = Messages(self)
        self.durations: dict[str, float] = {}  # of what is played, by URL
        self.next_call_at = self.clock.now()  # one call a second may be asked for; the others queue
        self.crowd: Crowd | None = None  # of the latest rush hour
        self.crew = "rush"  # when played people are to answer at the hotline: one of simulator.rush.CREW
        self.rest = Rest(self, spec)
        self._serial = count(1)

    def sid(self, prefix: str) -> str:
        text = f"{self.seed}:{prefix}:{next(self._serial)}"
        return prefix + hashlib.sha256(text.encode()).hexdigest()[:32]

    def fault(self, text: str) -> None:
        self.faults.append(text)

    def failed(self, code: str, url: str) -> None:
        self.failures.append((code, url))

    def after_now(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)

    def advance(self, seconds: float = 0) -> None:
        """Lets time pass, where a test holds the clock."""
        if not isinstance(self.clock, VirtualClock):
            raise TypeError("this clock runs by itself")
        self.clock.advance(seconds)

    def inspect(self, document: str, context: str, url: str) -> None:
        """Looks through a document that is about to be played."""
        for finding in self.lint(document, context=context):
            self.fault(f"{url}: {finding}")

    # What the account owns.

    def own(self, number: str, **urls: str) -> Number:
        self.numbers[number] = made = Number(number, self.sid("PN"), **urls)
        return made

    def app(self, sid: str, voice_url: str, voice_fallback_url: str = "", status_callback: str = "") -> App:
        self.apps[sid] = made = App(sid, voice_url, voice_fallback_url, status_callback)
        return made

    # People.

    def phone(self, number: str) -> Phone:
        return self.phones.setdefault(number, Phone(self, number))

    def browser(self, identity: str) -> Browser:
        return self.browsers.setdefault(identity, Browser(self, f"client:{identity}"))

    def party(self, address: str) -> Party:
        kind, _, identity = address.partition(":")
        return self.browser(identity.partition("?")[0]) if kind == "client" else self.phone(address)

    # Rooms.

    def queue(self, name: str) -> Queue:
        if name not in self.queues:
            self.queues[name] = Queue(self, self.sid("QU"), name, self.clock.now())
        return self.queues[name]

    def conference(self, name: str) -> Conference:
        """The one of that name that is going on, or a new one."""
        for found in self.conferences.values():
            if found.name == name and found.status != "completed":
                return found
        made = Conference(self, name, self.sid("CF"), self.clock.now())
        self.conferences[made.sid] = made
        return made

    # Calls.

    def incoming(self, phone: Phone, from_: str, to: str) -> Leg:
        """A person dials one of the account's numbers."""
        with self.clock.lock:
            number = self.numbers[to]
            leg = Leg(self, "inbound", from_, to, phone)
            leg.fallback = (number.voice_fallback_url, "POST")
            leg.callbacks = Callbacks(number.status_callback)
            self._begin(leg, number.voice_url, {})
            return leg

    def connecting(self, browser: Browser, app_sid: str, params: Mapping[str, str]) -> Leg:
        """A browser calls its application; its own parameters come with the first request only."""
        with self.clock.lock:
            app = self.apps[app_sid]
            leg = Leg(self, "inbound", browser.address, params.get("To", ""), browser)
            leg.fallback = (app.voice_fallback_url, "POST")
            leg.callbacks = Callbacks(app.status_callback)
            self._begin(leg, app.voice_url, {**params, "ApplicationSid": app_sid})
            return leg

    def _begin(self, leg: Leg, url: str, params: Mapping[str, str]) -> None:
        if not url:
            # A number without a URL fails at once and leaves no trace anywhere: so does it at Twilio.
            leg.finish("failed", "error")
            return
        leg.begin(run(leg, Target(url, "POST", params)))

    def calling(self, leg: Leg, program: Program, timeout: float) -> None:
        """A call that REST asked for rings; the program begins once somebody answers."""
        if not leg.is_over:
            leg.on_answer = lambda: leg.begin(program)
            leg.report("initiated")
            leg.party.ring(leg, timeout)
