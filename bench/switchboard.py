"""A full waiting room and a row of operators, played in real time against the running product."""

import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import requests
from werkzeug.serving import make_server

from simulator.clock import RealClock
from simulator.delivery import over_http
from simulator.legs import Leg
from simulator.network import Network
from simulator.post import Deliver, Reply, Webhook
from simulator.server import Settings, web

HOST = "127.0.0.1"
LINE = "+86990112345"
TALK = (20.0, 40.0)
BEAT = 5.0
LOOK = 0.1
PASSWORD_HEADER = "X-Console"


@dataclass
class Timed:
    """Every webhook with how long its answer took, in milliseconds."""

    deliver: Deliver
    times: list[tuple[float, str, float, int]] = field(default_factory=list)

    def __call__(self, webhook: Webhook) -> Reply:
        began = time.perf_counter()
        reply = self.deliver(webhook)
        path = webhook.url.partition("?")[0].rpartition("/voice/")[2]
        self.times.append((time.monotonic(), path, (time.perf_counter() - began) * 1000, reply.status))
        return reply


@contextmanager
def network(settings: Settings) -> Iterator[tuple[Network, Timed, str]]:
    """The telephone network, with its REST interface on a port of this machine; yields that address too."""
    timed = Timed(over_http())
    played = Network(
        settings.account_sid, settings.auth_token, timed, RealClock(lambda error: None, threads=200),
        api_base=f"http://{HOST}",
    )  # fmt: skip
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each of thousands of requests
    server = make_server(HOST, 0, web(played), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield played, timed, f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        if isinstance(played.clock, RealClock):
            played.clock.stop()


class Crowd:
    """So many people who ring, wait as long as it takes, talk, hang up and ring again as somebody else."""

    def __init__(self, played: Network, count: int, within: float, seed: int = 0) -> None:
        self.network, self.count, self.within = played, count, within
        self.dice = random.Random(seed)
        self.is_on = True
        self.dialled = 0

    def begin(self) -> None:
        for _ in range(self.count):
            self.network.clock.after(self.dice.uniform(0, self.within), self._ring)

    def _ring(self) -> None:
        if not self.is_on:
            return
        self.dialled += 1
        leg = self.network.phone(f"+86139{self.dialled:08d}").dial(LINE)
        self.network.clock.after(1.0, lambda: self._look(leg))

    def _look(self, leg: Leg) -> None:
        if leg.is_over:
            self.network.clock.after(0.5, self._ring)
        elif not self.is_on:
            leg.hang_up()
        elif self.network.truth.is_talking(leg.sid):
            self.network.clock.after(self.dice.uniform(*TALK), lambda: self._leave(leg))
        else:
            self.network.clock.after(1.0, lambda: self._look(leg))

    def _leave(self, leg: Leg) -> None:
        if not leg.is_over:
            leg.hang_up()
        self.network.clock.after(0.5, self._ring)


class Seats:
    """Operators at their pages: each takes what it is offered at once, talks, ends the call with two keys.

    That an offer was made they learn as by the socket: from the table, every tenth of a second.
    """

    def __init__(
        self, base: str, logins: list[str], password: str, database: str, played: Network, app: str
    ) -> None:
        self.base, self.database, self.network, self.app = base, database, played, app
        self.people = {login: _Operator(base, login, password) for login in logins}
        self.is_on = True
        self.by_id: dict[int, _Operator] = {}
        self.threads: list[threading.Thread] = []

    def begin(self) -> None:
        for operator in self.people.values():
            operator.sit()
        self.by_id = {operator.staff_id: operator for operator in self.people.values()}
        for work in (self._watch, self._beat):
            self.threads.append(threading.Thread(target=work, daemon=True))
            self.threads[-1].start()

    def end(self) -> None:
        self.is_on = False
        for thread in self.threads:
            thread.join(10)

    def _watch(self) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            while self.is_on:
                offers = connection.execute("SELECT staff_id, id FROM offer WHERE state = 'pending'").fetchall()
                over = connection.execute(
                    "SELECT staff_id, call_id FROM seat WHERE state = 'wrap_up' AND call_id IS NOT NULL"
                ).fetchall()
                for staff_id, offer_id in offers:
                    self._do(staff_id, "take", offer_id)
                for staff_id, call_id in over:
                    self._do(staff_id, "close", call_id)
                time.sleep(LOOK)

    def _do(self, staff_id: int, what: str, number: int) -> None:
        operator = self.by_id.get(staff_id)
        if operator is None or not operator.busy.acquire(blocking=False):
            return
        threading.Thread(target=self._act, args=(operator, what, number), daemon=True).start()

    def _act(self, operator: "_Operator", what: str, number: int) -> None:
        try:
            if what == "take":
                token = operator.accept(number)
                if token:
                    self.network.browser(f"op_{operator.staff_id}").connect(self.app, {"t": token})
            else:
                operator.close(number)
        finally:
            operator.busy.release()

    def _beat(self) -> None:
        pause = BEAT / max(1, len(self.people))
        while self.is_on:
            for operator in list(self.people.values()):
                operator.beat()
                time.sleep(pause)


class _Operator:
    """One browser with a session."""

    def __init__(self, base: str, login: str, password: str) -> None:
        self.base, self.login, self.password = base, login, password
        self.web = requests.Session()
        self.web.headers.update({PASSWORD_HEADER: login, "Accept": "application/json"})
        self.busy = threading.Lock()
        self.staff_id = 0
        self.failures = 0

    def sit(self) -> None:
        self.web.headers["X-CSRFToken"] = self._token()
        self.web.post(f"{self.base}/login", {"login": self.login, "password": self.password})
        self.web.headers["X-CSRFToken"] = self._token()
        self.staff_id = int(self._post("/token")["identity"].removeprefix("op_"))
        self._post("/sit")
        self._post("/seat", action="ready")

    def _token(self) -> str:
        page = self.web.get(f"{self.base}/login", headers={"Accept": "text/html"}).text
        return page.partition('name="csrf_token" value="')[2].partition('"')[0]

    def accept(self, offer_id: int) -> str:
        return str(self._post(f"/offers/{offer_id}/accept").get("token", ""))

    def close(self, call_id: int) -> None:
        self._post(f"/calls/{call_id}/close", disposition="answered")

    def beat(self) -> None:
        self.web.get(f"{self.base}/desk/phone/state", timeout=30)

    def _post(self, path: str, **fields: str) -> dict[str, str]:
        answer = self.web.post(f"{self.base}/desk/phone{path}", fields, timeout=30)
        if answer.status_code != 200:
            self.failures += 1
            return {}
        found: dict[str, str] = answer.json()
        return found
