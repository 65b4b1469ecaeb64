"""What each page costs the server at many tickets: every page with an address, for every role that may open it."""

import re
import statistics
import time
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.auth.commands import demo_hash
from app.auth.models import Staff
from app.auth.signing_in import DEMO_PASSWORD
from bench import load
from bench.board import busiest_handler
from bench.databases import Databases, Filled
from bench.floor_app import app as bare
from bench.machine import Others, database_settings
from db import db, transaction

MARK_MS = 150.0
"""The most a page may take the server at its p95."""
TIMES, WARM_UP = 30, 2
PEOPLE = ("seeded-operator-1", "seeded-dispatcher-1", "seeded-supervisor-1", "admin", "leader", "auditor")
NOT_PAGES = (
    "/static/", "/healthz", "/readyz", "/live/", "/desk/rows", "/oversight/phone/now", "/exports/progress",
    "/notices/unread",
)  # fmt: skip
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def pages(databases: Databases, tickets: int, share_open: float) -> dict[str, Any]:
    """Milliseconds from request to answer inside the process, without the network, for each person's pages."""
    with databases.writing(tickets, share_open) as database:
        with database.app.app_context():  # not around the requests: they would share what is kept for one
            with transaction():
                people = (*PEOPLE, busiest_handler())
            _give_passwords(people)
            settings = database_settings()
        others = Others()
        floor = _timed(bare.test_client(), "/")
        found = {"": _of(database, "")} | {login: _of(database, login) for login in people}
        for login, answers in found.items():
            slowest = max(answers.items(), key=lambda one: one[1]["p95_ms"])
            name, most = slowest[0], slowest[1]["p95_ms"]
            databases.tell(f"{login or 'anybody'}: {len(answers)} pages, slowest {name}: p95 {most} ms")
        slower = sorted(
            f"{login or 'anybody'} {path}"
            for login, answers in found.items()
            for path, one in answers.items()
            if one["p95_ms"] > MARK_MS
        )
        return {
            "benchmark": "pages",
            "tickets": tickets,
            "open": database.seeded.open,
            "database": settings,
            "floor": floor,
            "others_cores": others.cores(),
            "people": found,
            "mark": {"p95_ms": MARK_MS, "met": not slower, "slower": slower},
        }


def _give_passwords(people: tuple[str, ...]) -> None:
    with transaction():
        db.session.execute(update(Staff).where(Staff.login.in_(people)).values(password_hash=demo_hash()))


def _of(database: Filled, login: str) -> dict[str, Any]:
    """The times of all pages that this person may open, by path."""
    client = database.app.test_client()
    if login:
        token = CSRF.search(client.get("/login").text)
        assert token is not None
        answer = client.post("/login", data={"csrf_token": token[1], "login": login, "password": DEMO_PASSWORD})
        assert answer.status_code == 303, f"{login} cannot sign in"
    return {
        path: _timed(client, path) for path in _paths(database.app, client) if client.get(path).status_code == 200
    }


def _paths(app: Flask, client: FlaskClient) -> Iterator[str]:
    """Pages without values in their address, each board, and one ticket this person sees."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.startswith(NOT_PAGES):
            yield rule.rule
    home = client.get("/desk").text
    yield from sorted(set(re.findall(r'/desk\?board=\w+', home)))
    yield from re.findall(r'/desk/tickets/\d+', home)[:1]


def _timed(client: FlaskClient, path: str) -> dict[str, float]:
    times = []
    for _ in range(WARM_UP + TIMES):
        began = time.perf_counter()
        client.get(path)
        times.append((time.perf_counter() - began) * 1000)
    times = times[WARM_UP:]
    return {
        "p50_ms": round(statistics.median(times), 2),
        "p95_ms": round(load.percentile(times, 95) or 0.0, 2),
    }
