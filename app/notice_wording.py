"""What notices are called and say, in the product and in e-mails: numbers, clocks and moments, no contents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import wording
from app.templating import moment

NOTICES: wording.Words = {
    "escalated": _l("Time limit"),
    "urged": _l("The citizen asked again"),
    "files_added": _l("The citizen sent files"),
    "rejected": _l("Your reply was sent back"),
    "redone": _l("Not solved: to be handled again"),
    "return_requested": _l("A unit asks to return a ticket"),
    "upheld": _l("Your return was refused: you keep it"),
    "returned": _l("Your return was granted"),
    "recalled": _l("Recalled by the hotline: nothing more to do"),
    "disputed": _l("Disputed whose it is: to be designated"),
    "designated": _l("Designated: it is yours, and cannot be returned"),
    "merged": _l("Merged into another ticket: nothing more to do here"),
    "withdrawn": _l("The citizen withdrew it: nothing more to do"),
    "taken_in": _l("Another citizen's ticket was merged into yours"),
    "delegated": _l("The unit above passed a ticket down to you"),
    "declined": _l("The unit below gave back what you passed down"),
    "asked_to_help": _l("Your unit was asked to help with a ticket"),
    "assists_added": _l("More units were asked to help with your ticket"),
    "contributed": _l("A unit that helps has handed in its part"),
    "sent_back": _l("Your contribution was sent back"),
    "waived": _l("Your contribution is no longer needed"),
    "meeting": _l("A meeting of the units was called"),
    "extension_asked": _l("A unit asks for more time"),
    "extension_granted": _l("More time was granted"),
    "extension_refused": _l("More time was refused: the limit stands"),
    "suspension_asked": _l("A unit asks for a suspension"),
    "suspension_refused": _l("The suspension was refused: go on with it"),
    "suspended": _l("Suspended: its limits stand still"),
    "prolonged": _l("The suspension was prolonged"),
    "resumed": _l("Resumed: its limits run again"),
    "exclusion_asked": _l("A unit asks for an exclusion from its figures"),
    "exclusion_granted": _l("Excluded from your figures"),
    "exclusion_refused": _l("Exclusion refused: it counts"),
    "appeal_asked": _l("A citizen appeals"),
    "appeal_granted": _l("An appeal was granted: to be handled again"),
    "appeal_refused": _l("The citizen's appeal was refused: the end stands"),
    "order_issued": _l("A supervision order for you: to be answered"),
    "order_renewed": _l("Your answer to the order was not enough: ordered again"),
    "order_answered": _l("A unit has answered an order"),
    "order_settled": _l("The order to you is settled"),
    "call_emergency": _l("Emergency: a caller pressed the key for it"),
    "digest": _l("Today's summary"),
}
"""Every kind of notice."""

TIERS: wording.Words = {
    "L0": _l("Reminder: the time limit is running"),
    "L1": _l("Due soon"),
    "L2": _l("Overdue"),
    "L3": _l("Long overdue: handle it at once, on order"),
    "L4": _l("Long overdue: reported to the city office"),
    "L5": _l("Referred to the discipline body"),
}
"""What a rung of the ladder says, by its tier."""

WAYS: wording.Words = {"in_app": _l("In the product"), "email": _l("E-mail")}

MAIL_STATES: wording.Words = {
    "UNCLEAR": _l("handed over, and no answer came"),
    "FAILED": _l("not sent"),
}


def heading(kind: str, facts: Mapping[str, Any]) -> str:
    """A notice in a few words."""
    if kind == "escalated":
        return str(TIERS.get(facts.get("tier", ""), NOTICES[kind]))
    return str(NOTICES.get(kind, kind))


def details(kind: str, facts: Mapping[str, Any]) -> list[str]:
    """What else it says, in short sentences."""
    if kind == "digest":
        return _digest(facts)
    said = []
    if facts.get("clock"):
        said.append(_("Limit: %(clock)s", clock=wording.CLOCKS.get(facts["clock"], facts["clock"])))
    if facts.get("due_at"):
        said.append(_("Due: %(moment)s", moment=moment(datetime.fromisoformat(facts["due_at"]))))
    if facts.get("at"):
        said.append(_("Takes place: %(moment)s", moment=moment(datetime.fromisoformat(facts["at"]))))
    if facts.get("cause") == "climbed":
        said.append(_("Nobody had confirmed the notice before."))
    return said


def _digest(facts: Mapping[str, Any]) -> list[str]:
    counts = (
        ("due_today", _l("Due today: %(count)s")),
        ("overdue", _l("Overdue: %(count)s")),
        ("to_sign", _l("To sign for: %(count)s")),
        ("returned", _l("Returns decided since yesterday: %(count)s")),
        ("orders", _l("Orders to answer: %(count)s")),
    )
    return [str(words) % {"count": facts[name]} for name, words in counts if facts.get(name)]


def digest_text(unit: str, facts: Mapping[str, Any]) -> str:
    """A digest names its unit: who works for several gets one of each."""
    return "；".join([unit, *_digest(facts)]) if unit else "；".join(_digest(facts))
