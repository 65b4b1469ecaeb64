"""The play: it carries tickets of its own to their end by the verbs, and leaves everything else alone."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace

import pytest
from flask import Flask
from scenes import City
from sqlalchemy import func, select, update

from app.auth import session as sessions
from app.auth.models import Staff
from app.checking import faults
from app.demo import driver, steps, texts
from app.demo.stage import Stage, persons_at_work
from app.outbox import unit_of_work
from db import db
from routing.models import Region
from tickets.event_models import TicketEvent
from tickets.models import Ticket

STEPS = 250
LEVEL = 12


@pytest.fixture(scope="module")
def played(own_app: Flask) -> dict[str, int]:
    """A city with others' tickets in every hand, then played for a while; the others' versions before."""
    vault = own_app.extensions["vault"]
    with own_app.app_context():
        with unit_of_work() as now:
            city = City(now, vault)
            made = [city.waiting(), city.from_web()[0], city.dispatched(), city.signed(), city.return_requested(),
                    city.replied(), city.accepted()]  # fmt: skip
            db.session.flush()
            before = {str(one): db.session.get_one(Ticket, one).version for one in made}
        random = Random(7)
        with unit_of_work() as now:
            steps.take_in(Stage(now, random, vault), texts.MATTERS["other-160"])
        for _ in range(STEPS):
            with unit_of_work() as now:
                driver.act(Stage(now, random, vault), LEVEL)
    return before


@pytest.fixture
def database(own_app: Flask, played: dict[str, int]) -> Iterator[Flask]:
    with own_app.app_context():
        yield own_app
        db.session.rollback()
        db.session.remove()


def _mine():
    return select(Ticket).where(Ticket.external_system == texts.SYSTEM)


def test_others_tickets_stay_as_they_were(database: Flask, played: dict[str, int]):
    now = {str(one.id): one.version for one in db.session.scalars(select(Ticket)) if str(one.id) in played}
    assert now == played


def test_the_checker_finds_nothing(database: Flask):
    assert faults() == {}


def test_tickets_reach_their_end_and_never_more_are_open_than_wanted(database: Flask):
    mine = db.session.scalars(_mine()).all()
    assert sum(one.closed_at is None for one in mine) <= LEVEL
    assert {"CLOSED", "ANSWERED"} <= {one.state for one in mine}
    assert {one.channel for one in mine} == {"phone", "web"}


def test_every_verb_of_the_desk_was_played(database: Flask):
    mine = select(Ticket.id).where(Ticket.external_system == texts.SYSTEM)
    kinds = set(db.session.scalars(select(TicketEvent.kind).where(TicketEvent.subject_id.in_(mine)).distinct()))
    assert kinds >= {
        "ticket.registered", "ticket.triaged", "ticket.dispatched", "ticket.answered", "assignment.signed",
        "assignment.handled", "assignment.return_requested", "assignment.replied", "ticket.submitted",
        "ticket.accepted", "ticket.rejected", "ticket.rated", "ticket.closed",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_no_turn_of_chance_makes_it_stumble(database: Flask, seed: int, vault):
    with unit_of_work() as now:
        random, level = Random(seed), LEVEL + 20
        assert any(driver.act(Stage(now, random, vault), level) for _ in range(80))


def test_a_full_city_takes_in_nothing_more(database: Flask, vault):
    with unit_of_work() as now:
        before = db.session.scalar(select(func.count()).select_from(_mine().subquery()))
        for seed in range(20):
            driver.act(Stage(now, Random(seed), vault), 1)
        assert db.session.scalar(select(func.count()).select_from(_mine().subquery())) == before


class TestPersons:
    """Who is signed in is played by nobody else."""

    LOGINS = ("supervisor", "dispatcher", "handler-wanghe-urban")

    @pytest.fixture
    def persons(self, database: Flask) -> Iterator[datetime]:
        with unit_of_work() as now:
            for login in self.LOGINS:
                person = db.session.scalars(select(Staff).where(Staff.login == login)).one()
                sessions.begin(person.id, person.password_hash or "", now)
        yield now

    def test_are_those_with_a_session_that_was_used_just_now(self, persons: datetime):
        assert persons_at_work(persons) == set(self.LOGINS)
        assert persons_at_work(persons + timedelta(minutes=11)) == frozenset()

    def test_find_their_desks_untouched(self, persons: datetime, vault):
        with unit_of_work() as now:
            taken = persons_at_work(now)
            staff = select(Staff.id).where(Staff.login.in_(self.LOGINS))
            theirs = select(func.count()).select_from(TicketEvent).where(TicketEvent.actor_id.in_(staff))
            before = db.session.scalar(theirs)
            for seed in range(60):
                driver.act(Stage(now, Random(seed), vault, taken), LEVEL + 10)
            assert db.session.scalar(theirs) == before


def test_some_wait_until_their_clock_has_run_out_and_then_go_on(database: Flask, vault):
    with unit_of_work() as now:
        lying = driver._lying(Stage(now, Random(), vault), driver._open())
        later = driver._lying(Stage(now + timedelta(days=60), Random(), vault), driver._open())
        assert later == set() and 0 < len(lying) <= driver.SLOW + driver.HOT


def test_a_return_that_a_person_asked_for_is_decided_whatever_the_reason(database: Flask, vault):
    with unit_of_work() as now:
        city = City(now, vault)
        matter = texts.MATTERS["other-153"]
        ticket_id = city.return_requested(external_system=texts.SYSTEM, external_no=f"{matter.key}-0")
        part = city.part(ticket_id)
        part.return_reason = "other"
        db.session.flush()
        done = [steps.go_on(Stage(now, Random(seed), vault), ticket_id) for seed in range(40)]
        assert any((one or "").startswith("uphold") for one in done)
        assert city.ticket(ticket_id).closed_at is not None and done[-1] is None, "and nothing follows the end"
        db.session.rollback()


def test_a_ticket_whose_matter_is_in_no_file_any_more_is_left_alone(database: Flask, vault):
    with unit_of_work() as now:
        steps.take_in(Stage(now, Random(1), vault), texts.MATTERS["other-153"])
        db.session.flush()
        mine = update(Ticket).where(Ticket.external_system == texts.SYSTEM)
        db.session.execute(mine.values(external_no=Ticket.external_no + "-"))
        db.session.expire_all()
        assert driver._open() == []
        assert (driver.act(Stage(now, Random(2), vault), LEVEL) or "").startswith("take in")
        db.session.rollback()


class TestWhere:
    def _drive(self, app: Flask, *options: str):
        return app.test_cli_runner().invoke(args=["demo", "drive", *options])

    def test_not_in_production(self, own_app: Flask, monkeypatch: pytest.MonkeyPatch):
        config = replace(own_app.extensions["hotline"], env="production")
        monkeypatch.setitem(own_app.extensions, "hotline", config)
        refused = self._drive(own_app)
        assert refused.exit_code == 1 and "not played" in refused.output

    def test_not_in_a_city_of_its_own(self, database: Flask, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("app.demonstration.REGION", "1234")
        before = db.session.scalar(select(func.count()).select_from(Ticket))
        db.session.rollback()
        refused = self._drive(database)
        assert refused.exit_code == 1 and "nothing is played" in refused.output
        assert db.session.scalar(select(func.count()).select_from(Ticket)) == before

    def test_not_at_pace_nought(self, own_app: Flask, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(own_app.extensions, "hotline", replace(own_app.extensions["hotline"], demo_pace=0))
        assert self._drive(own_app).exit_code == 0
        assert self._drive(own_app, "--pace", "0").exit_code == 0

    def test_the_demo_city_is_known_by_its_first_region(self, database: Flask):
        assert db.session.scalars(select(Region.code).where(Region.level == 1)).all() == ["9901"]


class TestTheDatabaseGoesAway:
    def test_and_the_play_goes_on_when_it_is_back(self, database: Flask, monkeypatch: pytest.MonkeyPatch):
        """The first step meets a database that cuts the connection; the second one is played."""
        done: list[str | None] = []
        pauses = iter(range(1))
        # A clock of the play's own: other threads of the test process sleep by the same module.
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: next(pauses))
        monkeypatch.setattr(driver, "time", clock)
        real = driver.step

        def step() -> None:
            if not done:
                done.append(None)
                with unit_of_work():
                    db.session.connection().exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
            else:
                done.append(real())

        monkeypatch.setattr(driver, "step", step)
        with pytest.raises(StopIteration):
            driver.run(600)
        assert len(done) == 2
