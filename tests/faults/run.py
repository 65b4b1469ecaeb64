"""One fault under load: complaints before, during and after it, and what became of them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from . import clocks
from .checker import Escalated, broken_promises, check_escalations, check_stored, wait_published
from .citizens import Citizens, Complaint, percentile
from .product import Product

LEAST_ACKNOWLEDGED = 200
LEAST_IN_FLIGHT = 2  # of them, when the fault hits
AFTER_AT_MOST = 40.0  # seconds of load after the fault, until there are enough acknowledgements
PUBLISHED_WITHIN = 20.0  # seconds after the last complaint

Tell = Callable[[str], None]


class City:
    """A product with everything that was ever sent to it."""

    def __init__(self, product: Product, home: Path, tell: Tell = print) -> None:
        self.product = product
        self.home = home
        self.tell = tell
        self.sent: list[Citizens] = []
        self.others: list[str] = []  # keys of forms that no load of ours has sent

    def citizens(self, seed: int, rate: float) -> Citizens:
        """Further citizens; what they send is checked with all the rest."""
        new = Citizens(self.product.address, seed, self.home / f"history-{len(self.sent)}.jsonl", rate)
        self.sent.append(new)
        return new

    def complaints(self) -> list[Complaint]:
        return [one for citizens in self.sent for one in citizens.complaints]

    def check(self) -> None:
        """The set checker and the promises between the rows, over a connection of their own."""
        with self.product.connect() as connection:
            wait_published(connection, PUBLISHED_WITHIN)
            stored = check_stored(connection, self.complaints(), self.others)
            assert stored.faults == {}
            assert broken_promises(connection) == {}


class Run:
    """The load around one fault. Moments are of the monotonic clock."""

    def __init__(self, city: City, name: str, seed: int, rate: float) -> None:
        self.city = city
        self.name = name
        self.seed = seed
        self.citizens = city.citizens(seed, rate)
        self.strikes: list[float] = []
        self.hit: list[int] = []  # requests in flight at each strike
        self.healed = 0.0
        self.figures: dict[str, Any] = {}

    def strike(self, harm: Callable[[], None]) -> None:
        """Do the harm at a moment when requests are in flight."""
        self.city.product.wait(lambda: self.citizens.in_flight() >= LEAST_IN_FLIGHT, 10, "requests in flight")
        self.hit.append(self.citizens.in_flight())
        self.strikes.append(time.monotonic())
        harm()

    def recovery(self, strike: int = -1) -> float:
        """Seconds from a strike until the first acknowledgement of something sent after it."""
        at = self.strikes[strike]
        answered = [one.answered for one in self.citizens.acknowledged(at) if one.sent > at]
        return round(min(answered) - at, 2) if answered else float("inf")

    def wait_recovered(self, seconds: float) -> None:
        """Wait for an acknowledgement of something sent after the last strike."""
        self.city.product.wait(lambda: self.recovery() < float("inf"), seconds, "an acknowledgement")

    def make_due(self, number: int, seconds: float) -> tuple[list[int], datetime]:
        """Let that many deadlines fall due in `seconds`, taking in more tickets where there are too few."""
        with self.city.product.connect() as connection:
            while (have := clocks.free(connection, number)) < number:
                self.citizens.burst(number - have + 5)
            return clocks.make_due(connection, number, seconds)

    def wait_escalated(self, ids: list[int], due: datetime, seconds: float) -> Escalated:
        """Wait until every deadline was acted on; then what became of them, over a fresh connection."""
        product = self.city.product
        with product.connect() as connection:
            product.wait(
                lambda: clocks.reached(connection, ids) == len(ids), seconds, f"{len(ids)} deadlines acted on"
            )
            time.sleep(1)  # a second run of the same job would come now
            self.healed = time.monotonic()
            found = check_escalations(connection, ids, due)
        self.figures |= {"escalated once": found.once, "of": found.owed, "latest s": found.latest}
        return found

    def finish(self, least_after: float) -> None:
        """Load for at least so many more seconds and until enough was acknowledged; then check and report."""
        self.healed = self.healed or time.monotonic()
        until = self.healed + AFTER_AT_MOST
        while time.monotonic() < until:
            long_enough = time.monotonic() > self.healed + least_after
            if long_enough and len(self.citizens.acknowledged()) > LEAST_ACKNOWLEDGED + 10:
                break
            time.sleep(0.1)
        self.citizens.stop()
        self._report()
        assert self.hit and min(self.hit) >= 1, "nothing was in flight when the fault hit"
        assert len(self.citizens.acknowledged()) >= LEAST_ACKNOWLEDGED, "too little load to show anything"
        self.city.check()

    def _report(self) -> None:
        load, first = self.citizens, self.strikes[0] if self.strikes else self.healed
        everything = load.acknowledged()
        line = {
            "seed": self.seed,
            "acknowledged": {
                "before": len(load.acknowledged(until=first)),
                "during": len(load.acknowledged(first, self.healed)),
                "after": len(load.acknowledged(self.healed)),
            },
            "in flight at the fault": self.hit,
            "sent again": sum(len(one.tries) > 1 for one in load.complaints),
            "unanswered": sum(one.result == "unknown" for one in load.complaints),
            "refused": sum(one.result == "fail" for one in load.complaints),
            "p50 ms": percentile(everything, 0.5),
            "p99 ms": percentile(everything, 0.99),
        }
        self.city.tell(f"{self.name}: {json.dumps(line | self.figures)}")


@contextmanager
def under_load(
    city: City, name: str, *, seed: int, rate: float = 40.0, before: float = 2.0, after: float = 2.0
) -> Iterator[Run]:
    """Load for `before` seconds, the block that does the harm, load for `after` seconds, then the checks."""
    run = Run(city, name, seed, rate)
    run.citizens.start()
    try:
        time.sleep(before)
        yield run
        run.finish(after)
    finally:
        run.citizens.stop()
