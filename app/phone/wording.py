"""What seats, offers, talks and skills are called on the telephone's pages."""

from flask_babel import lazy_gettext as _l

from app.skill_wording import SKILLS
from app.wording import TICKET_STATES, Words
from tickets.lifecycle import ENDED

SEATS: Words = {
    "offline": _l("Offline"),
    "ready": _l("Ready"),
    "offered": _l("Ringing"),
    "on_call": _l("In a talk"),
    "wrap_up": _l("After the call"),
    "break": _l("Break"),
}

BREAKS: Words = {
    "rest": _l("Short rest"),
    "meal": _l("Meal"),
    "training": _l("Training"),
    "meeting": _l("Meeting"),
    "other": _l("Something else"),
}

FORCED: Words = {
    "no_answer": _l("You did not take the last call. Press Ready when you are back."),
    "device": _l("You took the call, but your line did not come. Look at headset and network, then press Ready."),
    "lost": _l("This page was not heard of for a while, so you are offline. Press Ready when you are back."),
}

MENU: Words = {
    "3": _l("State of a ticket"),
    "8": _l("English"),
    "9": _l("Emergency"),
}

LANGS: Words = {"zh": _l("Chinese"), "en": _l("English")}

PARTIES: Words = {
    "dialling": _l("is being dialled"),
    "queued": _l("is being dialled"),
    "initiated": _l("is being dialled"),
    "ringing": _l("is ringing"),
    "in-progress": _l("has picked up"),
    "answered": _l("has picked up"),
    "joining": _l("is coming in"),
    "joined": _l("is in the talk"),
    "left": _l("has left"),
    "completed": _l("has left"),
    "dropped": _l("was sent away"),
    "busy": _l("is busy; the caller is with you again"),
    "no-answer": _l("does not answer; the caller is with you again"),
    "failed": _l("could not be reached; the caller is with you again"),
    "canceled": _l("was sent away"),
}

RECORDING: Words = {
    "on": _l("Recorded"),
    "pausing": _l("Recording: pausing …"),
    "paused": _l("Not recorded now"),
    "resuming": _l("Recording: going on …"),
    "not_paused": _l("The recording could NOT be paused"),
    "not_resumed": _l("The recording could NOT be resumed"),
}

OUTCOMES: Words = {
    "answered": _l("Answered at once"),
    "nothing": _l("Nothing to take down"),
    "ticket": _l("Ticket registered, or goes on"),
}


REFUSED: Words = {
    "not_now": _l("Too late: the call has moved on. What you see is how it stands now."),
    "stale": _l("Another window answers the telephone now."),
    "not_found": _l("This call is no longer yours."),
    "forbidden": _l("Your role does not allow this."),
    "invalid": _l("Please choose from the list."),
    "csrf": _l("The page was open too long. Load it again; a talk goes on meanwhile."),
    "too_many": _l("There were too many tries. Please wait a little and try again."),
    "other": _l("This could not be done. Please try again."),
}

LINE_FAULTS: Words = {
    "microphone": _l("The browser may not use the microphone. Allow it beside the address, then try again."),
    "no_microphone": _l("No microphone was found. Plug in the headset, then try again."),
    "network": _l("The line to the telephone network is broken. The caller waits; it is being tried again."),
    "back": _l("The line is back."),
    "weak": _l("The line is weak: words may be lost."),
    "script": _l("The telephone network's script is not there. Load the page again."),
    "token": _l("The telephone network does not let this browser in. Tell whoever looks after the system."),
    "other": _l("Your line did not come. Please try again."),
}

NOT_REACHED: Words = {
    "busy": _l("Not put through: the line is engaged."),
    "no_answer": _l("Not put through: nobody answered."),
    "failed": _l("Not put through: the number cannot be reached."),
    "cancelled": _l("The call was cancelled before anybody answered."),
    "other": _l("Not put through."),
}
"""What came of a call of ours, by the reason of its end."""

SAY: Words = {
    "title": _l("Telephone"),
    "rings": _l("A call!"),
    "offered": _l("A call is offered: {number}"),
    "gone": _l("The call is no longer offered."),
    "talking": _l("In the talk"),
    "connecting": _l("Connecting …"),
    "ringing_out": _l("The citizen is being rung …"),
    "again": _l("Due again at {time}."),
    "given_up": _l("It has been tried often enough, and is off the list."),
    "urgent": _l("Emergency: the caller pressed 9. {number}"),
    "handed_to": _l("Handed over to {unit}; nobody of the hotline is in the talk"),
    "callbacks": _l("On the list of callbacks: {count}"),
    "texts": _l("Texts to be read: {count}"),
    "accepted": _l("You have taken the call, but your line is not there."),
    "broken": _l("Your line into the talk is broken. The caller hears that you are coming back."),
    "held": _l("The caller is on hold"),
    "alone": _l("is in the talk, with you alone"),
    "unheld": _l("The caller is back from hold"),
    "over": _l("The talk is over."),
    "handed": _l("You have left; caller and department talk on."),
    "hang_up": _l("Hang up"),
    "hand_over": _l("Hand over and leave"),
    "hold": _l("Hold"),
    "resume": _l("Talk on"),
    "three": _l("All three together"),
    "pause": _l("Pause the recording"),
    "go_on": _l("Record again"),
    "mute": _l("Microphone off"),
    "unmute": _l("Microphone on"),
    "ready": _l("Ready"),
    "ready_now": _l("Ready now"),
    "withheld": _l("Number withheld"),
    "offline": _l("No connection. What you see may be old; a talk goes on. It is being tried again."),
    "signed_out": _l("You are signed out. Sign in again to answer calls."),
    "done": _l("Noted. You are ready for the next call."),
    "noted": _l("Noted."),
    "number": _l("Noted. Ticket number: {number}"),
    "draft": _l("draft"),
    "waiting": _l("{count} waiting, the longest {time}"),
    "nobody_waits": _l("Nobody waits"),
    "more": _l("and {count} more that are open"),
    "listening": _l("You are listening; nobody hears you."),
    "whispering": _l("The operator alone hears you."),
    "left": _l("You have left the talk."),
    "wrap_up": _l("ready by itself in {time}"),
}


def console_words() -> dict[str, object]:
    """What the page's scripts write, by name."""
    tables = {
        "seats": SEATS, "breaks": BREAKS, "forced": FORCED, "menu": MENU, "langs": LANGS, "parties": PARTIES,
        "recording": RECORDING, "outcomes": OUTCOMES, "skills": SKILLS, "refused": REFUSED, "line": LINE_FAULTS,
        "say": SAY, "not_reached": NOT_REACHED, "states": TICKET_STATES,
    }  # fmt: skip
    words = {name: {code: str(text) for code, text in table.items()} for name, table in tables.items()}
    return words | {"ended": sorted(ENDED)}
