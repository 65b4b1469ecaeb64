"""What the administrator's pages on the telephone call things: settings, places of texts, columns, faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app import wording

SECONDS, MINUTES, DAYS, HOURS_OF_DAY = _l("seconds"), _l("minutes"), _l("days"), _l("o'clock")


@dataclass(frozen=True)
class Number:
    """One number among the telephone's settings: what it is called, its unit, what it does."""

    name: Any
    unit: Any
    does: Any


PHONE: Mapping[str, Number] = {
    "answer_within": Number(
        _l("Time to answer"), SECONDS,
        _l("A call that is answered so soon counts as answered in time. The national standard says 15."),
    ),
    "service_level_percent": Number(
        _l("Service level to reach"), _l("per cent"),
        _l("Share of calls that should be answered in time: the wallboard and the planning of seats go by it."),
    ),
    "short_abandon": Number(
        _l("Hung up at once"), SECONDS,
        _l("Who hangs up in the queue within this time counts as a wrong number, not as missed, and is not called "
           "back."),
    ),
    "offer": Number(
        _l("Time to accept a call"), SECONDS,
        _l("A call that a seat does not accept in this time goes to another one."),
    ),
    "connect": Number(
        _l("Time to connect"), SECONDS,
        _l("So long the operator's line may take to come up after the call was accepted."),
    ),
    "wrap_up": Number(
        _l("Time to finish the ticket"), SECONDS,
        _l("After a talk a seat gets no call for this long, unless the operator is ready before."),
    ),
    "drop": Number(
        _l("Wait for an operator who was cut off"), SECONDS,
        _l("After this time the caller goes back to the queue, before all others."),
    ),
    "seat_lost": Number(
        _l("Seat without a sign of life"), SECONDS,
        _l("A seat whose page has been silent for this long gets no calls and goes offline."),
    ),
    "first_operator": Number(
        _l("Keep for the last operator"), SECONDS,
        _l("So long a caller goes first to whoever talked with them last, if that seat is free."),
    ),
    "skill_wait": Number(
        _l("Insist on skills"), SECONDS,
        _l(
            "So long a call waits for a seat with all its skills, where somebody on duty has them; after that any "
            "seat gets it."
        ),
    ),
    "queue_limit": Number(
        _l("Longest queue"), _l("callers"),
        _l("From so many waiting callers on, the next one is offered a callback or a message first."),
    ),
    "longest_wait_minutes": Number(
        _l("Longest wait"), MINUTES,
        _l("When somebody waits longer than this, the next caller is offered a callback or a message first."),
    ),
    "callback_minutes": Number(
        _l("Time to call back"), MINUTES,
        _l("By then whoever asked for it, left a message or gave up waiting should be called back."),
    ),
    "recordings_days": Number(
        _l("Keep recordings"), DAYS,
        _l("Recordings that are older are deleted. No rule with a number is known; two years ship."),
    ),
    "number_days": Number(
        _l("Trust a number"), DAYS,
        _l("A telephone number that was written down longer ago may be somebody else's by now: a text message "
           "from it needs the query code as well."),
    ),
    "follow_up_from": Number(
        _l("Ask citizens from"), HOURS_OF_DAY,
        _l("Before this hour nobody is sent a text or rung of our own accord to be asked how it went."),
    ),
    "follow_up_to": Number(
        _l("Ask citizens until"), HOURS_OF_DAY,
        _l("From this hour on nobody is asked until the next day."),
    ),
    "follow_up_lines": Number(
        _l("Automatic calls at once"), _l("calls"),
        _l("Calls that ask a citizen how it went, by keys. 0: none are made, and a person follows up."),
    ),
    "follow_up_after_minutes": Number(
        _l("First automatic call"), MINUTES,
        _l("So long after the reply a citizen who has not rated it is rung."),
    ),
    "follow_up_tries": Number(
        _l("Tries"), _l("calls"),
        _l("Nobody is rung more often about one reply; after that the citizen counts as not reached."),
    ),
    "follow_up_gap_hours": Number(
        _l("Between two tries"), _l("hours"),
        _l("27 ships: the next try is on the next day, at another hour."),
    ),
}  # fmt: skip

LANGUAGES: wording.Words = {"zh": _l("Chinese"), "en": _l("English")}

SHIFTS: wording.Words = {
    "day": _l("Ordinary crew"),
    "night": _l("Night crew"),
    "closed": _l("Closed: announcement and message"),
}

