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

PUBLIC_STATES: Words = {
    "REGISTERED": _l("We have received it."),
    "NEED_INFO": _l("We need to know more from you."),
    "REFERRED": _l("We told you which other office or channel is the right one."),
    "ANSWERED": _l("It was answered at once."),
    "TO_DISPATCH": _l("It is waiting to be assigned to a department."),
    "DISPUTED": _l("Departments disagree whose duty it is; the hotline is deciding."),
    "IN_PROGRESS": _l("A department is working on it."),
    "SUSPENDED": _l("It cannot be solved now; we look at it again."),
    "TO_REVIEW": _l("The department has replied; we are checking the reply."),
    "TO_CALLBACK": _l("There is a reply. Please tell us whether it is solved."),
    "CLOSED": _l("It is closed."),
    "MERGED": _l("It is handled together with the same matter that others reported."),
    "WITHDRAWN": _l("You withdrew it."),
    "ARCHIVED": _l("It is closed."),
}

PUBLIC_PART_STATES: Words = {
    "NEED_INFO": _l("The department needs to know more from you."),
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
    "ticket.info_asked": _l("You were asked for more"),
    "ticket.supplemented": _l("You added what was asked for"),
    "ticket.went_on": _l("It goes on without your answer"),
    "ticket.green": _l("It is on the green channel, with shorter limits"),
    "ticket.merged": _l("Joined with the same matter of others; you get the answer under your own number"),
    "ticket.unmerged": _l("Taken out again: it is a matter of its own"),
    "ticket.split": _l("What you said besides is handled under numbers of its own"),
    "ticket.split_off": _l("Taken from another ticket of yours, to be handled by itself"),
    "ticket.withdrawn": _l("You withdrew it"),
    "ticket.withdrawal_noted": _l("You wanted to withdraw it; it is looked into all the same"),
    "ticket.disputed": _l("Departments disagree whose duty it is; the hotline decides"),
    "ticket.suspended": _l("It cannot be solved now"),
    "suspension.prolonged": _l("Looked at again: it still cannot be solved"),
    "ticket.resumed": _l("What held it up is over: it goes on"),
    "extension.granted": _l("The department was given more time"),
    "appeal.asked": _l("You asked that it be looked at again"),
    "appeal.granted": _l("You were right: it is handled again"),
    "appeal.refused": _l("It was looked at again, and stays as it is"),
    "meeting.called": _l("The departments meet over it"),
    "ticket.rescheduled": _l("The moment by which an answer is promised has changed"),
    "assignment.replied": _l("The department has written its reply"),
    "assignment.contributed": _l("A department that helps has sent in its part"),
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
    "ticket.info_asked": _l("The citizen was asked for more"),
    "ticket.supplemented": _l("The citizen added what was asked for"),
    "ticket.went_on": _l("Went on without the citizen's answer"),
    "ticket.green": _l("Green channel"),
    "ticket.merged": _l("Merged into another ticket"),
    "ticket.taken_in": _l("Another ticket was merged into this one"),
    "ticket.unmerged": _l("Taken out of the other ticket again"),
    "ticket.split": _l("Split: further demands are tickets of their own"),
    "ticket.split_off": _l("Split off from another ticket"),
    "ticket.withdrawn": _l("Withdrawn by the citizen"),
    "ticket.withdrawal_noted": _l("The citizen wanted to withdraw it; it goes on"),
    "ticket.disputed": _l("Disputed: an adjudicator designates"),
    "ticket.suspended": _l("Suspended"),
    "suspension.prolonged": _l("Suspension prolonged"),
    "ticket.resumed": _l("Resumed"),
    "ticket.archived": _l("Archived"),
    "assignment.delegated": _l("Passed down"),
    "assignment.contributed": _l("Contribution submitted"),
    "assignment.sent_back": _l("Contribution sent back"),
    "assignment.waived": _l("Answered without this unit"),
    "meeting.called": _l("Meeting called"),
    "meeting.minuted": _l("Meeting minuted"),
    "extension.asked": _l("More time asked for"),
    "extension.granted": _l("More time granted"),
    "extension.refused": _l("More time refused"),
    "suspension.asked": _l("Suspension asked for"),
    "suspension.refused": _l("Suspension refused"),
    "exclusion.asked": _l("Exclusion from the figures asked for"),
    "exclusion.granted": _l("Excluded from the figures"),
    "exclusion.refused": _l("Exclusion refused: it counts"),
    "appeal.asked": _l("The citizen appeals"),
    "appeal.granted": _l("Appeal granted: handled again"),
    "appeal.refused": _l("Appeal refused"),
    "order.issued": _l("Supervision order"),
    "order.answered": _l("Order answered"),
    "order.settled": _l("Order settled"),
    "rating.dismissed": _l("Bad rating judged: not in the unit's hands"),
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
    "ticket.asked": _l("Called back"),
    "ticket.redone": _l("Not solved: handled again"),
    "ticket.closed": _l("Closed"),
    "ticket.urged": _l("The caller asked again"),
    "ticket.rescheduled": _l("Deadlines computed anew"),
    "ticket.escalated": _l("Escalated"),
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

CALL_LISTS: Words = {"due": _l("To call now"), "later": _l("To call later"), "rest": _l("Not in the sample")}

YES_NO: Words = {"yes": _l("Yes"), "no": _l("No")}

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
    "suspension": _l("Look again"),
    "appeal": _l("Decision on an appeal"),
}

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

