"""Played citizens who are rung by a machine and asked how it went."""

from collections import Counter
from collections.abc import Iterator

import pytest
from scenes import City
from sqlalchemy import select
from telephone import Telephone

from app.demo import rung
from app.demo.phones import NUMBERS
from app.extensions import vault
from app.outbox import unit_of_work
from calls.models import FollowUpCall
from db import db
from routing.models import CitySetting


@pytest.fixture
def app(ringing_app):
    return ringing_app


@pytest.fixture(autouse=True)
def many_lines(network: Telephone) -> Iterator[None]:
    before = _set(network, follow_up_lines=50, follow_up_after_minutes=1, follow_up_tries=1)
    yield
    _set(network, **before)


def _set(network: Telephone, **numbers: int) -> dict[str, int]:
    with network.app.app_context(), unit_of_work():
        row = db.session.get_one(CitySetting, "phone")
        before = dict(row.value)
        row.value = {**before, **numbers}
    return before


def test_they_answer_each_in_their_way(network: Telephone):
    numbers = [f"+86139000{at:05d}" for at in range(40)]
    with network.app.app_context(), unit_of_work() as now:
        city = City(now, vault())
        for number in numbers:
            city.accepted(phone=number)
    network.publish()
    with network.app.app_context():
        rung.play()
    network.pass_(150)
    rows = network.read(lambda: Counter(db.session.scalars(select(FollowUpCall.outcome)).all()))
    assert rows["answered"] > 20 and rows["busy"] + rows["no_answer"] > 0 and rows.total() == 40
    assert rows.keys() <= {"answered", "declined", "busy", "no_answer"}


def test_a_telephone_in_somebodys_hand_rings_until_they_pick_up(network: Telephone):
    with network.app.app_context(), unit_of_work() as now:
        City(now, vault()).accepted(phone=NUMBERS[0])
    network.publish()
    with network.app.app_context():
        rung.play()
    network.pass_(75)
    [call] = network.phone(NUMBERS[0]).calls
    assert call.status == "ringing"
