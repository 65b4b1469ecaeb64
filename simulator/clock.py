"""When things happen: a clock that a test pushes forward, and one that runs by itself."""

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Protocol

Action = Callable[[], object]


class Clock(Protocol):
    """Actions run one at a time, under `lock`; those given to `outside` without it, so they may be slow."""

    lock: threading.RLock

    def now(self) -> datetime: ...

    def after(self, seconds: float, action: Action) -> None: ...

    def outside(self, action: Action) -> None: ...


class VirtualClock:
    """Stands still until `advance`. What is due at one moment runs in the order in which it was asked for."""

    def __init__(self, start: datetime | None = None) -> None:
        self.lock = threading.RLock()
        self._now = start or datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, nine o'clock in China
        self._due: list[tuple[datetime, int, bool, Action]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._now

    def after(self, seconds: float, action: Action) -> None:
        self._plan(seconds, False, action)

    def outside(self, action: Action) -> None:
        self._plan(0, True, action)

    def _plan(self, seconds: float, free: bool, action: Action) -> None:
        with self.lock:
            at = self._now + timedelta(seconds=max(0.0, seconds))
            heapq.heappush(self._due, (at, next(self._order), free, action))

    def advance(self, seconds: float = 0) -> None:
        """Let time pass; 0 runs what is due now."""
        until = self._now + timedelta(seconds=seconds)
        while self._due and self._due[0][0] <= until:
            at, _, free, action = heapq.heappop(self._due)
            self._now = max(self._now, at)
            if free:
                action()
                continue
            with self.lock:
                action()
        self._now = until


class RealClock:
    """Runs actions in a thread of its own, slow ones in others, until `stop`."""

    def __init__(self, report: Callable[[BaseException], None], threads: int = 64) -> None:
        self.lock = threading.RLock()
        self._report = report
        self._due: list[tuple[datetime, int, Action]] = []
        self._order = itertools.count()
        self._news = threading.Condition()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="post")
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def after(self, seconds: float, action: Action) -> None:
        with self._news:
            at = self.now() + timedelta(seconds=max(0.0, seconds))
            heapq.heappush(self._due, (at, next(self._order), action))
            self._news.notify()

    def outside(self, action: Action) -> None:
        if not self._stopped:
            self._pool.submit(self._guarded, action)

    def stop(self) -> None:
        with self._news:
            self._stopped = True
            self._news.notify()
        self._thread.join(5)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _next(self) -> Action | None:
        """Waits for the next action that is due. None when the clock was stopped."""
        with self._news:
            while not self._stopped:
                pause = (self._due[0][0] - self.now()).total_seconds() if self._due else None
                if pause is not None and pause <= 0:
                    return heapq.heappop(self._due)[2]
                self._news.wait(pause)
        return None

    def _run(self) -> None:
        while (action := self._next()) is not None:
            with self.lock:
                self._guarded(action)

    def _guarded(self, action: Action) -> None:
        # One call that breaks must not stop the clock of all others; whoever made us hears of it.
        try:
            action()
        except Exception as error:
            self._report(error)
