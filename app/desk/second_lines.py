"""The second line under a board's lines, in words: what is asked for, urges, what falls due on the days wanted."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from app import wording
from app.templating import ago, day, moment, unit_name
from tickets import second_lines
from tickets.boards import Row
from tickets.masking import mask_text
from tickets.narrowing import Wanted

LONGEST = 120
"""Characters of what was written; the rest stands on the ticket's page."""
_REASONS = {
    "return": wording.RETURN_REASONS, "suspension": wording.SUSPENSION_REASONS, "exclusion": wording.EXCLUSIONS,
}  # fmt: skip

Notes = dict[int, list[str]]
"""By part on boards of parts, else by ticket."""


def notes(board: str, rows: Sequence[Row], wanted: Wanted, now: datetime) -> Notes:
    """What stands under the lines of a page."""
    ids, found = [row.id for row in rows], Notes()
    for one in second_lines.asked_on(board, ids):
        found.setdefault(one.ticket_id, []).append(_asked(one))
    if board == "urged":
        for ticket_id, urges in second_lines.urges_of(ids).items():
            found.setdefault(ticket_id, []).append(_urges(urges, now))
    for line, words in _due(rows, wanted):
        found.setdefault(line, []).append(words)
    return found


def _due(rows: Sequence[Row], wanted: Wanted) -> Iterable[tuple[int, str]]:
    """Of the clocks that a filter by days finds, those that the line does not name itself."""
    of_parts = {row.part_id for row in rows if row.part_id is not None}
    named = {(row.part_id or row.id, row.clock, row.due_at) for row in rows}
    for ticket_id, part, clock, due_at in second_lines.due_within(wanted, [row.id for row in rows]):
        line = part if of_parts else ticket_id
        if line is not None and (not of_parts or line in of_parts) and (line, clock, due_at) not in named:
            yield line, f"{wording.CLOCKS.get(clock, clock)} {moment(due_at)}"


def _asked(one: second_lines.Asked) -> str:
    words = mask_text(" ".join(one.words.split()))
    days = _("More time: %(span)s", span=wording.limit_words(one.days)) if one.days else ""
    again = _("look again on %(day)s", day=day(one.review_on)) if one.review_on else ""
    reason = str(_REASONS[one.kind].get(one.reason, one.reason)) if one.kind in _REASONS and one.reason else ""
    proposed = _("proposed: %(unit)s", unit=unit_name(one.suggested)) if one.suggested else ""
    said = words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
    return " · ".join(filter(None, (unit_name(one.unit), days, reason, again, proposed, said)))


def _urges(urges: second_lines.Urges, now: datetime) -> str:
    times = ngettext("asked again %(num)d time", "asked again %(num)d times", urges.count)
    last = _("last %(ago)s", ago=ago(urges.last_at, now))
    if urges.waits_since is None:
        return " · ".join((times, last, _("a unit has written since")))
    return " · ".join((times, last, _("no unit has written since %(moment)s", moment=moment(urges.waits_since))))
