"""What goes wrong on the way, on purpose. The same seed and the same calls make the same mishaps."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

SHUFFLED_WITHIN = 5.0


def nothing() -> None:
    """What most hooks do when they are over."""


@dataclass
class Hook:
    """Something that breaks with the `at`-th webhook and, if `lasts`, is whole again that many webhooks later."""

    at: int
    begin: Callable[[], None]
    lasts: int = 0
    end: Callable[[], None] = nothing

    def reached(self, number: int) -> None:
        if number == self.at:
            self.begin()
        if self.lasts and number == self.at + self.lasts:
            self.end()


@dataclass
class Chaos:
    """Switches, which combine. Callbacks are told events; the requests for TwiML are never lost or late."""

    dup: bool = False
    reorder: bool = False
    late: float = 0.0  # seconds that callbacks come too late
    drop: int = 0  # one in so many callbacks is lost
    slow: float = 0.0  # seconds that every answer takes longer
    restart: Hook | None = None
    db_down: Hook | None = None
    redis_down: Hook | None = None
    seed: int = 0
    webhooks: int = field(default=0, init=False)
    callbacks: int = field(default=0, init=False)
    lost: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def count(self) -> None:
        """One more webhook goes out: the moment at which hooks strike."""
        self.webhooks += 1
        for hook in (self.restart, self.db_down, self.redis_down):
            if hook:
                hook.reached(self.webhooks)

    def loses(self) -> bool:
        """Whether this callback never arrives."""
        self.callbacks += 1
        gone = self.drop > 0 and (self.callbacks + self.seed) % self.drop == 0
        self.lost += gone
        return gone

    def delay(self) -> float:
        """Seconds by which this callback comes later than it should."""
        return self.late + (self._dice.uniform(0, SHUFFLED_WITHIN) if self.reorder else 0.0)
