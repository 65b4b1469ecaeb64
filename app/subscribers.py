"""Who reacts to what. Every kind of event has its entry; an empty one is an answer too.

Every event is also pushed to the rooms it concerns; here stand the jobs it calls for besides.
"""

from collections.abc import Mapping

from tickets.event_models import TicketEvent
from tickets.events import KINDS
from tickets.notices import RULES

INDEX_TEXT = "app.jobs.texts.index_texts"
SEND_RECEIPT = "app.jobs.messages.send_receipts"
ASK_TO_RATE = "app.jobs.messages.ask_to_rate"
TELL_EXTENDED = "app.jobs.messages.tell_extended"
TELL_SUSPENDED = "app.jobs.messages.tell_suspended"
TELL_ASKED = "app.jobs.messages.tell_asked"
TELL_AGAIN = "app.jobs.messages.tell_again"
PLAN_CALL = "app.jobs.messages.plan_calls"
MAKE_EXPORT = "app.jobs.exports.make_exports"
STAFF_WRITES = (
    "ticket.answered", "ticket.referred", "ticket.rejected", "ticket.urged", "assignment.handled",
    "assignment.return_requested", "assignment.upheld", "assignment.returned", "assignment.declined",
    "assignment.replied", "assignment.contributed", "assignment.sent_back", "assignment.waived",
    "assignment.recalled",
    "ticket.info_asked", "ticket.supplemented", "ticket.went_on", "ticket.redone", "meeting.minuted",
    "order.issued", "order.answered", "extension.granted", "extension.refused", "ticket.resumed",
)  # fmt: skip
"""What is written on the way can be searched for as what was asked."""
TELL = "app.jobs.notices.tell_of_events"

ABOUT_THE_EVENT = frozenset({TELL})
"""Jobs that are about an event itself; the others are about its subject."""

_JOBS: Mapping[str, tuple[str, ...]] = {
    "ticket.registered": (INDEX_TEXT, SEND_RECEIPT),
    "ticket.amended": (INDEX_TEXT,),
    "ticket.accepted": (ASK_TO_RATE, PLAN_CALL),
    "extension.granted": (TELL_EXTENDED,),
    "ticket.info_asked": (TELL_ASKED,),
    "ticket.redone": (TELL_AGAIN,),
    "appeal.granted": (TELL_AGAIN,),
    "ticket.suspended": (TELL_SUSPENDED,),
    "suspension.prolonged": (TELL_SUSPENDED,),
    "export.asked": (MAKE_EXPORT,),
    "export.decided": (MAKE_EXPORT,),
}

JOBS: Mapping[str, tuple[str, ...]] = {
    kind: (
        *_JOBS.get(kind, ()),
        *((INDEX_TEXT,) if kind in STAFF_WRITES else ()),
        *((TELL,) if kind in RULES else ()),
    )
    for kind in KINDS
}
"""What tickets/notices.py has a rule for is told to staff besides."""


def is_called_for(job: str, event: TicketEvent) -> bool:
    """Whether this event calls for a job of its kind: it is told only where a rule holds of what it says."""
    return job != TELL or any(rule.holds(event.payload) for rule in RULES[event.kind])
