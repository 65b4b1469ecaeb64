"""Calls brought to any state by the verbs alone."""

from dataclasses import dataclass, field
from datetime import timedelta

from scenes import City
from sqlalchemy import select

from calls import arriving, keeping, offering, seating, talking
from calls.arriving import Ringing
from calls.models import Call, CallLeg, Effect, Offer, Seat
from db import db
from tickets.permissions import Actor

LINE = "+86990112345"
CALLER = "+8613800138000"


@dataclass
class Exchange:
    """`city.now` is the clock; every verb gets it."""

    city: City
    _sids: int = field(default=0)

    def wait(self, seconds: float) -> None:
        self.city.now += timedelta(seconds=seconds)

    def who(self, login: str) -> Actor:
        return self.city.who(login)

    def ring(self, phone: str = CALLER, line: str = LINE) -> Call:
        self._sids += 1
        ringing = Ringing("twilio", f"CA{self._sids:032x}", line, phone)
        return arriving.ring(self.city.now, ringing, self.city.vault)

    def queue(self, phone: str = CALLER, line: str = LINE) -> Call:
        call = self.ring(phone, line)
        arriving.enqueue(call, self.city.now, self.city.now)
        return call

    def sit(self, login: str = "operator", *skills: str) -> Seat:
        """Ready at a console of that name."""
        actor = self.who(login)
        seat = seating.sit_down(actor, self.city.now, login)
        seat.skills = sorted(skills)
        return seating.ready(actor, self.city.now, login)

    def assign(self) -> list[Offer]:
        offering.assign(self.city.now)
        query = select(Offer).where(Offer.state == "pending").order_by(Offer.id)
        return list(db.session.scalars(query.execution_options(populate_existing=True)))

    def accept(self, offer: Offer) -> Offer:
        login = self.login_of(offer.staff_id)
        return offering.accept(self.who(login), self.city.now, offer.id, login)

    def connect(self, offer: Offer) -> Call | None:
        """The operator's line reaches us and is in the room."""
        self._sids += 1
        leg = offering.connect(self.city.now, offer.id, offer.staff_id, "twilio", f"CA{self._sids:032x}")
        if leg is None:
            return None
        call = keeping.lock(leg.call_id)
        talking.joined(call, leg.label, offer.epoch, self.city.now, self.city.now)
        return call

    def talk(self, login: str = "operator", phone: str = CALLER) -> Call:
        """A caller and this operator are talking."""
        self.sit(login)
        call = self.queue(phone)
        [offer] = [one for one in self.assign() if one.call_id == call.id]
        self.connect(self.accept(offer))
        talking.joined(call, "caller", call.epoch, self.city.now, self.city.now)
        return call

    def label(self, call: Call) -> str:
        """Of the operator's latest line into the call."""
        lines = select(CallLeg.label).where(CallLeg.call_id == call.id, CallLeg.role == "operator")
        return db.session.scalars(lines.order_by(CallLeg.id.desc()).limit(1)).one()

    def login_of(self, staff_id: int) -> str:
        return next(one for one in ("operator", "operator2") if self.who(one).id == staff_id)

    def seat(self, login: str = "operator") -> Seat:
        return db.session.get_one(Seat, self.who(login).id, populate_existing=True)

    def call(self, call: Call) -> Call:
        return keeping.lock(call.id)

    def owed(self, call: Call) -> list[str]:
        """Keys of what is owed to the carrier, in order."""
        return list(db.session.scalars(select(Effect.key).where(Effect.call_id == call.id).order_by(Effect.id)))
