"""May this database keep a city's record? Asked before it is prepared, and by each process as it starts."""

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import text

from config import UnsafeConfig
from db import db

OLDEST_POSTGRES = 15

# Whoever owns a table may give himself any right to it; before the first migration there is none to own.
_LOOK = text(
    """
    SELECT CAST(current_setting('server_version_num') AS int) / 10000 AS version,
           ARRAY(
             SELECT name FROM pg_settings
              WHERE name IN ('fsync', 'synchronous_commit') AND setting = 'off' ORDER BY name
           ) AS switched_off,
           (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
           EXISTS (
             SELECT FROM pg_class AS record
              WHERE record.oid IN (to_regclass('ticket_event'), to_regclass('publication'))
                AND (pg_has_role(record.relowner, 'MEMBER')
                     OR has_any_column_privilege(record.oid, 'UPDATE')
                     OR has_table_privilege(record.oid, 'DELETE, TRUNCATE'))
           ) AS may_rewrite
    """
)


@dataclass(frozen=True)
class Server:
    """What decides whether the server and our role on it are safe."""

    version: int
    switched_off: list[str]
    is_superuser: bool
    may_rewrite: bool

    @property
    def carelessness(self) -> str:
        """What a crash of the server could cost, in one sentence; empty when nothing."""
        names = " and ".join(self.switched_off)
        return f"PostgreSQL runs with {names} off: a crash can lose acknowledged complaints." if names else ""

    @property
    def excess(self) -> str:
        """What our role should not be able to do, in one sentence; empty when it is not."""
        if self.is_superuser:
            return "DATABASE_URL is a superuser, who can rewrite the record of events: use a role of its own."
        if self.may_rewrite:
            return "The role of DATABASE_URL can change or delete events, or owns them: use one that only adds."
        return ""

    @property
    def fault(self) -> str:
        """Why it may not be used in production, in one sentence; empty when it may."""
        return self.carelessness or self.excess


def look() -> Server:
    """Ask the server; one query."""
    with db.engine.connect() as connection:
        return Server(**connection.execute(_LOOK).mappings().one())


def check_at_start(app: Flask) -> None:
    """Raises UnsafeConfig in production when the database may not be trusted with it.

    For each process, as settings may have changed since the database was prepared. No connection stays open,
    so it may stand before a fork.
    """
    if not app.extensions["hotline"].is_production:
        return
    with app.app_context():
        server = look()
        db.engine.dispose()
    if server.fault:
        raise UnsafeConfig(server.fault)
