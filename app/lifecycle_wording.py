"""What stands in the transition table, in words: what no form of the desk names, and each condition as a rule."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Words = Mapping[str, LazyString]

FURTHER_ACTIONS: Words = {
    "open": _l("Begin a draft"),
    "give": _l("Give the draft to who answers the call"),
    "import": _l("Take over as history"),
    "triage": _l("Leave it for a dispatcher"),
    "take_back": _l("It waits for a dispatcher again"),
    "dispute": _l("It becomes disputed"),
    "suspend": _l("It becomes suspended"),
    "submit": _l("All replies are in"),
    "share": _l("Gets the reply of the ticket it was merged into"),
    "share_answer": _l("Gets the answer of the ticket it was merged into"),
    "share_referral": _l("Gets the referral of the ticket it was merged into"),
    "rate": _l("The citizen rates it"),
    "appeal": _l("The citizen appeals"),
    "archive": _l("Archive"),
}
"""Actions of citizens and programs; those of the desk's forms are called as on their buttons."""

FURTHER_PERMISSIONS: Words = {
    "ticket.give": _l("the telephone itself"),
    "ticket.route": _l("the system itself"),
    "ticket.archive": _l("the system itself"),
    "ticket.rate": _l("the citizen, with number and code"),
    "ticket.appeal": _l("the citizen, with number and code"),
}
"""Who acts where it is no member of staff."""

FURTHER_FIELDS: Words = {"intake": _l("What was taken down of the matter")}

CONDITIONS: Words = {
    "other_hand": _l("Somebody else than who handled the matter"),
    "is_asked": _l("The citizen was asked for more"),
    "not_green": _l("It is not on the green channel yet"),
    "may_merge": _l("It is not confidential, and nothing was merged into it"),
    "all_in": _l("By the lead, and every unit that helps has answered or was waived"),
    "helps": _l("By a unit that helps, and every unit below it has answered"),
    "is_helper": _l("Of a part that helps or was passed down"),
    "has_units_below": _l("There are units below this one"),
    "is_delegated": _l("The part was passed down"),
    "assists": _l("Of an assisting part, decided by somebody else than who handled it"),
    "leads": _l("By the lead"),
    "is_to_be_minuted": _l("A meeting was called and not minuted"),
    "may_be_recalled": _l("Of the lead, before any unit has signed; not designated, and not handled again"),
    "may_return": _l(
        "Within the time for it, not designated, not passed down, and not refused as often as the city allows"
    ),
    "may_redispatch": _l("It was not given back as often as the city allows; somebody else decides"),
    "is_disputed": _l("It was given back as often as the city allows; somebody else decides"),
    "may_extend": _l("Before it is due, nothing else is asked for, and the city allows another extension"),
    "extension_asked": _l("A first extension is asked for; somebody else decides"),
    "extension_asked_again": _l("A further extension is asked for; somebody else decides"),
    "may_suspend": _l("By the lead, and no suspension is asked for"),
    "suspension_asked": _l("A suspension is asked for; somebody else decides"),
    "may_be_suspended": _l("A suspension is asked for, and no return; somebody else decides"),
    "may_ask": _l("The ticket is at work, and the citizen was not asked as often as the city allows"),
    "may_be_sent_back": _l("Of a part that helps, as long as the one above is not handed in"),
    "no_order": _l("No order is open for the part"),
    "is_ordered": _l("An order waits for an answer"),
    "is_order_answered": _l("The order was answered"),
    "may_appeal": _l("Once, within the days that the city gives after the end"),
    "is_appealed": _l("An appeal waits; somebody else decides"),
    "is_badly_rated": _l("The last rating was bad and was not judged yet; somebody else decides"),
    "may_ask_exclusion": _l("Once, after the end, and there is something that counts against the unit"),
    "exclusion_asked": _l("An exclusion is asked for; somebody else decides"),
}
"""Each condition of tickets/guards.py, as what must be so."""
