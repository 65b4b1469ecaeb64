"""A gateway of text messages on the loopback that a test can make slow, broken or forgetful."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-of-the-gateway"
SECRET = "a-secret-of-the-gateway"


@dataclass
class Gateway:
    """`mode` says how it answers: ok, slow, hang, drip, busy (429), broken (500, nothing taken), accepts_500,
    drops (takes it and cuts the line), refuses. `taken` counts what it took, by our reference; `said` is to whom
    and what."""

    name: str
    mode: str = "ok"
    seconds: float = 0.0
    retry_after: str = "2"
    taken: Counter[str] = field(default_factory=Counter)
    said: list[tuple[str, str]] = field(default_factory=list)
    asked: int = 0
    looked: int = 0
    port: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def described(self) -> dict[str, Any]:
        base = f"http://127.0.0.1:{self.port}"
        return {
            "name": self.name,
            "send": {
                "method": "POST", "url": f"{base}/send",
                "headers": {"Authorization": "Bearer {env:HOTLINE_NOTHING}"},
                "body": "json",
                "fields": {"mobile": "{local}", "content": "{text}", "ext": "{reference}", "tpl": "{template}",
                           "args": ["{param:number}", "{param:code}"]},
                "success": {"path": "code", "equals": [0]}, "sid": "data.id",
                "codes": {"opted_out": [21], "again": [7]},
            },
            "templates": {"receipt": "SMS_1001"},
            "look": {
                "method": "GET", "url": f"{base}/messages?reference={{reference}}",
                "found": {"path": "data.id"}, "absent": {"status": [404]}, "sid": "data.id", "state": "data.state",
            },
            "states": {"ok": "sent", "DELIVRD": "delivered", "UNDELIV": "undelivered", "wait": "accepted"},
            "receipt": {
                "items": "reports", "sid": "id", "reference": "ext", "state": "status", "error": "err",
                "hmac": {"header": "X-Signature", "stamp_header": "X-Timestamp", "secret": SECRET},
            },
            "inbound": {
                "items": "messages", "sid": "id", "from": "mobile", "text": "content", "answer": {"code": 0},
                "hmac": {"header": "X-Signature", "stamp_header": "X-Timestamp", "secret": SECRET},
            },
        }  # fmt: skip

    def write(self, folder: Path) -> str:
        """Its description as a file; returns how SMS_PROVIDERS names it."""
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self.described()))
        return f"http:{path}"


def sid_of(reference: str) -> str:
    return f"id-{reference}"


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            message = json.loads(self.rfile.read(length))
            gateway.asked += 1
            mode = gateway.mode
            if mode in ("ok", "slow", "hang", "drip", "accepts_500", "drops", "held"):
                gateway.taken[message["ext"]] += 1
                gateway.said.append((message["mobile"], message["content"]))
            gateway.arrived.set()
            if mode == "held":
                gateway.released.wait(60)
            if mode in ("slow", "hang"):
                time.sleep(gateway.seconds)
            if mode == "drops":
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                return
            statuses = {"busy": 429, "broken": 500, "accepts_500": 500}
            code = {"refuses": 5, "opted_out": 21, "again": 7}.get(mode, 0)
            self._answer(statuses.get(mode, 200), {"code": code, "data": {"id": sid_of(message["ext"])}})

        def do_GET(self) -> None:
            gateway.looked += 1
            [reference] = parse_qs(urlsplit(self.path).query)["reference"]
            if gateway.mode == "broken":
                self._answer(500, {})
            elif reference in gateway.taken:
                self._answer(200, {"data": {"id": sid_of(reference), "state": "wait"}})
            else:
                self._answer(404, {})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            with suppress(OSError):
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", gateway.retry_after)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    if gateway.mode == "drip":
                        self.wfile.flush()
                        time.sleep(1)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def running(name: str) -> Iterator[Gateway]:
    gateway = Gateway(name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(gateway))
    server.daemon_threads = True
    gateway.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield gateway
    finally:
        gateway.released.set()
        server.shutdown()
        server.server_close()
