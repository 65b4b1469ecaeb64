"""What the figures of the telephone are called, how each is counted, and what a seat is at."""

from flask_babel import lazy_gettext as _l

from app.wording import Words

KPIS: Words = {
    "service_level": _l("Answered in time"),
    "answer_rate": _l("Answer rate"),
    "answer_rate_all": _l("Answer rate of all calls in"),
    "abandon_rate": _l("Abandon rate"),
    "asa": _l("Average wait"),
    "wait_p50": _l("Wait of half of them"),
    "wait_p90": _l("Wait of nine in ten"),
    "longest_wait": _l("Longest wait"),
    "talk": _l("Average talk"),
    "longest_talk": _l("Longest talk"),
    "hold": _l("Average time on hold"),
    "wrap_up": _l("Average work after the talk"),
    "aht": _l("Average handling time"),
    "occupancy": _l("Occupancy of seats"),
    "rona": _l("Rang in vain"),
    "three_way": _l("Department brought in"),
    "handed_over": _l("Handed over to a department"),
    "first_contact": _l("Solved in the first call"),
    "callback_in_time": _l("Called back in time"),
    "satisfaction": _l("Satisfied callers"),
    "participation": _l("Callers who rated"),
    "voicemail_done": _l("Messages dealt with"),
    "voicemail_time": _l("Time until a message is dealt with"),
}

HOW: Words = {
    "service_level": _l(
        "Answered within %(seconds)s seconds of entering the queue, of all that entered it without those that "
        "hung up at once and those that took a call-back."
    ),
    "answer_rate": _l("Answered, of all that entered the queue without those that hung up at once."),
    "answer_rate_all": _l(
        "Answered, of all calls in: also those that hung up in the menu, were served there or were refused. Some "
        "cities publish this one."
    ),
    "abandon_rate": _l(
        "Hung up in the queue but not at once, of all that entered it without those that hung up at once."
    ),
    "asa": _l(
        "Seconds from entering the queue to the answer, of those answered. A caller who lost the line to an "
        "operator and was queued again counts once, with the first wait."
    ),
    "wait_p50": _l("Half of those answered waited no longer than this."),
    "wait_p90": _l("Nine in ten of those answered waited no longer than this."),
    "longest_wait": _l("The longest wait of a caller who was answered."),
    "talk": _l("Seconds with an operator, hold included, of talks that have ended."),
    "longest_talk": _l("The longest of these talks."),
    "hold": _l("Seconds on hold, of talks that have ended."),
    "wrap_up": _l("Seconds that seats spent on a call after its talk, of talks that have ended."),
    "aht": _l("Talk, hold included, and the work after it, of talks that have ended."),
    "occupancy": _l(
        "Seats' seconds on calls and the work after them, of all seconds that they were neither offline nor on a "
        "break. Ringing is not counted as busy. Of all lines, always."
    ),
    "rona": _l("Offers that rang until they ran out, of all offers without those whose caller gave up first."),
    "three_way": _l("Talks that a department joined, of those answered."),
    "handed_over": _l("Talks that the operator left to a department and the caller, of those answered."),
    "first_contact": _l(
        "Tickets that were answered at the desk, of all numbered tickets of answered calls. Whether the same "
        "caller rings again for the same matter is not known here."
    ),
    "callback_in_time": _l(
        "Call-backs closed within their limit, of those that were owed in the period and are closed or due."
    ),
    "satisfaction": _l("Callers who said that they are satisfied, of those who answered that question."),
    "participation": _l(
        "Callers who answered at least one question, of those who were asked. Silence is no answer."
    ),
    "voicemail_done": _l("Messages whose caller was called back, of all messages that were left."),
    "voicemail_time": _l("Half of the messages dealt with took no longer than this, from the tone on."),
}

SEATS: Words = {
    "ready": _l("Ready"),
    "offered": _l("Ringing"),
    "on_call": _l("On a call"),
    "wrap_up": _l("After the call"),
    "break": _l("On a break"),
    "offline": _l("Offline"),
}

LIGHTS = {"ready": "green", "offered": "yellow", "on_call": "blue", "wrap_up": "yellow", "break": "red"}
"""The colour of each state; none for who is not there."""

REASONS: Words = {
    "rest": _l("rest"),
    "meal": _l("meal"),
    "training": _l("training"),
    "meeting": _l("meeting"),
    "other": _l("something else"),
    "no_answer": _l("let a call ring"),
    "device": _l("line failed"),
    "lost": _l("page went away"),
}

