"""Tickets brought to any state by the verbs alone, for tests that need them there."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from app.auth.accounts import actor_by_login
from db import db
from routing import service as routing
from tickets import queries, service
from tickets.event_models import TicketEvent
from tickets.intake import Intake
from tickets.lifecycle import AssignmentState, TicketState
from tickets.models import Assignment, Deadline, Ticket
from tickets.permissions import VISITOR, Actor, caller_of
from tickets.vault import Vault

UNSURE = Intake(
    title="说不清归谁",
    content="这件事情实在说不清归谁",
    type="complaint",
    channel="phone",
    place="望河区明德路12号3单元401室",
    name="张三丰",
    phone="13800138000",
    address="明德路12号3单元401室",
)
"""No rule and no duty knows it: it waits for a dispatcher."""

LEAD, ASSIST, OTHER = "990102.urban", "990102.housing", "9901.heat"
LEAD_LOGIN, ASSIST_LOGIN, OTHER_LOGIN = "handler-wanghe-urban", "handler-wanghe-housing", "handler-heat"


@dataclass
class City:
    """The demo city at one moment: its people, its units, and tickets on demand. Commits nothing."""

    now: datetime
    vault: Vault
    _people: dict[str, Actor] = field(default_factory=dict)

    def who(self, login: str) -> Actor:
        if login not in self._people:
            self._people[login] = actor_by_login(login)
        return self._people[login]

    def unit(self, code: str) -> int:
        return routing.current().units[code].id

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def ticket(self, ticket_id: int) -> Ticket:
        db.session.flush()
        return db.session.get_one(Ticket, ticket_id, populate_existing=True)

    def parts(self, ticket_id: int) -> list[Assignment]:
        query = select(Assignment).where(Assignment.ticket_id == ticket_id).order_by(Assignment.id)
        return list(db.session.scalars(query))

    def part(self, ticket_id: int, unit: str = LEAD) -> Assignment:
        """The unit's latest part of the ticket."""
        return [part for part in self.parts(ticket_id) if part.department_id == self.unit(unit)][-1]

    def events(self, ticket_id: int) -> list[TicketEvent]:
        query = select(TicketEvent).where(
            TicketEvent.subject == "ticket", TicketEvent.subject_id == ticket_id
        )
        return list(db.session.scalars(query.order_by(TicketEvent.id)))

    def clocks(self, ticket_id: int, running: bool = True) -> list[Deadline]:
        query = select(Deadline).where(Deadline.ticket_id == ticket_id).order_by(Deadline.id)
        if running:
            query = query.where(Deadline.stopped_at.is_(None))
        return list(db.session.scalars(query))

    def clock(self, ticket_id: int, name: str, part: int | None = None) -> Deadline:
        """The one running clock of that name."""
        found = [row for row in self.clocks(ticket_id) if (row.clock, row.assignment_id) == (name, part)]
        assert len(found) == 1, found
        return found[0]

    def index(self, ticket_id: int) -> None:
        """Make the ticket found by its words, as the job does."""
        db.session.flush()
        words = queries.words_of([ticket_id])
        routing.index_texts(db.session(), {str(key): text for key, text in words.items()})

    def searches(self, login: str) -> list[TicketEvent]:
        """A person's searches for callers, in order."""
        db.session.flush()
        query = select(TicketEvent).where(
            TicketEvent.kind == "contact.searched", TicketEvent.actor_id == self.who(login).id
        )
        return list(db.session.scalars(query.order_by(TicketEvent.id)))

    # From here on: a ticket in a state, by its id.

    def draft(self, login: str = "operator", **intake: object) -> int:
        return service.open_draft(self.who(login), self.now, replace(UNSURE, **intake), self.vault).id

    def waiting(self, login: str = "operator", **intake: object) -> int:
        """TO_DISPATCH."""
        opened = service.open_ticket(self.who(login), self.now, replace(UNSURE, **intake), self.vault)
        return opened.ticket.id

    def from_web(self, **intake: object) -> tuple[int, str]:
        """TO_DISPATCH, sent in by a visitor: id and query code."""
        opened = service.open_ticket(
            VISITOR, self.now, replace(UNSURE, channel="web", **intake), self.vault
        )
        return opened.ticket.id, opened.code

    def dispatched(self, *, assists: tuple[str, ...] = (), ticket_id: int = 0, **intake: object) -> int:
        """IN_PROGRESS, LEAD's part PENDING_SIGN."""
        ticket_id = ticket_id or self.waiting(**intake)
        units = [self.unit(code) for code in assists]
        service.dispatch(self.who("dispatcher"), self.now, ticket_id, self.unit(LEAD), units)
        return ticket_id

    def signed(self, **options: object) -> int:
        """LEAD's part HANDLING."""
        ticket_id = self.dispatched(**options)
        service.sign(self.who(LEAD_LOGIN), self.now, ticket_id, self.part(ticket_id).id)
        return ticket_id

    def return_requested(self, **options: object) -> int:
        ticket_id = self.signed(**options)
        service.request_return(
            self.who(LEAD_LOGIN), self.now, ticket_id, self.part(ticket_id).id, "not_our_duty", "不属于我局职责"
        )
        return ticket_id

    def returned(self, **options: object) -> int:
        """LEAD's part RETURNED, OTHER's PENDING_SIGN."""
        ticket_id = self.return_requested(**options)
        service.redispatch(
            self.who("dispatcher"), self.now, ticket_id, self.part(ticket_id).id, self.unit(OTHER), "改派"
        )
        return ticket_id

    def replied(self, **options: object) -> int:
        """LEAD's part SUBMITTED; the ticket is TO_REVIEW when no other unit has a part."""
        ticket_id = self.signed(**options)
        self.reply(ticket_id)
        return ticket_id

    def reply(self, ticket_id: int, unit: str = LEAD, login: str = LEAD_LOGIN) -> None:
        service.reply(
            self.who(login), self.now, ticket_id, self.part(ticket_id, unit).id, "路面已经修好。", "内部：已核实。"
        )

    def rejected(self, **options: object) -> int:
        ticket_id = self.replied(**options)
        service.reject(self.who("supervisor"), self.now, ticket_id, "没有写明整改时间")
        return ticket_id

    def accepted(self, **options: object) -> int:
        """TO_CALLBACK."""
        ticket_id = self.replied(**options)
        service.accept(self.who("supervisor"), self.now, ticket_id)
        return ticket_id

    def rated(self, **options: object) -> int:
        ticket_id = self.accepted(**options)
        service.rate(caller_of(ticket_id), self.now, ticket_id, True, 3)
        return ticket_id

    def redone(self, **options: object) -> int:
        """IN_PROGRESS for the second time, LEAD's part PENDING_SIGN."""
        ticket_id = self.accepted(**options)
        service.rate(caller_of(ticket_id), self.now, ticket_id, False, 1)
        return ticket_id

    def registered(self, **intake: object) -> int:
        """REGISTERED, in which no ticket rests: only within the verb that takes it in."""
        ticket_id = self.waiting(**intake)
        ticket = self.ticket(ticket_id)
        ticket.state = TicketState.REGISTERED
        db.session.flush()
        return ticket_id

    def discarded(self) -> int:
        ticket_id = self.draft()
        service.discard(self.who("operator"), self.now, ticket_id, "电话断了")
        return ticket_id

    def referred(self) -> int:
        ticket_id = self.waiting()
        service.refer(self.who("operator"), self.now, ticket_id, "statutory", "请向法院起诉")
        return ticket_id

    def answered(self) -> int:
        ticket_id = self.waiting()
        service.answer(self.who("operator"), self.now, ticket_id, "已经当场答复")
        return ticket_id

    def ticket_in(self, state: TicketState) -> int:
        return {
            TicketState.DRAFT: self.draft,
            TicketState.DISCARDED: self.discarded,
            TicketState.REGISTERED: self.registered,
            TicketState.REFERRED: self.referred,
            TicketState.ANSWERED: self.answered,
            TicketState.TO_DISPATCH: self.waiting,
            TicketState.IN_PROGRESS: self.dispatched,
            TicketState.TO_REVIEW: self.replied,
            TicketState.TO_CALLBACK: self.accepted,
            TicketState.CLOSED: self.rated,
        }[state]()

    def part_in(self, state: AssignmentState) -> tuple[int, int]:
        """(ticket id, id of LEAD's part in that state)."""
        ticket_id = {
            AssignmentState.PENDING_SIGN: self.dispatched,
            AssignmentState.HANDLING: self.signed,
            AssignmentState.RETURN_REQUESTED: self.return_requested,
            AssignmentState.RETURNED: self.returned,
            AssignmentState.SUBMITTED: self.replied,
            AssignmentState.REJECTED: self.rejected,
            AssignmentState.DONE: self.accepted,
        }[state]()
        return ticket_id, self.part(ticket_id).id
