"""Verbs in any order by anybody: refused or done, the ticket stays true to the table and to its record."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER, OTHER_LOGIN, UNIT_HEAD, UNSURE, City
from sqlalchemy import select

from db import db
from tests.tickets.test_lifecycle import ON_PARTS, ON_TICKETS
from tickets import errors, events, lifecycle, queries, service
from tickets.change import scope_of
from tickets.models import Escalation, Ticket
from tickets.permissions import SYSTEM, Actor, caller_of, rooms_of_ticket
from tickets.terms import HANDLING

LOGINS = (
    "operator", "dispatcher", LEAD_LOGIN, ASSIST_LOGIN, OTHER_LOGIN, UNIT_HEAD, "handler-mingde", "supervisor",
    "office", "caller", "system",
)  # fmt: skip
DISTRICT = "990102.gov"
OF_OTHERS = {"register", "amend", "dispatch", "give"}
"""Verbs with a rule of their own, or of a draft's first second."""
ON_TICKETS_AT = [
    lambda city, who, ticket, seen: service.amend(
        who, city.now, ticket, replace(UNSURE, content="后来的人写的"), city.vault, seen
    )
]
WHOLE = {
    "TO_DISPATCH": {"dispatch"}, "NEED_INFO": {"info"}, "DISPUTED": {"dispute"}, "SUSPENDED": {"suspension"},
    "TO_REVIEW": {"review"}, "TO_CALLBACK": {"callback"},
}  # fmt: skip
"""The clock of the ticket as a whole in each state; an appeal's runs besides."""
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
EDGES = {(row.machine, row.source, row.target or row.source) for row in lifecycle.TABLE}
EDGES |= {("assignment", row.source, row.target) for row in lifecycle.CONSEQUENCES}


