"""Looks at callers made at the same moment, each in a transaction of its own, are counted one after another."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from app.outbox import unit_of_work
from tickets import errors, reveal, service
from tickets.permissions import Actor

LIMIT, AT_ONCE = 2, 6


@pytest.fixture
def looker(app: Flask, actor_of, new_staff, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """A supervisor who never looked; between counting and recording there is time for others."""
    count = reveal.looks_lately

    def slowly(*question):
        found = count(*question)
        time.sleep(0.1)
        return found

    for module in ("tickets.reveal", "tickets.finding"):
        monkeypatch.setattr(f"{module}.PER_HOUR", LIMIT)
        monkeypatch.setattr(f"{module}.looks_lately", slowly)
    with app.app_context():
        return actor_of(new_staff(("supervisor", None)).login)


def _at_once(app: Flask, looks: list[Callable[..., object]]) -> list[bool]:
    """Which of these verbs were let through."""

    def look(verb: Callable[..., object]) -> bool:
        try:
            with app.app_context(), unit_of_work() as now:
                verb(now)
        except errors.TooMany:
            return False
        return True

    with ThreadPoolExecutor(len(looks)) as pool:
        return list(pool.map(look, looks))


def test_contacts_of_several_tickets(app: Flask, looker: Actor, matter, vault):
    tickets = [matter() for _ in range(AT_ONCE)]
    reveals = [
        lambda now, ticket=ticket: service.reveal(looker, now, ticket, "phone", "核实", vault)
        for ticket in tickets
    ]
    assert sum(_at_once(app, reveals)) == LIMIT


def test_several_telephone_numbers(app: Flask, looker: Actor, vault):
    searches = [
        lambda now, number=number: service.find(looker, now, f"1370000000{number}", vault)
        for number in range(AT_ONCE)
    ]
    assert sum(_at_once(app, searches)) == LIMIT
