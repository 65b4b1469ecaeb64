"""A day read again from its events: the same as what is stored, and whatever is not the same is named."""

from datetime import UTC, datetime, timedelta

import pytest
from exchange import Exchange
from sqlalchemy import insert, update

from calls import arriving, figures, replay, talking
from calls.figures import Asked
from calls.models import Call
from db import db
from tickets.figures import Span

START = datetime(2026, 11, 26, tzinfo=UTC)
SPAN = Span(START, START + timedelta(days=1), START + timedelta(days=1))


@pytest.fixture
def day(exchange: Exchange) -> list[Call]:
    """A talk that broke and went on with another operator, one who gave up, one in the menu, a message, one of
    the day before and one of the day after."""
    city = exchange.city
    city.now = START - timedelta(hours=2)
    before = exchange.ring("+8613800138009")
    arriving.end(before, city.now, city.now)
    city.now = START + timedelta(hours=1)
    broken = exchange.talk()
    exchange.wait(20)
    talking.left(broken, exchange.label(broken), 1, city.now, city.now)
    exchange.wait(16)
    talking.take_up_dropped(city.now)
    exchange.sit("operator2")
    [offer] = exchange.assign()
    exchange.connect(exchange.accept(offer))
    talking.joined(broken, "caller", 2, city.now, city.now)
    exchange.wait(40)
    arriving.end(broken, city.now, city.now)
    gone = exchange.queue("+8613800138001")
    exchange.wait(30)
    arriving.end(gone, city.now, city.now)
    menu = exchange.ring("+8613800138002")
    arriving.choose(menu, city.now, city.now, "8")
    arriving.end(menu, city.now + timedelta(seconds=4), city.now)
    left = exchange.queue("+8613800138003")
    arriving.begin_voicemail(left, city.now + timedelta(seconds=20), city.now)
    arriving.end(left, city.now + timedelta(seconds=60), city.now)
    city.now = SPAN.end + timedelta(hours=1)
    exchange.ring("+8613800138004")
    return [broken, gone, menu, left]


def _tamper(call: Call, **values: object) -> None:
    """Past the verbs, as somebody at the database would."""
    db.session.execute(update(Call).where(Call.id == call.id).values(values))
    db.session.expire_all()


def test_events_alone_tell_the_day_as_it_is_stored(exchange: Exchange, day: list[Call]):
    found = replay.replay(SPAN)
    assert found.is_same and found.differences == () and found.calls == 4
    assert found.told == found.stored and found.told.offered == 3 and found.told.answered == 1
    assert found.events == sum(len(call.facts) for call in day)
    assert all(told == stored for told, stored in found.kpis.values()) and "service_level" in found.kpis


@pytest.mark.parametrize(
    ("column", "value", "is_counted"),
    [
        ("queue_seconds", 3, True), ("answered_at", None, True), ("end_reason", "short_abandon", True),
        ("talk_seconds", 9999, True), ("state", "IVR", False), ("ended_by", "operator", False),
    ],
)  # fmt: skip
def test_a_row_that_was_tampered_with_is_named(
    exchange: Exchange, day: list[Call], column: str, value: object, is_counted: bool
):
    call = day[1] if column == "end_reason" else day[0]
    _tamper(call, **{column: value})
    found = replay.replay(SPAN)
    assert not found.is_same
    assert [(one.call_id, one.column) for one in found.differences] == [(call.id, column)]
    assert (found.told != found.stored) == is_counted


def test_facts_that_were_tampered_with_are_named(exchange: Exchange, day: list[Call]):
    facts = day[0].facts
    _tamper(day[0], facts=facts[1:])
    [one] = replay.replay(SPAN).differences
    assert (one.column, one.stored, one.told) == ("facts", len(facts) - 1, len(facts))


def test_a_call_moved_to_another_day_is_still_of_its_own(exchange: Exchange, day: list[Call]):
    later = timedelta(days=3)
    _tamper(day[1], started_at=day[1].started_at + later, queued_at=day[1].queued_at + later)
    found = replay.replay(SPAN)
    assert {(one.call_id, one.stored) for one in found.differences if one.column == "call"} == {
        (day[1].id, "missing")
    }
    assert not found.is_same


def test_a_call_that_no_event_tells_of_is_named(exchange: Exchange, day: list[Call]):
    invented = {column.name: getattr(day[2], column.name) for column in Call.__table__.columns}
    invented |= {"ref": "invented", "provider_sid": "invented"}
    invented.pop("id")
    db.session.execute(insert(Call).values(invented))
    [one] = replay.replay(SPAN).differences
    assert (one.column, one.stored, one.told) == ("call", "there", "missing")


def test_a_day_without_calls_is_the_same(exchange: Exchange):
    found = replay.replay(SPAN)
    assert found.is_same and found.calls == found.events == 0
    assert figures.counts(Asked(SPAN)).inbound == 0