PLACES: wording.Words = {
    "welcome": _l("First words of every call, before the queue"),
    "closed": _l("The line is closed; a message may be left after it"),
    "waiting": _l("In the queue: how many are before, while no wait can be told"),
    "waiting_minutes": _l("In the queue: how many are before, and for about how long"),
    "waiting_long": _l("In the queue: how many are before, and the wait is long"),
    "waiting_nobody": _l("In the queue: no operator is there just now"),
    "waiting_next": _l("In the queue: the caller is the next"),
    "waiting_choice": _l("In the queue: what may be pressed while waiting"),
    "busy": _l("Before the queue, when it is full"),
    "callback_promised": _l("The caller asked to be called back"),
    "callback_withheld": _l("The caller asked to be called back, but the number is withheld"),
    "voicemail": _l("Before the tone of a message"),
    "voicemail_thanks": _l("After a message"),
    "emergency": _l("9 was pressed: which emergency service, where they can be put through to"),
    "emergency_direct": _l("9 was pressed, and calls cannot be put through: an operator comes first"),
    "emergency_handing_over": _l("While the emergency service is being rung"),
    "emergency_failed": _l("The emergency service did not answer"),
    "status_number": _l("3 was pressed: asks for the number of the ticket"),
    "status_code": _l("Asks for the query code"),
    "status_wrong": _l("Number or code are not right"),
    "status_too_many": _l("Too many wrong numbers or codes"),
    "status_said": _l("Progress of the ticket: where it stands"),
    "status_unit": _l("Progress of the ticket: which unit has it"),
    "status_due": _l("Progress of the ticket: by when it is promised"),
    "status_next": _l("After the progress of the ticket: what may be pressed"),
    "goodbye": _l("Last words before hanging up"),
    "sorry": _l("Our database cannot be reached; always in the shipped words"),
    "interrupted": _l("The operator's line broke in the middle of the talk"),
    "requeued": _l("The operator did not come back: the caller returns to the queue"),
    "hold": _l("The operator put the caller on hold"),
    "department": _l("Heard by a unit that is rung and asked to join a talk"),
    "survey_satisfied": _l("After the talk: the first question on the service"),
    "survey_solved": _l("After the talk: the second question on the service"),
    "survey_thanks": _l("After the questions on the service"),
    "out_greeting": _l("First words when we call a citizen back"),
    "follow_up_agreed": _l("Automatic call: who rings, about which number, and whether they want to answer"),
    "follow_up_contacted": _l("Automatic call: whether the department got in touch"),
    "follow_up_solved": _l("Automatic call: whether it is solved"),
    "follow_up_satisfied": _l("Automatic call: how content they are"),
    "follow_up_thanks": _l("Automatic call: after the last question"),
    "follow_up_again": _l("Automatic call: after the last question, where it is not solved and handled again"),
    "sms_receipt": _l("Text message: the matter was taken down"),
    "sms_rate": _l("Text message: there is a reply, please rate"),
    "sms_extended": _l("Text message: more time was granted, and the new promise"),
    "sms_suspended": _l("Text message: it is suspended, and when it is looked at again"),
    "sms_asked": _l("Text message: something is to be added, and until when"),
    "sms_again": _l("Text message: it is handled again, and the new promise"),
    "sms_status": _l("Answer by text: where the ticket stands"),
    "sms_status_unit": _l("Answer by text: which unit has it"),
    "sms_status_due": _l("Answer by text: by when it is promised"),
    "sms_unknown": _l("Answer by text: nothing found, or the code is missing"),
    "sms_too_many": _l("Answer by text: too many attempts"),
    "sms_redone": _l("Answer by text: thanks for the rating, and it is handled again"),
    "sms_rated": _l("Answer by text: thanks for the rating"),
    "sms_how": _l("Answer by text: how to rate, where what was sent is no rating that can be taken"),
    "sms_which": _l("Answer by text: it is not clear which ticket is meant"),
    "sms_urged": _l("Answer by text: what was added is noted"),
    "sms_urged_often": _l("Answer by text: noted several times today"),
    "sms_urge_words": _l("What stands on the ticket when a citizen asks again by text without words"),
    "sms_stopped": _l("Answer by text: no more messages"),
    "sms_started": _l("Answer by text: messages again"),
    "sms_help": _l("Answer by text: what can be sent"),
    "sms_sorry": _l("Answer by text while the system is away"),
}

PHONE_COLUMNS: wording.Words = {
    "number": _l("Telephone number of the line"),
    "line_no": _l("Number citizens know"),
    "skills": _l("Skills needed"),
    "priority": _l("Priority"),
    "hours": _l("Hours of the ordinary crew"),
    "holidays": _l("On days off"),
    "outside": _l("Outside these hours"),
    "body": _l("Words"),
    **{name: number.name for name, number in PHONE.items()},
}

PHONE_CODES: Mapping[str, wording.Words] = {
    "holidays": {"open": _l("as on any day"), "outside": _l("as outside hours")},
    "outside": {"crew": _l("the night crew answers"), "closed": _l("closed: announcement and message")},
}

PHONE_FAULTS: wording.Words = {
    "line_no_shape": _l("3 to 20 digits, such as 12315."),
    "number_taken": _l("This number is a line already: change that one."),
    "line_taken": _l(
        "%(number)s is in use for this line already. A line has one telephone number: take the other out of use "
        "first."
    ),
    "skill_shape": _l(
        "At most 10 words of small letters, digits, hyphens or underscores, each beginning with a letter and at "
        "most 20 long, with commas between them."
    ),
    "line_priority": _l("0 to 99. Callers of a line with a higher number come first."),
    "line_hours": _l(
        "One period a line, such as 08:00-20:00, in order and apart. 24:00 is the end of the day; a period over "
        "midnight is two: 00:00-06:00 and 20:00-24:00."
    ),
    "text_names": _l("Names in braces that can be filled in here: %(names)s. No others, and no single brace."),
    "text_needs": _l("The words must hold %(names)s: it is what this text is there to say."),
    "text_address": _l("The address of a recording begins with https:// and has no blanks."),
    "text_not_recorded": _l("This cannot be a recording: it must say %(names)s, which differs from call to call."),
    "hours_order": _l("This hour must be after the one from which citizens are asked."),
    "range": _l("Please write a whole number within the range."),
}  # fmt: skip
