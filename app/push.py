"""From published events to open screens: what each room is told, and who may listen."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from redis.connection import parse_url
from socketio import RedisManager

from app.outbox import Stamped
from config import Config

CROWDED = 20
"""More events than this for one room in one go are told as one message: fetch what changed."""
TOKEN_SECONDS = 12 * 3600


def writer(redis_url: str, env: str) -> RedisManager:
    """A write-only way to the sockets of all web processes. Its waits are bounded; it raises nothing."""
    bounds = {"socket_timeout": 1, "socket_connect_timeout": 0.5}
    return RedisManager(redis_url, channel=_channel(redis_url, env), write_only=True, redis_options=bounds)


def listener(redis_url: str, env: str) -> RedisManager:
    """What a web process hears the news by. No time-out here: it would make the library resubscribe for ever."""
    return RedisManager(redis_url, channel=_channel(redis_url, env))


def _channel(redis_url: str, env: str) -> str:
    """The channel that all processes of one installation share; Redis tells none apart by database."""
    return f"hotline-{env}-{parse_url(redis_url).get('db', 0)}"


def messages(
    stamped: Iterable[Stamped], rows: Mapping[int, dict[str, Any]], rooms_now: Mapping[int, set[str]]
) -> Iterable[tuple[str, dict[str, Any]]]:
    """(room, message) for each published event that concerns a room, in order.

    `rows` are the tickets' board rows as they stand; a room the ticket is no longer in is told `gone`, so no
    row ever reaches a room that may not see it, even when events are sent late. Of a call, an offer or a seat a
    room is told that it has news, and which; what the news is, a page asks for.
    """
    by_room: dict[str, list[Stamped]] = {}
    for event in stamped:
        for room in event.prevs:
            by_room.setdefault(room, []).append(event)
    for room, told in by_room.items():
        if len(told) > CROWDED:
            yield room, {"room": room, "seq": told[-1].seq, "prev": told[0].prevs[room], "fetch": True}
            continue
        for event in told:
            yield room, _message(room, event, rows.get(event.subject_id), rooms_now)


def _message(
    room: str, event: Stamped, row: dict[str, Any] | None, rooms_now: Mapping[int, set[str]]
) -> dict[str, Any]:
    message = {
        "room": room, "seq": event.seq, "prev": event.prevs[room], "kind": event.kind, "id": event.subject_id,
    }
    if event.subject != "ticket":
        return message | {"subject": event.subject}
    if row is None or room not in rooms_now.get(event.subject_id, set()):
        return message | {"gone": True}
    return message | {"version": row["version"], "row": row}


def person_room(staff_id: int) -> str:
    """The room of one person's own pages. Not `staff:`, in which tickets are: whoever is signed in may be here."""
    return f"person:{staff_id}"


def ring(staff: Iterable[int]) -> None:
    """Say to open pages of these people that there is something new for them; what it is, they ask for."""
    config: Config = current_app.extensions["hotline"]
    people = sorted(staff)
    if people:
        told = writer(config.redis_url, config.env)
        for one in people:
            told.emit("notice", {}, namespace="/", room=person_room(one))


def page_token(session_id: str) -> str:
    """A token that a page of this session hands over when it opens its socket."""
    return _signer().dumps(session_id)


def is_page_token(token: object, session_id: str) -> bool:
    """Whether the token was made for this session."""
    try:
        return isinstance(token, str) and _signer().loads(token, max_age=TOKEN_SECONDS) == session_id
    except BadSignature:
        return False


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key, salt="live")  # type: ignore[arg-type]
