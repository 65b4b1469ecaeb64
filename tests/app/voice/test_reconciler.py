"""What is found out by asking: never more than the carrier knows, and never of what is not ours."""

from datetime import timedelta

from sqlalchemy import select
from telephone import CALLER, LINE, Operator, Telephone

from app.voice import reconciler
from calls.models import Callback, Recording
from calls.ports import LineState, Sound
from db import db

ABROAD = "+4930901820"


class Archive:
    """A carrier that knows of one recording, of a line that we have never heard of."""

    def __init__(self, telephone: Telephone, called: str, age: timedelta = timedelta(minutes=5)) -> None:
        self.called, self.at, self.since = called, telephone.now - age, telephone.now

    def recordings_since(self, moment):
        self.since = moment
        sound = Sound("RE" + "1" * 32, "CA" + "1" * 32, "completed", 12, self.at)
        return [sound] if self.at > moment else []

    def look(self, line: str) -> LineState:
        return LineState("completed", self.at, self.called, CALLER)


def found(telephone: Telephone, port: Archive) -> int:
    telephone.app.extensions["voice"] = port
    with telephone.app.app_context():
        return reconciler.find_recordings()


def test_recordings_of_another_use_of_the_account_are_left_alone(telephone: Telephone):
    assert found(telephone, Archive(telephone, ABROAD)) == 0
    assert telephone.calls() == [] and telephone.read(lambda: db.session.scalars(select(Recording)).all()) == []


def test_message_left_while_everything_was_down_for_hours_is_found(telephone: Telephone):
    assert found(telephone, Archive(telephone, LINE, timedelta(hours=30))) == 1
    assert telephone.call().end_reason == "voicemail"
    assert telephone.read(lambda: db.session.scalars(select(Callback.reason)).all()) == ["voicemail"]


def test_message_of_a_call_whose_tone_we_were_not_told_of_is_one(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(3)
    line.hang_up()
    telephone.pass_(3)
    port = Archive(telephone, LINE)
    port.recordings_since = lambda moment: [Sound("RE" + "1" * 32, line.sid, "completed", 12, port.at)]
    assert found(telephone, port) == 1
    assert telephone.read(lambda: db.session.scalars(select(Recording.kind)).all()) == ["voicemail"]
    assert telephone.call().end_reason == "voicemail"


def test_what_was_told_while_the_carrier_was_asked_counts_more(telephone: Telephone, operator: Operator):
    """The page comes back between the carrier's answer and ours to it."""
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(5)
    telephone.is_clock_running = False
    telephone.pass_(25)
    port = telephone.app.extensions["voice"]

    class Interrupted:
        def __getattr__(self, name: str):
            return getattr(port, name)

        def members(self, room: str):
            seen = port.members(room)
            operator.connect(operator.post("/rejoin")["token"])
            telephone.network.advance(1)
            return seen

    telephone.app.extensions["voice"] = Interrupted()
    with telephone.app.app_context():
        reconciler.reconcile()
    call = telephone.call()
    assert call.state == "TALKING" and sum(fact[1] == "operator_left" for fact in call.facts) == 0


def test_who_waits_and_hears_the_music_is_not_asked_after(telephone: Telephone):
    telephone.phone().dial(LINE)
    telephone.pass_(10)
    port, asked = telephone.app.extensions["voice"], []

    class Counting:
        def __getattr__(self, name: str):
            return getattr(port, name)

        def look(self, line: str) -> LineState:
            asked.append(line)
            return port.look(line)

    telephone.app.extensions["voice"] = Counting()
    telephone.pass_(200)
    assert telephone.call().state == "QUEUED" and asked == []