COUNTS: Words = {
    "inbound": _l("Calls in"),
    "offered": _l("Entered the queue"),
    "answered": _l("Answered"),
    "abandoned": _l("Hung up waiting, at once or later"),
    "short": _l("of these at once"),
    "callbacks": _l("Took a call-back"),
    "voicemails": _l("Left a message"),
    "waiting": _l("Still waiting"),
    "other": _l("Lost on the line"),
}

CALL_STATES: Words = {
    "NEW": _l("Rings"),
    "IVR": _l("In the menu"),
    "QUEUED": _l("Waits"),
    "OFFERED": _l("Is offered"),
    "CONNECTING": _l("Is being connected"),
    "TALKING": _l("Talks"),
    "SURVEY": _l("Is asked how it was"),
    "EMERGENCY": _l("Handed over to an emergency line"),
    "VOICEMAIL": _l("Leaves a message"),
    "CALLBACK": _l("Is to be called back"),
    "ENDED": _l("Over"),
}

END_REASONS: Words = {
    "completed": _l("Talked"),
    "abandoned_queue": _l("Hung up waiting"),
    "short_abandon": _l("Hung up waiting, at once"),
    "abandoned_ivr": _l("Hung up in the menu"),
    "callback": _l("Asked to be called back"),
    "voicemail": _l("Left a message"),
    "emergency": _l("Emergency handed over"),
    "rejected": _l("Refused"),
    "busy": _l("was engaged"),
    "no_answer": _l("did not answer"),
    "machine": _l("A machine answered"),
    "cancelled": _l("was not rung"),
    "failed": _l("could not be rung"),
    "lost": _l("Lost on the line"),
}

FOLLOW_UP: Words = {
    "agreed": _l("Wanted to answer"),
    "contacted": _l("Department got in touch"),
    "solved": _l("Solved"),
    "satisfied": _l("Content"),
}
"""The questions of an automatic call."""

FACTS: Words = {
    "started": _l("Rings"),
    "blocked": _l("Refused"),
    "chose": _l("Key pressed in the menu"),
    "emergency": _l("Handed over to an emergency line"),
    "emergency_failed": _l("The emergency line did not answer"),
    "queued": _l("Enters the queue"),
    "offered": _l("Offered"),
    "accepted": _l("Accepted"),
    "unoffered": _l("Offer ended"),
    "operator_joined": _l("Operator on the line"),
    "operator_leaving": _l("Operator ends the talk"),
    "operator_left": _l("Operator's line is down"),
    "caller_joined": _l("Caller in the talk"),
    "caller_left": _l("Caller has left the talk"),
    "held": _l("On hold"),
    "unheld": _l("Talk goes on"),
    "party_joined": _l("Department in the talk"),
    "party_left": _l("Department has left"),
    "surveyed": _l("Asked how it was"),
    "voicemail": _l("Leaves a message"),
    "callback": _l("Asked to be called back"),
    "picked_up": _l("Picked up"),
    "ended": _l("Over"),
}

LINES: Words = {
    "caller": _l("The one who rings"),
    "operator": _l("Operator"),
    "department": _l("Department"),
    "supervisor": _l("Listens"),
}

CARRIERS_ENDS: Words = {
    "completed": _l("hung up"),
    "busy": _l("was engaged"),
    "no-answer": _l("did not answer"),
    "failed": _l("could not be rung"),
    "canceled": _l("was not rung"),
}
"""How the carrier says that a line went down."""

ENDED_BY: Words = {
    "caller": _l("by the caller"),
    "operator": _l("by the operator"),
    "system": _l("by the network"),
}

FAULTS: Words = {
    "calls": _l("Give one number of calls, or one for each interval, at most 96, each from 0 to 100,000."),
    "minutes": _l("Choose how long an interval is."),
    "aht": _l("Give the handling time in seconds, from 1 to 7200."),
    "share": _l("Give the share to be answered in time, from 1 to 99.9."),
    "within": _l("Give the seconds, from 0 to 600."),
    "busiest": _l("Give how busy a seat may be, from 10 to 100."),
    "shrinkage": _l("Give the share of time away from the telephone, from 0 to 90."),
    "number": _l("Give the whole telephone number."),
    "day": _l("Please give a day, as in 2026-01-31."),
    "order": _l("The last day must not be before the first."),
    "length": _l("Ask for at most 92 days at a time."),
}
