"""What codes are called in words: states, types, actions, fields, faults; for staff and for citizens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.choice_wording import (
    EXCLUSIONS as EXCLUSIONS,
)
from app.choice_wording import (
    FACTS as FACTS,
)
from app.choice_wording import (
    MEETINGS as MEETINGS,
)
from app.choice_wording import (
    METHODS as METHODS,
)
from app.choice_wording import (
    ORDER_FORMS as ORDER_FORMS,
)
from app.choice_wording import (
    ORDER_LEVELS as ORDER_LEVELS,
)
from app.choice_wording import (
    REFER_REASONS as REFER_REASONS,
)
from app.choice_wording import (
    RESULTS as RESULTS,
)
from app.choice_wording import (
    RETURN_REASONS as RETURN_REASONS,
)
from app.choice_wording import (
    SUSPENSION_REASONS as SUSPENSION_REASONS,
)
from app.choice_wording import (
    TRIES as TRIES,
)
from app.choice_wording import (
    YES_NO as YES_NO,
)
from app.event_wording import (
    PUBLIC_EVENTS as PUBLIC_EVENTS,
)
from app.event_wording import (
    PUBLIC_PART_STATES as PUBLIC_PART_STATES,
)
from app.event_wording import (
    PUBLIC_STATES as PUBLIC_STATES,
)
from app.event_wording import (
    STAFF_EVENTS as STAFF_EVENTS,
)
from app.form_wording import (
    ACTIONS as ACTIONS,
)
from app.form_wording import (
    FAULTS as FAULTS,
)
from app.form_wording import (
    FIELDS as FIELDS,
)
from app.form_wording import (
    GUARDS as GUARDS,
)
from routing.values import REASONS
from tickets.queries import PublicStatus

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
    ("x  X", _l("Choose the line; all from the last one chosen to it")),
    ("l", _l("To the filter of the list")),
    (">  <", _l("Next page; back to the first")),
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
    "NEED_INFO": _l("Waiting for the citizen"),
    "REFERRED": _l("Referred elsewhere"),
    "ANSWERED": _l("Answered at once"),
    "TO_DISPATCH": _l("To dispatch"),
    "DISPUTED": _l("Disputed"),
    "IN_PROGRESS": _l("In progress"),
    "SUSPENDED": _l("Suspended"),
    "TO_REVIEW": _l("To review"),
    "TO_CALLBACK": _l("To call back"),
    "CLOSED": _l("Closed"),
    "MERGED": _l("Merged"),
    "WITHDRAWN": _l("Withdrawn"),
    "ARCHIVED": _l("Archived"),
}

PART_STATES: Words = {
    "PENDING_SIGN": _l("To sign"),
    "HANDLING": _l("Being handled"),
    "NEED_INFO": _l("Waiting for the citizen"),
    "RETURN_REQUESTED": _l("Return asked for"),
    "SUBMITTED": _l("Reply submitted"),
    "REJECTED": _l("Reply sent back"),
    "DONE": _l("Done"),
    "RETURNED": _l("Returned"),
    "CANCELLED": _l("Taken off"),
}

"""What a citizen is told instead of "in progress", by the state of the lead unit's part."""

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

CALL_LISTS: Words = {"due": _l("To call now"), "later": _l("To call later"), "rest": _l("Not in the sample")}

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
    "wrong_number": _l("Wrong number"),
    "call_later": _l("Asked to be called later"),
}
"""What came of a try to ask the citizen, by a person or by an automatic call."""

SATISFACTION: Words = {
    "3": _l("Satisfied"),
    "2": _l("More or less"),
    "1": _l("Not satisfied"),
}

