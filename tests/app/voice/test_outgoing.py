"""Calls that we make: back to who hung up, asked for it or left a message, and what becomes of each try."""

from sqlalchemy import select
from telephone import CALLER, LINE, Operator, Telephone

from calls.models import Callback, Recording
from db import db
from tickets.event_models import TicketEvent
from tickets.models import Ticket


def missed(telephone: Telephone, operator: Operator) -> int:
    """A caller who has hung up while waiting; the id of the callback."""
    operator.post("/seat", action="pause", reason="rest")
    line = telephone.phone().dial(LINE)
    telephone.pass_(40)
    line.hang_up()
    telephone.pass_(3)
    return telephone.read(lambda: db.session.scalars(select(Callback.id)).one())


def rings_back(telephone: Telephone, operator: Operator, callback: int, status: int = 200) -> None:
    operator.post(f"/callbacks/{callback}/call", status)
    if status == 200:
        operator.connect(operator.post("/rejoin")["token"])
        telephone.pass_(3)


def row(telephone: Telephone) -> Callback:
    def ask() -> Callback:
        found = db.session.scalars(select(Callback)).one()
        db.session.expunge(found)
        return found

    return telephone.read(ask)


def test_called_back_and_answered(telephone: Telephone, operator: Operator):
    callback = missed(telephone, operator)
    assert "138****8000" in operator.browser.get("/desk/phone/callbacks").text
    telephone.phone().answers(after=4)
    rings_back(telephone, operator, callback)
    telephone.pass_(10)
    state = operator.state()
    assert state["call"]["state"] == "TALKING" and state["seat"]["state"] == "on_call"
    [_, ringing] = telephone.phone().calls
    assert "回电" in "".join(one.text for one in ringing.heard)
    telephone.pass_(20)
    operator.order("hang_up")
    telephone.pass_(10)
    assert ringing.is_over
    assert (row(telephone).outcome, row(telephone).attempts) == ("reached", 1)
    first, second = telephone.calls()
    assert (second.direction, second.purpose, second.end_reason) == ("out", "callback", "completed")
    assert second.ticket_id == first.ticket_id
    owner = telephone.read(lambda: db.session.get_one(Ticket, first.ticket_id).registered_by)
    assert owner == operator.person.id
    assert operator.state()["seat"]["state"] == "wrap_up"
    assert operator.post(f"/calls/{second.id}/close", disposition="answered")["number"]


def test_engaged_is_tried_again_and_given_up_after_three(telephone: Telephone, operator: Operator):
    callback = missed(telephone, operator)
    telephone.phone().is_busy()
    for attempt in (1, 2, 3):
        rings_back(telephone, operator, callback)
        telephone.pass_(10)
        assert row(telephone).attempts == attempt
        operator.post("/seat", action="pause", reason="rest")
        assert operator.state()["seat"]["state"] == "break"
        telephone.pass_(900, step=5)
    assert (row(telephone).outcome, row(telephone).closed_at is None) == ("unreachable", False)
    rings_back(telephone, operator, callback, 409)


def test_two_operators_do_not_ring_the_same_caller(telephone: Telephone, operator: Operator, new_operator):
    callback = missed(telephone, operator)
    telephone.phone().does_not_answer()
    rings_back(telephone, operator, callback)
    other = new_operator(telephone)
    rings_back(telephone, other, callback, 409)
    assert "138****8000" not in other.browser.get("/desk/phone/callbacks").text


def test_line_that_never_comes_ends_the_try(telephone: Telephone, operator: Operator):
    callback = missed(telephone, operator)
    operator.post(f"/callbacks/{callback}/call")
    telephone.pass_(15)
    assert telephone.calls()[1].state == "ENDED" and operator.state()["seat"]["state"] == "break"
    assert row(telephone).closed_at is None


def test_cancelled_while_it_rings_counts_as_no_try(telephone: Telephone, operator: Operator):
    callback = missed(telephone, operator)
    telephone.phone().answers(after=25)
    rings_back(telephone, operator, callback)
    telephone.pass_(3)
    [_, ringing] = telephone.phone().calls
    assert operator.state()["call"]["state"] == "CONNECTING" and not ringing.is_over
    operator.order("hold", 409)
    operator.order("hang_up")
    telephone.pass_(5)
    assert ringing.is_over and operator.line.is_over
    assert telephone.calls()[1].end_reason == "cancelled" and operator.state()["seat"]["state"] == "ready"
    assert (row(telephone).attempts, row(telephone).closed_at) == (0, None)
    rings_back(telephone, operator, callback)


