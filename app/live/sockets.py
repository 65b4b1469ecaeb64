"""Socket events. Sockets carry news to those entitled to it, and never orders."""

import logging
from typing import Any

from flask import current_app, request
from flask_login import current_user
from flask_socketio import ConnectionRefusedError, SocketIO, disconnect, emit, join_room
from sqlalchemy import select

from app.access import actor, entry_of, may_enter, staff
from app.auth.models import StaffSession
from app.auth.session import session_hash
from app.push import is_page_token, person_room
from db import database_now, db, transaction
from tickets import queries
from tickets.permissions import rooms_of

log = logging.getLogger(__name__)
CHECK_SECONDS = 2
MAX_SOCKETS = 3000

_open: dict[str, bytes] = {}
"""Sockets of this process: socket id -> hash of the session it was opened with."""


@staff
def connect(auth: Any = None) -> None:
    """Let a signed-in page in, to the rooms its person may be in, and say where each room stands."""
    token = auth.get("token") if isinstance(auth, dict) else None
    if not may_enter(entry_of(connect)) or not is_page_token(token, current_user.get_id()):
        raise ConnectionRefusedError("unauthorized")
    if len(_open) >= MAX_SOCKETS:
        raise ConnectionRefusedError("full")
    rooms = sorted(rooms_of(actor()))
    for room in rooms:
        join_room(room)
    join_room(person_room(current_user.staff_id))
    _watch(request.sid, session_hash(current_user.get_id()))  # type: ignore[attr-defined]
    # Heads are read after joining: whatever is published in between arrives as a message as well.
    with transaction():
        heads, seq = queries.room_heads(rooms), queries.last_seq()
    emit("joined", {"rooms": heads, "seq": seq})


@staff
def closed(reason: Any = None) -> None:
    """The page went away."""
    _open.pop(request.sid, None)  # type: ignore[attr-defined]


HANDLERS = {"connect": connect, "disconnect": closed}
"""Every socket event there is; any other is ignored by the library."""


def register_handlers(socketio: SocketIO) -> None:
    """Attach them; clients can only listen."""
    for name, handler in HANDLERS.items():
        socketio.on_event(name, handler)


def _watch(sid: str, session: bytes) -> None:
    """Remember the socket, and see to it that one task of this process watches them all."""
    _open[sid] = session
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if not app.extensions.get("socket_watch"):
        app.extensions["socket_watch"] = True
        app.extensions["socketio"].start_background_task(_cut_ended_sessions, app)


def _cut_ended_sessions(app: Any) -> None:
    """Close sockets whose session has ended: signed out, disabled, expired. Postgres decides, not Redis."""
    socketio = app.extensions["socketio"]
    while True:
        socketio.sleep(CHECK_SECONDS)
        with app.app_context():
            try:
                ended = _ended(dict(_open))
            except Exception:
                # The database is away: nobody can be checked now, and the next round comes soon.
                log.warning("sessions of sockets not checked")
                continue
            for sid in ended:
                _open.pop(sid, None)
                disconnect(sid, namespace="/")


def _ended(watched: dict[str, bytes]) -> list[str]:
    if not watched:
        return []
    with transaction():
        now = database_now()
        alive = set(
            db.session.scalars(
                select(StaffSession.token_hash).where(
                    StaffSession.token_hash.in_(set(watched.values())),
                    StaffSession.expires_at > now,
                    StaffSession.seen_at + StaffSession.idle_limit > now,
                )
            )
        )
    return [sid for sid, session in watched.items() if session not in alive]
