"""What filters, exports and what belongs to lists are called."""

from flask_babel import lazy_gettext as _l

from app.wording import Words

FILTERS: Words = {
    "state": _l("State"),
    "light": _l("Light"),
    "clock": _l("Clock"),
    "type": _l("Kind of matter"),
    "urgency": _l("Urgency"),
    "category": _l("Category"),
    "area": _l("Area"),
    "unit": _l("Unit"),
    "staff": _l("Taken down by (login)"),
    "registered_from": _l("Registered from"),
    "registered_to": _l("Registered to"),
    "due_from": _l("Due from"),
    "due_to": _l("Due to"),
}

FAULTS: Words = {
    "missing": _l("Please fill this in."),
    "unknown": _l("This is not one of the choices."),
    "unreadable": _l("Please take at most 40 characters, without line breaks."),
    "nothing_chosen": _l("Choose something to filter by first."),
    "too_many": _l("You have 50 filters already. Delete one first."),
    "name_taken": _l("You have a filter of this name already."),
}

LEVELS: Words = {
    "overdue": _l("Overdue"),
    "L0": _l("L0 handler reminded"),
    "L1": _l("L1 unit warned"),
    "L2": _l("L2 unit's lead and supervisor"),
    "L3": _l("L3 written order"),
    "L4": _l("L4 city office"),
    "L5": _l("L5 discipline, by hand"),
}
"""How far a clock has climbed: overdue, or the tier of the highest rung that it reached."""

TEXT_FAULTS: Words = {
    "short_code_shape": _l("1 to 20 letters, digits or Chinese characters."),
    "code_taken": _l("This code is taken."),
    "placeholder": _l("In braces stand only number, unit and due."),
}

FORMATS: Words = {"csv": _l("CSV (for any program)"), "xlsx": _l("Excel workbook (XLSX)")}

EXPORT_STATES: Words = {
    "WAITING": _l("Waits for approval"),
    "REFUSED": _l("Not approved"),
    "OWED": _l("Being made"),
    "READY": _l("Ready to fetch"),
    "FAILED": _l("Could not be made"),
    "EXPIRED": _l("Deleted, its time was over"),
}

COLUMNS: Words = {
    "number": _l("Number"),
    "title": _l("Title"),
    "content": _l("What happened"),
    "type": _l("Kind of matter"),
    "urgency": _l("Urgency"),
    "category": _l("Category"),
    "area": _l("Area"),
    "place": _l("Exact place"),
    "channel": _l("Channel"),
    "state": _l("State"),
    "unit": _l("Lead unit"),
    "registered": _l("Registered"),
    "dispatched": _l("Dispatched"),
    "due": _l("Due"),
    "light": _l("Light"),
    "closed": _l("Ended"),
    "solved": _l("Solved, says the citizen"),
    "satisfied": _l("Satisfied, says the citizen"),
    "name": _l("Name"),
    "phone": _l("Telephone number"),
    "address": _l("Own address"),
}
"""The columns of an export, in their order; the last three only where somebody approved it."""

UNIT_PERIODS = {7: _l("Last 7 days"), 30: _l("Last 30 days"), 90: _l("Last 90 days")}

UNIT_FIGURES: Words = {
    "signed": _l("Signed"),
    "signed_on_time": _l("Signed on time"),
    "due": _l("Due in the period"),
    "on_time": _l("Done on time"),
    "on_time_extended": _l("Done on time after an extension"),
    "returned": _l("Returned"),
    "rated": _l("Rated by citizens"),
    "solved": _l("Rated as solved"),
    "satisfied": _l("Rated as satisfied"),
}

UNIT_HOW: Words = {
    "signed": _l("Tickets that the unit signed for in the period."),
    "signed_on_time": _l("Of these, those that the unit itself signed for before the limit to sign ran out."),
    "due": _l(
        "Tickets whose limit to handle ran out in the period, up to now. What was given back does not count."
    ),
    "on_time": _l("Of these, those replied to before the limit ran out, without having been given more time."),
    "on_time_extended": _l(
        "Of these, those replied to before the limit ran out that they had been given more time to."
    ),
    "returned": _l("Tickets that the unit gave back in the period because the hotline granted its return."),
    "rated": _l("Tickets led by the unit that the citizen rated in the period. Silence counts as neither."),
    "solved": _l("Of the rated ones, those whose citizen says that the matter is solved."),
    "satisfied": _l('Of the rated ones, those whose citizen chose "satisfied".'),
}