LIMITS: Words = {
    "min": _l("%(count)s min"),
    "h": _l("%(count)s h"),
    "wh": _l("%(count)s working hours"),
    "d": _l("%(count)s days"),
    "wd": _l("%(count)s working days"),
}

PART_ROLES: Words = {
    "lead": _l("Lead unit"), "assist": _l("Assisting unit"), "sub": _l("Passed down by the unit above"),
}

ACTIONS: Words = {
    "register": _l("Register"),
    "discard": _l("Discard draft"),
    "amend": _l("Amend"),
    "answer": _l("Answer at once"),
    "refer": _l("Refer elsewhere"),
    "ask_info": _l("Ask the citizen for more"),
    "ask_citizen": _l("Ask the citizen for more"),
    "supplement": _l("Add what the citizen says"),
    "go_on": _l("Go on without an answer"),
    "carry_on": _l("Go on without an answer"),
    "green": _l("Put on the green channel"),
    "merge": _l("Merge into another ticket"),
    "take_in": _l("Merge other tickets into this one"),
    "unmerge": _l("Take out again: another matter"),
    "split": _l("Split off further demands"),
    "withdraw": _l("The citizen withdraws it"),
    "dispatch": _l("Dispatch"),
    "sign": _l("Sign for it"),
    "handle": _l("Record a step"),
    "request_return": _l("Ask to return it"),
    "uphold": _l("Refuse the return"),
    "redispatch": _l("Grant the return and dispatch anew"),
    "excuse": _l("Grant the return: nobody in its place"),
    "concede": _l("Grant the return: whose it is, is disputed"),
    "designate": _l("Designate the unit"),
    "contribute": _l("Submit the contribution"),
    "send_back": _l("Send the contribution back"),
    "waive": _l("Answer without this unit"),
    "delegate": _l("Pass down to a unit below"),
    "decline": _l("Give it back to the unit above"),
    "schedule": _l("Call a joint visit or review"),
    "minute": _l("Minute the meeting"),
    "ask_extension": _l("Ask for more time"),
    "grant_extension": _l("Grant more time"),
    "refuse_extension": _l("Refuse more time"),
    "grant_again": _l("Grant more time once more"),
    "refuse_again": _l("Refuse more time this time"),
    "ask_suspension": _l("Ask for a suspension"),
    "grant_suspension": _l("Suspend it"),
    "refuse_suspension": _l("Refuse the suspension"),
    "prolong": _l("Prolong the suspension"),
    "resume": _l("Resume"),
    "order": _l("Issue a supervision order"),
    "answer_order": _l("Answer the order"),
    "settle_order": _l("Settle the order"),
    "renew_order": _l("Not enough: order again"),
    "note_try": _l("Note a try to reach the citizen"),
    "hear": _l("Note what the citizen says"),
    "grant_appeal": _l("Grant the appeal: handle it again"),
    "refuse_appeal": _l("Refuse the appeal"),
    "reopen": _l("The rating is reasonable: handle it again"),
    "dismiss": _l("The rating is not in the unit's hands"),
    "ask_exclusion": _l("Ask to leave it out of the figures"),
    "grant_exclusion": _l("Leave it out of the figures"),
    "refuse_exclusion": _l("It counts"),
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
    "refer_reason": _l("Ground"),
    "question": _l("What the citizen is asked"),
    "supplement": _l("What the citizen says"),
    "green_reason": _l("Why it is on the green channel"),
    "into": _l("Number of the ticket it belongs to"),
    "others": _l("Numbers of the tickets that belong to this one"),
    "demands": _l("Further demands, one a line"),
    "withdraw_reason": _l("Why it is withdrawn"),
    "below": _l("Unit below"),
    "days": _l("Time (such as 3 or 3wd: working days; 5d: days; 4h: hours)"),
    "contact_method": _l("How the citizen was told"),
    "contact_at": _l("When"),
    "contact_from": _l("From which number of the unit"),
    "facts": _l("Is what was reported true?"),
    "result": _l("What came of it"),
    "personal_ok": _l("I have seen what is starred for the citizen; it may go out so"),
    "waive_reason": _l("Why it is answered without this unit"),
    "meeting_kind": _l("Kind of meeting"),
    "meeting_at": _l("When"),
    "meeting_place": _l("Where"),
    "minutes": _l("Minutes"),
    "legal_basis": _l("Legal basis"),
    "extension_reason": _l("Why more time is needed"),
    "suspend_reason": _l("Kind of obstacle"),
    "review_on": _l("Day on which to look again"),
    "suspend_plan": _l("Plan"),
    "public_reason": _l("Reason, as the citizen reads it"),
    "exclusion_of": _l("What should not count"),
    "exclusion_reason": _l("Evidence"),
    "order_form": _l("Form"),
    "order_level": _l("Level"),
    "order_due": _l("Answer due"),
    "order_text": _l("What is ordered"),
    "order_answer": _l("What was done"),
    "order_remark": _l("Remark"),
    "tried": _l("What came of it"),
    "try_again_at": _l("Try again at"),
    "was_contacted": _l("Did the unit speak with the citizen?"),
    "is_true": _l("Is what the unit wrote true?"),
    "is_solved": _l("Is it solved?"),
    "satisfaction": _l("How satisfied is the citizen?"),
    "appeal_reason": _l("Why it should be looked at again"),
    "appeal_answer": _l("Answer to the appeal"),
    "contacted": _l("The citizen was contacted"),
    "return_reason": _l("Ground of the return"),
    "return_note": _l("Explanation"),
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
    "own_unit": _l("This is the unit itself: name the one whose matter it is."),
    "not_between": _l("This must lie between the dispatch and now."),
    "not_ahead": _l("This must lie ahead, and not too far."),
    "not_a_limit": _l("Write it like 3wd, 5d or 4h."),
    "too_long_a_time": _l("This is longer than may be granted."),
    "personal_data": _l("This shows personal data, which will be starred. Look at it, then tick below."),
    "not_of_this_kind": _l("This ground does not belong to that kind of referral."),
    "needs_supervisor": _l("A refusal needs a supervisor: leave it to triage with a note."),
    "no_such_ticket": _l("There is no such ticket, or it is not for you to see."),
    "itself": _l("This is the ticket itself."),
    "is_over": _l("That ticket is over, or merged itself."),
    "is_confidential": _l("A confidential report is not merged with others."),
    "cannot_be_merged": _l("One of these is over, confidential, or has others merged into it."),
    "too_many": _l("These are too many at once."),
    "not_so": _l("The figures do not count this against the unit."),
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


REQUEST_STATES: Words = {
    "asked": _l("waits for a decision"),
    "granted": _l("granted"),
    "refused": _l("refused"),
    "lapsed": _l("not needed any more"),
}

ORDER_STATES: Words = {"issued": _l("to answer"), "answered": _l("answered"), "settled": _l("settled")}

KINSHIP: Words = {
    "merged": _l("Merged into this one"),
    "merged_into": _l("Merged into"),
    "split_off": _l("Split off"),
    "split_from": _l("Split from"),
}

GUARDS: Words = {
    "all_in": _l("A unit that helps has not answered yet: wait for it, or answer without it and say why."),
    "helps": _l("A unit to which it was passed down has not answered yet."),
    "may_return": _l("The time for giving it back is over, or it was designated."),
    "may_redispatch": _l("It was given back too often to be dispatched once more: it is disputed."),
    "may_extend": _l("It is due already, more time was asked for already, or there is no more to be had."),
    "other_hand": _l("You handled this yourself: somebody else has to decide on it."),
    "may_appeal": _l("The time for this is over, or it was asked before."),
}
"""Why an action that the state would allow is not to be done; a guard without words says only that it is not."""


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
