"""Verbs in any order by anybody: refused or done, the ticket stays true to the table and to its record."""

from collections import Counter
from collections.abc import Callable
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
from tickets.intake import Intake
from tickets.models import Escalation, Ticket
from tickets.permissions import SYSTEM, Actor, caller_of, rooms_of_ticket
from tickets.sheets import task_sheet
from tickets.terms import HANDLING

PEOPLE = (
    "operator", "operator2", "dispatcher", LEAD_LOGIN, ASSIST_LOGIN, OTHER_LOGIN, UNIT_HEAD, "lead-city",
    "handler-mingde", "supervisor", "office", "caller", "system",
)  # fmt: skip
CASTS = (
    (LEAD_LOGIN, "supervisor", "caller"),
    (UNIT_HEAD, OTHER_LOGIN, "supervisor"),
    (UNIT_HEAD, "supervisor", "office", "caller"),
    ("operator", "dispatcher", LEAD_LOGIN, "supervisor"),
    (LEAD_LOGIN, ASSIST_LOGIN, "dispatcher", "supervisor"),
    (UNIT_HEAD, "handler-mingde", "supervisor", "system"),
    (UNIT_HEAD, "lead-city", "supervisor", "office"),
)
"""People between whom a matter goes from its beginning to its end."""
DISTRICT = "990102.gov"
UNITS = (LEAD, OTHER, DISTRICT, "9901.gas")
STREETS = ("990102001.gov", "990102001001.gov")
SAID = ((UNSURE.content, "normal"), ("补充：晚上更严重", "critical"))


def _said(pick: int) -> Intake:
    content, urgency = SAID[pick % len(SAID)]
    return replace(UNSURE, content=content, urgency=urgency)


def _helped(city: City, pick: int) -> list[int]:
    return [city.unit(ASSIST)] if pick % 2 else []


BEGINNINGS = (
    "draft", "waiting", "signed", "return_requested", "disputed", "delegated", "replied", "accepted", "redone",
    "suspended", "rated",
)
"""What the scenes bring a ticket to."""
ENDING = {"withdraw", "answer", "refer", "discard", "merge", "go_on"}
"""What ends, or leaves nothing to do: only now and then, or no run would get far."""
OF_SEVERAL: dict[str, Callable[..., object]] = {
    "register": lambda c, who, t, p, pick, **v: service.register(who, c.now, t, _said(pick), c.vault, **v),
    "amend": lambda c, who, t, p, pick, **v: service.amend(who, c.now, t, _said(pick), c.vault, **v),
    "dispatch": lambda c, who, t, p, pick, **v: service.dispatch(
        who, c.now, t, c.unit(UNITS[pick % 3]), _helped(c, pick), **v
    ),
    "designate": lambda c, who, t, p, pick, **v: service.designate(
        who, c.now, t, c.unit(UNITS[pick % 3]), _helped(c, pick), "以属地为准", **v
    ),
    "redispatch": lambda c, who, t, p, pick, **v: service.redispatch(
        who, c.now, t, p, c.unit(UNITS[pick % 4]), "改派", **v
    ),
    "request_return": lambda c, who, t, p, pick, **v: service.request_return(
        who, c.now, t, p, "other", "不归我们", "三定方案", c.unit(UNITS[pick % 4]), **v
    ),
    "delegate": lambda c, who, t, p, pick, **v: service.delegate(
        who, c.now, t, p, c.unit(STREETS[pick % 2]), "2", **v
    ),
    "rate": lambda c, who, t, p, pick, **v: service.rate(who, c.now, t, bool(pick % 2), 1 + pick % 3, **v),
    "hear": lambda c, who, t, p, pick, **v: service.hear(
        who, c.now, t, True, bool(pick % 3), bool(pick % 2), 1 + pick % 3, **v
    ),
}
"""Verbs that are tried with more than one thing to say; all others are called as the table's own test does."""
VERBS = ON_TICKETS | ON_PARTS
WITHOUT_VERSION = {"give", "supplement", "urge", "archive"}
WHOLE = {
    "TO_DISPATCH": {"dispatch"}, "NEED_INFO": {"info"}, "DISPUTED": {"dispute"}, "SUSPENDED": {"suspension"},
    "TO_REVIEW": {"review"}, "TO_CALLBACK": {"callback"},
}  # fmt: skip
"""The clock of the ticket as a whole in each state; an appeal's runs besides."""
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
EDGES = {(row.machine, row.source, row.target or row.source) for row in lifecycle.TABLE}
EDGES |= {("assignment", row.source, row.target) for row in lifecycle.CONSEQUENCES}


