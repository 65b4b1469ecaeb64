"""What templates, states and faults of text messages are called in words."""

from flask_babel import lazy_gettext as _l

from app.wording import Words

MESSAGES: Words = {
    "receipt": _l("Receipt with number and query code"),
    "rate": _l("Please rate"),
    "extended": _l("More time, and the new promise"),
    "suspended": _l("Suspended, and when it is looked at again"),
    "asked": _l("Something is to be added, and until when"),
    "again": _l("Handled again, and the new promise"),
    "reply": _l("Reply to what was asked"),
    "status": _l("Asked how far it is"),
    "urge": _l("Asked again, or added something"),
    "help": _l("Something else"),
    "stop": _l("Wants no messages"),
    "start": _l("Wants messages again"),
}
"""What a text message is, or what one that came in asked for; "rate" goes both ways."""

MESSAGE_STATES: Words = {
    "PENDING": _l("waits to be sent"),
    "SENDING": _l("is being sent"),
    "UNKNOWN": _l("sent or not: being asked"),
    "ACCEPTED": _l("taken by the provider"),
    "SENT": _l("sent"),
    "DELIVERED": _l("delivered"),
    "UNDELIVERED": _l("not delivered"),
    "FAILED": _l("not sent"),
    "RECEIVED": _l("received"),
}

MESSAGE_FAULTS: Words = {
    "opted_out": _l("The citizen wants no messages."),
    "moot": _l("It was not needed any more."),
    "no_number": _l("There is no mobile number any more."),
    "unreachable": _l("No provider could be reached for a day."),
    "unclear": _l("The provider did not say whether it was sent."),
    "30003": _l("The telephone was off or out of reach."),
    "30005": _l("There is no such number."),
    "30006": _l("It is a landline, or cannot be reached."),
    "30007": _l("The carrier filtered it out."),
    "30008": _l("The carrier gave no reason."),
}
"""Codes that carriers tell most; others are shown as they come."""
