"""The product with the simulated network in front, in one process, on a clock that a test pushes forward."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import Flask
from psycopg.errors import DeadlockDetected
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app import outbox
from app.auth.models import Staff
from app.jobs import messages
from app.subscribers import (
    ASK_TO_RATE,
    PLAN_CALL,
    SEND_RECEIPT,
    TELL_AGAIN,
    TELL_ASKED,
    TELL_EXTENDED,
    TELL_SUSPENDED,
)
from app.voice import messengers, reconciler, rounds
from app.voice.gateways import ports_of
from app.voice.twilio_voice import TwilioVoice, client_of
from calls.models import Call, PhoneLine, Seat
from db import db, transaction
from manage import create_app
from simulator.chaos import Chaos
from simulator.client import SimulatedHttp
from simulator.delivery import through
from simulator.lint import SMALL, lint
from simulator.network import Network
from simulator.people import Phone
from simulator.spec import Spec

LINE = "+86990112345"
PARALLEL = "+86990112315"
CALLER = "+8613800138000"
EMERGENCY = "+869901800110"
STEP = 0.5  # seconds between two rounds of the clock process
TEXTS = {
    SEND_RECEIPT: messages.send_receipts, ASK_TO_RATE: messages.ask_to_rate, PLAN_CALL: messages.plan_calls,
    TELL_EXTENDED: messages.tell_extended, TELL_SUSPENDED: messages.tell_suspended,
    TELL_ASKED: messages.tell_asked, TELL_AGAIN: messages.tell_again,
}  # fmt: skip
TABLES = (
    "message_receipt, message, message_route, opt_out, survey_answer, voicemail, recording, callback, "
    "follow_up_call, effect, telephony_event, offer, call_leg, seat_span, seat, call, phone_line, phone_text, "
    "blocked_number, cti_platform"
)


def clear(app: Flask) -> None:
    """No calls, seats, lines or texts are left of the test before, nor events that call for a text."""
    engine = create_engine(app.extensions["hotline"].database_owner_url)
    while not _emptied(engine):
        continue
    engine.dispose()


def _emptied(engine: Engine) -> bool:
    """False where the database let a product go on that runs beside the test and stood in the way."""
    try:
        with engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {TABLES}, outbox, job_owed CASCADE"))
    except OperationalError as fault:
        if isinstance(fault.orig, DeadlockDetected):
            return False
        raise
    return True


class Telephone:
    """`pass_(seconds)` lets time go on for everybody: callers, the carrier, and the clock process."""

    def __init__(self, app: Flask, chaos: Chaos | None = None, spec: Spec | None = None, seed: int = 0) -> None:
        config = app.extensions["hotline"]
        self.app, self.base = app, config.public_base_url.rstrip("/")
        checked = partial(
            lint, base=self.base, voices=set(config.voices.values()), routes=self._is_ours,
            verbs=SMALL if config.rings_desks else None,
        )  # fmt: skip
        self.network = Network(
            config.twilio_account_sid, config.auth_tokens[0], through(app.test_client()), chaos=chaos, spec=spec,
            seed=seed, lint=checked,
        )  # fmt: skip
        http = SimulatedHttp(self.network.rest, timeout=5.0)
        self.client = client_of(config, http)
        app.extensions["voice"] = TwilioVoice(self.client, http.download)
        app.extensions["texts"] = ports_of(config, self.client)
        app.config["CLOCK"] = self.network.clock.now
        self.is_clock_running = True
        self._passed = 0.0
        self.operators: list[Operator] = []
        for number in (LINE, PARALLEL):
            self.network.own(
                number, voice_url=f"{self.base}/voice/in", voice_fallback_url=f"{self.base}/voice/fallback",
                status_callback=f"{self.base}/voice/ended#rc=2&rp=ct,rt,5xx", sms_url=f"{self.base}/sms/in",
                sms_fallback_url=f"{self.base}/sms/fallback",
            )  # fmt: skip
        self.network.app(config.twilio_app_sid, voice_url=f"{self.base}/voice/operator")
        with app.app_context(), transaction():
            for number, line_no, skills in ((LINE, "12345", []), (PARALLEL, "12315", ["consumer"])):
                db.session.add(PhoneLine(number=number, line_no=line_no, name=line_no, skills=skills, hours=[]))

    def restart(self) -> None:
        """The product's process is another one from here on; what was only in its memory is gone."""
        fresh = create_app(self.app.extensions["hotline"], ASYNC_MODE="threading", CLOCK=self.network.clock.now)
        fresh.extensions["voice"] = self.app.extensions["voice"]
        with self.app.app_context():
            db.engine.dispose()
        self.app = fresh
        self.network.post.deliver = through(fresh.test_client())
        for operator in self.operators:
            operator.move_to(fresh)

    def _is_ours(self, path: str) -> bool:
        adapter = self.app.url_map.bind("localhost")
        return adapter.test(path, "POST") or adapter.test(path, "GET")

    @property
    def now(self) -> datetime:
        return self.network.clock.now()

    def pass_(self, seconds: float, step: float = STEP) -> None:
        """Time goes on, in steps between which the clock process has its turn."""
        self.rounds()
        for _ in range(round(seconds / step)):
            self.network.advance(step)
            self.rounds()
            self._passed += step
            for operator in self.operators if self._passed % 5 < step else ():
                operator.beat()
            if self._passed % 10 < step:
                self.slow_rounds()

    def rounds(self) -> None:
        """What the clock process does, until nothing is left to do at this moment."""
        if not self.is_clock_running:
            return
        with self.app.app_context(), suppress(SQLAlchemyError):
            for _ in range(20):
                offered, carried = rounds.tend(), messengers.carry_messages()
                while rounds.carry():
                    carried += 1
                self.network.advance(0)
                if not offered and not carried:
                    return

    def slow_rounds(self) -> None:
        """What the clock process does more seldom. Like its loops, it lives through a database that is away."""
        if self.is_clock_running:
            for step in (rounds.replay, reconciler.reconcile, reconciler.find_recordings):
                with self.app.app_context(), suppress(SQLAlchemyError):
                    step()
    def publish(self) -> None:
        """What the relay and the workers do: events are published, and the texts they call for written down."""
        with self.app.app_context():
            lead = outbox.take_lead("telephone")
            while lead and outbox.stamp(lead):
                pass
            fresh, again = outbox.claim_jobs(1000, timedelta(seconds=30))
            for job, ids in (*fresh.items(), *again.items()):
                if job in TEXTS:
                    TEXTS[job](ids)

    def phone(self, number: str = CALLER) -> Phone:
        return self.network.phone(number)

    def read(self, ask: Callable[[], Any]) -> Any:
        """Something out of the database, in a transaction of its own."""
        with self.app.app_context(), transaction():
            return ask()

    def calls(self) -> list[Call]:
        def ask() -> list[Call]:
            found = list(db.session.scalars(select(Call).order_by(Call.id)))
            db.session.expunge_all()
            return found

        return self.read(ask)

    def call(self) -> Call:
        """The one call there is."""
        [call] = self.calls()
        return call

    def seats(self) -> dict[int, str]:
        return self.read(lambda: {seat.staff_id: seat.state for seat in db.session.scalars(select(Seat))})


