"""The follow-up workbench: whom to call back now, whom later, and who is left out of the sample."""

from flask import Blueprint, render_template, request

from app.access import actor, requires
from app.outbox import unit_of_work
from app.wording import CALL_LISTS
from tickets import calling_back

bp = Blueprint("workbench", __name__, url_prefix="/desk/follow-up")


@bp.get("")
@requires("ticket.follow_up")
def call_list() -> str:
    """One of the three lists; each line leads to the ticket, where what the citizen says is noted."""
    asked = request.args.get("list", calling_back.DUE)
    shown = asked if asked in calling_back.SHOWN else calling_back.DUE
    with unit_of_work() as now:
        page = calling_back.call_list(actor(), now, shown, request.args.get("after"))
        return render_template(
            "desk/follow_up.html", now=now, page=page, shown=shown, lists=CALL_LISTS,
            after=request.args.get("after"),
        )
