"""What figures, looks at contacts and faults of the record are called, and how each figure is counted."""

from flask_babel import lazy_gettext as _l

from app.list_wording import LEVELS as LEVELS
from app.wording import CHANNELS, TYPES, Words

PERIODS = {1: _l("Today"), 7: _l("Last 7 days"), 30: _l("Last 30 days")}

FIGURES: Words = {
    "taken_in": _l("Taken in"),
    "answered": _l("Answered at once"),
    "dispatched": _l("Dispatched"),
    "closed": _l("Closed"),
    "handled": _l("Closed after handling"),
    "returned": _l("Returned"),
    "signed": _l("Signed"),
    "rated": _l("Rated by citizens"),
    "solved": _l("Rated as solved"),
    "satisfied": _l("Rated as satisfied"),
    "so_so": _l("Rated as more or less"),
    "dissatisfied": _l("Rated as not satisfied"),
    "unrated": _l("Ended without a rating"),
    "due": _l("Due in the period"),
    "on_time": _l("Done on time"),
    "on_time_extended": _l("Done on time after an extension"),
    "open": _l("Open now"),
    "overdue": _l("Overdue now"),
}

HOW: Words = {
    "taken_in": _l("Tickets that got their number in the period, by any channel."),
    "answered": _l(
        "Of the tickets taken in in the period, those that were answered at the desk and went to no unit. "
        "The rate is their share of all taken in."
    ),
    "dispatched": _l("Tickets that were given to a unit for the first time in the period, whenever they came in."),
    "closed": _l("Tickets that ended in the period: answered at once, referred elsewhere, or closed."),
    "handled": _l(
        "Of the closed ones, those that had gone to a unit. The median time runs from registration to closing, "
        "nights and holidays included: half took less, half more."
    ),
    "returned": _l("Tickets that a unit gave back in the period because the hotline granted its return."),
    "signed": _l(
        "Tickets that a unit signed for in the period. The median time runs from dispatch to signature, nights "
        "and holidays included."
    ),
    "rated": _l(
        "Tickets that the citizen rated in the period. Silence is no rating and counts as neither. Of one that "
        "was handled again and rated again the last word in the period counts."
    ),
    "solved": _l("Of the rated ones, those whose citizen says that the matter is solved."),
    "satisfied": _l(
        'Of the rated ones, those whose citizen chose "satisfied". "More or less" is not counted as it.'
    ),
    "so_so": _l('Of the rated ones, those whose citizen chose "more or less".'),
    "dissatisfied": _l('Of the rated ones, those whose citizen chose "not satisfied".'),
    "unrated": _l("Tickets that were closed in the period and that the citizen never rated."),
    "due": _l(
        "Tickets with a unit's handling limit that ran out in the period, up to now. Parts that were given back "
        "do not count, nor does the limit of another time, after the citizen was not content."
    ),
    "on_time": _l(
        "Of the due ones, those where every unit had replied before its limit ran out, without having been given "
        "more time. The rate is their share of the due ones."
    ),
    "on_time_extended": _l(
        "Of the due ones, those where every unit had replied before its limit ran out, and one of them had been "
        "given more time. They are due when that has run out, and no longer when they were first."
    ),
    "open": _l("Tickets that have not ended, at this moment, whenever they came in."),
    "overdue": _l("Open tickets with any limit that has run out, at this moment, whenever they came in."),
}

DIMENSIONS: Words = {
    "channel": _l("Channel"),
    "type": _l("Kind of matter"),
    "district": _l("District"),
    "category": _l("Category"),
    "unit": _l("Unit"),
}

NAMES = {"channel": CHANNELS, "type": TYPES}
"""Names of the values of dimensions that are codes of ours; the others are the city's."""

CAUSES: Words = {
    "due": _l("Its time had come."),
    "by_hand": _l("Referred by a person."),
    "repaired": _l("The check of escalations found it missing."),
}
"""Why a level acted; one that climbed says from when on."""

LOOKS: Words = {
    "contact.revealed": _l("Contact shown"),
    "contact.searched": _l("Searched by telephone number or name"),
    "contact.exported": _l("Exported to a file"),
}

FAULTS: Words = {
    "tickets without a number, or with one too early": _l("Tickets without a number, or with one too early"),
    "registered tickets without their event": _l("Registered tickets without their event"),
    "tickets whose version is not that of their last event": _l(
        "Tickets whose version is not that of their last event"
    ),
    "tickets without text": _l("Tickets without text"),
    "registered tickets without a decision": _l("Registered tickets without a routing decision"),
    "open parts without a running handling clock": _l("Open parts without a running handling clock"),
    "tickets to dispatch without a running dispatch clock": _l(
        "Tickets to dispatch without a running dispatch clock"
    ),
    "running clocks of ended tickets": _l("Running clocks of ended tickets"),
    "tickets that are due at another moment than their nearest clock": _l(
        "Tickets that are due at another moment than their nearest clock"
    ),
    "parts that are due at another moment than their nearest clock": _l(
        "Parts that are due at another moment than their nearest clock"
    ),
    "tickets in progress that nobody has": _l("Tickets in progress that no unit has"),
    "rungs of the ladder reached before their time": _l("Escalations before their time"),
    "events neither published nor waiting": _l("Events neither published nor waiting"),
    "events published and still waiting": _l("Events published and still waiting"),
    "gaps in the published sequence": _l("Gaps in the published sequence"),
}
"""What app/checking.py looks for, by its names there."""
