"""What a seat may be at, and the one table of what brings it there. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class SeatState(StrEnum):
    """坐席状态. After-call work and breaks belong to the seat, not to the call."""

    OFFLINE = "offline"  # 离线
    READY = "ready"  # 就绪
    OFFERED = "offered"  # 振铃
    ON_CALL = "on_call"  # 通话
    WRAP_UP = "wrap_up"  # 话后处理
    BREAK = "break"  # 小休


S = SeatState

BREAKS = ("rest", "meal", "training", "meeting", "other")
"""Reasons that a person may give."""
FORCED = ("no_answer", "device", "lost")
"""Reasons that only the system gives: an offer ran out, the line failed, the page went away."""


@dataclass(frozen=True)
class SeatStep:
    """One row: `action` brings a seat from any of `sources` to `target`."""

    action: str
    sources: frozenset[SeatState]
    target: SeatState


_AT_REST = frozenset({S.OFFLINE, S.READY, S.WRAP_UP, S.BREAK})

# action, from, to
TABLE: tuple[SeatStep, ...] = (
    SeatStep("ready", _AT_REST, S.READY),
    SeatStep("pause", _AT_REST, S.BREAK),
    SeatStep("leave", _AT_REST, S.OFFLINE),
    SeatStep("offer", frozenset({S.READY}), S.OFFERED),
    SeatStep("connect", frozenset({S.OFFERED, S.READY, S.WRAP_UP, S.BREAK}), S.ON_CALL),
    SeatStep("withdraw", frozenset({S.OFFERED, S.ON_CALL}), S.READY),  # the caller gave up: no fault of the seat
    SeatStep("miss", frozenset({S.OFFERED, S.ON_CALL}), S.BREAK),
    SeatStep("wrap_up", frozenset({S.ON_CALL}), S.WRAP_UP),
    SeatStep("drop", frozenset({S.ON_CALL, S.OFFERED, S.WRAP_UP, S.READY, S.BREAK}), S.OFFLINE),
)

_BY_ACTION = {row.action: row for row in TABLE}


def target(action: str, state: str) -> SeatState | None:
    """Where the action brings a seat in this state, or None where it does not exist."""
    row = _BY_ACTION[action]
    return row.target if SeatState(state) in row.sources else None
