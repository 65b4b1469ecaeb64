"""The choices of the desk's forms in words."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Words = Mapping[str, LazyString]

REFER_REASONS: Words = {
    "police": _l("Emergency: police 110"),
    "fire": _l("Emergency: fire 119"),
    "ambulance": _l("Emergency: ambulance 120"),
    "traffic": _l("Emergency: traffic accident 122"),
    "utility": _l("Emergency: the utility's own line"),
    "litigation": _l("Courts: belongs to or is in a lawsuit"),
    "arbitration": _l("Arbitration"),
    "review": _l("Administrative review"),
    "petition": _l("Already in the petition channel"),
    "disclosure": _l("Disclosure of government information"),
    "discipline": _l("Discipline and supervision"),
    "outside_powers": _l("Outside the powers of the city's government"),
    "secret": _l("State or trade secret"),
    "privacy": _l("Somebody's privacy"),
    "same_matter": _l("Being handled or finished, with no new fact"),
    "no_demand": _l("No real demand"),
    "too_vague": _l("Too vague to act on, though we asked"),
    "against_law": _l("Against law or public order"),
    "harassment": _l("Harassment of the line"),
    "false_report": _l("Report known to be false"),
}

RETURN_REASONS: Words = {
    "wrong_area": _l("Wrong area"),
    "not_our_duty": _l("Not our duty"),
    "ownership_unclear": _l("Ownership unclear"),
    "overlapping_duty": _l("Overlapping duties"),
    "other": _l("Other"),
}

METHODS: Words = {
    "phone": _l("By telephone"),
    "visit": _l("In person"),
    "message": _l("By message"),
    "unreachable": _l("Tried, and could not be reached"),
    "no_contact": _l("Nobody to contact: anonymous, or wants no reply"),
}

FACTS: Words = {"true": _l("True"), "partly": _l("Partly true"), "untrue": _l("Not true")}

RESULTS: Words = {
    "solved": _l("Solved"),
    "explained": _l("Question answered, policy explained"),
    "planned": _l("In a plan: will be done by a date"),
    "procedure": _l("Not solved: in a legal procedure"),
    "no_basis": _l("Not solved: no basis in law or policy"),
    "beyond_means": _l("Not solved: beyond present means"),
    "untrue": _l("Not solved: the facts are otherwise"),
    "refused_by_citizen": _l("Not solved: the citizen declined what was offered"),
}

MEETINGS: Words = {"visit": _l("Joint visit on site"), "review": _l("Joint review")}

SUSPENSION_REASONS: Words = {
    "planned": _l("Waits for a planned project"),
    "procedure": _l("Waits for a legal procedure"),
    "season": _l("Can only be done in another season"),
    "third_party": _l("Waits for a third party"),
    "court": _l("Waits for a court"),
    "beyond_means": _l("Beyond present means"),
}

EXCLUSIONS: Words = {
    "overdue": _l("That it was overdue"), "returned": _l("That it was returned"), "rating": _l("The rating"),
}

ORDER_FORMS: Words = {
    "system": _l("In the system"),
    "written": _l("In writing"),
    "on_site": _l("On site"),
    "joint": _l("Jointly"),
    "special": _l("Special inspection"),
}

ORDER_LEVELS: Words = {"1": _l("The hotline"), "2": _l("The city office"), "3": _l("The city's leaders")}

TRIES: Words = {
    "no_answer": _l("Nobody picked up"),
    "busy": _l("Busy"),
    "wrong_number": _l("Wrong number"),
    "call_later": _l("Asked to be called later"),
}

YES_NO: Words = {"yes": _l("Yes"), "no": _l("No")}
