"""The next step of one ticket of the play, by the verbs alone. Each says what it did, or None where it
could do nothing because a person sits at that desk. None commits."""

from collections.abc import Callable
from random import Random

from sqlalchemy import select

from app import uploads
from app.demo import pictures, texts
from app.demo.stage import Stage
from app.demo.texts import WORDS, Matter
from db import db
from routing import service as routing
from tickets import calling, service, terms
from tickets.attachment_models import PROOF
from tickets.guards import returns_granted
from tickets.handling import Account
from tickets.intake import Opened
from tickets.lifecycle import HELD, WORKED_ON, AssignmentState, TicketState, transition
from tickets.models import Assignment, RoutingDecision, Ticket
from tickets.permissions import VISITOR, Actor, caller_of

OPERATORS = ("operator", "operator2")
BY_PHONE, AT_ONCE, RETURNED, UPHELD, WORKED, SENT_BACK, RATED = 0.6, 0.4, 0.06, 0.5, 0.25, 0.12, 0.6
"""How often each of these happens where it may."""
DECIDED = 0.3
"""The dispatcher takes his time, so that there is something to decide for whoever comes."""
WITH_PHOTO_BY_PHONE = 0.2
"""Who has a photo writes rather than rings."""
MOST_ROUNDS = 3
GROUNDS = {"emergency": "utility", "statutory": "litigation", "explain": "outside_powers"}
OFFICE_NUMBER = "0990-12345"


def take_in(stage: Stage, matter: Matter) -> str:
    """Somebody rings, or fills in the form; what is urgent is always said by telephone."""
    operator = stage.actor(stage.random.choice(OPERATORS))
    share = WITH_PHOTO_BY_PHONE if pictures.seen(matter.title) else BY_PHONE
    by_phone = operator is not None and (matter.urgency != "normal" or stage.chance(share))
    intake = texts.intake_of(matter, stage.random, "phone" if by_phone else "web")
    actor = operator if operator is not None and by_phone else VISITOR
    opened: Opened = service.open_ticket(actor, stage.now, intake, stage.vault)
    if not by_phone:
        _send_photo(stage, matter, opened.ticket)
    return f"take in {opened.ticket.number}"


def _send_photo(stage: Stage, matter: Matter, ticket: Ticket) -> None:
    is_seen = pictures.seen(matter.title) and transition("ticket", "urge", ticket.state)
    with uploads.held([pictures.before(matter.title, Random(ticket.id))] if is_seen else []) as held:
        if held.files:
            service.attach(caller_of(ticket.id), stage.now, ticket.id, held.files)


def _prove(stage: Stage, unit: Actor, ticket: Ticket, matter: Matter, part: Assignment) -> bool:
    """Put in a photo of what was done, where there is something to be seen of it; whether the reply may go. A full
    disk is no reason to stop the play."""
    is_wanted = routing.current().wants_photo(ticket.category_code)
    if not is_wanted and not pictures.seen(matter.title):
        return True
    with uploads.held([pictures.after(Random(ticket.id))]) as held:
        if held.files:
            service.attach(unit, stage.now, ticket.id, held.files, PROOF, part.id)
    return bool(held.files) or not is_wanted


def answer_a_question(stage: Stage, operator: Actor) -> Ticket:
    """Somebody rings with a question, and an operator answers it in the call."""
    matter = stage.random.choice([one for one in texts.MATTERS.values() if one.answer])
    intake = texts.intake_of(matter, stage.random, "phone")
    draft = calling.begin(stage.now, intake.phone, "12345", stage.vault)
    calling.hand_to(stage.now, draft.id, operator.id or 0)
    return service.answer_at_once(
        operator, stage.now, draft.id, matter.text, matter.answer, stage.vault, intake
    )


def go_on(stage: Stage, ticket_id: int) -> str | None:
    """Do what comes next with one ticket; returns what that was."""
    ticket = db.session.get_one(Ticket, ticket_id)
    matter, done = texts.matter_of(ticket.external_no), None
    open_parts = [one for one in parts_of(ticket_id) if one.state in WORKED_ON]
    # A person may have ended the ticket, or its last part, since it was found open.
    if matter and ticket.state == TicketState.IN_PROGRESS and open_parts:
        part = stage.random.choice(open_parts)
        done = OF_PART[part.state](stage, ticket, matter, part)
    elif matter and ticket.state in OF_TICKET:
        done = OF_TICKET[ticket.state](stage, ticket, matter)
    return f"{done} {ticket.number}" if done else None


