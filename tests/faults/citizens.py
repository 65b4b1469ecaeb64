"""Citizens who complain at random moments, each with one form, and send it again until it is answered."""

import hashlib
import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MATTERS = (
    "路灯坏了好几天，晚上看不见路", "楼下工地半夜还在施工，吵得睡不着", "小区垃圾没有人清运，臭味很大",
    "自来水发黄，已经三天了", "公交车等了四十分钟也不来", "单位拖欠工资两个月", "人行道的井盖不见了，很危险",
    "隔壁饭店的油烟直排到我家窗口", "停车位被人装了地锁", "想问一下居住证怎么办",
)  # fmt: skip
ANSWER_WITHIN = 10.0  # seconds for one attempt
PATIENCE = 45.0  # seconds in which one citizen tries again
MOST_AT_ONCE = 12


@dataclass
class Complaint:
    """One form and what became of it. Moments are of the monotonic clock."""

    key: str
    content: str = field(repr=False)
    begun: float
    tries: list[str] = field(default_factory=list)  # a status or the name of an error, one each attempt
    sent: float = 0.0  # when the last attempt left
    answered: float = 0.0
    result: str = "unknown"  # ok: stored, says the product; fail: refused for good; unknown: no answer
    number: str | None = None
    is_new: bool | None = None

    @property
    def hash(self) -> str:
        return content_hash(self.content)

    @property
    def seconds(self) -> float:
        return self.answered - self.begun


def content_hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


class Citizens:
    """Arrivals are a Poisson process of `rate` a second, however slow the answers come.

    Beyond MOST_AT_ONCE they queue outside: on a machine too slow for the rate the load is as much as it can
    take, and not so much more that every answer comes too late for the one who asked.
    """

    def __init__(self, address: str, seed: int, history: Path, rate: float = 40.0) -> None:
        parts = urlsplit(address)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.rate = rate
        self.history = history
        self.complaints: list[Complaint] = []
        self.saw_retry_after = False
        # By the history's name too: the keys of two loads with one seed must differ, or the second stores nothing.
        self._random = random.Random(f"{seed} {history.name}")
        self._lock = threading.Lock()
        self._in_flight = 0
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE)
        self._arrivals = threading.Thread(target=self._arrive, daemon=True)

    def start(self) -> None:
        self._arrivals.start()

    def stop(self) -> None:
        """No more arrivals; wait for those who are still trying, and write the history down."""
        if self._stop.is_set():
            return
        self._stop.set()
        if self._arrivals.is_alive():
            self._arrivals.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        with self.history.open("a", encoding="utf-8") as file:
            for complaint in self.complaints:
                file.write(json.dumps(asdict(complaint) | {"hash": complaint.hash}, ensure_ascii=False) + "\n")

    def burst(self, number: int, at_once: int = 8) -> list[Complaint]:
        """Complain `number` times as fast as `at_once` citizens can; returns when all are answered."""
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda _: self.complain(self.form()), range(number)))

    def waiting(self) -> list[Complaint]:
        """Those who have sent something and have no answer yet."""
        return [one for one in list(self.complaints) if one.sent and one.result == "unknown"]

    def in_flight(self) -> int:
        """How many requests are with the product right now."""
        return self._in_flight

    def acknowledged(self, after: float = 0.0, until: float = float("inf")) -> list[Complaint]:
        """Those answered with a number between two moments."""
        return [one for one in list(self.complaints) if one.result == "ok" and after <= one.answered < until]

    def _arrive(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            due += self._random.expovariate(self.rate)
            self._stop.wait(max(0.0, due - time.monotonic()))
            self._pool.submit(lambda: self.complain(self.form()))

    def form(self) -> Complaint:
        """A form with a key of its own, not sent yet."""
        with self._lock:
            key = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            content = f"{self._random.choice(MATTERS)}。请尽快处理（{key}）。"
            complaint = Complaint(key, content, time.monotonic())
            self.complaints.append(complaint)
        return complaint

    def complain(self, complaint: Complaint) -> Complaint:
        """Send the same form until it is answered for good, or patience ends."""
        body = json.dumps(fields_of(complaint)).encode()
        until = complaint.begun + PATIENCE
        pause = 0.1
        while time.monotonic() < until:
            complaint.sent = time.monotonic()
            status, answer = self._post(body, complaint)
            if status in (200, 201):
                complaint.number, complaint.is_new = answer["number"], answer["is_new"]
                complaint.answered = time.monotonic()
                complaint.result = "ok"
                break
            if 400 <= status < 500:
                complaint.result = "fail"
                break
            time.sleep(pause)
            pause = min(1.0, pause * 1.6)
        return complaint

    def _post(self, body: bytes, complaint: Complaint) -> tuple[int, dict[str, Any]]:
        """(status, answer) of one attempt; status 0 where there was no whole answer."""
        with self._lock:
            self._in_flight += 1
        try:
            status, headers, answer = post(self.host, self.port, body)
        except (OSError, http.client.HTTPException, ValueError) as fault:
            complaint.tries.append(type(fault).__name__)
            return 0, {}
        finally:
            with self._lock:
                self._in_flight -= 1
        complaint.tries.append(str(status))
        if status == 503 and headers.get("Retry-After"):
            self.saw_retry_after = True
        return status, answer


def fields_of(complaint: Complaint) -> dict[str, str]:
    """What the form sends."""
    return {"form_key": complaint.key, "type": "complaint", "content": complaint.content, "phone": "13800000000"}


def post(host: str, port: int, body: bytes) -> tuple[int, Any, dict[str, Any]]:
    """(status, headers, answer) of the intake for one JSON form."""
    line = http.client.HTTPConnection(host, port, timeout=ANSWER_WITHIN)
    try:
        line.request(
            "POST", "/complain", body, {"Content-Type": "application/json", "Accept": "application/json"}
        )
        answer = line.getresponse()
        text = answer.read()
        found: dict[str, Any] = json.loads(text) if text else {}
        return answer.status, answer.headers, found
    finally:
        line.close()


def percentile(complaints: Iterable[Complaint], share: float) -> float:
    """Milliseconds from arrival to acknowledgement, back-off included."""
    times = sorted(one.seconds for one in complaints)
    return round(times[min(len(times) - 1, int(share * len(times)))] * 1000, 1) if times else 0.0