@dataclass
class Operator:
    """One member of staff at the telephone page: a browser with a session, and its line at the carrier's."""

    telephone: Telephone
    browser: Any
    person: Staff
    console: str = "window-1"
    line: Any = None
    talked: list[Any] = field(default_factory=list)

    def post(self, path: str, status: int = 200, **fields: Any) -> Any:
        answer = self.browser.post(f"/desk/phone{path}", fields, headers=self._headers())
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json

    def state(self) -> Any:
        answer = self.browser.get("/desk/phone/state", headers=self._headers())
        assert answer.status_code == 200, answer.text
        return answer.json

    def _headers(self) -> dict[str, str]:
        return {"X-Console": self.console, "Accept": "application/json"}

    def ready(self) -> None:
        self.telephone.operators.append(self)
        self.post("/sit")
        self.post("/seat", action="ready")

    def beat(self) -> None:
        """The page asks how things are, which is its sign of life."""
        self._ask("get", "/state")

    def move_to(self, app: Flask) -> None:
        """The same browser, with its cookies, at the product's new process."""
        cookie = self.browser.client.get_cookie("hotline")
        self.browser.client = app.test_client()
        self.browser.client.set_cookie("hotline", cookie.value)

    def close_page(self) -> None:
        """The browser is gone, with its line."""
        self.telephone.operators.remove(self)
        if self.line is not None and not self.line.is_over:
            self.line.vanish(1)

    def pick_up(self) -> None:
        """Accept what is offered, and let the browser connect."""
        offer = self.state()["offer"]
        assert offer, "nothing is offered"
        self.connect(self.post(f"/offers/{offer['id']}/accept")["token"])

    def connect(self, token: str) -> None:
        config = self.telephone.app.extensions["hotline"]
        party = self.telephone.network.browser(f"op_{self.person.id}")
        self.line = party.connect(config.twilio_app_sid, {"t": token})
        self.talked.append(self.line)

    def _ask(self, method: str, path: str, **fields: Any) -> Any:
        """The answer's data, or None where the product could not be asked just now."""
        if method == "get":
            answer = self.browser.get(f"/desk/phone{path}", headers=self._headers())
        else:
            answer = self.browser.post(f"/desk/phone{path}", fields, headers=self._headers())
        return answer.json if answer.status_code == 200 else None

    def takes(self) -> bool:
        """Take what is offered, if anything is and the product lets us."""
        state = self._ask("get", "/state")
        offer = state and state["offer"]
        accepted = self._ask("post", f"/offers/{offer['id']}/accept") if offer else None
        if accepted is None:
            return False
        self.connect(accepted["token"])
        return True

    def comes_back(self) -> None:
        """The page was loaded anew: back into the talk, if there still is one."""
        found = self._ask("post", "/rejoin")
        if found is not None:
            self.connect(found["token"])

    def tries(self, what: str, **fields: Any) -> None:
        """Order something in the talk, again and again while the product does not answer."""
        for _ in range(30):
            state = self._ask("get", "/state")
            call = state["call"] if state is not None else None
            if state is not None and (call is None or call["state"] != "TALKING"):
                return
            if call is not None and self._ask("post", f"/calls/{call['id']}/{what}", **fields) is not None:
                return
            self.telephone.pass_(1)

    def tries_seat(self, action: str, **fields: Any) -> None:
        """Bring the seat somewhere, if it can be."""
        self._ask("post", "/seat", action=action, **fields)

    def order(self, what: str, status: int = 200, **fields: Any) -> Any:
        call = self.state()["call"]
        return self.post(f"/calls/{call['id']}/{what}", status, **fields)
