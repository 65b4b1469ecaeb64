"""A number that is blocked is turned away before anything else is said."""

from datetime import timedelta

from sqlalchemy import select
from telephone import CALLER, LINE, Telephone

from app.outbox import unit_of_work
from calls import arriving, blocking
from calls.models import Call, Callback
from db import db
from tickets.models import Ticket


def test_blocked_number_hears_busy_and_is_not_called_back(telephone: Telephone, actor_of, vault):
    with telephone.app.app_context(), unit_of_work() as now:
        edit = blocking.block(actor_of("supervisor"), now, CALLER, "恶意骚扰", 7, vault)
    line = telephone.phone().dial(LINE)
    telephone.pass_(5)
    assert line.is_over and line.heard == []
    call = telephone.call()
    assert (call.state, call.end_reason, call.queued_at) == ("ENDED", "rejected", None)
    assert telephone.read(lambda: db.session.scalars(select(Callback.id)).all()) == []
    with telephone.app.app_context(), unit_of_work() as now:
        assert arriving.drop_drafts(now + timedelta(hours=1)) == 1
    draft = select(Ticket.state).join(Call, Call.ticket_id == Ticket.id)
    assert telephone.read(lambda: db.session.scalar(draft)) == "DISCARDED"
    with telephone.app.app_context(), unit_of_work() as now:
        blocking.unblock(actor_of("supervisor"), now, int(edit.key))
    again = telephone.phone().dial(LINE)
    telephone.pass_(5)
    assert not again.is_over and again.heard
