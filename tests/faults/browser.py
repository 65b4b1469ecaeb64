"""A visitor's or member of staff's browser, as far as it keeps cookies and sends forms."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar

from app.auth.signing_in import DEMO_PASSWORD

SECONDS = 15


@dataclass(frozen=True)
class Answer:
    """`status` is 0 where the connection was cut before a whole answer came."""

    status: int
    text: str


class Browser:
    """Follows redirects like a browser, and says what came, refusals included."""

    def __init__(self, address: str) -> None:
        self.address = address
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(cookies)
        self._jar = cookies.cookiejar

    @property
    def cookie(self) -> str:
        """The header that carries this browser's cookies."""
        return "; ".join(f"{one.name}={one.value}" for one in self._jar)

    def get(self, path: str) -> Answer:
        return self._open(urllib.request.Request(self.address + path))

    def post(self, path: str, fields: dict[str, str], page: str | None = None) -> Answer:
        """Send a form as the page at `page` would, with that page's token against forgery."""
        if page is not None:
            token = re.search(r'name="csrf[_-]token"[^>]*(?:value|content)="([^"]+)"', self.get(page).text)
            assert token, f"no token on {page}"
            fields = fields | {"csrf_token": token[1]}
        body = urllib.parse.urlencode(fields).encode()
        return self._open(urllib.request.Request(self.address + path, body))

    def post_json(self, path: str, content: object, headers: dict[str, str] | None = None) -> Answer:
        """Send JSON and ask for JSON. Bytes go as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        kinds = {"Content-Type": "application/json", "Accept": "application/json"}
        return self._open(urllib.request.Request(self.address + path, body, kinds | (headers or {})))

    def sign_in(self, login: str) -> None:
        """As an account of the demo city."""
        answer = self.post("/login", {"login": login, "password": DEMO_PASSWORD}, page="/login")
        assert answer.status == 200 and "/logout" in answer.text, f"{login} did not get in: {answer.status}"

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as refusal:
            return Answer(refusal.code, refusal.read().decode())
        except urllib.error.URLError as fault:
            if not isinstance(fault.reason, ConnectionError):
                raise
        except ConnectionError:
            pass
        return Answer(0, "")
