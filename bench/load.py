"""A closed-loop HTTP/1.1 load client: each client asks again as soon as it has the answer. Loopback only."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

HOST = "127.0.0.1"
ANSWER_WITHIN = 60.0  # seconds

MakeRequest = Callable[[], bytes]


@dataclass(frozen=True)
class Run:
    """What one run saw. Times in milliseconds; `statuses` counts answers by code, and failures by name."""

    clients: int
    seconds: float
    times: list[float]
    statuses: dict[str, int]

    @property
    def per_second(self) -> float:
        """Answers below 400 in a second."""
        good = sum(count for status, count in self.statuses.items() if status.isdigit() and int(status) < 400)
        return good / self.seconds

    @property
    def is_clean(self) -> bool:
        """Every request got an answer below 400."""
        return all(status.isdigit() and int(status) < 400 for status in self.statuses)

    def to_data(self) -> dict[str, Any]:
        return {
            "per_second": round(self.per_second, 1),
            **{f"p{share}_ms": _rounded(percentile(self.times, share)) for share in (50, 95, 99)},
            "max_ms": _rounded(max(self.times, default=None)),
            "statuses": self.statuses,
        }


def percentile(times: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `share` percent do not exceed."""
    if not times:
        return None
    ordered = sorted(times)
    return ordered[max(0, ceil(len(ordered) * share / 100) - 1)]


def median_run(runs: Sequence[Run]) -> dict[str, Any]:
    """The medians over several runs of the same load, with what each reached."""
    data = [run.to_data() for run in runs]
    keys = [key for key in data[0] if key != "statuses" and all(one[key] is not None for one in data)]
    statuses: Counter[str] = sum((Counter(run.statuses) for run in runs), Counter())
    return {
        **{key: round(statistics.median(one[key] for one in data), 2) for key in keys},
        "runs_per_second": [one["per_second"] for one in data],
        "statuses": dict(statuses),
    }


def get(path: str) -> bytes:
    """A GET as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/html\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A POST of a form as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/html\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(port: int, make: MakeRequest, clients: int, seconds: float) -> Run:
    """Load the server on that port of this machine for so many seconds."""
    return asyncio.run(_drive(port, make, clients, seconds))


async def _drive(port: int, make: MakeRequest, clients: int, seconds: float) -> Run:
    times: list[float] = []
    statuses: Counter[str] = Counter()
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(_client(port, make, until, times, statuses) for _ in range(clients)))
    return Run(clients, time.perf_counter() - began, times, dict(statuses))


async def _client(
    port: int, make: MakeRequest, until: float, times: list[float], statuses: Counter[str]
) -> None:
    line: _Line | None = None
    while (began := time.perf_counter()) < until:
        try:
            line = line or _Line(*await asyncio.open_connection(HOST, port, limit=1 << 20))
            status, stays = await asyncio.wait_for(line.ask(make()), ANSWER_WITHIN)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as fault:
            statuses[type(fault).__name__] += 1
            line = _closed(line)
            await asyncio.sleep(0.05)  # a server that is gone must not be asked in a tight loop
            continue
        times.append((time.perf_counter() - began) * 1000)
        statuses[str(status)] += 1
        if not stays:
            line = _closed(line)
    _closed(line)


def _closed(line: "_Line | None") -> None:
    if line is not None:
        line.writer.close()


@dataclass
class _Line:
    """One keep-alive connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> tuple[int, bool]:
        """Send, read the whole answer; its status, and whether the connection stays open."""
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        if b"\r\ntransfer-encoding: chunked" in head:
            await self._skip_chunks()
        else:
            await self.reader.readexactly(_length(head))
        return int(head[9:12]), b"\r\nconnection: close" not in head

    async def _skip_chunks(self) -> None:
        size = -1
        while size:
            size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            await self.reader.readexactly(size + 2)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
