"""Every door of the product as its declarations tell it: endpoints, addresses with real ids, and who stands there.

What cannot be read from the routes stands in small tables here. A route that they do not know fails with a
sentence that says what to add.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.access import CARRIER, PLATFORM, PUBLIC, entry_of
from app.auth.signing_in import DEMO_PASSWORD
from config import Config

CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
TICKET = re.compile(r"/desk/tickets/(\d+)")
NOWHERE = 999_999_999
"""The id of nothing."""
ONE_OF: Mapping[str, str] = {
    # argument of an address -> a query for one that is there; `blueprint.argument` goes before `argument`.
    "ticket_id": "SELECT max(id) FROM ticket",
    "staff_id": "SELECT id FROM staff WHERE login = 'operator2'",
    "action": "SELECT 'sign'",
    "roles.code": "SELECT 'auditor'",
    "units.code": "SELECT '9901.heat'",
    "duties.code": "SELECT min(code) FROM directory_item",
    "categories.code": "SELECT min(code) FROM category",
    "rule_id": "SELECT min(id) FROM routing_rule",
    "policy_id": "SELECT min(id) FROM policy WHERE is_active",
    "day": "SELECT '2026-10-01'",
    "settings.key": "SELECT 'zone'",
    "texts.key": "SELECT 'welcome'",
    "lang": "SELECT 'zh'",
    "given": "SELECT min(number) FROM phone_line",
    "platforms.name": "SELECT 'x'",
    "offer_id": "SELECT coalesce(min(id), 1) FROM offer",
    "call_id": "SELECT coalesce(min(id), 1) FROM call",
    "leg_id": "SELECT coalesce(min(id), 1) FROM call_leg",
    "message_id": "SELECT coalesce(min(id), 1) FROM message",
    "callback_id": "SELECT coalesce(min(id), 1) FROM callback",
    "recording_id": "SELECT 1",
    "blocked_id": "SELECT 1",
    "order": "SELECT 'hang_up'",
    "token": "SELECT 'x'",
    "attachment_id": "SELECT max(id) FROM attachment",
    "gateway": "SELECT 'x'",
    "ref": "SELECT 'x'",
    "year": "SELECT 2026",
    "notice_id": "SELECT coalesce(min(id), 1) FROM notice",
    "deadline_id": "SELECT min(id) FROM deadline",
    "filter_id": "SELECT 1",
    "export_id": "SELECT 1",
    "canned_id": "SELECT 1",
    "item_id": "SELECT 1",
}


@dataclass(frozen=True)
class Door:
    """One endpoint by one method. `entry` is what it declares."""

    endpoint: str
    method: str
    rule: Rule
    entry: str | frozenset[str] | None

    @property
    def is_of_ticket(self) -> bool:
        return "ticket_id" in self.rule.arguments

    @property
    def is_of_machines(self) -> bool:
        """Carriers and platforms have no session: they prove themselves by a signature or token of their own."""
        return self.entry in (CARRIER, PLATFORM)

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


def doors(app: Flask) -> list[Door]:
    """All of them, in a fixed order."""
    found = [
        Door(rule.endpoint, method, rule, PUBLIC if rule.endpoint == "static" else entry_of(view))
        for rule in app.url_map.iter_rules()
        for view in [app.view_functions[rule.endpoint]]
        for method in sorted(rule.methods & {"GET", "POST", "PUT", "PATCH", "DELETE"})
    ]
    return sorted(found, key=str)


class Places:
    """Addresses in one database: every argument of a route stands for something that is there."""

    def __init__(self, config: Config) -> None:
        self.connection = psycopg.connect(config.database_owner_url.replace("+psycopg", ""), autocommit=True)
        self._found: dict[str, str] = {}

    def ask(self, query: str) -> Any:
        row = self.connection.execute(query).fetchone()
        return row[0] if row else None

    def address(self, door: Door, **given: object) -> str:
        """The door's address; `given` goes before what is looked up."""
        if door.endpoint == "static":
            return "/static/css/hotline.css"
        values = {name: str(given.get(name) or self._one(door, name)) for name in door.rule.arguments}
        built = door.rule.build({name: _typed(door.rule, name, value) for name, value in values.items()})
        assert built is not None
        return built[1]

    def _one(self, door: Door, name: str) -> str:
        key = f"{door.endpoint.partition('.')[0]}.{name}"
        key = key if key in ONE_OF else name
        assert key in ONE_OF, f"tests/security/doors.py: ONE_OF has no query for {name} of {door}: add one"
        if key not in self._found:
            self._found[key] = str(self.ask(ONE_OF[key]))
        return self._found[key]

    def dump(self) -> dict[str, dict[str, str]]:
        """table -> column -> a hash of all it holds, over every table there is."""
        query = """
            SELECT table_name, array_agg(column_name::text) FROM information_schema.columns
             WHERE table_schema = 'public' GROUP BY table_name"""
        found: dict[str, dict[str, str]] = {}
        for table, columns in self.connection.execute(query).fetchall():
            sums = ", ".join(f"md5(coalesce(string_agg({name}::text, '|' ORDER BY t::text), ''))" for name in
                             (f't."{column}"' for column in columns))  # fmt: skip
            row = self.connection.execute(f'SELECT {sums} FROM "{table}" t').fetchone()  # noqa: S608  own names
            assert row is not None
            found[table] = dict(zip(columns, row, strict=True))
        return found


