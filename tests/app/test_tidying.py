"""What the clock deletes every few minutes: each kind by itself."""

import pytest
from sqlalchemy import text

from app import archive, exporting, throttle, uploads
from app.auth import accounts
from app.auth import session as sessions
from calls import arriving, message_receipts
from clock import Clock
from db import db
from tickets import drafts, presence

ROWS = (
    (arriving, "drop_drafts"), (drafts, "sweep_forms"), (presence, "sweep"), (sessions, "sweep"),
    (accounts, "sweep_tokens"), (throttle, "sweep"), (message_receipts, "sweep"),
)  # fmt: skip
FILES = ((archive, "purge"), (exporting, "sweep"), (uploads, "sweep"))


@pytest.mark.parametrize("broken", range(len(ROWS) + len(FILES)))
def test_what_fails_keeps_nothing_else_from_being_deleted(app, monkeypatch: pytest.MonkeyPatch, broken: int):
    done: list[int] = []

    def stand_in(place: int, is_file: bool):
        def sweep(*given: object) -> None:
            assert len(given) == 1 + is_file and db.session().in_transaction() != is_file
            if place == broken:
                db.session.execute(text("SELECT 1 / 0"))
            done.append(place)

        return sweep

    for place, (room, name) in enumerate(ROWS + FILES):
        monkeypatch.setattr(room, name, stand_in(place, place >= len(ROWS)))
    clock = Clock(app)
    clock.stop.set()
    with app.app_context():
        clock.tidy()
        assert not db.session().in_transaction()
    assert set(done) == set(range(len(ROWS) + len(FILES))) - {broken}


def test_nothing_fails_as_things_are(app, caplog: pytest.LogCaptureFixture):
    clock = Clock(app)
    clock.stop.set()
    with app.app_context():
        clock.tidy()
    assert caplog.records == []
