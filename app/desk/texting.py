"""Text messages of a ticket at the desk: what the page shows of them, and the receipt sent anew."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import hints
from app.access import actor, requires
from app.auth.queries import people
from app.desk import pages
from app.extensions import vault
from app.outbox import unit_of_work
from app.text_ports import link, may_link, ports
from calls import message_receipts, messaging
from tickets import errors
from tickets.queries import TicketPage

bp = Blueprint("desk_texts", __name__, url_prefix="/desk")


def shown(page: TicketPage) -> dict[str, Any]:
    """What the page of a ticket needs to show its messages."""
    lines = message_receipts.of_ticket(page.ticket.id)
    askers = people(one.asked_by for one in lines)
    return {
        "messages": lines,
        "may_send_again": bool(ports()) and page.may_reveal and message_receipts.is_missed(lines),
        "names": pages.names_of(page.timeline) | {key: name for key, (name, _login) in askers.items()},
    }


@bp.post("/tickets/<int:ticket_id>/texts/again")
@requires("contact.reveal")
def send_again(ticket_id: int) -> Response:
    """The receipt once more, where nobody can say that it arrived."""
    if not ports():
        raise errors.NotFound()
    with unit_of_work() as now:
        messaging.send_again(actor(), now, ticket_id, vault(), may_link=may_link(), link=link())
    hints.give()
    flash(_("The receipt will be sent again."), "good")
    return redirect(url_for("desk.ticket", ticket_id=ticket_id, _anchor="texts"), 303)
