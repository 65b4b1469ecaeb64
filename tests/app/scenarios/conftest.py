"""Whole matters played through, at moments that the test sets: each step is committed, published and told, and
what anybody sees of it is read from the real pages."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from databases import app_on_clone
from flask import Flask
from scenes import LEAD, UNSURE, City
from sqlalchemy import select

from app import outbox
from app.auth.models import Staff
from app.jobs import notices as notice_job
from app.outbox import Stamped, stamp, take_lead, unit_of_work
from app.push import messages
from app.subscribers import TELL
from config import Config
from db import db
from tickets import notices, queries, service
from tickets.models import Deadline, Escalation
from tickets.notice_models import Notice
from tickets.permissions import SYSTEM, VISITOR, Actor, caller_of, rooms_of

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    """In place of the one that other tests share: the moments of these scenes are years apart."""
    yield from app_on_clone(config, worker_id, "scenarios")


@pytest.fixture
def stage(app: Flask, new_browser: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> "Stage":
    monkeypatch.setattr(notice_job, "ring", lambda people: None)
    stage = Stage(app, new_browser)
    monkeypatch.setitem(app.config, "CLOCK", lambda: stage.now)
    return stage


def local(text: str) -> datetime:
    """A moment as the city's clocks show it: "2025-09-26 10:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


