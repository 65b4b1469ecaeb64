"""What roles and faults of account forms are called."""

from flask_babel import lazy_gettext as _l

from app.auth.passwords import LONGEST, SHORTEST
from app.wording import FAULTS as COMMON_FAULTS

ROLES = {
    "operator": _l("Operator"),
    "dispatcher": _l("Dispatcher"),
    "handler": _l("Handler"),
    "department_lead": _l("Department lead"),
    "supervisor": _l("Supervisor"),
    "administrator": _l("Administrator"),
    "city_office": _l("City office"),
    "leader": _l("Leader"),
    "auditor": _l("Auditor"),
}

REACHES = {
    "city": _l("for the whole city"),
    "unit": _l("for one unit"),
    "subtree": _l("for a unit and all below it"),
}

PERMISSIONS = {
    "ticket.open": _l("Take down tickets, and discard drafts"),
    "ticket.register": _l("Register tickets"),
    "ticket.amend": _l("Amend tickets"),
    "ticket.urge": _l("Record that a caller asks again"),
    "ticket.answer": _l("Answer tickets at once"),
    "ticket.refer": _l("Refer tickets elsewhere"),
    "ticket.refuse": _l("Refuse tickets, with the ground"),
    "ticket.ask": _l("Ask citizens for more before dispatch"),
    "ticket.supplement": _l("Add what citizens say when they were asked"),
    "ticket.withdraw": _l("Withdraw tickets for their citizens"),
    "ticket.merge": _l("Merge tickets, and take them out again"),
    "ticket.split": _l("Split tickets by demand"),
    "ticket.green": _l("Put tickets on the green channel"),
    "ticket.dispatch": _l("Dispatch tickets to units"),
    "return.decide": _l("Decide on returns"),
    "dispute.adjudicate": _l("Designate the unit of a disputed ticket"),
    "extension.decide": _l("Decide on first extensions"),
    "extension.decide_again": _l("Decide on further extensions"),
    "suspension.decide": _l("Decide on suspensions"),
    "order.issue": _l("Issue and settle supervision orders"),
    "ticket.review": _l("Review replies"),
    "ticket.follow_up": _l("Call back and close"),
    "appeal.decide": _l("Decide on appeals and judge bad ratings"),
    "exclusion.decide": _l("Decide what is left out of the figures"),
    "assignment.sign": _l("Sign for the unit's tickets"),
    "assignment.handle": _l("Record steps of the unit"),
    "assignment.return": _l("Ask to return tickets of the unit"),
    "assignment.reply": _l("Submit replies of the unit"),
    "assignment.delegate": _l("Pass the unit's tickets down"),
    "assignment.extend": _l("Ask for more time for the unit"),
    "assignment.suspend": _l("Ask for suspensions for the unit"),
    "assignment.appeal": _l("Ask for exclusions for the unit"),
    "canned.edit": _l("Edit the texts that the unit keeps ready for replies"),
    "see.own": _l("See the tickets one took down"),
    "see.triage": _l("See the tickets to dispatch"),
    "see.department": _l("See the unit's tickets"),
    "see.city": _l("See all tickets of the city"),
    "see.confidential": _l("See confidential ones among them"),
    "call.answer": _l("Answer the telephone"),
    "call.watch": _l("Watch the telephone: who waits, who answers, its figures"),
    "call.coach": _l("Listen to talks, whisper, and say who answers what"),
    "contact.reveal": _l("Have contact data shown, with a reason that is kept"),
    "reports.read": _l("Read reports"),
    "audit.read": _l("Read the audit"),
    "export.approve": _l("Approve exports with names, telephone numbers and addresses"),
    "admin.staff": _l("Manage accounts and roles"),
    "admin.directory": _l("Manage units, categories, duties, rules, time limits, calendar and settings"),
}
"""What a person may be allowed, in the order in which it is offered."""

FAULTS = {
    "too_short": _l("Please take at least %(count)s characters.", count=SHORTEST),
    "too_long": _l("Please take at most %(count)s characters.", count=LONGEST),
    "common": _l("This is made of words and sequences that everybody tries first. Add some of your own."),
    "mismatch": _l("The two are not the same."),
    "wrong": _l("This is not your present password."),
    "bad_token": _l("This token is not valid. It works once, and only for a short time."),
    "bad_code": _l("This code is not right, or was used before. The app shows a new one every 30 seconds."),
    "not_proved": _l("This is not right."),
    "old_offer": _l("The picture was too old. Here is a new one: scan it again."),
    "login_shape": _l(
        "2 to 40 small letters, digits, dots, hyphens or underscores, beginning with a letter or digit."
    ),
    "taken": _l("Somebody has this login already."),
    "unit_missing": _l("This role is held for a unit: choose one."),
    "unit_not_wanted": _l("This role works for the whole city: choose no unit."),
    "last_administrator": _l("Nobody would be left to manage accounts. Make another administrator first."),
}


def role_name(code: str, name: str = "") -> str:
    """A role in words: as the city calls it, or else as it was shipped."""
    return name or str(ROLES.get(code, code))


def fault_text(code: str) -> str:
    """A fault in words."""
    return str(FAULTS.get(code) or COMMON_FAULTS.get(code, code))
