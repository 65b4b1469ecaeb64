"""A call centre's platform that tells the product what happens, as its convention says."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.outbox import unit_of_work
from db import db

TOKEN = "t" * 43
CALLER, LINE = "13800138000", "+86990112345"
ADDRESS = "198.51.100.7"


@dataclass
class Platform:
    """`tell` sends one event as the platform does; whatever it says besides is added."""

    app: Flask
    token: str = TOKEN
    secret: str = ""
    address: str = ADDRESS

    def post(self, path: str = "", **options: Any) -> TestResponse:
        client = self.app.test_client()
        return client.post(path or f"/cti/{self.token}", environ_base={"REMOTE_ADDR": self.address}, **options)

    def tell(self, event: str, call_id: str = "s-1", **more: Any) -> Any:
        answer = self.post(json=self.fields(event, call_id, **more))
        assert answer.status_code == 200, answer.text
        return answer.json

    def fields(self, event: str, call_id: str = "s-1", **more: Any) -> dict[str, Any]:
        return {"event": event, "from": CALLER, "to": "12345", "direction": "in", "callId": call_id, **more}

    def signed(self, fields: dict[str, Any], stamp: int, secret: str, tampered: bytes = b"") -> TestResponse:
        body = json.dumps(fields).encode()
        signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-CTI-Timestamp": str(stamp), "X-CTI-Signature": signature, "Content-Type": "application/json"}
        return self.post(data=tampered or body, headers=headers)

    def read(self, ask: Callable[[datetime], Any]) -> Any:
        with self.app.app_context(), unit_of_work() as now:
            found = ask(now)
            db.session.flush()
            return found
