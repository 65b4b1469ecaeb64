"""What codes are called in words: states, types, actions, fields, faults; for staff and for citizens."""

from collections.abc import Mapping
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from routing.values import REASONS

Words = Mapping[str, LazyString]

APPEARANCES: Words = {"auto": _l("as the system"), "light": _l("light"), "dark": _l("dark")}

KEYS: tuple[tuple[str, LazyString], ...] = (
    ("?", _l("Show these keys")),
    ("/", _l("Find a ticket")),
    ("b", _l("To the boards")),
    ("1 … 9", _l("The board of that place")),
    ("n", _l("New ticket")),
    ("s", _l("Second call: the caller has a ticket already")),
    ("j  k", _l("Next or previous line of a board")),
    ("Enter", _l("Open the line")),
    ("a", _l("Accept the suggestion: dispatch to that unit")),
    ("r", _l("Show what is new")),
    ("f", _l("To what can be done with the ticket")),
    ("Ctrl+Enter", _l("Send the form")),
    ("Esc", _l("Close")),
)
"""The keys of the desk, as app/static/js/desk.js takes them."""

TELEPHONE_KEYS: tuple[tuple[str, LazyString], ...] = (
    ("F2", _l("Accept the call; back into the talk")),
    ("F4", _l("Ready")),
    ("Shift+F4", _l("Break: to its reason")),
    ("F8", _l("What became of the call; again: the next choice; Enter notes it")),
    ("Shift+F8", _l("Hang up, or hand over to the department")),
    ("F9", _l("Hold, or talk on")),
    ("Shift+F9", _l("Ask a department")),
    ("F10", _l("Pause the recording, or record again")),
    ("Ctrl+F2", _l("Between the telephone and the desk")),
)
"""The keys of the telephone's page, as app/static/js/console.js takes them, in the desk beside it too."""

TICKET_STATES: Words = {
    "DRAFT": _l("Draft"),
    "DISCARDED": _l("Discarded"),
    "REGISTERED": _l("Registered"),
    "REFERRED": _l("Referred elsewhere"),
    "ANSWERED": _l("Answered at once"),
    "TO_DISPATCH": _l("To dispatch"),
    "IN_PROGRESS": _l("In progress"),
    "TO_REVIEW": _l("To review"),
    "TO_CALLBACK": _l("To call back"),
    "CLOSED": _l("Closed"),
}

PART_STATES: Words = {
    "PENDING_SIGN": _l("To sign"),
    "HANDLING": _l("Being handled"),
    "RETURN_REQUESTED": _l("Return asked for"),
    "SUBMITTED": _l("Reply submitted"),
    "REJECTED": _l("Reply sent back"),
    "DONE": _l("Done"),
    "RETURNED": _l("Returned"),
}

PUBLIC_STATES: Words = {
    "REGISTERED": _l("We have received it."),
    "REFERRED": _l("We told you which other office or channel is the right one."),
    "ANSWERED": _l("It was answered at once."),
    "TO_DISPATCH": _l("It is waiting to be assigned to a department."),
    "IN_PROGRESS": _l("A department is working on it."),
    "TO_REVIEW": _l("The department has replied; we are checking the reply."),
    "TO_CALLBACK": _l("There is a reply. Please tell us whether it is solved."),
    "CLOSED": _l("It is closed."),
}

PUBLIC_PART_STATES: Words = {
    "PENDING_SIGN": _l("It was given to a department, which has not yet taken it on."),
    "RETURN_REQUESTED": _l("The department says it is not its duty; the hotline is deciding."),
    "REJECTED": _l("The reply was not good enough; the department does it again."),
}
"""What a citizen is told instead of "in progress", by the state of the lead unit's part."""

