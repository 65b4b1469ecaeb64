"""短信状态. What a text message is at. Pure.

Providers tell states twice, late and in any order. So a message is at the highest of all that was ever told of it:
the order in which it was told plays no part, and what is told again changes nothing.
"""

from enum import StrEnum


class MessageState(StrEnum):
    """What a text message is at. Those before ACCEPTED are ours to change, those from it on only rise."""

    PENDING = "PENDING"  # nobody has it yet
    SENDING = "SENDING"  # a provider is being asked, or was when the process died
    UNKNOWN = "UNKNOWN"  # a provider has it or not: it is asked about, and never sent again meanwhile
    ACCEPTED = "ACCEPTED"
    SENT = "SENT"
    FAILED = "FAILED"
    UNDELIVERED = "UNDELIVERED"
    DELIVERED = "DELIVERED"
    RECEIVED = "RECEIVED"  # of one that came in


RANKS = {state: 10 * place for place, state in enumerate(MessageState)}
"""The end that the phone itself tells stands highest: one that arrived has arrived, whatever else was said."""

ENDS = frozenset({MessageState.FAILED, MessageState.UNDELIVERED, MessageState.DELIVERED})
UNDER_WAY = frozenset({MessageState.SENDING, MessageState.UNKNOWN})
MISSED = frozenset({MessageState.FAILED, MessageState.UNDELIVERED, MessageState.UNKNOWN})
"""Those of which nobody can say that the citizen has it: it may be sent again by hand."""


def higher(now: str, told: MessageState) -> bool:
    """Whether what is told is further on than what is known."""
    return RANKS[told] > RANKS[MessageState(now)]
