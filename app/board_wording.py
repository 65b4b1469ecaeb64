"""Boards by what one does on them, and a sentence on what stands on each."""

from collections.abc import Iterable, Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

GROUPS: Mapping[str, tuple[LazyString, tuple[str, ...]]] = {
    "own": (_l("My own"), ("mine_new", "mine_open", "mine_overdue", "mine")),
    "dispatching": (_l("Dispatch"), ("triage", "returns", "disputed")),
    "unit": (_l("My unit"), ("inbox", "to_sign", "in_hand", "submitted", "unit_overdue", "unit_ordered")),
    "answers": (_l("Replies"), ("review", "callback")),
    "requests": (
        _l("Requests"),
        ("extensions", "extensions_again", "suspensions", "exclusions", "appeals", "badly_rated"),
    ),
    "watching": (_l("Supervision"), ("ordered", "suspended", "urged", "green", "overdue", "all")),
}
"""Heading and boards, in the order in which they are shown."""

FEW = 6
"""So many boards stand in one line; more are grouped."""

HINTS: Mapping[str, LazyString] = {
    "mine_new": _l("Taken down by you, and with no unit yet."),
    "mine_open": _l("Taken down by you, and with a unit."),
    "mine_overdue": _l("Taken down by you; a limit has run out."),
    "mine": _l("All that you took down, the latest first."),
    "triage": _l("Routing was not sure enough. The clock is that of the dispatch."),
    "returns": _l("A unit says that it is not its duty. The clock is that of the decision."),
    "disputed": _l("Given back often enough: designate the unit. The clock is that of the adjudication."),
    "inbox": _l("Every part that your unit still has to do."),
    "to_sign": _l("New to your unit: take it on, or say whose it is."),
    "in_hand": _l("Taken on, and not replied to yet."),
    "submitted": _l("Replied to, and not accepted yet."),
    "unit_overdue": _l("A limit of your unit has run out."),
    "unit_ordered": _l("Orders from above that wait for your unit's answer. The clock is that of the answer."),
    "review": _l("Replies to be looked at before the citizen is asked."),
    "callback": _l("Replies that went out; the citizen has not been heard yet."),
    "extensions": _l("A unit asks for more time, for the first time. The clock is that of the decision."),
    "extensions_again": _l("A unit asks for more time once more. The clock is that of the decision."),
    "suspensions": _l("A unit says that it cannot be solved for now. The clock is that of the decision."),
    "exclusions": _l("A unit asks that something should not count in its figures."),
    "appeals": _l("A citizen asks that a closed ticket be looked at again. The clock is that of the decision."),
    "badly_rated": _l("Closed, and the citizen was not content: is that in the unit's hands?"),
    "ordered": _l("Orders that are to be answered or settled. The clock is that of the answer."),
    "suspended": _l("Stands still; the clock says when to look again."),
    "urged": _l("The caller asked again, and it is still open. First where a unit owes a word, by that clock."),
    "green": _l("Open, with shorter limits."),
    "overdue": _l("A limit has run out; one line for each limit."),
    "all": _l("Every ticket you may see, the latest first."),
}


def grouped(names: Iterable[str]) -> list[tuple[LazyString, list[str]]]:
    """The boards by heading, without headings that have none."""
    held = set(names)
    groups = [(heading, [one for one in boards if one in held]) for heading, boards in GROUPS.values()]
    return [(heading, boards) for heading, boards in groups if boards]
