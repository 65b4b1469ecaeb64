"""Pages of help that are made from the product itself: what may happen to a ticket."""

from flask import Blueprint, render_template

from app import lifecycle_page
from app.access import staff

bp = Blueprint("handbook", __name__, url_prefix="/help")


@bp.get("/lifecycle")
@staff
def lifecycle() -> str:
    """The transition table: each action, from where to where, by whom, with what, under which condition."""
    return render_template("desk/lifecycle.html", told=lifecycle_page)
