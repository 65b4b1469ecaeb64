"""Callers and lines, as the carrier would tell of them; everything is done by the verbs alone."""

import itertools
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from telephone import CALLER, LINE

from app.extensions import vault
from app.outbox import unit_of_work
from calls import arriving, keeping, offering, outgoing, seating, talking
from calls.arriving import Ringing
from calls.models import Callback, CallLeg, Offer
from db import db
from tickets.permissions import Actor

_sids = itertools.count(1)


@dataclass
class Switch:
    """The telephone network before one application."""

    app: Flask

    def _sid(self) -> str:
        return f"CA{next(_sids):032x}"

    def queue(self, phone: str = CALLER, key: str = "") -> int:
        """A caller waits, who has pressed a key in the menu or none."""
        with self.app.app_context(), unit_of_work() as now:
            call = arriving.ring(now, Ringing("twilio", self._sid(), LINE, phone), vault())
            if key:
                arriving.choose(call, now, now, key)
            arriving.enqueue(call, now, now)
            offering.assign(now)
            return call.id

    def connect(self, call_id: int) -> None:
        """The line of whoever has accepted, and the caller, come into the room."""
        with self.app.app_context(), unit_of_work() as now:
            accepted = select(Offer).where(Offer.call_id == call_id, Offer.state == "accepted")
            offer = db.session.scalars(accepted).one()
            leg = offering.connect(now, offer.id, offer.staff_id, "twilio", self._sid())
            assert leg is not None
            call = keeping.lock(leg.call_id)
            talking.joined(call, leg.label, call.epoch, now, now)
            talking.joined(call, talking.CALLER, call.epoch, now, now)

    def hold(self, call_id: int, *, on: bool) -> None:
        """The caller is on hold, or no longer, as the carrier says."""
        with self.app.app_context(), unit_of_work() as now:
            call = keeping.lock(call_id)
            talking.held(call, call.epoch, now, now, on=on)

    def cut(self, call_id: int) -> None:
        """The operator's line is gone, and nobody said that it should be."""
        with self.app.app_context(), unit_of_work() as now:
            label = select(CallLeg.label).where(CallLeg.call_id == call_id, CallLeg.role == "operator")
            call = keeping.lock(call_id)
            talking.left(call, db.session.scalars(label).one(), call.epoch, now, now)

    def owe_callback(self, phone: str = CALLER) -> int:
        """A caller has hung up while waiting; the callback that is owed."""
        call_id = self.queue(phone)
        with self.app.app_context(), unit_of_work() as now:
            arriving.end(keeping.lock(call_id), now + timedelta(seconds=40), now)
            return db.session.scalars(select(Callback.id).where(Callback.call_id == call_id)).one()

    def ring_out(self, staff_id: int, console: str, callback_id: int) -> int:
        """That person rings whom the callback is owed to: the citizen's telephone rings."""
        with self.app.app_context(), unit_of_work() as now:
            actor = Actor("staff", id=staff_id, permissions=frozenset({"call.answer"}))
            begun = outgoing.call_back(actor, now, callback_id, console, "twilio")
            leg = offering.connect(now, begun.offer.id, staff_id, "twilio", self._sid())
            assert leg is not None
            talking.joined(begun.call, leg.label, 1, now, now)
            return begun.call.id

    def tell_out(self, call_id: int, said: str) -> None:
        """What became of the line of a citizen who was rung, as the carrier says."""
        with self.app.app_context(), unit_of_work() as now:
            outgoing.status(keeping.lock(call_id), self._sid(), said, now, now)

    def hand_over(self, call_id: int, department_id: int) -> None:
        """A department is in the room, and the operator goes."""
        with self.app.app_context(), unit_of_work() as now:
            call = keeping.lock(call_id)
            leg = CallLeg(
                call_id=call.id, epoch=1, role="department", label="dept-1", provider="twilio",
                department_id=department_id, status="in-progress", created_at=now,
            )  # fmt: skip
            db.session.add(leg)
            db.session.flush()
            talking.joined(call, leg.label, 1, now, now)
            seat = seating.lock(call.staff_id)
            actor = Actor("staff", id=seat.staff_id, permissions=frozenset({"call.answer"}))
            talking.hang_up(actor, now, call.id, seat.console or "")

    def end(self, call_id: int) -> None:
        """The caller has hung up."""
        with self.app.app_context(), unit_of_work() as now:
            call = keeping.lock(call_id)
            talking.left(call, talking.CALLER, call.epoch, now, now)
            arriving.end(call, now, now)