def test_cancelled_before_the_carrier_has_rung_rings_nobody(telephone: Telephone, operator: Operator):
    callback = missed(telephone, operator)
    operator.post(f"/callbacks/{callback}/call")
    operator.order("hang_up")
    telephone.pass_(30)
    assert len(telephone.phone().calls) == 1 and telephone.calls()[1].end_reason == "cancelled"


def test_no_call_needed(telephone: Telephone, operator: Operator):
    callback = missed(telephone, operator)
    operator.post(f"/callbacks/{callback}/close", 422, reason="because")
    operator.post(f"/callbacks/{callback}/close", reason="called_again")
    assert row(telephone).outcome == "called_again"
    operator.post(f"/callbacks/{callback}/close", 409, reason="called_again")


def heard(telephone: Telephone) -> list[tuple[int, dict[str, int]]]:
    """Who has listened to what of the one call that there is."""
    query = select(TicketEvent.actor_id, TicketEvent.payload).where(
        TicketEvent.kind == "recording.heard", TicketEvent.subject == "call",
        TicketEvent.subject_id == row(telephone).call_id,
    )  # fmt: skip
    return telephone.read(lambda: [tuple(found) for found in db.session.execute(query)])


def test_message_can_be_heard_on_record(telephone: Telephone, operator: Operator):
    operator.post("/seat", action="pause", reason="rest")
    line = telephone.phone(CALLER).dial(LINE)
    telephone.pass_(40)
    line.press("2")
    telephone.pass_(8)
    line.speak(8)
    telephone.pass_(9)
    line.press("#")
    telephone.pass_(60)
    callback = row(telephone).id
    assert heard(telephone) == []
    sound = operator.browser.get(f"/desk/phone/callbacks/{callback}/message")
    assert sound.status_code == 200 and sound.mimetype == "audio/wav" and sound.data.startswith(b"RIFF")
    recording = telephone.read(lambda: db.session.scalars(select(Recording.id)).one())
    assert heard(telephone) == [(operator.person.id, {"recording": recording})]


def test_operators_line_breaks_and_the_next_one_talks_to_the_citizen(
    telephone: Telephone, operator: Operator, new_operator
):
    callback = missed(telephone, operator)
    telephone.phone().answers(after=4)
    rings_back(telephone, operator, callback)
    telephone.pass_(10)
    [_, ringing] = telephone.phone().calls
    operator.close_page()
    telephone.pass_(20)
    assert telephone.calls()[1].state == "QUEUED" and not ringing.is_over
    other = new_operator(telephone)
    telephone.pass_(2)
    other.pick_up()
    telephone.pass_(10)
    assert telephone.calls()[1].state == "TALKING" and not ringing.is_over
    ringing.hang_up()
    telephone.pass_(5)
    assert row(telephone).outcome == "reached"


def test_nor_does_an_offer_that_runs_out_end_the_call_of_a_citizen_who_waits(
    telephone: Telephone, operator: Operator, new_operator
):
    callback = missed(telephone, operator)
    telephone.phone().answers(after=4)
    rings_back(telephone, operator, callback)
    telephone.pass_(10)
    [_, ringing] = telephone.phone().calls
    operator.close_page()
    telephone.pass_(20)
    new_operator(telephone)
    telephone.pass_(25)
    assert telephone.calls()[1].state == "QUEUED" and not ringing.is_over
    ringing.hang_up()
    telephone.pass_(5)
    assert telephone.calls()[1].state == "ENDED" and row(telephone).attempts == 1


def test_end_of_a_call_of_ours_that_is_found_out_by_asking_counts(telephone: Telephone, operator: Operator):
    callback = missed(telephone, operator)
    telephone.phone().answers(after=4)
    rings_back(telephone, operator, callback)
    telephone.pass_(10)
    assert telephone.calls()[1].state == "TALKING"
    telephone.network.chaos.drop = 1  # no news comes through any more
    operator.line.vanish(1)
    telephone.phone().calls[1].hang_up()
    telephone.pass_(60)
    assert telephone.calls()[1].state == "ENDED" and row(telephone).outcome == "reached"
