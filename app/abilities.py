"""What can be done with a call, by who carries it: the page hides the rest, and the door refuses it."""

from collections.abc import Mapping

from flask import current_app

from config import Config
from tickets import errors
from tickets.permissions import Actor, may

CONFERENCE = frozenset(
    {"accept", "browser_audio", "call_out", "hold", "consult", "hang_up", "pause_recording", "listen"}
)  # fmt: skip
DESK_PHONES = frozenset({"accept", "hang_up"})
TOLD = frozenset({"dial_out"})
"""Of calls that a platform only tells of: they are answered and ended there."""

NEEDED: Mapping[str, str] = {
    "hold": "hold", "unhold": "hold", "consult": "consult", "end_consult": "consult", "hang_up": "hang_up",
    "pause_recording": "pause_recording", "resume_recording": "pause_recording", "listen": "listen",
    "call_out": "call_out",
}  # fmt: skip
"""Order of the page -> what must be possible for it."""


def of(config: Config, *, is_told: bool = False) -> frozenset[str]:
    """What can be done here; `is_told`: with a call that we only hear of."""
    if is_told or config.telephony == "cti":
        return TOLD
    if not config.has_twilio:
        return frozenset()
    return DESK_PHONES if config.rings_desks else CONFERENCE


def may_ring(actor: Actor) -> bool:
    """Whether this person may call citizens, and calls can be made here."""
    return may(actor, "call.answer") and can(current_app.extensions["hotline"], "call_out")


def can(config: Config, order: str, *, is_told: bool = False) -> bool:
    """Whether an order can be carried out here."""
    return NEEDED[order] in of(config, is_told=is_told)


def demand(config: Config, order: str, *, is_told: bool = False) -> None:
    """Raise NotNow for an order that cannot be carried out here."""
    if not can(config, order, is_told=is_told):
        raise errors.NotNow(action=order, state="not_here")
