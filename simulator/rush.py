"""A rush hour: many people who call within some minutes, wait for as long as they like, talk and hang up."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.legs import Leg

if TYPE_CHECKING:
    from simulator.network import Network

LOOKS_EVERY = 1.0  # seconds between two looks of a caller at whether somebody is there


@dataclass(frozen=True)
class Rush:
    """`patience` and `talk` are means, in seconds; single callers differ by half of it either way."""

    to: str
    callers: int = 10
    minutes: float = 2.0
    patience: float = 90.0
    talk: float = 60.0
    seed: int = 0


def begin(network: Network, rush: Rush) -> list[str]:
    """Plans them all. The numbers they will call from."""
    dice = random.Random(rush.seed)
    numbers = []
    for index in range(rush.callers):
        number = f"+86139{dice.randrange(10_000):04d}{index:04d}"
        numbers.append(number)
        person = Person(network, number, _around(dice, rush.patience), _around(dice, rush.talk))
        network.clock.after(dice.uniform(0, rush.minutes * 60), lambda person=person: person.call(rush.to))  # type: ignore[misc]
    return numbers


def _around(dice: random.Random, mean: float) -> float:
    return dice.triangular(mean / 2, mean * 1.5, mean)


@dataclass
class Person:
    """One caller of the rush."""

    network: Network
    number: str
    patience: float
    talk: float

    def call(self, to: str) -> None:
        leg = self.network.phone(self.number).dial(to)
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