def parts_of(ticket_id: int) -> list[Assignment]:
    """All parts of a ticket, in order."""
    query = select(Assignment).where(Assignment.ticket_id == ticket_id).order_by(Assignment.id)
    return list(db.session.scalars(query))


def _triage(stage: Stage, ticket: Ticket, matter: Matter) -> str | None:
    """What cannot be dispatched is answered or referred at the desk; the rest goes where routing suggested."""
    dispatcher = stage.at_desk("dispatcher", ticket.confidential)
    if dispatcher is None or not stage.chance(DECIDED):
        return None
    decision = _decision(ticket.id)
    disposition, lead = decision.detail["disposition"], decision.lead_department_id
    at_once = matter.answer or (lead is None and stage.chance(AT_ONCE))
    if disposition in WORDS["referrals"] and not ticket.confidential:
        service.refer(
            dispatcher, stage.now, ticket.id, disposition, GROUNDS[disposition], WORDS["referrals"][disposition]
        )
        return "refer"
    if at_once and not ticket.confidential:
        service.answer(dispatcher, stage.now, ticket.id, matter.answer or WORDS["explain"])
        return "answer"
    note = stage.random.choice(WORDS["dispatch_notes"])
    service.dispatch(dispatcher, stage.now, ticket.id, lead or _nearest_office(ticket), note=note)
    return "dispatch"


def _decision(ticket_id: int) -> RoutingDecision:
    latest = select(RoutingDecision).where(RoutingDecision.ticket_id == ticket_id)
    return db.session.scalars(latest.order_by(RoutingDecision.id.desc()).limit(1)).one()


def _nearest_office(ticket: Ticket) -> int:
    """The town that a matter of nobody lies in, else the hotline itself."""
    units = routing.current().units
    town = (ticket.region_path or "").split("/")[2:3]
    return units[f"{town[0]}.gov" if town and f"{town[0]}.gov" in units else "9901.hotline"].id


def _sign(stage: Stage, ticket: Ticket, matter: Matter, part: Assignment) -> str | None:
    unit = stage.of_unit(part.department_id, ticket.confidential)
    if unit is None:
        return None
    if _would_return(stage, ticket, part):
        return ask_return(stage, ticket, part)
    service.sign(unit, stage.now, ticket.id, part.id)
    return "sign"


def _work(stage: Stage, ticket: Ticket, matter: Matter, part: Assignment) -> str | None:
    unit = stage.of_unit(part.department_id, ticket.confidential)
    if unit is None:
        return None
    if part.state == AssignmentState.HANDLING and _would_return(stage, ticket, part):
        return ask_return(stage, ticket, part)
    speaks_first = part.role == "lead" and part.first_contact_at is None
    if speaks_first or stage.chance(WORKED):
        note = texts.say(matter, stage.random, "notes")
        service.handle(unit, stage.now, ticket.id, part.id, note, contacted="phone")
        return "handle"
    public, internal = (texts.say(matter, stage.random, what) for what in ("replies", "internals"))
    if part.role != "lead":
        service.contribute(unit, stage.now, ticket.id, part.id, internal)
        return "contribute to"
    if any(one.role != "lead" and one.state in WORKED_ON for one in parts_of(ticket.id)):
        return None  # the lead waits for who helps it
    result = "solved" if ticket.type in ("help", "complaint", "report") else "explained"
    if not _prove(stage, unit, ticket, matter, part):
        return None
    account = Account(
        public, internal, contact_at=stage.now, contact_from=OFFICE_NUMBER, result=result, personal_ok=True
    )
    service.reply(unit, stage.now, ticket.id, part.id, account)
    return "reply"


def _would_return(stage: Stage, ticket: Ticket, part: Assignment) -> bool:
    """Once a unit, and not for ever, nor when it is too late for it or somebody designated the unit."""
    is_in_time = part.return_until is None or stage.now < part.return_until
    may = part.return_reason is None and is_in_time and not part.designated and part.role != "sub"
    return may and ticket.round < MOST_ROUNDS and stage.chance(RETURNED)