PUBLIC_EVENTS: Words = {
    "ticket.registered": _l("It reached us"),
    "ticket.answered": _l("Answered at once"),
    "ticket.referred": _l("Told which other channel is right"),
    "ticket.triaged": _l("Waiting to be assigned to a department"),
    "ticket.dispatched": _l("Assigned"),
    "assignment.signed": _l("The department has taken it on"),
    "assignment.handled": _l("The department recorded a step"),
    "assignment.return_requested": _l("The department says it is not its duty; the hotline decides"),
    "assignment.upheld": _l("The hotline decided that the department keeps it"),
    "assignment.returned": _l("Taken from this department, for another one"),
    "ticket.urged": _l("You asked how far it is"),
    "assignment.replied": _l("The department has written its reply"),
    "ticket.submitted": _l("All replies are in and are being checked"),
    "ticket.rejected": _l("The reply was not good enough; the department does it again"),
    "ticket.accepted": _l("The reply was checked and sent to you"),
    "ticket.rated": _l("You rated it"),
    "ticket.redone": _l("Not solved: the department handles it again"),
    "ticket.closed": _l("Closed"),
}
"""What a citizen reads in the timeline; a kind that is not here is not shown to citizens."""

STAFF_EVENTS: Words = {
    "ticket.opened": _l("Draft begun"),
    "ticket.given": _l("Draft given to who answers the call"),
    "ticket.discarded": _l("Draft discarded"),
    "ticket.registered": _l("Registered"),
    "ticket.amended": _l("Amended"),
    "ticket.answered": _l("Answered at once"),
    "ticket.referred": _l("Referred elsewhere"),
    "ticket.triaged": _l("Left for triage"),
    "ticket.dispatched": _l("Dispatched"),
    "assignment.signed": _l("Signed"),
    "assignment.handled": _l("Step recorded"),
    "assignment.return_requested": _l("Return asked for"),
    "assignment.upheld": _l("Return refused: the unit keeps it"),
    "assignment.returned": _l("Return granted"),
    "assignment.replied": _l("Reply submitted"),
    "ticket.submitted": _l("All replies in: to review"),
    "ticket.accepted": _l("Reply accepted"),
    "ticket.rejected": _l("Reply sent back"),
    "ticket.rated": _l("Rated by the citizen"),
    "ticket.asked": _l("Asked by an automatic call"),
    "ticket.redone": _l("Not solved: handled again"),
    "ticket.closed": _l("Closed"),
    "ticket.urged": _l("The caller asked again"),
    "ticket.escalated": _l("Escalated"),
    "ticket.acknowledged": _l("Escalation seen and confirmed"),
    "contact.revealed": _l("Contact shown"),
    "contact.searched": _l("Telephone number searched for"),
    "code.reissued": _l("New query code given out"),
    "call.noted": _l("Telephone call"),
    "recording.heard": _l("Recording heard"),
    "offer.made": _l("Call offered"),
    "offer.closed": _l("Offer of a call ended"),
    "seat.changed": _l("Seat changed"),
}

TYPES: Words = {
    "consult": _l("Question"),
    "help": _l("Request for help"),
    "complaint": _l("Complaint"),
    "report": _l("Report of wrongdoing"),
    "suggestion": _l("Suggestion"),
    "praise": _l("Praise"),
    "other": _l("Something else"),
}

URGENCIES: Words = {
    "critical": _l("Critical"),
    "urgent": _l("Urgent"),
    "normal": _l("Normal"),
    "hard": _l("Difficult"),
}

CHANNELS: Words = {
    "phone": _l("Telephone"),
    "web": _l("Web"),
    "wechat": _l("WeChat"),
    "app": _l("App"),
    "sms": _l("Text message"),
    "mailbox": _l("Mailbox"),
    "people_net": _l("People's Daily board"),
    "province": _l("Province"),
    "police": _l("Police 110"),
    "leader": _l("City leader"),
    "import": _l("Imported"),
}

DISPOSITIONS: Words = {
    "emergency": _l("Emergency: handed to the emergency line"),
    "statutory": _l("Has a legal procedure of its own"),
    "explain": _l("Cannot be taken up: explained"),
    "malicious": _l("Malicious disturbance"),
}

