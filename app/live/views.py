"""What happened since a sequence, over HTTP: for gaps, for reconnects, and when sockets are down."""

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from app.access import actor, in_background, staff
from db import transaction
from tickets import errors, queries

bp = Blueprint("live", __name__, url_prefix="/live")


@bp.get("/changes")
@staff
@in_background
def changes() -> Response:
    """`{seq, rows, gone, more}`: tickets changed after `after`, as they stand and as the asker may see them."""
    try:
        after = int(request.args.get("after", ""))
    except ValueError as fault:
        raise errors.Invalid(fields={"after": "unknown"}) from fault
    with transaction():
        return jsonify(queries.changes(actor(), after))
