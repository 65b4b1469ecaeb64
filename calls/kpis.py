"""The figures of the telephone as formulas over counts: each with its numerator and its denominator. Pure.

Letters as the field writes them: O offered to the queue, A answered, B abandoned, S abandoned at once, C took a
call-back. A rate whose denominator is nothing is None, never all and never none.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import reduce

from calls.machine import CallState, Progress

SHARE, SECONDS = "share", "seconds"
RECENTLY = timedelta(hours=1)
"""How far back the talks lie by which a wait is foretold."""
FEW = 5
"""By fewer talks than this nothing is foretold."""
LONGEST_FORETOLD = 10
"""Minutes."""


@dataclass(frozen=True)
class Kpi:
    """One figure. `part` and `whole` are what it was computed from; `value` is None where there is nothing."""

    kind: str
    value: float | None
    part: float | None
    whole: float


def share(part: float, whole: float) -> Kpi:
    """So many of so many."""
    return Kpi(SHARE, part / whole if whole > 0 else None, part, whole)


def mean(seconds: float, count: float) -> Kpi:
    """So many seconds for each of so many."""
    return Kpi(SECONDS, seconds / count if count > 0 else None, seconds, count)


def one_of(seconds: float | None, count: int) -> Kpi:
    """A longest or a middle value: one of so many, computed from no numerator."""
    return Kpi(SECONDS, seconds if count > 0 else None, None, count)


def minutes_to_wait(position: int, length: Kpi, there: int, *, least: int = 0) -> int | None:
    """How long whoever has this place in the queue waits until so many seats, at so much a talk, come to them.

    In whole minutes, rounded up; LONGEST_FORETOLD + 1 stands for all that is more. None where too few talks tell,
    and where it is less than `least` seconds.
    """
    if length.value is None or length.whole < FEW:
        return None
    seconds = position * length.value / max(1, there)
    return None if seconds < least else min(math.ceil(seconds / 60), LONGEST_FORETOLD + 1)


@dataclass(frozen=True)
class Counts:
    """What calls of an interval come to. Each is in the interval in which it was queued first; where it never
    was, in the one in which it began. Seconds are whole; the wait is the first one; `talk` holds the hold."""

    inbound: int = 0
    offered: int = 0
    answered: int = 0
    within: int = 0
    abandoned: int = 0
    short: int = 0
    callbacks: int = 0
    voicemails: int = 0
    waiting: int = 0
    handled: int = 0
    wait: int = 0
    longest_wait: int = 0
    talk: int = 0
    longest_talk: int = 0
    hold: int = 0
    wrap_up: int = 0

    @property
    def other(self) -> int:
        """Queued, and ended neither by an answer nor by the caller: lines that failed or were lost."""
        ended = self.answered + self.abandoned + self.callbacks + self.voicemails + self.waiting
        return self.offered - ended


def of_calls(counts: Counts) -> Mapping[str, Kpi]:
    """Every figure that follows from counts of calls alone."""
    served = counts.offered - counts.short
    return {
        "service_level": share(counts.within, served - counts.callbacks),
        "answer_rate": share(counts.answered, served),
        "answer_rate_all": share(counts.answered, counts.inbound),
        "abandon_rate": share(counts.abandoned - counts.short, served),
        "asa": mean(counts.wait, counts.answered),
        "longest_wait": one_of(counts.longest_wait, counts.answered),
        "talk": mean(counts.talk, counts.handled),
        "longest_talk": one_of(counts.longest_talk, counts.handled),
        "hold": mean(counts.hold, counts.handled),
        "wrap_up": mean(counts.wrap_up, counts.handled),
        "aht": mean(counts.talk + counts.wrap_up, counts.handled),
    }


_LONGEST = ("longest_wait", "longest_talk")


def count(calls: Iterable[Progress], answer_within: int) -> Counts:
    """The counts of these calls in, read from their facts; without the work after a talk, which seats know."""
    return total(_of_one(call, answer_within) for call in calls)


def total(parts: Iterable[Counts]) -> Counts:
    """The counts of all parts together."""
    return reduce(_add, parts, Counts())


def _of_one(call: Progress, answer_within: int) -> Counts:
    if call.queued_at is None:
        return Counts(inbound=1)
    is_answered = call.answered_at is not None
    is_handled = call.talk_ended_at is not None
    took_callback = call.state == CallState.CALLBACK or call.end_reason == "callback"
    left_message = call.state == CallState.VOICEMAIL or call.end_reason == "voicemail"
    return Counts(
        inbound=1,
        offered=1,
        answered=int(is_answered),
        within=int(is_answered and call.queue_seconds <= answer_within),
        abandoned=int(call.end_reason in ("abandoned_queue", "short_abandon")),
        short=int(call.end_reason == "short_abandon"),
        callbacks=int(took_callback and not is_answered),
        voicemails=int(left_message and not is_answered),
        waiting=int(not is_answered and call.state in WAITING),
        handled=int(is_handled),
        wait=call.queue_seconds if is_answered else 0,
        longest_wait=call.queue_seconds if is_answered else 0,
        talk=call.talk_seconds if is_handled else 0,
        longest_talk=call.talk_seconds if is_handled else 0,
        hold=call.hold_seconds if is_handled else 0,
    )


WAITING = (CallState.QUEUED, CallState.OFFERED, CallState.CONNECTING)
"""Somebody is in the queue, or on the way out of it to an operator."""


def _add(one: Counts, other: Counts) -> Counts:
    return Counts(
        **{
            field.name: (max if field.name in _LONGEST else _sum)(
                getattr(one, field.name), getattr(other, field.name)
            )
            for field in fields(Counts)
        }
    )


def _sum(one: int, other: int) -> int:
    return one + other
