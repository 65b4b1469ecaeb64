"""Tickets brought to any state by the verbs alone, for tests that need them there."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.auth.accounts import actor_by_login
from db import db
from routing import service as routing
from routing.reference import Reference
from tickets import queries, service
from tickets.event_models import TicketEvent
from tickets.handling import Account
from tickets.intake import Intake
from tickets.lifecycle import AssignmentState, TicketState
from tickets.models import Assignment, Deadline, Ticket
from tickets.permissions import SYSTEM, VISITOR, Actor, caller_of
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

UNNAMED = {"anonymous": True, "phone": "", "name": "", "address": ""}
"""A caller with whom nobody can speak: no unit has a first talk to hold in time."""
GATE = {"contact_method": "no_contact", "facts": "true", "result": "solved"}
"""What a unit says besides on ending a matter, of a citizen who left nothing to be called by."""

LEAD, ASSIST, OTHER = "990102.urban", "990102.housing", "9901.heat"
UNIT_HEAD = "lead-wanghe"
"""Answers for LEAD and ASSIST, which lie below the district's government."""
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

    @property
    def reference(self) -> Reference:
        return routing.current()

    @property
    def zone(self) -> ZoneInfo:
        return routing.current().zone

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

    def in_days(self, days: int) -> date:
        return self.now.date() + timedelta(days=days)

    def number_of_another(self) -> str:
        """Of a ticket that is at work elsewhere."""
        return self.ticket(self.waiting()).number or ""

    def index(self, ticket_id: int) -> None:
        """Make the ticket found by its words, as the job does."""
        db.session.flush()
        words = queries.words_of([ticket_id], self.vault)
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

    def recalled(self, **options: object) -> int:
        """TO_DISPATCH once more: LEAD's part, and those of who was to help, CANCELLED."""
        ticket_id = self.dispatched(**options)
        service.recall(self.who("supervisor"), self.now, ticket_id, self.part(ticket_id).id, "派错单位")
        return ticket_id

    def signed(self, **options: object) -> int:
        """LEAD's part HANDLING."""
        ticket_id = self.dispatched(**options)
        service.sign(self.who(LEAD_LOGIN), self.now, ticket_id, self.part(ticket_id).id)
        return ticket_id

    def helped_later(self, **options: object) -> int:
        """LEAD's part HANDLING, and OTHER's PENDING_SIGN, which was asked to help afterwards."""
        ticket_id = self.signed(**options)
        service.add_assist(self.who("supervisor"), self.now, ticket_id, [self.unit(OTHER)], "请配合查管线")
        return ticket_id

    def return_requested(self, **options: object) -> int:
        ticket_id = self.signed(**options)
        self.ask_return(ticket_id)
        return ticket_id

    def ask_return(
        self, ticket_id: int, unit: str = LEAD, login: str = LEAD_LOGIN, suggested: str = OTHER
    ) -> None:
        service.request_return(
            self.who(login), self.now, ticket_id, self.part(ticket_id, unit).id, "not_our_duty", "不属于我局职责",
            "《城市道路管理条例》第六条", self.unit(suggested),
        )

    def returned(self, **options: object) -> int:
        """LEAD's part RETURNED, OTHER's PENDING_SIGN."""
        ticket_id = self.return_requested(**options)
        service.redispatch(
            self.who("dispatcher"), self.now, ticket_id, self.part(ticket_id).id, self.unit(OTHER), "改派"
        )
        return ticket_id

    def replied(self, **options: object) -> int:
        """TO_REVIEW: LEAD's part SUBMITTED, after what the units that help sent in."""
        ticket_id = self.signed(**options)
        for part in self.parts(ticket_id):
            if part.role == "assist":
                service.sign(self.who("lead-city"), self.now, ticket_id, part.id)
                service.contribute(self.who("lead-city"), self.now, ticket_id, part.id, "内部：已配合。")
        self.reply(ticket_id)
        return ticket_id

    def reply(self, ticket_id: int, unit: str = LEAD, login: str = LEAD_LOGIN) -> None:
        part = self.part(ticket_id, unit)
        if part.role != "lead":
            service.contribute(self.who(login), self.now, ticket_id, part.id, "内部：已核实。")
            return
        account = self.account("路面已经修好。", "内部：已核实。")
        service.reply(self.who(login), self.now, ticket_id, part.id, account)

    def account(self, public: str, internal: str, **values: object) -> Account:
        """What a unit says on ending a matter, told on the telephone just now."""
        told = {"contact_method": "phone", "contact_at": self.now, "contact_from": "0543-12345"}
        return Account(public, internal, **told | values)

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

    def done_again(self) -> int:
        """CLOSED: not solved at first, then handled again by LEAD, and rated well."""
        ticket_id = self.redone()
        service.sign(self.who(LEAD_LOGIN), self.now, ticket_id, self.part(ticket_id).id)
        self.reply(ticket_id)
        service.accept(self.who("supervisor"), self.now, ticket_id)
        service.rate(caller_of(ticket_id), self.now, ticket_id, True, 3)
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
        service.refer(self.who("operator"), self.now, ticket_id, "statutory", "litigation", "请向法院起诉")
        return ticket_id

    def answered(self) -> int:
        ticket_id = self.waiting()
        service.answer(self.who("operator"), self.now, ticket_id, "已经当场答复")
        return ticket_id

    def info_asked(self, **intake: object) -> int:
        """NEED_INFO, before dispatch."""
        ticket_id = self.waiting(**intake)
        service.ask_info(self.who("dispatcher"), self.now, ticket_id, "请说明具体位置")
        return ticket_id

    def citizen_asked(self, **options: object) -> int:
        """LEAD's part NEED_INFO."""
        ticket_id = self.signed(**options)
        service.ask_citizen(self.who(LEAD_LOGIN), self.now, ticket_id, self.part(ticket_id).id, "请提供照片")
        return ticket_id

    def disputed(self, **options: object) -> int:
        """DISPUTED: LEAD and OTHER gave it back, one after the other."""
        ticket_id = self.returned(**options)
        self.ask_return(ticket_id, OTHER, OTHER_LOGIN, suggested=LEAD)
        part = self.part(ticket_id, OTHER)
        service.concede(self.who("dispatcher"), self.now, ticket_id, part.id, "双方均提出依据，提请裁定")
        return ticket_id

    def designated(self, **options: object) -> int:
        """IN_PROGRESS again, LEAD's part PENDING_SIGN, not to be given back."""
        ticket_id = self.disputed(**options)
        service.designate(self.who("office"), self.now, ticket_id, self.unit(LEAD), [], "以属地为准")
        return ticket_id

    def delegated(self, **options: object) -> int:
        """With the district's government, passed down to a street, whose part is PENDING_SIGN."""
        ticket_id = self.waiting(**options)
        service.dispatch(self.who("dispatcher"), self.now, ticket_id, self.unit("990102.gov"))
        part = self.part(ticket_id, "990102.gov")
        service.sign(self.who(UNIT_HEAD), self.now, ticket_id, part.id)
        service.delegate(self.who(UNIT_HEAD), self.now, ticket_id, part.id, self.unit("990102001.gov"))
        return ticket_id

    def contributed(self) -> tuple[int, int]:
        """LEAD's part HANDLING; id of ASSIST's, which is SUBMITTED."""
        ticket_id = self.signed(assists=(ASSIST,))
        part = self.part(ticket_id, ASSIST)
        service.sign(self.who(ASSIST_LOGIN), self.now, ticket_id, part.id)
        self.reply(ticket_id, ASSIST, ASSIST_LOGIN)
        return ticket_id, part.id

    def suspension_asked(self, **options: object) -> int:
        ticket_id = self.signed(**options)
        on = self.in_days(30)
        service.ask_suspension(
            self.who(UNIT_HEAD), self.now, ticket_id, self.part(ticket_id).id, "planned", on, "列入明年改造计划"
        )
        return ticket_id

    def suspended(self, **options: object) -> int:
        ticket_id = self.suspension_asked(**options)
        on = self.in_days(30)
        part = self.part(ticket_id)
        service.grant_suspension(self.who("supervisor"), self.now, ticket_id, part.id, on, "管网改造明年三月开工")
        return ticket_id

    def merged(self, **intake: object) -> int:
        """MERGED into another ticket of LEAD's."""
        master = self.ticket(self.dispatched())
        ticket_id = self.waiting(**intake)
        service.merge(self.who("supervisor"), self.now, ticket_id, master.number or "")
        return ticket_id

    def withdrawn(self, **options: object) -> int:
        ticket_id = self.dispatched(**options)
        service.withdraw(caller_of(ticket_id), self.now, ticket_id, "已经解决，不用再办")
        return ticket_id

    def archived(self, **options: object) -> int:
        ticket_id = self.rated(**options)
        service.archive(SYSTEM, self.now, ticket_id)
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
            TicketState.NEED_INFO: self.info_asked,
            TicketState.DISPUTED: self.disputed,
            TicketState.SUSPENDED: self.suspended,
            TicketState.MERGED: self.merged,
            TicketState.WITHDRAWN: self.withdrawn,
            TicketState.ARCHIVED: self.archived,
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
            AssignmentState.NEED_INFO: self.citizen_asked,
            AssignmentState.CANCELLED: self.withdrawn,
        }[state]()
        return ticket_id, self.part(ticket_id).id
