"""A rush hour: many people who call within some minutes, wait for as long as they like, talk and hang up."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from simulator.legs import Leg

if TYPE_CHECKING:
    from simulator.network import Network

LOOKS_EVERY = 1.0  # seconds between two looks of a caller at whether somebody is there
CREW = ("never", "rush", "always")
CREW_STAYS = 120.0  # seconds after a rush, so that whoever rang last is served too


@dataclass(frozen=True)
class Rush:
    """`patience` and `talk` are means, in seconds; single callers differ by half of it either way."""

    to: str
    callers: int = 10
    minutes: float = 2.0
    patience: float = 90.0
    talk: float = 60.0
    seed: int = 0


@dataclass
class Crowd:
    """The people of one rush. Once it is stopped nobody else rings, and who still waits hangs up."""

    began_at: datetime
    people: list[Person] = field(default_factory=list)
    stopped: bool = False

    def stop(self) -> None:
        self.stopped = True
        for person in self.people:
            if person.state == "waiting" and person.leg is not None:
                person.leg.hang_up()

    def counts(self) -> dict[str, int]:
        """How many are to come, waiting (in the menu or the queue), talking, over."""
        states = [person.state for person in self.people]
        return {state: states.count(state) for state in ("to_come", "waiting", "talking", "over")}

    def ended_at(self) -> datetime | None:
        """When the last of them hung up; None while anybody is still to come or on the line."""
        if any(person.state != "over" for person in self.people):
            return None
        ends = (person.leg.ended_at for person in self.people if person.leg is not None)
        return max((end for end in ends if end is not None), default=self.began_at)


def begin(network: Network, rush: Rush) -> list[str]:
    """Plans them all. The numbers they will call from."""
    dice = random.Random(rush.seed)
    crowd = network.crowd = Crowd(network.clock.now())
    for index in range(rush.callers):
        number = f"+86139{dice.randrange(10_000):04d}{index:04d}"
        person = Person(network, crowd, number, _around(dice, rush.patience), _around(dice, rush.talk))
        crowd.people.append(person)
        network.clock.after(dice.uniform(0, rush.minutes * 60), lambda person=person: person.call(rush.to))  # type: ignore[misc]
    return [person.number for person in crowd.people]


def is_crew_wanted(network: Network) -> bool:
    """Whether played people are to answer at the hotline now, too."""
    if network.crew != "rush" or network.crowd is None:
        return network.crew == "always"
    ended = network.crowd.ended_at()
    return ended is None or (network.clock.now() - ended).total_seconds() < CREW_STAYS


def _around(dice: random.Random, mean: float) -> float:
    return dice.triangular(mean / 2, mean * 1.5, mean)


@dataclass
class Person:
    """One caller of the rush."""

    network: Network
    crowd: Crowd
    number: str
    patience: float
    talk: float
    leg: Leg | None = None

    @property
    def state(self) -> str:
        if self.leg is None:
            return "over" if self.crowd.stopped else "to_come"
        if self.leg.is_over:
            return "over"
        return "talking" if self.network.truth.is_talking(self.leg.sid) else "waiting"

    def call(self, to: str) -> None:
        if self.crowd.stopped:
            return
        leg = self.leg = self.network.phone(self.number).dial(to)
        self.network.clock.after(LOOKS_EVERY, lambda: self._look(leg, 0.0, 0.0))

    def _look(self, leg: Leg, waited: float, talked: float) -> None:
        if leg.is_over:
            return
        if self.network.truth.is_talking(leg.sid):
            talked += LOOKS_EVERY
        else:
            waited += LOOKS_EVERY
        if talked >= self.talk or (talked == 0 and waited >= self.patience):
            leg.hang_up()
            return
        self.network.clock.after(LOOKS_EVERY, lambda: self._look(leg, waited, talked))
