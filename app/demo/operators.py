"""Played operators, so that a rush hour moves: they sit down, take calls, talk, and say what became of them.

All they do goes through the verbs that a person's page calls; what comes next stands in the database. They leave
alone whoever has signed in under one of their accounts, and whichever seat another window holds.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import edits, hints, passes, simulator
from app.auth.accounts import actor_by_login
from app.auth.models import Staff
from app.demo import rung, texts
from app.demo.stage import persons_at_work
from app.outbox import unit_of_work
from app.settled import ANSWERED, NOTHING, TICKET, close_call
from calls import keeping, offering, seating, talking
from calls.machine import CallState
from calls.models import Call, Offer, Seat
from calls.seats import SeatState
from calls.settling import OPEN
from db import db
from tickets import errors, service
from tickets.lifecycle import TicketState
from tickets.models import Contact, Ticket
from tickets.permissions import Actor
from tickets.vault import Vault

log = logging.getLogger(__name__)

LOGINS = ("operator3", "operator4", "operator5", "operator6")
SKILLS = {"operator3": ("consumer", "en"), "operator4": ("social",), "operator5": ("en",)}
CONSOLE = "played"
ROUND = 1.0  # seconds
ACCEPTS, TALKS, WRITES, RESTS = (1.5, 5.0), (60.0, 150.0), (4.0, 15.0), (20.0, 40.0)
"""Seconds, from to: until an offer is taken, the operator ends a talk, a call is closed, a break is over."""
REST = 1 / 240
"""How often, in a second of nothing to do, somebody takes a break."""
BECOMES = {ANSWERED: 0.65, TICKET: 0.25, NOTHING: 0.1}


@dataclass(frozen=True)
class Moment:
    """One operator now. `plays` is whether more calls are to be taken; `token` lets its browser into a talk."""

    actor: Actor
    seat: Seat
    now: datetime
    plays: bool

    def has_waited(self, since: datetime, span: tuple[float, float], seed: object) -> bool:
        """Whether a length of time out of `span` is over, the same one whenever it is asked for."""
        return (self.now - since).total_seconds() >= Random(f"{span} {seed}").uniform(*span)


def run(app: Flask) -> None:
    """Play until the process ends; and the citizens whom a machine rings."""
    while True:
        begun = time.monotonic()
        with app.app_context():
            play()
            rung.play()
        time.sleep(max(0.0, begun + ROUND - time.monotonic()))


def play() -> None:
    """One round of all of them."""
    try:
        is_wanted = bool(simulator.get("rush")["crew_wanted"])
        for login in LOGINS if is_wanted else _seated():
            _play_one(login, is_wanted)
    except (simulator.NotThere, simulator.Refused, SQLAlchemyError) as fault:
        # Network and database come back; a round that was left out is made up for by the next.
        log.warning("round of operators left out: %s", type(fault).__name__)


def _seated() -> list[str]:
    """Who still sits at the telephone though nobody wants it: they finish, and leave."""
    query = select(Staff.login).join(Seat, Seat.staff_id == Staff.id)
    with unit_of_work():
        mine = (Staff.login.in_(LOGINS), Seat.console == CONSOLE, Seat.state != SeatState.OFFLINE)
        return list(db.session.scalars(query.where(*mine)))


def _play_one(login: str, is_wanted: bool) -> None:
    try:
        with unit_of_work() as now:
            actor = actor_by_login(login)
            token = _step(actor, now, login, is_wanted and login not in persons_at_work(now))
    except errors.TicketError as fault:
        log.warning("%s: left out: %s", login, type(fault).__name__)  # the call or the seat has moved on
        return
    hints.give()
    if token:
        app_sid = current_app.extensions["hotline"].twilio_app_sid
        browser = passes.identity(actor.id or 0)
        simulator.post(f"browsers/{browser}/connect", app=app_sid, params={"t": token})


def _step(actor: Actor, now: datetime, login: str, plays: bool) -> str | None:
    """What comes next at one seat. Returns a pass where a browser is to be let into a talk."""
    seat = db.session.get(Seat, actor.id)
    if seat is None or seat.console != CONSOLE:
        if not plays or (seat is not None and seat.state != SeatState.OFFLINE):
            return None
        if seat is None and login in SKILLS:
            coach = actor_by_login("supervisor")
            edits.keep(seating.set_skills(coach, now, actor.id or 0, SKILLS[login]), coach, now)
        seat = seating.sit_down(actor, now, CONSOLE)
    seating.beat(actor, now, CONSOLE)
    return STEPS[SeatState(seat.state)](Moment(actor, seat, now, plays))


def _begin(one: Moment) -> None:
    if one.plays:
        seating.ready(one.actor, one.now, CONSOLE)


def _wait(one: Moment) -> None:
    if not one.plays:
        seating.leave(one.actor, one.now, CONSOLE)
    elif Random().random() < REST:
        seating.pause(one.actor, one.now, CONSOLE, "rest")


def _accept(one: Moment) -> str | None:
    offer = db.session.scalar(select(Offer).where(Offer.staff_id == one.actor.id, Offer.state.in_(OPEN)))
    if offer is None or offer.state != "pending" or not one.has_waited(offer.offered_at, ACCEPTS, offer.id):
        return None
    offering.accept(one.actor, one.now, offer.id, CONSOLE)
    return passes.issue(passes.OPERATOR, one.actor.id or 0, offer.id)


def _talk(one: Moment) -> None:
    call = db.session.get(Call, one.seat.call_id)
    if call is None or call.state != CallState.TALKING or call.answered_at is None:
        return
    facts = keeping.facts_of(call)
    has_said = any(fact.kind == "operator_leaving" and fact.epoch == call.epoch for fact in facts)
    if not has_said and one.has_waited(call.answered_at, TALKS, call.id):
        talking.hang_up(one.actor, one.now, call.id, CONSOLE)


def _write(one: Moment) -> None:
    call_id = one.seat.call_id
    if call_id is None:
        _rest(one)
    elif one.has_waited(one.seat.since, WRITES, call_id):
        _close(one.actor, one.now, call_id, Random(call_id))


def _rest(one: Moment) -> None:
    if not one.plays:
        seating.leave(one.actor, one.now, CONSOLE)
    elif one.has_waited(one.seat.since, RESTS, one.seat.version):
        seating.ready(one.actor, one.now, CONSOLE)


STEPS: Mapping[SeatState, Callable[[Moment], str | None]] = {
    SeatState.OFFLINE: _begin,
    SeatState.READY: _wait,
    SeatState.OFFERED: _accept,
    SeatState.ON_CALL: _talk,
    SeatState.WRAP_UP: _write,
    SeatState.BREAK: _rest,
}


def _close(actor: Actor, now: datetime, call_id: int, dice: Random) -> None:
    """Most calls were questions; some become tickets, which go where routing sends them."""
    vault: Vault = current_app.extensions["vault"]
    [what] = dice.choices(list(BECOMES), list(BECOMES.values()))
    call = keeping.lock(call_id)
    ticket = db.session.get(Ticket, call.ticket_id)
    fields = {"disposition": what}
    if what == TICKET and ticket is not None and ticket.state == TicketState.DRAFT:
        _register(actor, now, ticket, dice, vault)
    if what == ANSWERED:
        matter = dice.choice([one for one in texts.MATTERS.values() if one.answer])
        fields |= {"content": matter.text, "answer": matter.answer}
    close_call(actor, now, call_id, CONSOLE, fields, vault)


def _register(actor: Actor, now: datetime, ticket: Ticket, dice: Random, vault: Vault) -> None:
    """The draft that came with the call gets an invented matter; whose call it was stays."""
    contact = db.session.get(Contact, ticket.id)
    phone = vault.open_contact(contact, "phone") if contact else ""
    matter = dice.choice([one for one in texts.MATTERS.values() if not one.answer])
    intake = replace(
        texts.intake_of(matter, dice, "phone"), phone=phone, anonymous=not phone, line_no=ticket.line_no,
        external_system=None, external_no=None,
    )  # fmt: skip
    service.register(actor, now, ticket.id, intake if phone else replace(intake, name="", address=""), vault)
