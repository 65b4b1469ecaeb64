"""Merging another line: its records become tickets, through the same verbs and the same routing."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import AppGroup

from app.outbox import unit_of_work
from routing import service as routing
from tickets import errors, service
from tickets.intake import CONTENT_LENGTH, TITLE_LENGTH, Intake
from tickets.permissions import SYSTEM

import_commands = AppGroup("import", help="Bring in another line's records.")

BATCH = 100
ENCODINGS = ("utf-8-sig", "gb18030")
COLUMNS = {
    "external_no": ("id", "external_no", "编号", "工单编号", "留言编号", "流水号"),
    "title": ("title", "标题", "主题", "留言主题", "诉求标题"),
    "content": ("text", "content", "内容", "留言详情", "诉求内容", "正文"),
    "received_at": ("time", "received_at", "时间", "留言时间", "受理时间", "登记时间"),
    "category_code": ("category_code", "分类编码"),
    "name": ("name", "姓名", "诉求人", "联系人"),
    "phone": ("phone", "电话", "联系电话", "手机"),
    "address": ("address", "住址", "联系地址"),
    "place": ("place", "地点", "事发地址"),
}
"""Field of a ticket -> headers it is known by, the product's own first."""
REQUIRED = ("external_no",)
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")


@dataclass
class Tally:
    """What came of the rows; `rejected` holds (line, reason, row)."""

    read: int = 0
    new: int = 0
    there: int = 0
    rejected: list[tuple[int, str, list[str]]] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.read} read, {self.new} new, {self.there} already there, {len(self.rejected)} rejected"
        )


@dataclass(frozen=True)
class Source:
    """How to read the file's rows: which column is which field, and what all rows share."""

    system: str
    columns: dict[str, int]
    zone: ZoneInfo
    line_no: str
    ticket_type: str
    trust_category: bool


@import_commands.command("messages")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--system", help="Name of the other line; with its numbers it makes a second run safe. "
              "Default: the file's name.")
@click.option("--column", "named", multiple=True, metavar="FIELD=HEADER", help="Which column is which field, "
              "where the header does not say: external_no, title, content, received_at, name, phone ...")
@click.option("--line", "line_no", default="12345", help="The dialled number these came in by.")
@click.option("--type", "ticket_type", default="complaint", help="Type of the tickets.")
@click.option("--encoding", help="Instead of finding it out.")
@click.option("--closed", is_flag=True, help="History: closed as imported, without clocks or a unit.")
@click.option("--trust-category", is_flag=True, help="Believe the file's category_code column.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where bad rows are "
              "written. Default: FILE.rejected.csv beside the file.")
def messages(
    file: Path, system: str | None, named: Sequence[str], line_no: str, ticket_type: str,
    encoding: str | None, closed: bool, trust_category: bool, rejects: Path | None,
) -> None:
    """Import FILE (CSV with a header). Every good row becomes a ticket; bad ones are reported by line."""
    header, rows = _read(file, encoding)
    with unit_of_work():
        zone = routing.current().zone
    source = Source(
        system or file.stem, _columns(header, named), zone, line_no, ticket_type, trust_category
    )
    tally = Tally()
    # Pages stay usable: one transaction holds few rows, and each costs the database some milliseconds.
    with click.progressbar(rows, label="importing", file=sys.stderr) as progress:
        for batch in _batches(progress, BATCH):
            _store(batch, source, tally, clocks_run=not closed)
    _report(tally, header, rejects or file.with_name(f"{file.stem}.rejected.csv"))
    click.echo(str(tally))
    if tally.rejected:
        raise SystemExit(1)


