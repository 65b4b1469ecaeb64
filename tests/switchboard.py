"""Callers and lines, as the carrier would tell of them; everything is done by the verbs alone."""

import itertools
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select
from telephone import CALLER, LINE

from app.extensions import vault
from app.outbox import unit_of_work
from calls import arriving, keeping, offering, talking
from calls.arriving import Ringing
from calls.models import CallLeg, Offer
from db import db

_sids = itertools.count(1)


@dataclass
class Switch:
    """The telephone network before one application."""

    app: Flask

    def _sid(self) -> str:
        return f"CA{next(_sids):032x}"

    def queue(self, phone: str = CALLER) -> int:
        with self.app.app_context(), unit_of_work() as now:
            call = arriving.ring(now, Ringing("twilio", self._sid(), LINE, phone), vault())
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

    def end(self, call_id: int) -> None:
        """The caller has hung up."""
        with self.app.app_context(), unit_of_work() as now:
            call = keeping.lock(call_id)
            talking.left(call, talking.CALLER, call.epoch, now, now)
            arriving.end(call, now, now)
