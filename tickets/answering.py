"""Verbs that end a matter at the front desk: discard a draft, answer at once, refer elsewhere."""

from datetime import datetime

from tickets import clocks, errors
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.intake import DISPOSITIONS
from tickets.lifecycle import Transition
from tickets.merging import share
from tickets.models import Ticket
from tickets.permissions import Actor, may

REFUSALS = ("explain", "malicious")
REFER_REASONS = {
    "emergency": ("police", "fire", "ambulance", "traffic", "utility"),
    "statutory": (
        "litigation", "arbitration", "review", "petition", "disclosure", "discipline", "outside_powers",
    ),
    "explain": (
        "secret", "privacy", "same_matter", "no_demand", "too_vague", "against_law", "outside_powers",
    ),
    "malicious": ("harassment", "false_report"),
}
"""Of each kind of referral its grounds; most stand in 国办函〔2025〕66号 and in cities' rules."""


def discard(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> Ticket:
    """Throw a draft away; it never had a number."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "discard", version)
    require(reason=reason)
    _end(locked, row, now)
    texts = write_texts(locked.ticket, {"reason": reason}, actor, now)
    finish(locked, actor, now, "ticket.discarded", texts=texts)
    return locked.ticket


def answer(actor: Actor, now: datetime, ticket_id: int, text: str, version: int | None = None) -> Ticket:
    """Answer at once, at the desk. Ends the ticket, and whatever was merged into it."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "answer", version)
    require(answer=text)
    _end(locked, row, now)
    texts = write_texts(locked.ticket, {"answer": text}, actor, now)
    finish(locked, actor, now, "ticket.answered", texts=texts)
    share(locked, now)
    return locked.ticket


def refer(
    actor: Actor, now: datetime, ticket_id: int, disposition: str, reason: str, text: str,
    version: int | None = None,
) -> Ticket:  # fmt: skip
    """Tell the citizen which other channel is right, or why it cannot be taken up. Ends the ticket.

    Who told it and when is the event's. A refusal needs a permission of its own. Raises Invalid, Forbidden.
    """
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "refer", version)
    require(disposition=disposition, refer_reason=reason, referral=text)
    faults = {
        "disposition": "" if disposition in DISPOSITIONS else "unknown",
        "refer_reason": "" if reason in REFER_REASONS.get(disposition, ()) else "not_of_this_kind",
    }
    if disposition in REFUSALS and not may(actor, "ticket.refuse"):
        faults["disposition"] = "needs_supervisor"
    found = {name: fault for name, fault in faults.items() if fault}
    if found:
        raise errors.Invalid(fields=found)
    _end(locked, row, now)
    locked.ticket.disposition, locked.ticket.refer_reason = disposition, reason
    texts = write_texts(locked.ticket, {"referral": text}, actor, now)
    finish(locked, actor, now, "ticket.referred", disposition=disposition, reason=reason, texts=texts)
    share(locked, now)
    return locked.ticket


def _end(locked: Locked, row: Transition, now: datetime) -> None:
    clocks.stop(locked.ticket.id, now)
    move(locked.ticket, row)
    locked.ticket.closed_at = now
