"""Rows into Postgres by COPY, in one transaction, with indexes and constraints laid aside and built again after.

Everything laid aside comes back in the same transaction, and Postgres checks every row against it then.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from psycopg import Connection, sql

BUILD_MEMORY = "512MB"

_OBJECTS = """
SELECT conrelid::regclass::text AS place, conname AS name, contype::text AS kind, pg_get_constraintdef(oid) AS made
  FROM pg_constraint
 WHERE contype = 'f' AND (conrelid = ANY(%(tables)s::regclass[]) OR confrelid = ANY(%(tables)s::regclass[]))
    OR contype IN ('p', 'u') AND conrelid = ANY(%(tables)s::regclass[])
UNION ALL
SELECT indrelid::regclass::text, indexrelid::regclass::text, 'i', pg_get_indexdef(indexrelid)
  FROM pg_index
 WHERE indrelid = ANY(%(tables)s::regclass[])
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
"""
_BUILD_ORDER = "puif"  # a foreign key needs the key it points to


def _text(value: str) -> str:
    if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
        return (
            value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
        )
    return value


NULL = "\\N"
_encoded = json.JSONEncoder(ensure_ascii=False).encode
_moments: dict[datetime, str] = {}


def moment(value: datetime) -> str:
    """A moment as COPY reads it."""
    found = _moments.get(value)
    if found is None:
        if len(_moments) > 200_000:
            _moments.clear()
        found = _moments[value] = value.isoformat()
    return found


def jsonb(value: object) -> str:
    """JSON as COPY reads it."""
    return _text(_encoded(value))


_AS_TEXT: Mapping[type, Callable[[Any], str]] = {
    str: _text,
    int: str,
    float: repr,
    bool: lambda value: "t" if value else "f",
    type(None): lambda _: NULL,
    datetime: moment,
    bytes: lambda value: "\\\\x" + value.hex(),
    dict: jsonb,
    list: jsonb,
    # An array of texts: made for codes and room names, which need no quotes.
    tuple: lambda value: "{" + ",".join(value) + "}",
}


def line(values: Iterable[Any]) -> str:
    """One row in COPY's text format: dict and list are JSON, a tuple is an array of plain words."""
    return "\t".join([_AS_TEXT[type(value)](value) for value in values])


class Loader:
    """Buffers rows by table and copies them in a thread of its own, while the next ones are made."""

    def __init__(self, connection: Connection[Any], columns: Mapping[str, Sequence[str]]) -> None:
        self.connection = connection
        self.columns = columns
        self.rows: dict[str, list[str]] = {table: [] for table in columns}
        self.counts = dict.fromkeys(columns, 0)
        self._pool = ThreadPoolExecutor(1, "copy")
        self._running: Future[None] | None = None

    def add(self, table: str, *values: Any) -> None:
        """One row, its values in the order of the table's columns."""
        self.rows[table].append(line(values))

    def add_line(self, table: str, text: str) -> None:
        """One row that is in COPY's format already."""
        self.rows[table].append(text)

    def flush(self) -> None:
        """Hand over what was gathered. Waits for the batch before; raises what went wrong with it."""
        self._wait()
        batch = {table: rows for table, rows in self.rows.items() if rows}
        self.rows = {table: [] for table in self.columns}
        for table, rows in batch.items():
            self.counts[table] += len(rows)
        self._running = self._pool.submit(self._copy, batch)

    def close(self) -> None:
        """Copy what is left and end the thread."""
        try:
            self.flush()
            self._wait()
        finally:
            self._pool.shutdown()

    def _wait(self) -> None:
        if self._running is not None:
            self._running.result()
            self._running = None

    def _copy(self, batch: Mapping[str, list[str]]) -> None:
        for table, rows in batch.items():
            command = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, self.columns[table]))
            )
            with self.connection.cursor() as cursor, cursor.copy(command) as copy:
                copy.write("\n".join(rows))
                copy.write("\n")


@contextmanager
def unindexed(
    connection: Connection[Any], tables: Sequence[str], tell: Callable[[str], None]
) -> Iterator[None]:
    """Drop keys and indexes of the tables for the block, and build them again at its end; triggers rest meanwhile,
    so the rows bring with them what those would have kept.

    The tables stay locked until the transaction ends; an error leaves everything as it was.
    """
    found = connection.execute(_OBJECTS, {"tables": list(tables)}).fetchall()
    in_order = sorted(found, key=lambda row: _BUILD_ORDER.index(row[2]))
    for place, name, kind, _ in reversed(in_order):
        connection.execute(_drop(place, name, kind))
    for table in tables:
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
    yield
    for table in tables:
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
    connection.execute(sql.SQL("SET LOCAL maintenance_work_mem = {}").format(BUILD_MEMORY))
    for place, name, kind, made in in_order:
        tell(f"building {name}")
        connection.execute(_build(place, name, kind, made))


def _drop(place: str, name: str, kind: str) -> sql.Composed:
    if kind == "i":
        return sql.SQL("DROP INDEX {}").format(sql.Identifier(name))
    return sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(place), sql.Identifier(name))


def _build(place: str, name: str, kind: str, made: str) -> sql.Composable:
    """What Postgres itself said the object is made by."""
    definition = sql.SQL(made)  # type: ignore[arg-type]
    if kind == "i":
        return definition
    return sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
        sql.Identifier(place), sql.Identifier(name), definition
    )