class Stage:
    """The demo city while one scene is played in it."""

    def __init__(self, app: Flask, new_browser: Callable[[], Any]) -> None:
        self.app, self.vault, self.new_browser = app, app.extensions["vault"], new_browser
        self.now = local("2026-03-02 10:00")
        self.sent: list[tuple[str, dict[str, Any]]] = []
        """(room, message) of all that went to open screens."""

    def at(self, text: str) -> datetime:
        self.now = local(text)
        return self.now

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    @contextmanager
    def work(self) -> Iterator[datetime]:
        """A transaction in a context of its own: pages that are asked for afterwards know nothing of it."""
        with self.app.app_context(), unit_of_work() as now:
            yield now

    # What people do.

    def do(self, who: str | Actor, verb: Callable[..., Any], *rest: Any, **more: Any) -> Any:
        """One verb in a transaction of its own, by a login or an actor; then what it calls for."""
        with self.work() as now:
            actor = self._city().who(who) if isinstance(who, str) else who
            done = verb(actor, now, *rest, **more)
        self.publish()
        return done

    def play(self, part: Callable[[City], Any]) -> Any:
        """Several verbs at one moment, as the scenes of other tests have them."""
        with self.work():
            done = part(self._city())
        self.publish()
        return done

    def _city(self) -> City:
        return City(self.now, self.vault)

    def call_in(self, **intake: Any) -> int:
        """A call taken down and registered; if nothing else is said, of a matter that no rule knows."""
        words = replace(UNSURE, **intake)
        with self.work() as now:
            opened = service.open_ticket(self._city().who("operator"), now, words, self.vault)
            ticket_id = opened.ticket.id
        self.publish()
        return ticket_id

    def write_in(self, **intake: Any) -> tuple[int, str, str]:
        """A matter sent in by a visitor: id, number, query code."""
        words = replace(UNSURE, channel="web", **intake)
        with self.work() as now:
            opened = service.open_ticket(VISITOR, now, words, self.vault)
            told = (opened.ticket.id, opened.ticket.number or "", opened.code)
        self.publish()
        return told

    def citizen(self, ticket_id: int, verb: Callable[..., Any], *rest: Any, **more: Any) -> Any:
        """What the citizen of the ticket does."""
        return self.do(caller_of(ticket_id), verb, ticket_id, *rest, **more)

    def rate(self, ticket_id: int, solved: bool, satisfied: int, note: str = "") -> None:
        self.citizen(ticket_id, service.rate, solved, satisfied, note)

    # What happens by itself.

    def run_to(self, moment: datetime, *ticket_ids: int) -> None:
        """Let time pass until then; each clock of these tickets acts at the moment at which it owes something."""
        while (due := self._next_due(ticket_ids)) is not None and due[0] <= moment:
            self.now = max(self.now, due[0])
            with self.work() as now:
                service.act_on_deadline(SYSTEM, now, due[1])
            self.publish()
        self.now = moment

    def _next_due(self, ticket_ids: tuple[int, ...]) -> tuple[datetime, int] | None:
        query = select(Deadline.next_at, Deadline.id).where(
            Deadline.ticket_id.in_(ticket_ids), Deadline.next_at.is_not(None)
        )
        with self.work():
            row = db.session.execute(query.order_by(Deadline.next_at, Deadline.id).limit(1)).one_or_none()
        return (row.next_at, row.id) if row else None

    def publish(self) -> None:
        """Give events their place, send them to the open screens, and tell staff what they call for."""
        with self.app.app_context():
            lead = take_lead("a test")
            assert lead is not None
            while stamped := stamp(lead):
                self._send(stamped)
            fresh, again = outbox.claim_jobs(1000, timedelta(seconds=30))
            notice_job.tell_of_events([*fresh.get(TELL, ()), *again.get(TELL, ())])

    def _send(self, stamped: list[Stamped]) -> None:
        ids = {event.subject_id for event in stamped if event.subject == "ticket"}
        with unit_of_work():
            rows = {key: row.to_data() for key, row in queries.rows_by_id(ids).items()}
            self.sent += messages(stamped, rows, queries.rooms_now(ids))

    # What is so.

    def read(self, ask: Callable[[City], Any]) -> Any:
        """Rows as they stand, for looking at only."""
        with self.work():
            found = ask(self._city())
            db.session.expunge_all()
        return found

    def state(self, ticket_id: int) -> str:
        return str(self.read(lambda city: city.ticket(ticket_id).state))

    def ticket(self, ticket_id: int) -> Any:
        return self.read(lambda city: city.ticket(ticket_id))

    def part(self, ticket_id: int, unit: str = LEAD) -> Any:
        """The unit's latest part."""
        return self.read(lambda city: city.part(ticket_id, unit))

    def clock(self, ticket_id: int, name: str, unit: str = "") -> Any:
        """The one running clock of that name, of the ticket or of a unit's part."""
        part = self.part(ticket_id, unit).id if unit else None
        return self.read(lambda city: city.clock(ticket_id, name, part))

    def all_clocks(self, ticket_id: int, name: str) -> list[Any]:
        """Those that were stopped too, in order."""
        rows = self.read(lambda city: city.clocks(ticket_id, running=False))
        return [row for row in rows if row.clock == name]

    def running(self, ticket_id: int) -> set[str]:
        return {row.clock for row in self.read(lambda city: city.clocks(ticket_id))}

    def unit(self, code: str) -> int:
        return int(self.read(lambda city: city.unit(code)))

    def kinds(self, ticket_id: int) -> list[str]:
        """Kinds of all events in order; their versions have no gap."""
        events = self.read(lambda city: city.events(ticket_id))
        assert [event.version for event in events] == list(range(1, len(events) + 1))
        return [event.kind for event in events]

    def told(self, ticket_id: int, **columns: object) -> list[tuple[str, str]]:
        """(login, kind) of the notices in the product that this ticket gave cause for, in order."""
        query = (
            select(Staff.login, Notice.kind)
            .join(Staff, Staff.id == Notice.staff_id)
            .where(Notice.ticket_id == ticket_id, Notice.way == "in_app")
            .where(*(getattr(Notice, name) == value for name, value in columns.items()))
        )
        with self.work():
            return [tuple(row) for row in db.session.execute(query.order_by(Notice.id))]

    def rungs(self, ticket_id: int, clock: str) -> list[tuple[str, str, set[str]]]:
        """(moment in the city, tier, who was told in the product) of each rung that acted of these clocks."""
        query = (
            select(Escalation)
            .join(Deadline, Deadline.id == Escalation.deadline_id)
            .where(Deadline.ticket_id == ticket_id, Deadline.clock == clock, Escalation.outcome == "acted")
        )
        with self.work():
            found = db.session.scalars(query.order_by(Escalation.escalated_at, Escalation.level)).all()
            return [
                (row.escalated_at.astimezone(ZONE).strftime("%m-%d %H:%M"), row.tier, self._told_of(row))
                for row in found
            ]

    @staticmethod
    def _told_of(row: Escalation) -> set[str]:
        key = f"escalation:{row.deadline_id}:{row.level}"
        query = select(Staff.login).join(Notice, Notice.staff_id == Staff.id)
        return set(db.session.scalars(query.where(Notice.key == key, Notice.way == notices.IN_APP)))

    # What each of them sees.

    def page(self, login: str, path: str) -> str:
        """A page of the desk, as somebody who signs in now reads it; it must be there."""
        answer = self.get(login, path)
        assert answer.status_code == 200, f"{login}: {path}: {answer.status_code}"
        return str(answer.text)

    def get(self, login: str, path: str) -> Any:
        browser = self.new_browser()
        assert browser.sign_in(login).status_code == 303
        return browser.get(path)

    def desk(self, login: str, ticket_id: int) -> str:
        """What a reader sees on the ticket's page."""
        return text_of(self.page(login, f"/desk/tickets/{ticket_id}"))

    def has_on(self, login: str, board: str, ticket_id: int) -> bool:
        with self.work() as now:
            found = queries.board(self._city().who(login), now, board, limit=200)
        return ticket_id in {row.id for row in found.rows}

    def public(self, number: str, code: str) -> str:
        """What the citizen reads with number and code."""
        answer = self.new_browser().post("/status", {"number": number, "code": code})
        assert answer.status_code == 200
        return text_of(answer.text)

    def heard_by(self, login: str) -> str:
        """All that open screens of this person were sent, as text."""
        with self.work():
            rooms = rooms_of(self._city().who(login))
        return repr([message for room, message in self.sent if room in rooms])


def text_of(page: str) -> str:
    """What a reader sees, on one line."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))
