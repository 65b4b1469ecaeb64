"""Verbs that change what limits are counted by: correct what was taken down, open the green channel."""

from datetime import datetime
from typing import Any

from tickets import clocks
from tickets.change import check, finish, lock, require, write_texts
from tickets.intake import Intake, apply, check_draft, checked, write_contact, write_matter
from tickets.lifecycle import TicketState
from tickets.models import Ticket
from tickets.permissions import Actor
from tickets.vault import Vault


def amend(
    actor: Actor, now: datetime, ticket_id: int, intake: Intake, vault: Vault, version: int | None = None
) -> Ticket:
    """Correct what was taken down. The event tells each value before and after; the texts keep every version.

    Routing is not asked again: who has the ticket keeps it, a wrong unit returns it. A running clock whose
    limit is another by the corrected facts starts anew, from when it began.
    """
    locked = lock(actor, ticket_id)
    check(actor, locked, "amend", version)
    ticket = locked.ticket
    if ticket.state == TicketState.DRAFT:
        check_draft(intake)
    else:
        intake = checked(intake)
    changed = apply(ticket, intake)
    told: dict[str, Any] = {
        "changed": changed or None,
        "texts": write_matter(ticket, intake, actor, now),
        "contact": write_contact(ticket, intake, now, vault) or None,
    }
    if any(told.values()):
        restarted = clocks.follow_facts(ticket, now) if clocks.POLICY_FACTS & changed.keys() else []
        finish(locked, actor, now, "ticket.amended", **told, clocks=restarted or None)
    return ticket


def green(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> None:
    """绿色通道. The limits of its units are shorter, by the city's factor, from when they began."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "green", version)
    require(green_reason=reason)
    locked.ticket.green_channel = True
    texts = write_texts(locked.ticket, {"green_reason": reason}, actor, now)
    restarted = clocks.follow_facts(locked.ticket, now)
    finish(locked, actor, now, "ticket.green", texts=texts, clocks=restarted or None)
