"""People at browsers: signed in or not, with a screen that hears the news. What they may do is not known here."""

import re
import threading
import time
from dataclasses import dataclass
from html import unescape
from typing import Any

import requests
import socketio
from requests import Response
from socketio.exceptions import ConnectionError as NoConnection

from app.auth.signing_in import DEMO_PASSWORD

from .markup import Form, forms_of
from .product import Product, wait

NEXT = re.compile(r'rel="next" href="([^"]+)"')
LIVE = re.compile(r'name="live-token" content="([^"]+)"')
JSON = {"Accept": "application/json"}
SECONDS = 15.0  # for one answer


class Person:
    """One browser. Without a login it is a stranger's, or a citizen's."""

    def __init__(self, product: Product, login: str = "") -> None:
        self.product = product
        self.login = login
        self.web = requests.Session()
        self.web.trust_env = False
        self._token = ""
        self._boards: list[str] = []
        if login:
            form = next(one for one in forms_of(self.get("/login").text) if "password" in one.fields)
            answer = self.send(form.filled(login=login, password=DEMO_PASSWORD))
            assert answer.status_code == 303, f"{login} could not sign in: {answer.status_code}"

    def __repr__(self) -> str:
        return self.login or "stranger"

    def get(self, path: str, **parameters: object) -> Response:
        """A page; redirections are not followed."""
        return self._ask("GET", path, params=parameters)

    def json(self, path: str, **parameters: object) -> Any:
        """What a page's script would read; it must be there."""
        answer = self._ask("GET", path, params=parameters, headers=JSON)
        assert answer.status_code == 200, f"{self}: {path}: {answer.status_code}"
        return answer.json()

    def page(self, path: str) -> str:
        """A page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, f"{self}: {path}: {answer.status_code}"
        return answer.text

    def send(self, form: Form, **headers: str) -> Response:
        """Send a form as it stands."""
        return self._ask("POST", form.action, data=form.fields, headers=headers)

    def post(self, path: str, fields: dict[str, Any], *, headers: dict[str, str] | None = None) -> Response:
        """Send these fields under this person's own token against forged requests."""
        return self._ask("POST", path, data={**fields, "csrf_token": self.token()}, headers=headers)

    def search(self, words: str) -> Response:
        """Send the form of the search, and go where it leads."""
        found = self.post("/desk/find", {"q": words})
        return self.get(found.headers["Location"]) if found.status_code == 303 else found

    def token(self) -> str:
        """A token of this browser's session, as its pages carry it."""
        if not self._token:
            found = [one for one in forms_of(self.get("/login").text) if "csrf_token" in one.fields]
            self._token = found[0].fields["csrf_token"][0]
        return self._token

    def live_token(self) -> str:
        """What the board's page hands over to open its socket."""
        found = LIVE.search(self.page("/desk"))
        assert found, f"{self} is given no page that listens"
        return found[1]

    def cookies(self) -> str:
        return "; ".join(f"{one.name}={one.value}" for one in self.web.cookies)

    def boards(self) -> list[str]:
        """The boards offered to this person."""
        if not self._boards:
            self._boards = list(dict.fromkeys(re.findall(r"/desk\?board=(\w+)", self.page("/desk"))))
        return self._boards

    def rows(self, board: str) -> list[dict[str, Any]]:
        """The first page of a board, as its script reads it."""
        rows: list[dict[str, Any]] = self.json("/desk/rows", board=board)["rows"]
        return rows

    def has_on(self, board: str, ticket: int) -> bool:
        """Whether any page of a board shows the ticket."""
        path = f"/desk?board={board}"
        while path:
            page = self.page(path)
            if f'href="/desk/tickets/{ticket}"' in page:
                return True
            onward = NEXT.search(page)
            path = unescape(onward[1]) if onward else ""
        return False

    def _ask(self, method: str, path: str, **options: Any) -> Response:
        return self.web.request(
            method, f"{self.product.address}{path}", allow_redirects=False, timeout=SECONDS, **options
        )


@dataclass(frozen=True)
class Told:
    """One message and the moment (of the monotonic clock) when it came."""

    at: float
    message: dict[str, Any]


class Screen:
    """An open page's socket: it keeps all it is told."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.told: list[Told] = []
        self.joined: dict[str, Any] = {}
        self.closed = threading.Event()
        self.socket = socketio.Client(reconnection=False, handle_sigint=False)
        self.socket.on("joined", self.joined.update)
        self.socket.on("news", self._hear)
        self.socket.on("disconnect", lambda *_: self.closed.set())

    def open(self) -> "Screen":
        """Connect as the person's board does, and wait to be told where the rooms stand."""
        self.connect(self.person.cookies(), {"token": self.person.live_token()})
        wait(lambda: self.joined, 5, f"{self.person} is let into rooms")
        return self

    def connect(self, cookies: str, auth: Any, **more: Any) -> None:
        """Connect with these credentials, whatever they are. Raises NoConnection."""
        self.socket.connect(
            self.person.product.address,
            headers={"Cookie": cookies} if cookies else {},
            auth=auth,
            transports=["websocket"],
            wait_timeout=5,
            **more,
        )

    def is_refused(self, cookies: str, auth: Any, **extra: Any) -> bool:
        """Whether a connection with these credentials is refused."""
        self.socket.eio.websocket_extra_options = extra
        try:
            self.connect(cookies, auth)
        except NoConnection:
            return True
        finally:
            self.close()
        return False

    def about(self, ticket: int) -> list[dict[str, Any]]:
        """All messages on this ticket, in the order in which they came."""
        return [one.message for one in list(self.told) if one.message.get("id") == ticket]

    def version_of(self, ticket: int) -> int:
        """The latest version of the ticket that this screen was told of; 0 for none."""
        return max((message.get("version", 0) for message in self.about(ticket)), default=0)

    def rooms(self) -> set[str]:
        return set(self.joined["rooms"])

    def close(self) -> None:
        self.socket.shutdown()

    def _hear(self, message: dict[str, Any]) -> None:
        self.told.append(Told(time.monotonic(), message))
