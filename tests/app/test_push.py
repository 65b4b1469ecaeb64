"""From stamped events to what each room is told: in order, with the one before, and never to the wrong room."""

import time

import pytest
from itsdangerous import URLSafeTimedSerializer

from app.outbox import Stamped
from app.push import CROWDED, TOKEN_SECONDS, is_page_token, messages, page_token


def _event(seq: int, ticket: int, **prevs: int) -> Stamped:
    return Stamped(seq, seq * 10, "ticket", ticket, "ticket.dispatched", tuple(prevs), prevs)


ROW = {"id": 1, "version": 4, "title": "路面塌陷"}


def test_every_room_of_before_and_after_is_told_and_only_rooms_of_now_get_the_row():
    told = list(messages([_event(7, 1, triage=5, city=6)], {1: ROW}, {1: {"city"}}))
    assert told == [
        ("triage", {"room": "triage", "seq": 7, "prev": 5, "kind": "ticket.dispatched", "id": 1, "gone": True}),
        (
            "city",
            {"room": "city", "seq": 7, "prev": 6, "kind": "ticket.dispatched", "id": 1, "version": 4, "row": ROW},
        ),
    ]


def test_an_event_sent_late_shows_no_row_to_a_room_that_lost_the_ticket_since():
    [(_, message)] = messages([_event(7, 1, city=6)], {1: ROW}, {1: {"city/c"}})
    assert message["gone"] and "row" not in message


@pytest.mark.parametrize(("rows", "rooms"), [({}, {1: {"city"}}), ({1: ROW}, {})])
def test_a_ticket_that_cannot_be_read_is_gone(rows: dict, rooms: dict):
    [(_, message)] = messages([_event(7, 1, city=6)], rows, rooms)
    assert message["gone"]


def test_events_of_accounts_are_told_to_nobody():
    event = Stamped(7, 70, "staff", 1, "staff.created", (), {})
    assert list(messages([event], {}, {})) == []


def test_of_a_call_or_a_seat_a_room_is_told_which_has_news_and_nothing_of_it():
    noted = Stamped(7, 70, "call", 31, "call.noted", ("calls",), {"calls": 4})
    changed = Stamped(8, 80, "seat", 5, "seat.changed", ("calls", "staff:5"), {"calls": 7, "staff:5": 2})
    # A ticket may have the id that a call has; its row is not the call's.
    assert list(messages([noted, changed], {31: ROW}, {31: {"calls"}})) == [
        ("calls", {"room": "calls", "seq": 7, "prev": 4, "kind": "call.noted", "subject": "call", "id": 31}),
        ("calls", {"room": "calls", "seq": 8, "prev": 7, "kind": "seat.changed", "subject": "seat", "id": 5}),
        ("staff:5", {"room": "staff:5", "seq": 8, "prev": 2, "kind": "seat.changed", "subject": "seat", "id": 5}),
    ]


def test_tickets_and_others_of_one_room_are_one_chain():
    offer = Stamped(8, 80, "offer", 5, "offer.made", ("staff:5",), {"staff:5": 7})
    ticket = [Stamped(seq, seq, "ticket", 1, "ticket.given", ("staff:5",), {"staff:5": prev}) for seq, prev in
              ((7, 6), (9, 8))]  # fmt: skip
    told = list(messages([ticket[0], offer, ticket[1]], {1: ROW}, {1: {"staff:5"}}))
    assert [(one["prev"], one["seq"], "subject" in one, "row" in one) for _, one in told] == [
        (6, 7, False, True), (7, 8, True, False), (8, 9, False, True),
    ]  # fmt: skip


def test_messages_of_a_room_come_in_order_and_chain():
    events = [_event(7, 1, city=6, triage=2), _event(8, 2, city=7), _event(9, 1, triage=7)]
    told = list(messages(events, {}, {}))
    assert [(room, message["prev"], message["seq"]) for room, message in told] == [
        ("city", 6, 7), ("city", 7, 8), ("triage", 2, 7), ("triage", 7, 9),
    ]  # fmt: skip


def test_a_crowd_of_events_is_one_message_that_says_fetch():
    events = [_event(seq, seq, city=seq - 1) for seq in range(1, CROWDED + 2)]
    assert list(messages(events, {}, {})) == [
        ("city", {"room": "city", "seq": CROWDED + 1, "prev": 0, "fetch": True})
    ]
    assert len(list(messages(events[:CROWDED], {}, {}))) == CROWDED


def test_a_pages_token_is_for_its_session_and_not_for_ever(app, monkeypatch: pytest.MonkeyPatch):
    with app.app_context():
        token = page_token("session-a")
        assert is_page_token(token, "session-a")
        assert not is_page_token(token, "session-b")
        for other in (None, "", 5, {"token": token}, token + "x", b"x"):
            assert not is_page_token(other, "session-a")
        elsewhere = URLSafeTimedSerializer(app.secret_key, salt="other").dumps("session-a")
        assert not is_page_token(elsewhere, "session-a")
        start, later = time.time(), TOKEN_SECONDS + 2
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: start + later)
        assert not is_page_token(token, "session-a")
