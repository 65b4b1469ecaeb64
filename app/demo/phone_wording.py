"""What the demo's telephones say, in the reader's language."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

DOING = {
    "idle": _l("Hung up"),
    "ringing": _l("Ringing"),
    "incoming": _l("It rings: a call for this number"),
    "menu": _l("Connected: listen, and press a key"),
    "waiting": _l("Waiting for somebody"),
    "talking": _l("Talking"),
    "held": _l("On hold: the operator comes back"),
    "ended": _l("The call has ended"),
}
SOUNDS = {"play": _l("a recording or music"), "beep": _l("a beep")}
BY_ITSELF = {
    "by_hand": _l("It rings until you answer"),
    "human": _l("Somebody answers after 3 seconds and takes the call"),
    "busy": _l("Busy"),
    "no-answer": _l("Nobody answers"),
}
CREW = {
    "rush": _l("During a rush hour and 2 minutes after it"),
    "always": _l("Always"),
    "never": _l("Never: only people who sit down at the desk"),
}
FAULTS = {
    "no_network": _l("The played telephone network does not answer. It runs beside ./hotline up."),
    "refused": _l("That cannot be done with this call any more."),
    "busy": _l("This telephone is in a call already."),
    "many": _l("Too many calls are going on at once. Hang one up, or wait a little."),
    "number": _l("Give a number of this country, as 13800138000. It need not exist."),
    "line": _l("Choose a line to ring."),
    "text": _l("Write between 1 and 500 characters."),
    "callers": _l("Callers: from 1 to 200."),
    "minutes": _l("Minutes: from 1 to 30."),
    "patience": _l("Patience: from 5 to 900 seconds."),
    "talk": _l("Talk: from 5 to 900 seconds."),
    "rushing": _l("A rush hour is going on: stop it first, or wait until it is over."),
}


def fault(code: str) -> str:
    return str(FAULTS[code])


def words() -> dict[str, object]:
    """What the scripts of these pages write."""
    return {
        "doing": {name: str(text) for name, text in DOING.items()},
        "sounds": {name: f"♪ {text}" for name, text in SOUNDS.items()},
        "offline": _("No answer. Trying again."),
        "line": _("You"),
        "speak": _("Speak"),
        "silence": _("Be silent"),
        "fresh": _("new"),
        "sent": _("Sent."),
        "rush": _("to come {to_come} · waiting {waiting} · talking {talking} · over {over}"),
        "rush_over": _("The rush hour is over."),
        "rush_stopped": _("The rush hour was stopped."),
        "no_rush": _("No rush hour has begun."),
    }
