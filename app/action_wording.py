"""Under what heading an action stands on a ticket's page, what comes of it, and how a field is meant."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Words = Mapping[str, LazyString]

ACTION_GROUPS: Words = {
    "citizen": _l("With the citizen"),
    "asking": _l("Ask the hotline"),
    "units": _l("With other units"),
    "tickets": _l("This ticket and others"),
    "deciding": _l("Decide and supervise"),
}

GROUP_OF: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "answer", "refer", "ask_info", "ask_citizen", "supplement", "go_on", "carry_on", "urge", "withdraw",
            "note_try", "hear", "redo", "close", "reply",
        ),
        "citizen",
    ),
    **dict.fromkeys(
        ("ask_extension", "ask_suspension", "request_return", "ask_exclusion", "answer_order"), "asking"
    ),
    **dict.fromkeys(
        (
            "sign", "handle", "contribute", "send_back", "waive", "delegate", "decline", "schedule", "minute",
            "dispatch", "add_assist", "recall",
        ),
        "units",
    ),
    **dict.fromkeys(("discard", "merge", "take_in", "unmerge", "split"), "tickets"),
    **dict.fromkeys(
        (
            "green", "order", "settle_order", "renew_order", "prolong", "resume", "uphold", "redispatch", "excuse",
            "concede", "designate", "accept", "reject", "reopen", "dismiss", "grant_extension", "refuse_extension",
            "grant_again", "refuse_again", "grant_suspension", "refuse_suspension", "grant_exclusion",
            "refuse_exclusion", "grant_appeal", "refuse_appeal",
        ),
        "deciding",
    ),
}
"""Every action that the desk has a form for."""

ACTION_HINTS: Words = {
    "ask_info": _l(
        "The citizen reads the question on the ticket's public page. It waits for the answer, and goes on"
        " by itself if none comes in time."
    ),
    "ask_citizen": _l(
        "The citizen reads the question on the ticket's public page. Your clock stands still until the "
        "answer is there or its time is over."
    ),
    "ask_extension": _l(
        "Only before it is due. The clock runs on until somebody has decided; the citizen is told the new"
        " date."
    ),
    "ask_suspension": _l(
        "For what cannot be solved for now. Until somebody has decided the clock runs on."
    ),
    "ask_exclusion": _l("Once. It concerns the figures only; what happened stays on record."),
    "request_return": _l(
        "The citizen reads that your unit says it is not its duty, and the ground. Until somebody has "
        "decided it is yours, and the clock runs on."
    ),
    "delegate": _l("You stay answerable: the unit below replies to you, and you to the citizen."),
    "decline": _l("It goes back to the unit that passed it down to you."),
    "recall": _l(
        "It goes back to the dispatchers, also from the units that were to help. It counts as no return."
    ),
    "schedule": _l("The units that have a part of it are told. Minutes are written afterwards."),
    "waive": _l("The unit's part ends, and the reply no longer waits for it."),
    "send_back": _l("The unit gets its part back to complete it."),
    "merge": _l(
        "This ticket is handled with the other one; its citizen gets the same answer under this number."
    ),
    "take_in": _l(
        "They are handled with this one; each citizen gets the answer under the own number."
    ),
    "unmerge": _l("It waits to be dispatched by itself again."),
    "split": _l("Each line becomes a ticket of its own, of the same caller at the same place."),
    "withdraw": _l("The ticket ends. A report of wrongdoing goes on all the same."),
    "green": _l("Its limits are shortened as the city has set."),
    "order": _l("The unit has to answer by that moment; its answer is settled or sent back."),
    "designate": _l("What is designated cannot be given back."),
    "concede": _l("It was given back often enough: who adjudicates designates a unit."),
    "grant_suspension": _l(
        "The citizen reads the reason and the day. The clocks stand still until it is resumed."
    ),
    "redo": _l("It is dispatched once more, and its clock begins anew."),
    "reopen": _l("It is dispatched once more, and its clock begins anew."),
    "grant_appeal": _l("It is dispatched once more, and its clock begins anew."),
}
"""What comes of an action, where its name does not say so. No numbers: those are each city's own."""

FIELD_HINTS: Words = {
    "into": _l("15 digits."),
    "others": _l("Numbers of 15 digits, with blanks, commas or line breaks between them."),
    "legal_basis": _l("Law, regulation or list of duties, with its article."),
    "public_reply": _l("What looks like personal data is starred before it goes out."),
    "contact_method": _l(
        "Who called, not somebody in their place. Where tickets were merged: whoever called first; "
        "the others read the reply under their own numbers."
    ),
    "internal_note": _l("Stays inside; for whoever reviews."),
    "public_reason": _l("Plain words; no names, no numbers."),
    "review_on": _l("On this day somebody looks whether it can go on."),
}
"""How a field is meant, where its label does not say so."""

ONLY_IF: Words = {
    "contact_at": _l("unless nobody could be told"),
    "contact_from": _l("if told by telephone"),
    "contacted": _l("if you spoke with the citizen"),
    "assists": _l("if others are to help"),
}
"""When a field that may stay empty is to be filled in."""

LIMIT_UNITS: Words = {"wd": _l("working days"), "d": _l("days"), "h": _l("hours")}
