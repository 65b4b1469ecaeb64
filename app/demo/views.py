"""The tour: who to sign in as, and what to try."""

from flask import Blueprint, abort, current_app, render_template

from app.access import public
from app.auth.commands import DEMO_STAFF
from app.auth.signing_in import DEMO_PASSWORD
from app.auth.wording import role_name
from app.demonstration import is_demo_city
from app.outbox import unit_of_work
from app.templating import city, city_name

bp = Blueprint("demo", __name__)


@bp.get("/tour")
@public
def tour() -> str:
    """Only in the demo city: no other has accounts that everybody knows."""
    with unit_of_work():
        if not is_demo_city():
            abort(404)
        units = city().units
        staff = [(login, role_name(role), units[code].name if code else "")
                 for login, _, role, code in DEMO_STAFF]  # fmt: skip
        has_phone = current_app.extensions["hotline"].telephony == "simulator"
        return render_template(
            "demo/tour.html", staff=staff, password=DEMO_PASSWORD, city_name=city_name(), has_phone=has_phone
        )