class OneTicket(RuleBasedStateMachine):
    """One ticket among six people; nothing is committed, and each run rolls back."""

    vault: object

    def __init__(self) -> None:
        super().__init__()
        self.city = City(MONDAY, self.vault)  # type: ignore[arg-type]
        self.versions: list[int] = []

    @initialize(as_draft=st.booleans(), assisted=st.booleans(), confidential=st.booleans())
    def take_in(self, as_draft: bool, assisted: bool, confidential: bool) -> None:
        self.id = (self.city.draft if as_draft else self.city.waiting)(confidential=confidential)
        self.assists = [self.city.unit(ASSIST)] if assisted else []
        self.note_states()

    def note_states(self) -> None:
        self.state = self.city.ticket(self.id).state
        self.part_states = {part.id: part.state for part in self.city.parts(self.id)}

    def attempt(self, verb: object, *rest: object) -> None:
        """Refused it changes nothing; done it moves along an edge of the table."""
        before = self.city.ticket(self.id).version
        point = db.session.begin_nested()
        try:
            verb(*rest)  # type: ignore[operator]
            db.session.flush()
        except errors.TicketError:
            point.rollback()
            assert self.city.ticket(self.id).version == before
            return
        point.commit()
        old_state, old_parts = self.state, self.part_states
        self.note_states()
        assert old_state == self.state or self._joins("ticket", old_state, self.state)
        for part, state in self.part_states.items():
            old = old_parts.get(part)
            assert old == state or self._joins("assignment", old, state)

    @staticmethod
    def _joins(machine: str, old: str | None, new: str) -> bool:
        """One edge, or two in one breath: registered and routed, replied and submitted."""
        step = {target for kind, source, target in EDGES if (kind, source) == (machine, old)}
        return new in step or any((machine, between, new) in EDGES for between in step)

    def who(self, login: str) -> Actor:
        others = {"caller": caller_of(self.id), "system": SYSTEM}
        return others.get(login) or self.city.who(login)

    people = st.sampled_from(LOGINS)

    @rule(
        login=people,
        content=st.sampled_from([UNSURE.content, "补充：晚上更严重"]),
        urgency=st.sampled_from(["normal", "critical"]),
    )
    def take_down(self, login: str, content: str, urgency: str) -> None:
        intake = replace(UNSURE, content=content, urgency=urgency)
        verb = service.register if self.state == "DRAFT" and login == "operator" else service.amend
        self.attempt(verb, self.who(login), self.city.now, self.id, intake, self.city.vault)

    @rule(login=people, action=st.sampled_from(sorted(ON_TICKETS.keys() - OF_OTHERS)))
    def act(self, login: str, action: str) -> None:
        self.attempt(ON_TICKETS[action], self.city, self.who(login), self.id, 0)

    @rule(login=people, lead=st.sampled_from([LEAD, OTHER, DISTRICT]))
    def dispatch(self, login: str, lead: str) -> None:
        self.attempt(service.dispatch, self.who(login), self.city.now, self.id, self.city.unit(lead), self.assists)

    @rule(login=people, action=st.sampled_from(sorted(ON_PARTS)), which=st.integers(0, 3))
    def act_on_part(self, login: str, action: str, which: int) -> None:
        self.attempt(ON_PARTS[action], self.city, self.who(login), self.id, self.part(which))

    def part(self, which: int) -> int:
        """One of the ticket's parts, counted from the latest."""
        parts = sorted(self.part_states)
        return parts[-1 - which % len(parts)] if parts else 0

    @rule(login=people, unit=st.sampled_from([LEAD, OTHER, "9901.gas"]), which=st.integers(0, 3))
    def ask_for_another_unit(self, login: str, unit: str, which: int) -> None:
        who, to = self.who(login), self.city.unit(unit)
        why = ("other", "不归我们", "三定方案", to)
        self.attempt(service.request_return, who, self.city.now, self.id, self.part(which), *why)

    @rule(login=people, street=st.booleans(), which=st.integers(0, 3))
    def pass_down(self, login: str, street: bool, which: int) -> None:
        part = self.part(which)
        to = self.city.unit("990102001.gov" if street else "990102001001.gov")
        self.attempt(service.delegate, self.who(login), self.city.now, self.id, part, to, "2")

    @rule(login=people, seen=st.integers(1, 30))
    def come_second(self, login: str, seen: int) -> None:
        """Whoever saw an older state of what an action is about is told so, and changes nothing."""
        ticket = self.city.ticket(self.id)
        if seen >= ticket.version:
            return
        missed = self.city.events(self.id)[seen:]
        try:
            with db.session.begin_nested():
                ON_TICKETS_AT[0](self.city, self.who(login), self.id, seen)
                db.session.flush()
        except errors.TicketError:
            return
        assert {event.kind for event in missed} <= events.SIDE_KINDS, "a lost update"
        self.note_states()

    @rule(solved=st.booleans())
    def rate(self, solved: bool) -> None:
        self.attempt(service.rate, caller_of(self.id), self.city.now, self.id, solved, 3 if solved else 1)

    @rule(login=people)
    def look_up_the_phone(self, login: str) -> None:
        self.attempt(service.reveal, self.who(login), self.city.now, self.id, "phone", "核实", self.city.vault)

    @rule(login=people)
    def give_out_a_code(self, login: str) -> None:
        self.attempt(service.reissue_code, self.who(login), self.city.now, self.id, "遗失", self.city.vault)

    @rule(days=st.sampled_from([0.5, 3, 20]))
    def time_passes(self, days: float) -> None:
        self.city.later(days=days)
        for clock in self.city.clocks(self.id):
            self.attempt(service.act_on_deadline, SYSTEM, self.city.now, clock.id)
            self.attempt(service.act_on_deadline, SYSTEM, self.city.now, clock.id)

    @invariant()
    def the_record_is_whole(self) -> None:
        ticket, parts, events = self.city.ticket(self.id), self.city.parts(self.id), self.city.events(self.id)
        assert [event.version for event in events] == list(range(1, ticket.version + 1))
        assert set(ticket.rooms) == rooms_of_ticket(scope_of(ticket, parts)) == set(events[-1].rooms_after)
        assert all(a.rooms_after == b.rooms_before for a, b in zip(events, events[1:], strict=False))
        page = queries.ticket_page(SYSTEM, self.city.now, self.id, self.city.vault)
        assert [entry.kind for entry in page.timeline] == [event.kind for event in events]

    @invariant()
    def the_clocks_fit_the_state(self) -> None:
        ticket = self.city.ticket(self.id)
        clocks = [(row.clock, row.assignment_id) for row in self.city.clocks(self.id)]
        running = set(clocks)
        assert len(clocks) == len(running)
        at_work = {part.id for part in self.city.parts(self.id) if part.state in lifecycle.WORKED_ON}
        assert (ticket.closed_at is not None) == (ticket.state in lifecycle.ENDED)
        assert {part for clock, part in running if clock in HANDLING} == at_work
        assert {clock for clock, part in running if part is None} - {"appeal"} == WHOLE.get(ticket.state, set())
        standing = [row for row in self.city.clocks(self.id) if row.paused_at and row.clock in HANDLING]
        paused = {row.assignment_id for row in standing}
        waiting = {part.id for part in self.city.parts(self.id) if part.state == "NEED_INFO"}
        assert paused == (at_work if ticket.state == "SUSPENDED" else waiting)
        levels = select(Escalation.deadline_id, Escalation.level)
        fired = db.session.execute(levels).all()
        assert len(fired) == len(set(fired))

    def teardown(self) -> None:
        db.session.rollback()


@pytest.mark.parametrize(
    ("examples", "steps"), [(12, 25), pytest.param(200, 50, marks=pytest.mark.long)], ids=["some", "10000 steps"]
)
def test_any_order_of_verbs_keeps_the_ticket_true(app, vault, examples: int, steps: int):
    OneTicket.vault = vault
    with app.app_context():
        run_state_machine_as_test(
            OneTicket,
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert db.session.scalar(select(Ticket.id).where(Ticket.registered_at == MONDAY)) is None
        db.session.remove()
