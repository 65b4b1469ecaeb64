"""The page on text messages: how many of today are where, which did not arrive and why, which provider is shut."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, render_template

from app.access import actor, requires
from app.outbox import unit_of_work
from app.oversight import pages
from app.templating import today as today_of
from app.text_ports import ports
from calls import message_receipts, message_routes
from tickets import queries
from tickets.models import Ticket
from tickets.permissions import visible_to

bp = Blueprint("messages", __name__, url_prefix="/oversight")


@bp.get("/messages")
@requires("reports.read", "see.city")
def today() -> Any:
    """Counts and names of states; of no message what it says, nor to whom it goes."""
    with unit_of_work() as now:
        day = today_of(now)
        start, end = pages.midnight(day), pages.midnight(day + timedelta(days=1))
        missed, routes = message_receipts.missed(start, end), message_routes.states()
        ids = {line.ticket_id for line in missed if line.ticket_id}
        return render_template(
            "oversight/messages.html",
            now=now,
            counts=message_receipts.counts(start, end),
            missed=missed,
            tickets=queries.rows_by_id(ids, visible_to(actor(), Ticket.rooms)),
            providers=[port.name for port in ports()],
            is_played=current_app.extensions["hotline"].telephony == "simulator",
            routes=routes,
            failures={name: message_routes.recent(route, now) for name, route in routes.items()},
        )
