"""Making the files that people asked for."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from app import export_files, exporting, list_wording, narrowing, wording
from app.auth.queries import actor_by_id, people
from app.export_limits import limits
from app.exporting import Export
from app.extensions import vault
from app.outbox import unit_of_work
from app.templating import category_name, moment, region_name, unit_name
from db import db
from tickets import boards, deadlines, errors, extracts, finding, searching
from tickets.event_models import JobOwed
from tickets.narrowing import Wanted
from tickets.permissions import Actor, rooms_of
from tickets.vault import CONTACT_FIELDS

log = logging.getLogger(__name__)

AT_ONCE = 500
CLAIM = timedelta(seconds=60)
"""How long the job may be silent before it is handed out anew; each stretch of rows renews it."""
COLUMNS = tuple(name for name in list_wording.COLUMNS if name not in CONTACT_FIELDS)


@dataclass
class Making:
    """An export while it is made: of whom, of how many lines at most, how far, and whose callers went into it."""

    owed_id: int
    export_id: int
    actor: Actor
    identity: bool
    most: int
    rows: int = 0
    callers: int = 0
    is_cut: bool = False
    seen: set[int] = field(default_factory=set)


def make_exports(owed_ids: Sequence[int]) -> int:
    """Make the file of each export that these owed rows name; returns how many. Safe to repeat.

    One that was killed half way begins anew: its file has no name until the row knows it.
    """
    done = 0
    for owed_id in owed_ids:
        making = _begin(owed_id)
        if making is not None:
            try:
                _make(making)
                done += 1
            except (errors.TicketError, ValueError, OSError) as fault:
                log.error("export %s could not be made: %s", making.export_id, type(fault).__name__)
                _fail(making)
    return done


def _begin(owed_id: int) -> Making | None:
    with unit_of_work() as now:
        owed = db.session.get(JobOwed, owed_id, with_for_update={"skip_locked": True})
        if owed is None:
            return None
        export = db.session.get_one(Export, owed.subject_id)
        if export.state != "OWED":
            db.session.delete(owed)
            return None
        owed.claimed_until = now + CLAIM
        try:
            return Making(
                owed_id, export.id, actor_by_id(export.asked_by), export.identity, limits()["rows"]
            )
        except errors.NotFound:  # the account was shut since
            export.state = "FAILED"
            db.session.delete(owed)
            return None


def _make(making: Making) -> None:
    with unit_of_work():
        export = db.session.get_one(Export, making.export_id)
        language, format, asked_at = export.language, export.format, export.asked_at
    with current_app.test_request_context(query_string={"lang": language}):
        head, mark = _head(making), _mark(making, asked_at)
        lines = _lines(making)
        data_dir = current_app.extensions["hotline"].data_dir
        if format == "csv":
            content = export_files.csv_file(mark, head, lines, mark)
        else:
            content = export_files.xlsx_file(str(exporting.folder(data_dir)), mark, head, lines, mark)
    name = exporting.store(data_dir, vault(), making.export_id, content)
    with unit_of_work() as now:
        _finish(making, name, now)


def _head(making: Making) -> list[str]:
    names = (*COLUMNS, *(CONTACT_FIELDS if making.identity else ()))
    return [str(list_wording.COLUMNS[name]) for name in names]


def _mark(making: Making, asked_at: datetime) -> str:
    """Who, when, by which request: at the head and the foot of the file, and on each printed page of it."""
    with unit_of_work():
        name, login = people([making.actor.id])[making.actor.id]
        told = _("Export %(number)s for %(name)s (%(login)s), asked for %(moment)s. For official use only.",
                 number=making.export_id, name=name, login=login, moment=moment(asked_at))  # fmt: skip
    return str(told)


def _lines(making: Making) -> Iterator[list[str]]:
    """The lines, stretch by stretch, each in a unit of work of its own."""
    after: str | None = None
    more = True
    while more and not making.is_cut:
        with unit_of_work() as now:
            export = db.session.get_one(Export, making.export_id)
            ids, after = _stretch(making.actor, export, now, after)
            # A board of parts has a ticket once for each part; a file has it once.
            ids = [one for one in dict.fromkeys(ids) if one not in making.seen]
            making.seen.update(ids)
            found = extracts.lines(making.actor, ids, vault(), making.identity)
            lines = found[: making.most - making.rows]
            cells = [_cells(line, now, making.identity) for line in lines]
            making.rows += len(cells)
            making.callers += sum(any(line.caller.values()) for line in lines)
            more = after is not None
            making.is_cut = more and making.rows >= making.most
            export.rows = making.rows
            owed = db.session.get(JobOwed, making.owed_id)
            if owed is not None:
                owed.claimed_until = now + CLAIM
        yield from cells


def _stretch(actor: Actor, export: Export, now: datetime, after: str | None) -> tuple[list[int], str | None]:
    """The next ids of the list, and where to go on."""
    wanted = Wanted.of_data(export.wanted)
    if export.place != narrowing.FIND:
        page = boards.board(actor, now, export.place, after, AT_ONCE, wanted)
        return [row.id for row in page.rows], page.next
    words, name = exporting.words_of(export, vault())
    condition = finding.sought(actor, now, words, vault(), wanted, name)
    ids = searching.newest(actor, condition, wanted, now, int(after) if after else None, AT_ONCE)
    return list(ids), str(ids[-1]) if len(ids) == AT_ONCE else None


def _cells(line: extracts.Line, now: datetime, identity: bool) -> list[str]:
    row = line.row
    values = {
        "number": row.number or "", "title": row.title, "content": line.content,
        "type": wording.TYPES[row.type], "urgency": wording.URGENCIES[row.urgency],
        "category": category_name(row.category), "area": region_name(row.region), "place": line.place,
        "channel": wording.CHANNELS.get(row.channel, row.channel), "state": wording.state_name(row.state),
        "unit": unit_name(row.unit), "registered": moment(row.registered_at),
        "dispatched": moment(line.dispatched_at), "due": moment(row.due_at),
        "light": wording.LIGHTS[deadlines.light(now, row.due_at, row.yellow_at)] if row.due_at else "",
        "closed": moment(line.closed_at),
        "solved": "" if line.solved is None else _("Solved") if line.solved else _("Not solved"),
        "satisfied": "" if line.satisfied is None else wording.SATISFACTION[str(line.satisfied)],
    }  # fmt: skip
    cells = [str(values[name]) for name in COLUMNS]
    return cells + [line.caller.get(field, "") for field in CONTACT_FIELDS] if identity else cells


def _finish(making: Making, name: str, now: datetime) -> None:
    export = db.session.get_one(Export, making.export_id, with_for_update=True)
    export.file, export.state, export.rows, export.is_cut = name, "READY", making.rows, making.is_cut
    export.rooms, export.made_at = sorted(rooms_of(making.actor)), now
    export.expires_at = now + timedelta(hours=limits()["hours"])
    exporting.record(export, "export.made", making.actor, now, rows=making.rows)
    if making.identity:
        fields = list(CONTACT_FIELDS)
        exporting.record(
            export, "contact.exported", making.actor, now, export=export.id, callers=making.callers, fields=fields
        )
    _strike(making)


def _fail(making: Making) -> None:
    try:
        with unit_of_work():
            db.session.get_one(Export, making.export_id, with_for_update=True).state = "FAILED"
            _strike(making)
    except SQLAlchemyError as fault:
        log.error("export %s stays owed: %s", making.export_id, type(fault).__name__)


def _strike(making: Making) -> None:
    owed = db.session.get(JobOwed, making.owed_id)
    if owed is not None:
        db.session.delete(owed)
