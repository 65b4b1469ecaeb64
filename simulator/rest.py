"""Twilio's REST API over the network: one door for the client in tests and for the server of the demo."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator import rest_calls, rest_media, rest_rooms
from simulator.routes import ROUTES, Fields, RestError, not_found

if TYPE_CHECKING:
    from simulator.network import Network
    from simulator.spec import Spec

SLOW = 6.0  # seconds: longer than any client should wait
PLACES = (rest_calls, rest_rooms, rest_media)  # importing them made the routes
OUTSIDE_SPEC = re.compile(r"(IncomingPhoneNumbers|Applications)(/[^/]+)?\.json|Recordings/[^/]+\.wav|")


@dataclass(frozen=True)
class Answer:
    """`body` is JSON, sound, or nothing. `lost`: it was done, but nobody will ever hear of it."""

    status: int
    body: object = None
    seconds: float = 0.0
    lost: bool = False


@dataclass
class Mishap:
    """What happens to the next requests whose path holds `path`: timeout, error, refused or slow."""

    kind: str
    path: str = ""
    times: int = 1


KINDS_OF_MISHAP = ("timeout", "error", "refused", "slow")


class Rest:
    """`handle` does one request. `spec`: what every request is held against."""

    def __init__(self, network: Network, spec: Spec | None = None) -> None:
        self.network = network
        self.spec = spec
        self.mishaps: list[Mishap] = []

    def goes_wrong(self, kind: str, path: str = "", times: int = 1) -> None:
        """ValueError when there is no such mishap."""
        if kind not in KINDS_OF_MISHAP:
            raise ValueError(f"{kind!r} is none of {KINDS_OF_MISHAP}")
        self.mishaps.append(Mishap(kind, path, times))

    def handle(
        self, method: str, path: str, pairs: Sequence[tuple[str, str]], auth: tuple[str, str] | None
    ) -> Answer:
        """`path` without host and query; `pairs` are those of the query or of the body."""
        with self.network.clock.lock:
            mishap = self._mishap(path)
            if mishap == "refused":
                return Answer(429, RestError(20429, 429).body())
            try:
                self._enter(auth)
                self._check(method, path, pairs)
                answer = self._do(method, path, Fields(pairs))
            except RestError as error:
                answer = Answer(error.status, error.body())
        if mishap == "timeout":
            return Answer(answer.status, answer.body, lost=True)
        if mishap == "error":
            return Answer(500, RestError(20500, 500).body())
        return Answer(answer.status, answer.body, SLOW if mishap == "slow" else 0.0)

    def _mishap(self, path: str) -> str:
        for mishap in self.mishaps:
            if mishap.path in path:
                mishap.times -= 1
                if mishap.times == 0:
                    self.mishaps.remove(mishap)
                return mishap.kind
        return ""

    def _enter(self, auth: tuple[str, str] | None) -> None:
        if auth is None or self.network.keys.get(auth[0]) != auth[1]:
            raise RestError(20003, 401)

    def _check(self, method: str, path: str, pairs: Sequence[tuple[str, str]]) -> None:
        rest = path.partition(f"/Accounts/{self.network.account_sid}")[2].removeprefix("/")
        if self.spec is None or OUTSIDE_SPEC.fullmatch(rest) or rest == ".json":
            return
        for misfit in self.spec.misfits(method, path, pairs):
            self.network.fault(f"{method} {path}: {misfit}")

    def _do(self, method: str, path: str, fields: Fields) -> Answer:
        found = re.fullmatch(r"/2010-04-01/Accounts/([^/]+?)(?:/(.+?))?(\.json|\.wav)?", path)
        if not found or found[1] != self.network.account_sid:
            raise not_found()
        if found[2] is None:
            row = {"sid": found[1], "status": "active", "type": "Full", "friendly_name": "the city"}
            return Answer(200, row)
        if found[3] == ".wav":
            return Answer(200, rest_media.media(self.network, found[2].rpartition("/")[2]))
        for wanted, pattern, handler in ROUTES:
            match = pattern.fullmatch(found[2])
            if match and wanted == method:
                body = handler(self.network, fields, *match.groups())
                created = method == "POST" and len(match.groups()) == found[2].count("/")
                status = 204 if method == "DELETE" else 201 if created else 200
                return Answer(status, self._paged(body, found[2]))
        raise not_found()

    def _paged(self, body: object, resource: str) -> object:
        if isinstance(body, dict) and body.get("next_page_uri"):
            path = f"/2010-04-01/Accounts/{self.network.account_sid}/{resource}.json"
            body["next_page_uri"] = path + str(body["next_page_uri"])
        return body
