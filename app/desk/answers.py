"""What the desk answers after a step: back to the ticket, or to the boards when it has gone to others."""

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import wording
from app.access import actor
from tickets import queries
from tickets.permissions import sees


def sees_still(ticket_id: int) -> bool:
    return sees(actor(), ticket_id, queries.rooms_now({ticket_id}).get(ticket_id, ()))


def done(ticket_id: int, action: str, still_seen: bool, part: int | None = None) -> Response:
    """Back to the ticket, where its part is that was worked on, or to the boards when it has gone to others."""
    flash(_("Done: %(what)s", what=wording.ACTIONS[action]), "good")
    if still_seen:
        place = f"part-{part}" if part else None
        return redirect(url_for("desk.ticket", ticket_id=ticket_id, _anchor=place), 303)
    flash(_("The ticket is now with others and no longer among those you see."))
    return redirect(url_for("desk.home"), 303)