def ask_return(stage: Stage, ticket: Ticket, part: Assignment) -> str | None:
    """The unit says that it is not its matter, and names another where routing knew one."""
    unit = stage.of_unit(part.department_id, ticket.confidential)
    if unit is None:
        return None
    why = stage.random.choice(WORDS["returns"])
    others = [routing.current().units[one["lead"]] for one in _decision(ticket.id).detail["alternatives"]]
    having = {one.department_id for one in parts_of(ticket.id)}
    suggested = next((one.id for one in others if one.is_active and one.id not in having), _nearest_office(ticket))
    if suggested == part.department_id:
        return None
    service.request_return(
        unit, stage.now, ticket.id, part.id, why["reason"], why["note"], WORDS["basis"], suggested
    )
    return "ask for a return of"


def _decide(stage: Stage, ticket: Ticket, matter: Matter, part: Assignment) -> str | None:
    dispatcher = stage.at_desk("dispatcher", ticket.confidential)
    if dispatcher is None or not stage.chance(DECIDED):
        return None
    # A person may have asked for the return, for a reason of the form that the play does not know.
    why = next((one for one in WORDS["returns"] if one["reason"] == part.return_reason), WORDS["returns"][0])
    having = {one.department_id for one in parts_of(ticket.id) if one.state in HELD}
    other = part.suggested_department_id
    if other is None or other in having or stage.chance(UPHELD):
        service.uphold(dispatcher, stage.now, ticket.id, part.id, why["uphold"])
        return "uphold"
    if returns_granted(parts_of(ticket.id)) + 1 >= terms.returns_allowed() and part.role == "lead":
        service.concede(dispatcher, stage.now, ticket.id, part.id, why["redispatch"])
        return "dispute"
    service.redispatch(dispatcher, stage.now, ticket.id, part.id, other, why["redispatch"])
    return "re-dispatch"


def _designate(stage: Stage, ticket: Ticket, matter: Matter) -> str | None:
    """The supervisor settles a dispute: the unit nearest to the place has it."""
    supervisor = stage.actor("supervisor")
    if supervisor is None or not stage.chance(DECIDED):
        return None
    service.designate(supervisor, stage.now, ticket.id, _nearest_office(ticket), [], WORDS["returns"][0]["uphold"])
    return "designate"


def _review(stage: Stage, ticket: Ticket, matter: Matter) -> str | None:
    supervisor = stage.actor("supervisor")
    if supervisor is None:
        return None
    if stage.chance(SENT_BACK):
        service.reject(supervisor, stage.now, ticket.id, stage.random.choice(WORDS["reviews"]))
        return "send back"
    service.accept(supervisor, stage.now, ticket.id)
    return "accept"


def _hear(stage: Stage, ticket: Ticket, matter: Matter) -> str | None:
    """The citizen rates, or the supervisor rings and asks."""
    if stage.chance(RATED):
        word = stage.random.choice(WORDS["ratings"])
        caller = caller_of(ticket.id)
        service.rate(caller, stage.now, ticket.id, word["solved"], word["satisfied"], word["note"])
        return "rate"
    supervisor = stage.actor("supervisor")
    if supervisor is None:
        return None
    outcome = stage.random.choice(("confirmed", "confirmed", "unreachable", "declined"))
    if outcome == "confirmed":
        service.hear(supervisor, stage.now, ticket.id, True, True, True, 3)
        return "call back"
    service.close(supervisor, stage.now, ticket.id, outcome)
    return "close"


OF_TICKET: dict[str, Callable[[Stage, Ticket, Matter], str | None]] = {
    TicketState.TO_DISPATCH: _triage,
    TicketState.DISPUTED: _designate,
    TicketState.TO_REVIEW: _review,
    TicketState.TO_CALLBACK: _hear,
}
OF_PART: dict[str, Callable[[Stage, Ticket, Matter, Assignment], str | None]] = {
    AssignmentState.PENDING_SIGN: _sign,
    AssignmentState.HANDLING: _work,
    AssignmentState.REJECTED: _work,
    AssignmentState.RETURN_REQUESTED: _decide,
}
