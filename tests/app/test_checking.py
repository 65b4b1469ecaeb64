"""The checker finds each kind of fault where one is planted, and nothing where all is well."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import Result
from scenes import City
from sqlalchemy import create_engine, func, select, text

from app import checking
from app.checking import FAULTS, faults
from app.outbox import stamp, take_lead, unit_of_work
from db import db
from tickets.event_models import TicketEvent

PLANTED = {
    "tickets without a number, or with one too early": None,  # a constraint already refuses it
    "registered tickets without their event": "UPDATE ticket_event SET kind = 'ticket.opened' "
    "WHERE subject_id = :waiting AND kind = 'ticket.registered'",
    "tickets whose version is not that of their last event": "UPDATE ticket SET version = 9 WHERE id = :waiting",
    "tickets without text": "DELETE FROM ticket_text WHERE ticket_id = :waiting",
    "registered tickets without a decision": "DELETE FROM routing_decision WHERE ticket_id = :waiting",
    "open parts without a running handling clock": "DELETE FROM deadline WHERE ticket_id = :dispatched",
    "tickets to dispatch without a running dispatch clock": "DELETE FROM deadline WHERE ticket_id = :waiting",
    "running clocks of ended tickets": "UPDATE ticket SET closed_at = now() WHERE id = :waiting",
    "tickets that are due at another moment than their nearest clock": "UPDATE ticket SET due_at = now() "
    "WHERE id = :waiting",
    "parts that are due at another moment than their nearest clock": "UPDATE assignment SET due_at = NULL "
    "WHERE ticket_id = :dispatched",
    "tickets in progress that nobody has": "UPDATE assignment SET state = 'RETURNED' "
    "WHERE ticket_id = :dispatched",
    "rungs of the ladder reached before their time": "INSERT INTO escalation "
    "(deadline_id, level, tier, owed_at, escalated_at, outcome) "
    "SELECT min(id), 0, 'L0', now(), now() - interval '1 s', 'acted' FROM deadline",
    "events neither published nor waiting": "DELETE FROM outbox "
    "WHERE event_id = (SELECT min(event_id) FROM outbox)",
    "events published and still waiting": "INSERT INTO outbox (event_id, attempts) "
    "SELECT min(event_id), 0 FROM publication",
    "gaps in the published sequence": "DELETE FROM publication WHERE seq = 2",
}


@pytest.fixture(scope="module")
def made(own_app) -> dict[str, int]:
    """A ticket that waits and one at a unit, published; and one more whose events still wait."""
    with own_app.app_context():
        with unit_of_work() as now:
            city = City(now, own_app.extensions["vault"])
            ids = {"waiting": city.waiting(), "dispatched": city.dispatched()}
        lead = take_lead("a test")
        assert lead is not None
        stamp(lead)
        with unit_of_work() as now:
            City(now, own_app.extensions["vault"]).waiting()
    return ids


@pytest.fixture
def planted(own_app, made: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], dict]]:
    """Runs one statement as the owner, guards off, in a transaction that is never committed; gives the faults."""
    owner = create_engine(own_app.extensions["hotline"].database_owner_url)
    with own_app.app_context(), owner.connect() as connection:
        for table in ("ticket_event", "publication"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_insert_only"))

        def plant(statement: str) -> dict:
            values = {name: value for name, value in made.items() if f":{name}" in statement}
            connection.execute(text(statement), values)
            found = {name: list(connection.scalars(text(query))) for name, query in FAULTS.items()}
            return {name: ids for name, ids in found.items() if ids}

        yield plant
        connection.rollback()
    owner.dispose()


def test_all_is_well(own_app, made: dict[str, int]):
    with own_app.app_context():
        assert faults() == {}


def test_two_that_move_clocks_of_one_ticket_at_once_leave_the_nearest(own_app, made: dict[str, int]):
    """The second waits for the first, and then goes by what it has done."""
    move = text(
        "UPDATE deadline SET due_at = due_at + interval '1 year' WHERE ticket_id = :dispatched AND clock = :clock"
    )
    engine = create_engine(own_app.extensions["hotline"].database_owner_url)
    with engine.connect() as first, engine.connect() as second, ThreadPoolExecutor(1) as pool:
        first.execute(move, made | {"clock": "sign"})
        waiting = pool.submit(second.execute, move, made | {"clock": "contact"})
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        first.commit()
        waiting.result(timeout=10)
        second.commit()
    engine.dispose()
    with own_app.app_context():
        assert faults() == {}


def test_for_each_fault_one_is_planted():
    assert PLANTED.keys() == FAULTS.keys()


@pytest.mark.parametrize("name", [name for name, statement in PLANTED.items() if statement])
def test_a_planted_fault_is_found(planted: Callable[[str], dict], name: str):
    assert name in planted(PLANTED[name] or "")


def test_the_constraint_that_makes_one_search_needless_is_there(planted: Callable[[str], dict]):
    with pytest.raises(Exception, match="ck_ticket_numbered"):
        planted("UPDATE ticket SET number = NULL WHERE id = :waiting")


def test_at_most_ten_are_shown_of_each(own_app, made: dict[str, int], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checking, "FAULTS", {"everything": "SELECT generate_series(1, 50)"})
    with own_app.app_context():
        assert len(faults(chain=False)["everything"]) == 10


class TestCommand:
    def run(self, app, *options: str) -> Result:
        return app.test_cli_runner().invoke(args=["check", *options])

    def test_it_counts_and_is_content(self, own_app, made: dict[str, int]):
        result = self.run(own_app)
        told = json.loads(result.output)
        assert (result.exit_code, told["tickets"], told["faults"]) == (0, 3, {})
        with own_app.app_context():
            assert told["events"] == db.session.scalar(select(func.count()).select_from(TicketEvent))

    def test_it_says_what_is_wrong_and_fails(self, own_app, made: dict[str, int], monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(checking, "FAULTS", {"odd tickets": "SELECT id FROM ticket"})
        monkeypatch.setattr(checking, "link", lambda previous, event: b"")
        result = self.run(own_app)
        told = json.loads(result.output)
        assert result.exit_code == 1
        assert told["faults"].keys() == {"odd tickets", "events that are not what was published"}
        assert "events that are not what was published" not in json.loads(self.run(own_app, "--no-chain").output)[
            "faults"
        ]


def test_a_long_chain_is_read_in_chunks(own_app, made: dict[str, int], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checking, "CHUNK", 2)
    with own_app.app_context():
        assert faults() == {}
        db.session.rollback()