CLOCKS: Words = {
    "dispatch": _l("Dispatch"),
    "sign": _l("Sign"),
    "contact": _l("First contact"),
    "handle": _l("Handle"),
    "redo": _l("Handle again"),
    "review": _l("Review"),
    "callback": _l("Call back"),
    "info": _l("Answer of the citizen"),
    "return": _l("Window for a return"),
    "decision": _l("Decision on a request"),
    "dispute": _l("Adjudication"),
    "order": _l("Answer to an order"),
    "suspension": _l("Look again at a suspension"),
    "appeal": _l("Decision on an appeal"),
    "urge": _l("Word to a citizen who asked again"),
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
    "inbox": _l("Inbox"),
    "to_sign": _l("To sign"),
    "in_hand": _l("In hand"),
    "submitted": _l("Submitted"),
    "unit_overdue": _l("Overdue"),
    "unit_ordered": _l("Ordered"),
    "review": _l("To review"),
    "callback": _l("To call back"),
    "disputed": _l("Disputes"),
    "extensions": _l("Extensions"),
    "extensions_again": _l("Second extensions"),
    "suspensions": _l("Suspensions to decide"),
    "suspended": _l("Suspended"),
    "ordered": _l("Orders"),
    "appeals": _l("Appeals"),
    "badly_rated": _l("Bad ratings"),
    "exclusions": _l("Exclusions"),
    "urged": _l("Urged"),
    "green": _l("Green channel"),
    "overdue": _l("Overdue"),
    "all": _l("All"),
}

ACTORS: Words = {"citizen": _l("Citizen"), "system": _l("System"), "staff": _l("Staff")}

LIMITS: Mapping[str, Callable[[int], str]] = {
    "min": lambda count: ngettext("%(num)d min", "%(num)d min", count),
    "h": lambda count: ngettext("%(num)d h", "%(num)d h", count),
    "wh": lambda count: ngettext("%(num)d working hour", "%(num)d working hours", count),
    "d": lambda count: ngettext("%(num)d day", "%(num)d days", count),
    "wd": lambda count: ngettext("%(num)d working day", "%(num)d working days", count),
}

PART_ROLES: Words = {
    "lead": _l("Lead unit"), "assist": _l("Assisting unit"), "sub": _l("Passed down by the unit above"),
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


REQUEST_STATES: Words = {
    "asked": _l("waits for a decision"),
    "granted": _l("granted"),
    "refused": _l("refused"),
    "lapsed": _l("not needed any more"),
}

ORDER_STATES: Words = {
    "issued": _l("to answer"), "answered": _l("answered"), "settled": _l("settled"), "lapsed": _l("lapsed"),
}

FILE_KINDS: Words = {"image": _l("Picture"), "audio": _l("Sound"), "video": _l("Film")}

PURPOSES: Words = {
    "matter": _l("of the matter"),
    "handling": _l("from the handling"),
    "proof": _l("proof of what was done"),
}

KINSHIP: Words = {
    "merged": _l("Merged into this one"),
    "merged_into": _l("Merged into"),
    "split_off": _l("Split off"),
    "split_from": _l("Split from"),
}

def state_name(code: str) -> str:
    """A ticket's or a part's state, for staff."""
    return str(TICKET_STATES.get(code) or PART_STATES.get(code) or code)


def public_state(code: str, lead_state: str | None = None) -> str:
    """What a citizen is told of a ticket's state and, while it is worked on, of the lead unit's part."""
    part = PUBLIC_PART_STATES.get(lead_state or "") if code == "IN_PROGRESS" else None
    return str(part or PUBLIC_STATES.get(code, ""))


def public_standing(found: PublicStatus) -> Sequence[str]:
    """What a citizen is told first, on a page, by telephone and by text: one sentence, or two where it is handled
    again."""
    if found.is_appealed:
        return [_("You asked that it be looked at again; that is being decided.")]
    at_work = public_state(found.state, found.lead_state)
    again = [_("It is handled again: round %(count)s.", count=found.again + 1)] if found.again else []
    return [*again, at_work]


def limit_words(limit: str) -> str:
    """A time limit as policies write it ("5wd") in words."""
    count = limit.rstrip("abcdefghijklmnopqrstuvwxyz")
    words = LIMITS.get(limit[len(count) :])
    return words(int(count)) if words and count.isdecimal() else limit


def fault_words(fault: str) -> str:
    """What is wrong with a field; a fault may name the limit that it passes ("too_long_a_time:5wd")."""
    code, _colon, limit = fault.partition(":")
    if limit and code in FAULTS:
        return str(FAULTS[code]) % {"limit": limit_words(limit)}
    return str(FAULTS.get(fault, fault))


def reason_words(reason: Mapping[str, Any]) -> str:
    """One reason of a routing decision as a sentence."""
    text = REASONS.get(reason["kind"])
    values = {"words": "、".join(reason.get("words", ())), **reason.get("values", {})}
    return _(text, **values) if text else reason["kind"]
