"""Databases of their own for the benchmarks: filled by the seeder once a size, copied for those that write."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from flask import Flask
from psycopg import sql
from sqlalchemy import make_url

from app import create_app
from app.cli import migrate_to_head, seed_all
from bench.seed import Seeded, seed
from config import Config
from db import db
from manage import create_app as create_managing_app

ADMINISTRATION = "HOTLINE_PG_ADMIN_URL"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Filled:
    """An application on a filled database. Enter its context to ask it something."""

    app: Flask
    config: Config
    seeded: Seeded


class Databases:
    """The databases of one run; all are dropped when the context ends."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self._filled: dict[str, Seeded] = {}
        self._made: list[str] = []

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, *fault: object) -> None:
        for name in self._made:
            _drop(name)

    @contextmanager
    def reading(self, tickets: int, share_open: float) -> Iterator[Filled]:
        """A database with so many tickets, for questions that change nothing."""
        name = self._fill(tickets, share_open)
        with _opened(name, self._filled[name]) as filled:
            yield filled

    @contextmanager
    def writing(self, tickets: int, share_open: float) -> Iterator[Filled]:
        """A copy of such a database, which the block may change; it is dropped at the end."""
        name = self._fill(tickets, share_open)
        copy = f"{name}_copy"
        _create(copy, name)
        try:
            with _opened(copy, self._filled[name]) as filled:
                yield filled
        finally:
            _drop(copy)

    def _fill(self, tickets: int, share_open: float) -> str:
        name = f"bench_{os.getpid()}_{tickets}_{round(share_open * 1000)}"
        if name in self._filled:
            return name
        self.tell(f"seeding {tickets:,} tickets, {share_open:.1%} open")
        _create(name)
        self._made.append(name)
        app = create_managing_app(at(name), ASYNC_MODE="threading")
        # What migrations say is no figure.
        with app.app_context(), redirect_stdout(sys.stderr):
            migrate_to_head()
            seed_all(demo=True)
            self._filled[name] = seed(tickets, share_open, tell=self.tell)
            db.engine.dispose()
        return name


@contextmanager
def _opened(name: str, seeded: Seeded) -> Iterator[Filled]:
    config = at(name)
    app = create_app(config, ASYNC_MODE="threading")
    _checkpoint()
    try:
        yield Filled(app, config, seeded)
    finally:
        with app.app_context():
            db.engine.dispose()


def at(database: str) -> Config:
    """The settings of this environment, on another database of the same server."""
    config = Config.from_environ(os.environ)

    def there(url: str) -> str:
        return make_url(url).set(database=database).render_as_string(hide_password=False)

    return replace(
        config, database_url=there(config.database_url), database_owner_url=there(config.database_owner_url)
    )


def _connected(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


def _create(name: str, template: str | None = None) -> None:
    """An empty database, or a copy of another one, file by file."""
    command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        command += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
    # The owner may create databases, and then owns the tables in them.
    with _connected(Config.from_environ(os.environ).database_owner_url) as connection:
        connection.execute(command)


def _drop(name: str) -> None:
    owner = Config.from_environ(os.environ).database_owner_url
    with _connected(os.environ.get(ADMINISTRATION) or owner) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _checkpoint() -> None:
    """What seeding left to be written must not be written while something is measured."""
    url = os.environ.get(ADMINISTRATION)
    if url:
        with _connected(url) as connection:
            connection.execute("CHECKPOINT")