def _read(file: Path, encoding: str | None) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and (line, row) of the whole file. Raises ClickException with one sentence."""
    data = file.read_bytes()
    for name in [encoding] if encoding else ENCODINGS:
        try:
            text = data.decode(name)
            break
        except (UnicodeDecodeError, LookupError):
            continue
    else:
        raise click.ClickException(f"{file.name} is neither UTF-8 nor GB18030: name it with --encoding.")
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    if not header:
        raise click.ClickException(f"{file.name} is empty.")
    return [name.strip() for name in header], list(_numbered(reader, file))


def _numbered(reader: Any, file: Path) -> Iterator[tuple[int, list[str]]]:
    """(line it begins on, row); blank lines are none. Raises ClickException where the file is no CSV."""
    last = reader.line_num
    try:
        for row in reader:
            if row:
                yield last + 1, row
            last = reader.line_num
    except csv.Error as fault:
        raise click.ClickException(f"{file.name} cannot be read from line {last + 1} on: {fault}.") from fault


def _columns(header: list[str], named: Iterable[str]) -> dict[str, int]:
    """Field -> position of its column. Raises ClickException."""
    found = {}
    for name, headers in COLUMNS.items():
        position = next((header.index(one) for one in headers if one in header), None)
        if position is not None:
            found[name] = position
    for pair in named:
        name, _, column = pair.partition("=")
        if name not in COLUMNS:
            raise click.ClickException(f"--column {pair}: the fields are {', '.join(COLUMNS)}.")
        if column not in header:
            raise click.ClickException(f"--column {pair}: the file's columns are {', '.join(header)}.")
        found[name] = header.index(column)
    missing = [name for name in REQUIRED if name not in found]
    if missing or not {"title", "content"} & found.keys():
        raise click.ClickException(
            f"No column for {', '.join(missing) or 'title or content'} among {', '.join(header)}: "
            "say which with --column FIELD=HEADER."
        )
    return found


def _batches(
    rows: Iterable[tuple[int, list[str]]], size: int
) -> Iterator[list[tuple[int, list[str]]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _store(
    batch: list[tuple[int, list[str]]], source: Source, tally: Tally, clocks_run: bool
) -> None:
    """One transaction. A bad row is refused before it touches the database, so it spoils no other."""
    vault = current_app.extensions["vault"]
    with unit_of_work() as now:
        for line, row in batch:
            tally.read += 1
            try:
                intake = _intake(row, source, now)
                opened = service.open_ticket(SYSTEM, now, intake, vault, clocks_run=clocks_run)
            except ValueError as fault:
                tally.rejected.append((line, str(fault), row))
            except errors.Invalid as fault:
                reason = ", ".join(f"{key}: {what}" for key, what in fault.values["fields"].items())
                tally.rejected.append((line, reason, row))
            else:
                tally.new += opened.is_new
                tally.there += not opened.is_new


def _intake(row: list[str], source: Source, now: datetime) -> Intake:
    """The ticket a row asks for. Raises ValueError with the reason when it makes none."""
    if len(row) <= max(source.columns.values()):
        raise ValueError(f"has {len(row)} columns, needs {max(source.columns.values()) + 1}")
    values = {name: row[position].strip() for name, position in source.columns.items()}
    if not values["external_no"]:
        raise ValueError("external_no: missing")
    if not source.trust_category:
        values.pop("category_code", None)
    received = _moment(values.pop("received_at", ""), source.zone)
    if received and received > now:
        raise ValueError("received_at: lies in the future")
    return Intake(
        channel="import", type=source.ticket_type, line_no=source.line_no, external_system=source.system,
        received_at=received, anonymous=not values.get("phone"), **_fitted(values),
    )


def _fitted(values: dict[str, str]) -> dict[str, str]:
    """A title longer than ours moves in front of the content, whole."""
    title, content = values.get("title", ""), values.get("content", "")
    if len(title) > TITLE_LENGTH:
        values = values | {"title": title[:TITLE_LENGTH], "content": f"{title}\n{content}"}
    if len(values.get("content", "")) > CONTENT_LENGTH:
        raise ValueError("content: too_long")
    return values


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    for form in TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("received_at: not a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _report(tally: Tally, header: list[str], rejects: Path) -> None:
    if not tally.rejected:
        return
    with rejects.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["line", "reason", *header])
        for line, reason, row in tally.rejected:
            writer.writerow([line, reason, *row])
    for line, reason, _ in tally.rejected[:20]:
        click.echo(f"line {line}: {reason}", err=True)
    click.echo(f"{len(tally.rejected)} rejected rows written to {rejects}", err=True)
