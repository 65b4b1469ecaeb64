"""Kinds of event, what each may carry, and record(): the only way an event comes to be."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from db import db
from tickets.event_models import Outbox, TicketEvent
from tickets.permissions import Actor

KINDS: Mapping[str, frozenset[str]] = {
    # kind: the keys its payload may have. Values are ids, codes and numbers, `texts` the version of each text
    # that was written; never what people wrote. `changed` has before and after of each column, `contact` the names
    # of fields that were given, and in an amendment the keyed hashes of before and after.
    "ticket.opened": frozenset({"channel", "texts", "contact"}),
    "ticket.given": frozenset({"staff"}),
    "ticket.discarded": frozenset({"texts"}),
    "ticket.registered": frozenset({"channel", "changed", "texts", "contact"}),
    "ticket.amended": frozenset({"changed", "texts", "contact", "clocks"}),
    "ticket.answered": frozenset({"texts"}),
    "ticket.referred": frozenset({"disposition", "reason", "texts"}),
    "ticket.info_asked": frozenset({"assignment", "texts"}),
    "ticket.supplemented": frozenset({"texts"}),
    "ticket.went_on": frozenset({"assignment", "texts"}),
    "ticket.green": frozenset({"texts", "clocks"}),
    "ticket.merged": frozenset({"into"}),
    "ticket.taken_in": frozenset({"ticket"}),
    "ticket.unmerged": frozenset({"into", "texts"}),
    "ticket.split": frozenset({"tickets"}),
    "ticket.split_off": frozenset({"ticket"}),
    "ticket.withdrawn": frozenset({"texts"}),
    "ticket.withdrawal_noted": frozenset({"texts"}),
    "ticket.disputed": frozenset(),
    "ticket.suspended": frozenset({"reason", "review_at", "texts"}),
    "suspension.prolonged": frozenset({"reason", "review_at", "texts"}),
    "ticket.resumed": frozenset({"texts"}),
    "ticket.archived": frozenset(),
    "ticket.triaged": frozenset({"duty", "rule", "confidence"}),
    "ticket.dispatched": frozenset(
        {"lead", "assists", "duty", "rule", "confidence", "texts", "round", "is_designated"}
    ),
    "ticket.assists_added": frozenset({"assists", "round", "texts"}),
    "assignment.signed": frozenset({"assignment"}),
    "assignment.handled": frozenset({"assignment", "contact", "texts"}),
    "assignment.delegated": frozenset({"assignment", "below", "round", "texts"}),
    "assignment.contributed": frozenset({"assignment", "texts"}),
    "assignment.sent_back": frozenset({"assignment", "texts"}),
    "assignment.waived": frozenset({"assignment", "texts"}),
    "meeting.called": frozenset({"assignment", "meeting", "at"}),
    "meeting.minuted": frozenset({"assignment", "meeting", "texts"}),
    **{
        f"{what}.{state}": frozenset({"assignment", "reason", "days", "decides", "review_on", "due_at", "texts"})
        for what in ("extension", "suspension", "exclusion", "appeal")
        for state in ("asked", "granted", "refused")
        if (what, state) != ("suspension", "granted")
    },
    "order.issued": frozenset({"assignment", "level", "form", "due_at", "is_renewed", "texts"}),
    "order.answered": frozenset({"assignment", "level", "form", "texts"}),
    "order.settled": frozenset({"assignment", "level", "form", "texts"}),
    "rating.dismissed": frozenset({"texts"}),
    "assignment.return_requested": frozenset({"assignment", "reason", "suggested", "texts"}),
    "assignment.upheld": frozenset({"assignment", "texts"}),
    "assignment.recalled": frozenset({"assignment", "texts"}),
    "assignment.returned": frozenset({"assignment", "texts"}),
    "assignment.declined": frozenset({"assignment", "texts"}),
    "assignment.replied": frozenset({"assignment", "contact", "facts", "result", "texts", "checked"}),
    "ticket.submitted": frozenset(),
    "ticket.accepted": frozenset({"texts"}),
    "ticket.rejected": frozenset({"texts"}),
    "ticket.rated": frozenset({"solved", "satisfied", "texts"}),
    "ticket.asked": frozenset({"outcome", "solved", "contacted", "true", "again_at"}),
    "ticket.redone": frozenset({"texts"}),
    "ticket.closed": frozenset({"outcome"}),
    "ticket.urged": frozenset({"texts"}),
    # `clocks` as in an amendment; `promised` before and after, where it is what the citizen was told.
    "ticket.rescheduled": frozenset({"rescheduling", "clocks", "promised"}),
    "ticket.escalated": frozenset({"deadline", "level", "tier", "skipped", "cause"}),
    "ticket.acknowledged": frozenset({"deadline", "level"}),
    "contact.revealed": frozenset({"field", "texts"}),
    "contact.searched": frozenset({"phone_hash", "name_hash"}),
    # Sent out in a file: how many callers' data, of which export; and what became of an export.
    "contact.exported": frozenset({"export", "callers", "fields"}),
    "export.asked": frozenset({"format", "identity"}),
    "export.decided": frozenset({"approved"}),
    "export.made": frozenset({"rows"}),
    "export.fetched": frozenset(),
    "code.reissued": frozenset({"texts"}),
    "ticket.task_sheet": frozenset({"assignment", "texts", "attachments"}),
    **{
        f"attachment.{what}": frozenset({"assignment", "attachments", "purpose", "from_citizen"})
        for what in ("added", "removed", "restored")
    },
    # Of a call: one fact, as calls/machine.py reads it; `value` is a code or an id, `moment` the carrier's.
    "call.noted": frozenset({"fact", "epoch", "moment", "value"}),
    # A caller has pressed the key for an emergency.
    "call.emergency": frozenset(),
    "recording.heard": frozenset({"recording"}),
    "offer.made": frozenset({"call"}),
    "offer.closed": frozenset({"call", "outcome"}),
    "seat.changed": frozenset({"state", "reason", "call"}),
    "staff.created": frozenset({"roles"}),
    "staff.changed": frozenset({"roles", "changed"}),
    "staff.disabled": frozenset(),
    "staff.enabled": frozenset(),
    "staff.reset": frozenset(),
    "staff.factor_set": frozenset(),
    "staff.factor_dropped": frozenset(),
    "staff.factor_reset": frozenset(),
    "staff.recovery_issued": frozenset(),
    "staff.recovery_used": frozenset({"left"}),
    "staff.signed_in": frozenset(),
    "staff.signed_out": frozenset(),
    # Edits of roles and of what the city publishes of itself: units, duties, rules. These tell the values, for
    # they are the record of who changed what into what; nobody's personal data is among them.
    "reference.added": frozenset({"what", "key", "before", "after"}),
    "reference.changed": frozenset({"what", "key", "before", "after"}),
}

SIDE_KINDS = frozenset(
    {
        "ticket.asked", "ticket.escalated", "ticket.acknowledged", "ticket.urged", "ticket.rescheduled",
        "ticket.taken_in", "ticket.task_sheet", "ticket.withdrawal_noted", "contact.revealed", "code.reissued",
        "meeting.called", "meeting.minuted", "order.issued", "order.answered", "order.settled", "attachment.added",
        "attachment.removed", "attachment.restored",
    }
)
"""What is recorded beside a ticket's course: it raises the version, and no open form is out of date by it."""


UNIT_KINDS = frozenset({"assignment.signed", "assignment.handled", "assignment.contributed"})
"""What a unit does with its own part, and what changes nothing for the others."""


def record(
    kind: str,
    *,
    subject: str,
    subject_id: int,
    version: int,
    actor: Actor,
    now: datetime,
    rooms_before: Iterable[str] = (),
    rooms_after: Iterable[str] = (),
    department_id: int | None = None,
    **payload: Any,
) -> TicketEvent:
    """Add the event and its outbox row to the running transaction.

    Raises ValueError on an unknown kind or payload key: a slip of the programmer, found at the call.
    """
    unknown = payload.keys() - KINDS.get(kind, frozenset())
    if kind not in KINDS or unknown:
        raise ValueError(f"event {kind} does not carry {sorted(unknown)}")
    event = TicketEvent(
        subject=subject,
        subject_id=subject_id,
        version=version,
        kind=kind,
        actor=actor.kind,
        actor_id=actor.id,
        department_id=department_id,
        at=now,
        payload={key: value for key, value in payload.items() if value is not None},
        rooms_before=sorted(rooms_before),
        rooms_after=sorted(rooms_after),
    )
    db.session.add(Outbox(event=event))
    return event
