"""What really happened, kept apart from what anybody was told: the measure for the product's own figures."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Fact:
    """One thing that happened to a call or a message."""

    at: datetime
    kind: str
    sid: str
    detail: str = ""


@dataclass(frozen=True)
class Talk:
    """Two legs that could hear each other, from when to when."""

    first: str
    second: str
    began: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()


@dataclass
class Truth:
    """Only ever grows. Kinds of facts: began answered queued left-queue joined left ended accepted sent ..."""

    now: Callable[[], datetime]
    facts: list[Fact] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    _open: dict[frozenset[str], datetime] = field(default_factory=dict)

    def note(self, kind: str, sid: str, detail: str = "") -> None:
        self.facts.append(Fact(self.now(), kind, sid, detail))

    def talking(self, group: frozenset[str], pairs: set[frozenset[str]]) -> None:
        """Who of `group` hears whom from now on; pairs that were open and are not named have ended."""
        for pair in [pair for pair in self._open if pair <= group and pair not in pairs]:
            first, second = sorted(pair)
            self.talks.append(Talk(first, second, self._open.pop(pair), self.now()))
        for pair in pairs:
            self._open.setdefault(pair, self.now())

    def is_talking(self, sid: str) -> bool:
        return any(sid in pair for pair in self._open)

    def of(self, sid: str) -> list[str]:
        """The kinds of what happened to one call or message, in order."""
        return [fact.kind for fact in self.facts if fact.sid == sid]

    def talk_seconds(self, sid: str) -> float:
        return sum(talk.seconds for talk in self.talks if sid in (talk.first, talk.second))
