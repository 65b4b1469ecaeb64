"""What codes of callbacks are called in words."""

from flask_babel import lazy_gettext as _l

from app.wording import Words

CALLBACK_REASONS: Words = {
    "missed": _l("Hung up while waiting"),
    "asked": _l("Asked to be called back"),
    "voicemail": _l("Left a message"),
}
GIVEN_UP: Words = {
    "called_again": _l("Rang again and was answered"),
    "done_otherwise": _l("Settled otherwise"),
    "no_matter": _l("There was no matter"),
}
OUTCOMES: Words = {
    "busy": _l("was engaged"),
    "no_answer": _l("did not answer"),
    "failed": _l("could not be rung"),
    "cancelled": _l("was not rung"),
}
"""What came of the last try."""
