"""The product's way to the REST API in tests: an HTTP client for twilio.rest.Client that stays in the process."""

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from requests.exceptions import ReadTimeout
from twilio.http import HttpClient
from twilio.http.response import Response

from simulator.rest import Rest


def pairs_of(values: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """As they go over the wire: None not at all, a list as several."""
    found = []
    for name, value in (values or {}).items():
        several = value if isinstance(value, list | tuple) else [value]
        found += [(name, str(one)) for one in several if one is not None]
    return found


class SimulatedHttp(HttpClient):  # type: ignore[misc]  # twilio has no types
    """Client(account_sid, auth_token, http_client=SimulatedHttp(rest)). Raises ReadTimeout as requests would."""

    def __init__(self, rest: Rest, timeout: float | None = None) -> None:
        super().__init__(logging.getLogger(__name__), False, timeout)
        self.rest = rest

    def request(
        self, method: str, uri: str, params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None, auth: tuple[str, str] | None = None, timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:  # fmt: skip
        parts = urlsplit(uri)
        pairs = parse_qsl(parts.query, keep_blank_values=True) + pairs_of(params) + pairs_of(data)
        answer = self.rest.handle(method.upper(), unquote(parts.path), pairs, auth)
        patience = timeout or self.timeout
        if answer.lost or (patience is not None and answer.seconds > patience):
            raise ReadTimeout(f"no answer from {parts.path}")
        if isinstance(answer.body, bytes):
            raise TypeError("sound is not text: fetch it with download()")
        return Response(answer.status, "" if answer.body is None else json.dumps(answer.body), {})

    def download(self, url: str) -> bytes:
        """The sound at a recording's URL, with .wav; what an HTTP GET with the account's name would bring."""
        network = self.rest.network
        answer = self.rest.handle("GET", urlsplit(url).path, [], (network.account_sid, network.auth_token))
        if not isinstance(answer.body, bytes):
            raise FileNotFoundError(url)
        return answer.body
