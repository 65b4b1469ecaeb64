"""Verbs in any order by anybody: refused or done, the ticket stays true to the table and to its record."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER, OTHER_LOGIN, UNSURE, City
from sqlalchemy import select

from db import db
from tickets import errors, lifecycle, queries, service
from tickets.change import scope_of
from tickets.models import Escalation, Ticket
from tickets.permissions import SYSTEM, Actor, caller_of, rooms_of_ticket

LOGINS = ("operator", "dispatcher", LEAD_LOGIN, ASSIST_LOGIN, OTHER_LOGIN, "supervisor")
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
        return self.city.who(login)

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

    @rule(login=people, action=st.sampled_from(["discard", "answer", "refer", "accept", "reject", "close"]))
    def act(self, login: str, action: str) -> None:
        more = {"refer": ("statutory", "请起诉"), "close": ("confirmed",), "accept": ()}.get(action, ("说明",))
        self.attempt(getattr(service, action), self.who(login), self.city.now, self.id, *more)

    @rule(login=people, lead=st.sampled_from([LEAD, OTHER]))
    def dispatch(self, login: str, lead: str) -> None:
        self.attempt(service.dispatch, self.who(login), self.city.now, self.id, self.city.unit(lead), self.assists)

    @rule(
        login=people,
        action=st.sampled_from(["sign", "handle", "request_return", "uphold", "redispatch", "reply"]),
        which=st.integers(0, 3),
        unit=st.sampled_from([LEAD, OTHER, "9901.gas"]),
    )
    def act_on_part(self, login: str, action: str, which: int, unit: str) -> None:
        parts = sorted(self.part_states)
        part = parts[which % len(parts)] if parts else 0
        more = {
            "sign": (), "handle": ("上门",), "request_return": ("other", "不归我们"), "uphold": ("维持",),
            "redispatch": (self.city.unit(unit), "改派"), "reply": ("已修好", "已核实"),
        }[action]  # fmt: skip
        self.attempt(getattr(service, action), self.who(login), self.city.now, self.id, part, *more)

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
        page = queries.ticket_page(SYSTEM, self.id, self.city.vault)
        assert [entry.kind for entry in page.timeline] == [event.kind for event in events]

    @invariant()
    def the_clocks_fit_the_state(self) -> None:
        ticket = self.city.ticket(self.id)
        clocks = [(row.clock, row.assignment_id) for row in self.city.clocks(self.id)]
        running = set(clocks)
        assert len(clocks) == len(running)
        at_work = {part.id for part in self.city.parts(self.id) if part.state in lifecycle.WORKED_ON}
        assert (ticket.closed_at is not None) == (ticket.state in lifecycle.ENDED)
        assert {part for clock, part in running if clock == "handle"} == at_work
        whole = {"TO_DISPATCH": {"dispatch"}, "TO_REVIEW": {"review"}, "TO_CALLBACK": {"callback"}}
        assert {clock for clock, part in running if part is None} == whole.get(ticket.state, set())
        levels = select(Escalation.deadline_id, Escalation.level)
        fired = db.session.execute(levels).all()
        assert len(fired) == len(set(fired))

    def teardown(self) -> None:
        db.session.rollback()


def test_any_order_of_verbs_keeps_the_ticket_true(app, vault):
    OneTicket.vault = vault
    with app.app_context():
        run_state_machine_as_test(
            OneTicket,
            settings=settings(
                max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
        assert db.session.scalar(select(Ticket.id).where(Ticket.registered_at == MONDAY)) is None
        db.session.remove()
