"""What becomes of a call when the talk is over. Most were questions: two keys end them."""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _

from app import intake_form, kept
from app.templating import city
from calls import keeping, seating
from calls.models import Call
from db import db
from tickets import drafts, errors, service
from tickets.lifecycle import TicketState
from tickets.models import Ticket
from tickets.permissions import Actor
from tickets.vault import Vault

ANSWERED, NOTHING, TICKET = "answered", "nothing", "ticket"
DISPOSITIONS = (ANSWERED, NOTHING, TICKET)


def close_call(
    actor: Actor, now: datetime, call_id: int, console: str, fields: Mapping[str, str], vault: Vault
) -> str:
    """Say what became of a call of one's own, and be ready for the next. Returns the number of a ticket made.

    `answered`: the draft is registered and answered in one go, with what its form has kept, and the words given or
    the usual ones; `nothing`: it is discarded; `ticket`: it was registered, or goes on as a draft.
    Raises Forbidden, NotFound, Invalid.
    """
    seating.demand(actor)
    call = keeping.lock(call_id)
    seat = seating.own(actor, console)
    if seat.call_id != call.id and call.staff_id != actor.id:
        raise errors.NotFound()
    what = fields.get("disposition", "")
    if what not in DISPOSITIONS:
        raise errors.Invalid(fields={"disposition": "unknown"})
    number = _end_draft(actor, now, call, what, fields, vault)
    call.disposition = what
    if seat.state == "wrap_up" and seat.call_id == call.id:
        seating.move(seat, "ready", now, actor=actor)
    return number


def _end_draft(
    actor: Actor, now: datetime, call: Call, what: str, fields: Mapping[str, str], vault: Vault
) -> str:
    ticket = db.session.get(Ticket, call.ticket_id)
    if ticket is None or ticket.state != TicketState.DRAFT or what == TICKET:
        return ticket.number or "" if ticket else ""
    key = kept.draft_key(ticket.id, "register")
    typed = service.saved_form(actor, now, key, vault)
    drafts.forget_form(actor, key)
    if what == NOTHING:
        service.discard(actor, now, ticket.id, fields.get("reason") or _("Nothing to take down."))
        return ""
    question = fields.get("content", "").strip()
    form = None
    if typed:
        said = {"content": question} if question else {}
        form = intake_form.corrected(typed | said, ticket.id, vault, city().zone)
    question = question or _("A question by telephone.")
    words = fields.get("answer", "").strip() or _("Answered on the telephone.")
    return service.answer_at_once(actor, now, ticket.id, question, words, vault, form).number or ""
