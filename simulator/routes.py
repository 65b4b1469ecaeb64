"""What the REST API is made of: its routes, the fields of a request, its errors and its way to write things."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from simulator.network import Network

MESSAGES = {
    20001: "Bad request", 20003: "Authenticate", 20404: "The requested resource was not found",
    20429: "Too Many Requests", 21205: "Url parameter is required", 21210: "'From' phone number not verified",
    21211: "Invalid 'To' Phone Number", 21212: "Invalid 'From' Phone Number",
    21220: "Call is not in-progress. Cannot redirect.", 21604: "'To' phone number is required",
    21602: "Message body is required.", 21606: "The 'From' phone number is not a valid message-capable number",
    21610: "Attempt to send to unsubscribed recipient", 16025: "Participant label is already in use",
    16023: "Invalid participant label", 16020: "Conference is full",
}  # fmt: skip


class RestError(Exception):
    """An answer that says no, with Twilio's code."""

    def __init__(self, code: int, status: int = 400) -> None:
        super().__init__(MESSAGES.get(code, "Bad request"))
        self.code = code
        self.status = status

    def body(self) -> dict[str, object]:
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": str(self), "more_info": more, "status": self.status}


def not_found() -> RestError:
    return RestError(20404, 404)


class Fields:
    """The parameters of one request, in the query or in the body; each may stand there several times."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = list(pairs)

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.pairs)

    def get(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.pairs if key == name), default)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    def flag(self, name: str, default: bool = False) -> bool:
        return self.get(name, str(default)).lower() == "true"

    def number(self, name: str, default: float) -> float:
        return float(self.get(name, str(default)))


    def only(self, network: Network, *names: str) -> None:
        """Faults for every parameter that Twilio knows and that does nothing here."""
        for name in sorted({key for key, _ in self.pairs} - set(names)):
            network.fault(f"the parameter {name} is not played")


Handler = Callable[..., Any]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Says that a function answers at `Calls/*`; each star is an argument after the network and the fields."""
    pattern = re.compile(path.replace("*", "([^/]+)"))

    def register(handler: Handler) -> Handler:
        ROUTES.append((method, pattern, handler))
        return handler

    return register


def moment(at: datetime | None) -> str | None:
    return format_datetime(at) if at else None


def page(network: Network, name: str, rows: Sequence[Mapping[str, object]], fields: Fields) -> dict[str, object]:
    """One page of a list; the next ones are asked for by number."""
    size, number = int(fields.number("PageSize", 50)), int(fields.number("Page", 0))
    shown = rows[number * size : (number + 1) * size]
    more = len(rows) > (number + 1) * size
    kept = [(key, value) for key, value in fields.pairs if key not in ("Page", "PageSize")]
    query = urlencode([*kept, ("PageSize", size), ("Page", number + 1)])
    return {
        name: list(shown), "page": number, "page_size": size, "start": number * size,
        "end": number * size + len(shown) - 1, "next_page_uri": f"?{query}" if more else None,
    }  # fmt: skip