def _typed(rule: Rule, name: str, value: str) -> Any:
    return int(value) if "Integer" in type(rule._converters[name]).__name__ else value


def differences(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> set[str]:
    """table.column of everything that is no more as it was."""
    return {
        f"{table}.{column}"
        for table, columns in after.items()
        for column, found in columns.items()
        if before.get(table, {}).get(column) != found
    }


class Face:
    """Somebody at a browser, within the process; nothing is known here of what they may do."""

    def __init__(self, app: Flask, name: str, address: str) -> None:
        self.name = name
        self.client: FlaskClient = app.test_client()
        self.environment = {"REMOTE_ADDR": address}
        self._token = ""

    def __repr__(self) -> str:
        return self.name

    def sign_in(self, login: str) -> "Face":
        answer = self.post("/login", {"login": login, "password": DEMO_PASSWORD})
        assert answer.status_code == 303, f"{login} could not sign in: {answer.status_code}"
        self._token = ""
        return self

    def token(self) -> str:
        """Against forged requests, as the pages of this session carry it."""
        if not self._token:
            found = CSRF.search(self.get("/login").text)
            assert found
            self._token = found[1]
        return self._token

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, environ_base=self.environment, **options)

    def post(self, path: str, fields: Mapping[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form under this session's own token."""
        return self.send(path, {"csrf_token": self.token(), **(fields or {})}, **options)

    def send(self, path: str, fields: Any = None, **options: Any) -> TestResponse:
        """Send as it stands."""
        return self.client.post(path, data=fields, environ_base=self.environment, **options)


class Asked:
    """Which parameters each endpoint asks for: written down while it runs, so that no list of them is kept."""

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = {}
        self.now: set[str] = set()

    def watch(self) -> type:
        """A class for Flask's requests whose dictionaries note what is asked of them."""
        asked = self

        class Noting(ImmutableMultiDict):
            def get(self, key: Any, *rest: Any, **more: Any) -> Any:
                asked.now.add(key)
                return super().get(key, *rest, **more)

            def getlist(self, key: Any, *rest: Any, **more: Any) -> Any:
                asked.now.add(key)
                return super().getlist(key, *rest, **more)

            def __getitem__(self, key: Any) -> Any:
                asked.now.add(key)
                return super().__getitem__(key)

            def __contains__(self, key: Any) -> bool:
                asked.now.add(key)
                return super().__contains__(key)

            def to_dict(self, *rest: Any, **more: Any) -> Any:
                return super().to_dict(*rest, **more)

        return Noting

    def during(self) -> set[str]:
        """What was asked since the last time."""
        found, self.now = self.now - {"csrf_token", "lang", "appearance", "draft"}, set()
        return {name for name in found if isinstance(name, str)}


def tickets_on(text: str) -> Iterator[int]:
    """Ids of the tickets that a page or an answer links to."""
    for found in TICKET.findall(text):
        yield int(found)