RETURN_REASONS: Words = {
    "wrong_area": _l("Wrong area"),
    "not_our_duty": _l("Not our duty"),
    "ownership_unclear": _l("Ownership unclear"),
    "overlapping_duty": _l("Overlapping duties"),
    "other": _l("Other"),
}

OUTCOMES_ASKED: Words = {
    "confirmed": _l("Reached: the citizen confirms"),
    "unreachable": _l("Could not be reached"),
    "declined": _l("Reached: did not want to answer"),
}

OUTCOMES: Words = {
    **OUTCOMES_ASKED,
    "unrated": _l("Closed without a rating"),
    "imported": _l("Imported as closed"),
}

ASKED: Words = {
    "answered": _l("The citizen answered"),
    "partly": _l("The citizen answered in part"),
    "declined": _l("Reached: did not want to answer"),
    "no_key": _l("Picked up, and no key was pressed"),
    "no_answer": _l("Nobody picked up"),
    "busy": _l("Busy"),
    "failed": _l("The call could not be made"),
}
"""What came of an automatic call."""

SATISFACTION: Words = {
    "3": _l("Satisfied"),
    "2": _l("More or less"),
    "1": _l("Not satisfied"),
}

CLOCKS: Words = {
    "dispatch": _l("Dispatch"),
    "sign": _l("Sign"),
    "handle": _l("Handle"),
    "redo": _l("Handle again"),
    "review": _l("Review"),
    "callback": _l("Call back"),
}

OUTAGES: Words = {
    "sweep": _l("Nothing was swept"),
    "events": _l("Events were not published"),
    "jobs": _l("Jobs were not done"),
    "deadlines": _l("Escalations were not done"),
    "mails": _l("E-mails were not sent"),
}
"""What can stand still, by its names in app/watching.py."""

LIGHTS: Words = {
    "green": _l("In time"),
    "yellow": _l("Due soon"),
    "red": _l("Overdue"),
}

BOARDS: Words = {
    "mine_new": _l("Mine: to dispatch"),
    "mine_open": _l("Mine: in progress"),
    "mine_overdue": _l("Mine: overdue"),
    "mine": _l("My tickets"),
    "triage": _l("Triage"),
    "returns": _l("Returns"),
    "to_sign": _l("To sign"),
    "in_hand": _l("In hand"),
    "submitted": _l("Submitted"),
    "unit_overdue": _l("Overdue"),
    "review": _l("To review"),
    "callback": _l("To call back"),
    "overdue": _l("Overdue"),
    "all": _l("All"),
}

ACTORS: Words = {"citizen": _l("Citizen"), "system": _l("System"), "staff": _l("Staff")}

LIMITS: Words = {
    "min": _l("%(count)s min"),
    "h": _l("%(count)s h"),
    "wh": _l("%(count)s working hours"),
    "d": _l("%(count)s days"),
    "wd": _l("%(count)s working days"),
}

PART_ROLES: Words = {"lead": _l("Lead unit"), "assist": _l("Assisting unit")}

ACTIONS: Words = {
    "register": _l("Register"),
    "discard": _l("Discard draft"),
    "amend": _l("Amend"),
    "answer": _l("Answer at once"),
    "refer": _l("Refer elsewhere"),
    "dispatch": _l("Dispatch"),
    "sign": _l("Sign for it"),
    "handle": _l("Record a step"),
    "request_return": _l("Ask to return it"),
    "uphold": _l("Refuse the return"),
    "redispatch": _l("Grant the return and dispatch anew"),
    "reply": _l("Submit the reply"),
    "accept": _l("Accept the reply"),
    "reject": _l("Send the reply back"),
    "redo": _l("Not solved: have it handled again"),
    "close": _l("Close after call-back"),
    "urge": _l("The caller asks again"),
}

