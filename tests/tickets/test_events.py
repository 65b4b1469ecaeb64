"""record(): the only way an event comes to be, and a slip of the programmer is found at the call."""

import pytest
from scenes import City

from db import db
from tickets import events
from tickets.event_models import Outbox, TicketEvent
from tickets.permissions import SYSTEM


def _record(city: City, kind: str, **payload: object) -> TicketEvent:
    return events.record(kind, subject="ticket", subject_id=1, version=1, actor=SYSTEM, now=city.now, **payload)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("ticket.vanished", {}),
        ("ticket.accepted", {"words": "她说"}),
        ("ticket.amended", {"changed": {}, "title": "x"}),
    ],
)
def test_an_unknown_kind_or_key_is_refused_at_once(city: City, kind: str, payload: dict[str, object]):
    with pytest.raises(ValueError, match=kind):
        _record(city, kind, **payload)
    assert not db.session.new


def test_an_event_waits_in_the_outbox_and_keeps_only_what_was_said(city: City):
    event = _record(city, "ticket.amended", changed={"threat": [False, True]}, texts=None, contact=None)
    db.session.flush()
    assert event.payload == {"changed": {"threat": [False, True]}}
    assert db.session.get_one(Outbox, event.id).attempts == 0