class OneTicket(RuleBasedStateMachine):
    """One ticket among two to four people; nothing is committed, and each run rolls back."""

    vault: object
    done: Counter[str] = Counter()
    """How often each verb was done, in all runs; `steps` how many were tried."""

    def __init__(self) -> None:
        super().__init__()
        self.city = City(MONDAY, self.vault)  # type: ignore[arg-type]
        self.cast: tuple[str, ...] = ()

    @initialize(
        begin=st.sampled_from(BEGINNINGS), confidential=st.booleans(), cast=st.sampled_from(CASTS)
        | st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=4, unique=True).map(tuple),
    )  # fmt: skip
    def take_in(self, begin: str, confidential: bool, cast: tuple[str, ...]) -> None:
        """Somewhere on its way: what leads there is walked from everywhere in all runs together."""
        self.cast = cast
        given = {"confidential": confidential} if begin in ("draft", "waiting") else {}
        self.id = getattr(self.city, begin)(**given)
        self.note_states()

    def note_states(self) -> None:
        self.state = self.city.ticket(self.id).state
        self.part_states = {part.id: part.state for part in self.city.parts(self.id)}

    def attempt(self, verb: Callable[..., object], *rest: object, **more: object) -> errors.TicketError | None:
        """Refused it changes nothing; done it moves along an edge of the table. Returns the refusal."""
        before = self.city.ticket(self.id).version
        point = db.session.begin_nested()
        try:
            verb(*rest, **more)
            db.session.flush()
        except errors.TicketError as refusal:
            point.rollback()
            assert self.city.ticket(self.id).version == before
            return refusal
        point.commit()
        old_state, old_parts = self.state, self.part_states
        self.note_states()
        assert old_state == self.state or self._joins("ticket", old_state, self.state)
        for part, state in self.part_states.items():
            old = old_parts.get(part)
            assert old == state or self._joins("assignment", old, state)
        return None

    def do(self, login: str, action: str, part: int, pick: int, **seen: int) -> errors.TicketError | None:
        verb, more = VERBS[action], seen
        if action in OF_SEVERAL:
            verb, more = OF_SEVERAL[action], seen | {"pick": pick}
        refusal = self.attempt(verb, self.city, self.who(login), self.id, part, **more)
        if refusal is None:
            self.done[action] += 1
        return refusal

    @staticmethod
    def _joins(machine: str, old: str | None, new: str) -> bool:
        """One edge, or two in one breath: registered and routed, replied and submitted."""
        step = {target for kind, source, target in EDGES if (kind, source) == (machine, old)}
        return new in step or any((machine, between, new) in EDGES for between in step)

    def who(self, login: str) -> Actor:
        others = {"caller": caller_of(self.id), "system": SYSTEM}
        return others.get(login) or self.city.who(login)

    people, picks = st.integers(0, 3), st.integers(0, 11)

    def one(self, number: int) -> str:
        """One of the people of this run."""
        return self.cast[number % len(self.cast)]

    @rule(number=people, action=st.sampled_from(sorted(VERBS)), which=picks, pick=picks)
    def try_anything(self, number: int, action: str, which: int, pick: int) -> None:
        """Whether it is one's business or not."""
        self.do(self.one(number), action, self.part(which) if action in ON_PARTS else 0, pick)

    def part(self, which: int) -> int:
        """One of the ticket's parts, counted from the latest."""
        parts = sorted(self.part_states)
        return parts[-1 - which % len(parts)] if parts else 0

    @rule(number=people, which=st.integers(0, 40), pick=picks)
    def follow_the_page(self, number: int, which: int, pick: int) -> None:
        """What somebody's page offers can be done by who has it before them as it stands."""
        self.by_the_page(number, which, pick, 0)

    @rule(number=people, which=st.integers(0, 40), pick=picks, behind=st.sampled_from([0, 0, 1, 2, 5]))
    def follow_an_old_page(self, number: int, which: int, pick: int, behind: int) -> None:
        """And by nobody who has an older one, if anything has changed since that it stands on."""
        self.by_the_page(number, which, pick, behind)

    def by_the_page(self, number: int, which: int, pick: int, behind: int) -> None:
        everybody = [self.one(number + place) for place in range(len(self.cast))]
        login, offered = next(((one, found) for one in everybody if (found := self.offered(one))), ("", []))
        if not offered:
            return
        action, part = offered[which % len(offered)]
        if action in ENDING and pick:
            return
        version = self.city.ticket(self.id).version
        seen = max(1, version - behind)
        is_stale = action not in WITHOUT_VERSION and self.missed(seen, part)
        given = {} if action in WITHOUT_VERSION else {"version": seen}
        refusal = self.do(login, action, part, pick, **given)
        if is_stale:
            assert isinstance(refusal, errors.Stale), f"{login}: {action}: a lost update"
        else:
            # What was typed may be wrong all the same: a unit that has it already, a date too far.
            assert refusal is None or isinstance(refusal, errors.Invalid), f"{login}: {action}: {refusal!r}"

    def offered(self, login: str) -> list[tuple[str, int]]:
        """(action, part or 0) of all that the page has a form for."""
        try:
            page = queries.ticket_page(self.who(login), self.city.now, self.id, self.city.vault)
        except errors.NotFound:
            return []
        of_parts = [(row.action, view.part.id) for view in page.parts for row in view.actions]
        return [*((row.action, 0) for row in page.actions), *of_parts]

    def missed(self, seen: int, part: int) -> bool:
        """Whether something has changed since that an action on this part, or on the ticket, stands on."""
        unit = next((one.department_id for one in self.city.parts(self.id) if one.id == part), None)
        return any(
            event.kind not in events.SIDE_KINDS
            and not (part and event.kind in events.UNIT_KINDS and event.department_id != unit)
            for event in self.city.events(self.id)[seen:]
        )

    @rule(number=people, action=st.sampled_from(sorted(VERBS.keys() - WITHOUT_VERSION)), which=picks, pick=picks,
          seen=st.integers(1, 30))  # fmt: skip
    def come_second(self, number: int, action: str, which: int, pick: int, seen: int) -> None:
        """Whoever saw an older state of what an action is about is refused."""
        part = self.part(which) if action in ON_PARTS else 0
        if seen < self.city.ticket(self.id).version and self.missed(seen, part):
            refusal = self.do(self.one(number), action, part, pick, version=seen)
            assert refusal is not None, f"{action}: a lost update"

    @rule(number=people, which=picks)
    def do_beside_its_course(self, number: int, which: int) -> None:
        """What is recorded and changes no state."""
        who, now, vault = self.who(self.one(number)), self.city.now, self.city.vault
        verb, rest = [
            (service.reveal, (self.id, "phone", "核实", vault)),
            (service.reissue_code, (self.id, "遗失", vault)),
            (task_sheet, (self.id, self.part(which), "请更换井盖", vault, (), True)),
        ][which % 3]
        self.attempt(verb, who, now, *rest)

    @rule(days=st.sampled_from([0.5, 3, 20]))
    def time_passes(self, days: float) -> None:
        self.city.later(days=days)
        for clock in self.city.clocks(self.id):
            self.attempt(service.act_on_deadline, SYSTEM, self.city.now, clock.id)
            self.attempt(service.act_on_deadline, SYSTEM, self.city.now, clock.id)

    @invariant()
    def a_step_is_counted(self) -> None:
        self.done["steps"] += 1

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
        once = [one for one in clocks if one[0] != "decision"]  # of one part two things may be asked for at a time
        assert len(once) == len(set(once))
        at_work = {part.id for part in self.city.parts(self.id) if part.state in lifecycle.WORKED_ON}
        assert (ticket.closed_at is not None) == (ticket.state in lifecycle.ENDED)
        assert {part for clock, part in running if clock in HANDLING} == at_work
        assert {clock for clock, part in running if part is None} - {"appeal"} == WHOLE.get(ticket.state, set())
        handling = [row for row in self.city.clocks(self.id) if row.clock in HANDLING]
        paused = {row.assignment_id for row in handling if row.paused_at}
        late = {row.assignment_id for row in handling if not row.paused_at and row.due_at <= self.city.now}
        waiting = {part.id for part in self.city.parts(self.id) if part.state == "NEED_INFO"}
        assert paused == (at_work if ticket.state == "SUSPENDED" else waiting - late), "what was late climbs on"
        levels = select(Escalation.deadline_id, Escalation.level)
        fired = db.session.execute(levels).all()
        assert len(fired) == len(set(fired))

    def teardown(self) -> None:
        db.session.rollback()


def test_every_verb_of_the_table_is_tried():
    assert VERBS.keys() >= {row.action for row in lifecycle.TABLE} - lifecycle.BY_THEMSELVES


@pytest.mark.parametrize(
    ("examples", "steps"), [(12, 25), pytest.param(200, 50, marks=pytest.mark.long)], ids=["some", "10000 steps"]
)
def test_any_order_of_verbs_keeps_the_ticket_true(app, vault, examples: int, steps: int):
    """The short run is the same each time; what chance can find is for the long one."""
    OneTicket.vault, OneTicket.done = vault, Counter()
    with app.app_context():
        run_state_machine_as_test(
            OneTicket,
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=examples < 100,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert db.session.scalar(select(Ticket.id).where(Ticket.registered_at == MONDAY)) is None
        db.session.remove()
    print(sum(OneTicket.done.values()), dict(OneTicket.done.most_common()), VERBS.keys() - OneTicket.done.keys())