FIELDS: Words = {
    "type": _l("Kind of matter"),
    "content": _l("What happened"),
    "title": _l("Title"),
    "demand": _l("What the caller wants"),
    "accused": _l("Whom it is about"),
    "urgency": _l("Urgency"),
    "channel": _l("Channel"),
    "category_code": _l("Category"),
    "region_code": _l("Area"),
    "region_path": _l("Area"),
    "place": _l("Exact place"),
    "longitude": _l("Longitude"),
    "latitude": _l("Latitude"),
    "happened_at": _l("When it happened"),
    "line_no": _l("Number dialled"),
    "person_count": _l("Number of persons"),
    "enterprise": _l("Concerns a business"),
    "threat": _l("Threat was uttered"),
    "anonymous": _l("Anonymous"),
    "confidential": _l("Confidential"),
    "wants_reply": _l("Wants a reply"),
    "caller_label": _l("About the caller"),
    "name": _l("Name"),
    "phone": _l("Telephone number"),
    "address": _l("Own address"),
    "reason": _l("Reason"),
    "answer": _l("Answer"),
    "disposition": _l("Kind of referral"),
    "referral": _l("What the citizen was told"),
    "lead": _l("Lead unit"),
    "assists": _l("Assisting units"),
    "dispatch_note": _l("Advice to the unit"),
    "handle_note": _l("What was done"),
    "urge_note": _l("What the caller said"),
    "contacted": _l("The citizen was contacted"),
    "return_reason": _l("Ground of the return"),
    "return_note": _l("Explanation and legal basis"),
    "suggested": _l("Unit that should have it"),
    "decision_note": _l("Reason of the decision"),
    "public_reply": _l("Reply to the citizen (public)"),
    "internal_note": _l("Account for the file (internal)"),
    "review_note": _l("What is missing"),
    "rating_note": _l("Remark"),
    "redo_reason": _l("What the citizen says is not solved"),
    "outcome": _l("Outcome of the call-back"),
    "reveal_reason": _l("Reason"),
    "reissue_reason": _l("Reason"),
    "solved": _l("Is it solved?"),
    "satisfied": _l("How satisfied are you?"),
    "number": _l("Ticket number"),
    "code": _l("Query code"),
    "form_key": _l("Form"),
}

FAULTS: Words = {
    "missing": _l("Please fill this in."),
    "asked_often": _l("You have asked three times today; all of it is noted. If it is urgent, call 12345."),
    "unknown": _l("This is not one of the choices."),
    "too_long": _l("This is too long."),
    "unreadable": _l("This holds characters that cannot be stored."),
    "already_has_it": _l("This unit has the ticket already."),
    "not_a_number": _l("This does not look like a telephone number."),
}

UNIT_KINDS: Words = {
    "district": _l("District governments"),
    "town": _l("Streets and townships"),
    "village": _l("Villages and communities"),
    "bureau": _l("Government departments"),
    "vertical": _l("Vertically managed bodies"),
    "utility": _l("Utilities"),
    "mass": _l("Mass organisations"),
    "hotline": _l("Hotline"),
}


EMERGENCY_NUMBERS = (("110", _l("Police")), ("119", _l("Fire")), ("120", _l("Ambulance")))
"""The same in every city."""


def state_name(code: str) -> str:
    """A ticket's or a part's state, for staff."""
    return str(TICKET_STATES.get(code) or PART_STATES.get(code) or code)


def public_state(code: str, lead_state: str | None = None) -> str:
    """What a citizen is told of a ticket's state and, while it is worked on, of the lead unit's part."""
    part = PUBLIC_PART_STATES.get(lead_state or "") if code == "IN_PROGRESS" else None
    return str(part or PUBLIC_STATES.get(code, ""))


def limit_words(limit: str) -> str:
    """A time limit as policies write it ("5wd") in words."""
    count = limit.rstrip("abcdefghijklmnopqrstuvwxyz")
    words = LIMITS.get(limit[len(count) :])
    return str(words) % {"count": count} if words else limit


def reason_words(reason: Mapping[str, Any]) -> str:
    """One reason of a routing decision as a sentence."""
    text = REASONS.get(reason["kind"])
    values = {"words": "、".join(reason.get("words", ())), **reason.get("values", {})}
    return _(text, **values) if text else reason["kind"]
