"""Around every webhook: one transaction, the same answer to the same request, and an answer whatever happens."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from flask import Response, current_app, request
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app import hints
from app.errors import is_unavailable
from app.extensions import vault
from app.outbox import unit_of_work
from app.voice import documents, spool
from calls.models import PROVIDER, TelephonyEvent
from db import db
from tickets import errors, sealing

log = logging.getLogger(__name__)

XML = "text/xml"
NOTHING = ""
JSON_BODY = ""
"""The name under which a body of JSON stands among the fields. The carrier's own webhooks are forms only."""
LIMIT_MS = 2000
_TOLD = frozenset(
    {"CallSid", "CallStatus", "Direction", "QueueResult", "QueueTime", "DialCallStatus", "DialCallSid",
     "ConferenceSid", "StatusCallbackEvent", "SequenceNumber", "ParticipantLabel", "ReasonParticipantLeft",
     "ReasonConferenceEnded", "RecordingSid", "RecordingStatus", "RecordingDuration", "MessageSid",
     "MessageStatus", "ErrorCode", "AnsweredBy", "Timestamp", "SipResponseCode"}
)  # fmt: skip
"""Fields that may be kept as they came: names, codes and moments. Numbers, digits and words are not among them."""


@dataclass(frozen=True)
class Told:
    """One request of the carrier: its fields, those of our own address, and when it came."""

    kind: str
    fields: Mapping[str, str]
    own: Mapping[str, str]
    received_at: datetime
    path: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """A field, or an empty text."""
        return self.fields.get(name, "")

    @property
    def sid(self) -> str:
        return self["CallSid"]

    @property
    def at(self) -> datetime:
        """When it happened, where the carrier says so; else when it came."""
        try:
            said = parsedate_to_datetime(self["Timestamp"])
        except ValueError:
            return self.received_at
        return said if said.tzinfo else said.replace(tzinfo=UTC)

    @property
    def key(self) -> str:
        """The same for the same request, different for any other; it gives nothing of the content away."""
        content = json.dumps([self.kind, dict(self.path), dict(self.own), dict(self.fields)], sort_keys=True)
        digest = hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()
        return f"{self.kind}:{sealing.blind(vault().keys, digest, 'webhook').hex()}"


Handler = Callable[[Told, datetime], str]
HANDLERS: dict[str, Handler] = {}
"""Every webhook by the name it has in the spool."""


def heard(
    kind: str, *, once: bool = True, document: bool = True, later: bool = True
) -> Callable[[Handler], Callable[..., Response]]:  # fmt: skip
    """Make a webhook of a handler, which answers with a document, or with nothing for news.

    `once`: the same request again gets the answer of the first and has no effect. Where the database is away the
    request is kept in the spool, and the caller hears what can be said without it. `later` False: it is not kept,
    as it matters only to a line that has been answered otherwise by then.
    """

    def wrap(handler: Handler) -> Callable[..., Response]:
        HANDLERS[kind] = handler

        def view(**path: Any) -> Response:
            told = _told(kind, path)
            return _answer(told, handler, once=once, document=document, later=later)

        view.__name__, view.__doc__ = handler.__name__, handler.__doc__
        return view

    return wrap


def _told(kind: str, path: Mapping[str, Any]) -> Told:
    clock = current_app.config.get("CLOCK")
    came = clock() if clock else datetime.now(UTC)
    fields = {JSON_BODY: request.get_data(as_text=True)} if request.is_json else request.form.to_dict()
    return Told(kind, fields, request.args.to_dict(), came, path)


def _answer(told: Told, handler: Handler, *, once: bool, document: bool, later: bool) -> Response:
    try:
        with unit_of_work(LIMIT_MS) as now:
            reply = hear_once(told, handler, now) if once else handler(told, now)
        if once:
            hints.give()
        return _reply(reply, document)
    except errors.NotFound:
        if told.kind in documents.URGENT:
            # Its beginning may still lie in the spool: nobody who asks for help is hung up for that.
            return _without_database(told, later, document)
        # Of something that is not ours, or no longer: the same answer as for what is, without effect.
        return _reply(documents.goodbye() if document else NOTHING, document)
    except Exception as fault:
        if is_unavailable(fault):
            return _without_database(told, once and later, document)
        # The caller hears a sentence and not silence, whatever is broken here. News is told again.
        log.exception("webhook %s failed", told.kind)
        return _reply(_sorry(told), True) if document else Response(status=500)


def hear_once(told: Told, handler: Handler, now: datetime) -> str:
    """Let the handler act on what was not heard before; what was gets its answer again. In one transaction."""
    row = {
        "provider": told.path.get("gateway", PROVIDER), "dedup_key": told.key, "kind": told.kind,
        "received_at": now, "reply": "",
        "payload": {name: value for name, value in told.fields.items() if name in _TOLD},
    }  # fmt: skip
    event_id = db.session.execute(
        insert(TelephonyEvent).values(row).on_conflict_do_nothing().returning(TelephonyEvent.id)
    ).scalar()
    if event_id is None:
        first = select(TelephonyEvent.reply).where(TelephonyEvent.dedup_key == told.key)
        return db.session.scalars(first).one()
    reply = handler(told, now)
    if reply:
        db.session.execute(update(TelephonyEvent).where(TelephonyEvent.id == event_id).values(reply=reply))
    return reply


def _without_database(told: Told, is_kept: bool, document: bool) -> Response:
    try:
        if is_kept:
            keep(told)
    except OSError as fault:
        log.error("webhook %s could not be kept: %s", told.kind, type(fault).__name__)
        if not document:
            return Response(status=503, headers={"Retry-After": "5"})
    return _reply(_sorry(told) if document else NOTHING, document)


def _sorry(told: Told) -> str:
    return documents.sorry(told.kind, told.fields, told.own)


def keep(told: Told) -> None:
    """Put it into the spool. Raises OSError."""
    line = {
        "kind": told.kind, "fields": dict(told.fields), "own": dict(told.own), "path": dict(told.path),
        "at": told.received_at.isoformat(),
    }  # fmt: skip
    spool.keep(current_app.extensions["hotline"].data_dir, line)


def hear_again(line: spool.Line) -> None:
    """Act on a line of the spool, as of the moment when it came. Raises what says that the database is away."""
    told = Told(line["kind"], line["fields"], line["own"], datetime.fromisoformat(line["at"]), line["path"])
    try:
        with unit_of_work() as now:
            hear_once(told, HANDLERS[told.kind], now)
    except errors.TicketError as fault:
        log.warning("webhook %s of the spool had no effect: %s", told.kind, fault.code)
    except Exception as fault:
        if is_unavailable(fault):
            raise
        # One that fails each time must not hold up the others; it stays where a person finds it.
        log.exception("webhook %s of the spool failed", told.kind)
        spool.set_aside(current_app.extensions["hotline"].data_dir, line)


def _reply(reply: str, document: bool) -> Response:
    return Response(reply, mimetype=XML) if document else Response(status=204)
