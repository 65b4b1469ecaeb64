"""Citizens who are rung by a machine and asked how it went, with the carrier played and everything else real."""

import re
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread

import pytest
from scenes import LEAD_LOGIN, City
from sqlalchemy import func, insert, select, update
from telephone import CALLER, LINE, Telephone

from app.extensions import vault
from app.outbox import unit_of_work
from app.voice import hearing
from calls import outgoing
from calls.following import BATCH
from calls.models import Call, FollowUpCall
from db import db
from routing.models import CitySetting
from simulator.people import Step
from tickets import service
from tickets.event_models import TicketEvent
from tickets.models import Rating, Ticket
from tickets.permissions import caller_of

MINUTE, HOUR = 60, 3600
CONTENT = tuple(Step("1", hearing=words) for words in ("愿意评价", "联系过", "是否解决", "是否满意"))


@pytest.fixture(autouse=True)
def rings_after_a_minute(telephone: Telephone) -> Iterator[None]:
    """Texts to nobody, so that only the calls are heard of."""
    hours = {"follow_up_from": 9, "follow_up_to": 20}
    before = change(telephone, follow_up_lines=1, follow_up_after_minutes=1, **hours)
    yield
    change(telephone, **before)


def change(telephone: Telephone, **numbers: int) -> dict[str, int]:
    """The city sets numbers of its telephone; returns them as they were."""
    with telephone.app.app_context(), unit_of_work():
        row = db.session.get_one(CitySetting, "phone")
        before = dict(row.value)
        row.value = {**before, **numbers}
    return before


def replied(telephone: Telephone, phone: str = CALLER, confidential: bool = False, **intake: object) -> int:
    """A matter that has its reply, as of now."""
    with telephone.app.app_context(), unit_of_work() as now:
        fields = {"channel": "phone", "phone": phone, "wants_reply": True} | intake
        ticket_id = City(now, vault()).accepted(**fields)
        db.session.get_one(Ticket, ticket_id).confidential = confidential
    telephone.publish()
    return ticket_id


def row(telephone: Telephone) -> FollowUpCall | None:
    def ask() -> FollowUpCall | None:
        found = db.session.scalars(select(FollowUpCall)).one_or_none()
        db.session.expunge_all()
        return found

    return telephone.read(ask)


def state(telephone: Telephone, ticket_id: int) -> str:
    return telephone.read(lambda: db.session.get_one(Ticket, ticket_id).state)


def outcomes(telephone: Telephone, ticket_id: int) -> list[str]:
    def ask() -> list[str]:
        events = select(TicketEvent.payload).where(
            TicketEvent.subject == "ticket", TicketEvent.subject_id == ticket_id,
            TicketEvent.kind == "ticket.asked",
        )  # fmt: skip
        return [payload["outcome"] for payload in db.session.scalars(events.order_by(TicketEvent.id))]

    return telephone.read(ask)


def rating(telephone: Telephone, ticket_id: int) -> tuple[bool, int] | None:
    def ask() -> tuple[bool, int] | None:
        found = db.session.scalars(select(Rating).where(Rating.ticket_id == ticket_id)).one_or_none()
        return (found.solved, found.satisfied) if found else None

    return telephone.read(ask)


def said(telephone: Telephone, at: int = -1) -> str:
    return "".join(one.text for one in telephone.phone().calls[at].heard if one.kind == "say")


class TestWhoAnswers:
    def test_rates_with_keys_and_the_ticket_is_closed(self, telephone: Telephone):
        telephone.phone().answers(3, CONTENT)
        ticket_id = replied(telephone)
        telephone.pass_(50, step=5)
        assert telephone.phone().calls == []
        telephone.pass_(3 * MINUTE)
        assert (state(telephone, ticket_id), rating(telephone, ticket_id)) == ("CLOSED", (True, 3))
        found, call = row(telephone), telephone.call()
        assert found is not None and (found.outcome, found.is_on) == ("answered", False)
        assert (call.direction, call.purpose, call.end_reason) == ("out", "follow_up", "completed")
        assert outcomes(telephone, ticket_id) == ["answered"]
        assert "感谢您的评价" in said(telephone) and "重新办理" not in said(telephone)

    def test_hears_the_end_of_the_number_and_nothing_of_the_matter(self, telephone: Telephone):
        telephone.phone().answers(3, CONTENT)
        ticket_id = replied(telephone)
        telephone.pass_(3 * MINUTE)
        named = select(Ticket.number, Ticket.title).where(Ticket.id == ticket_id)
        number, title = telephone.read(lambda: tuple(db.session.execute(named).one()))
        assert f"尾号{' '.join(number[-4:])}" in said(telephone) and title not in said(telephone)

    def test_not_solved_is_handled_again_and_asked_about_again(self, telephone: Telephone):
        steps = (*CONTENT[:2], Step("2", hearing="是否解决"), Step("3", hearing="是否满意"))
        telephone.phone().answers(3, steps)
        ticket_id = replied(telephone)
        telephone.pass_(3 * MINUTE)
        assert (state(telephone, ticket_id), rating(telephone, ticket_id)) == ("IN_PROGRESS", (False, 1))
        assert "重新办理" in said(telephone)

    def test_who_hangs_up_after_saying_that_it_is_not_solved_is_heard_as_well(self, telephone: Telephone):
        steps = (*CONTENT[:2], Step("2", hearing="是否解决"), Step(hearing="是否满意", hangs_up=True))
        telephone.phone().answers(3, steps)
        ticket_id = replied(telephone)
        telephone.pass_(3 * MINUTE)
        assert (state(telephone, ticket_id), rating(telephone, ticket_id)) == ("IN_PROGRESS", None)
        assert outcomes(telephone, ticket_id) == ["partly"]

    def test_who_does_not_want_to_is_left_alone(self, telephone: Telephone):
        telephone.phone().answers(3, (Step("2", hearing="愿意评价"),))
        ticket_id = replied(telephone)
        telephone.pass_(3 * MINUTE)
        telephone.pass_(30 * HOUR, step=1800)
        assert len(telephone.phone().calls) == 1
        assert (state(telephone, ticket_id), outcomes(telephone, ticket_id)) == ("TO_CALLBACK", ["declined"])

    def test_a_key_that_means_nothing_is_asked_again_once(self, telephone: Telephone):
        telephone.phone().answers(3, (Step("7", hearing="愿意评价"),))
        ticket_id = replied(telephone)
        telephone.pass_(3 * MINUTE)
        assert said(telephone).count("愿意评价请按1") == 2
        assert outcomes(telephone, ticket_id) == ["no_key"] and telephone.phone().calls[0].is_over

    def test_the_language_is_the_one_that_was_spoken(self, telephone: Telephone):
        line = telephone.phone().dial(LINE)
        telephone.pass_(2)
        line.press("8")
        telephone.pass_(3)
        line.hang_up()
        telephone.pass_(2)
        draft = telephone.call().ticket_id
        ticket_id = replied(telephone)
        with telephone.app.app_context(), unit_of_work():
            db.session.execute(update(Call).where(Call.ticket_id == draft).values(ticket_id=ticket_id))
        telephone.phone().answers(3, ())
        telephone.pass_(3 * MINUTE)
        assert "Press 1 to answer" in said(telephone)


class TestWhoIsNotReached:
    def test_is_tried_on_other_days_at_other_hours_and_then_given_up(self, telephone: Telephone):
        telephone.phone().is_busy()
        ticket_id = replied(telephone)
        for tries in (1, 2, 3):
            telephone.pass_(20 * MINUTE if tries == 1 else 28 * HOUR, step=600)
            assert len(telephone.phone().calls) == tries
        hours = [call.created_at.astimezone().hour for call in telephone.phone().calls]
        assert len(set(hours)) == 3
        telephone.pass_(30 * HOUR, step=1800)
        found = row(telephone)
        assert found is not None and (found.outcome, found.attempts) == ("busy", 3)
        assert outcomes(telephone, ticket_id) == ["busy"] * 3 and len(telephone.phone().calls) == 3
        assert state(telephone, ticket_id) == "TO_CALLBACK"

    def test_a_machine_presses_no_key(self, telephone: Telephone):
        telephone.phone().has_a_machine()
        ticket_id = replied(telephone)
        telephone.pass_(4 * MINUTE)
        assert outcomes(telephone, ticket_id) == ["no_key"] and telephone.phone().calls[0].is_over

    def test_nobody_is_rung_at_night(self, telephone: Telephone):
        telephone.pass_(11 * HOUR - 30, step=3957)  # it was nine in the morning
        telephone.phone().answers(3, CONTENT)
        ticket_id = replied(telephone)
        telephone.pass_(12 * HOUR, step=1800)
        assert telephone.phone().calls == []
        telephone.pass_(2 * HOUR, step=600)
        assert state(telephone, ticket_id) == "CLOSED"


class TestWhoIsNotRung:
    def test_who_has_rated_meanwhile(self, telephone: Telephone):
        ticket_id = replied(telephone)
        with telephone.app.app_context(), unit_of_work() as now:
            service.rate(caller_of(ticket_id), now, ticket_id, True, 2)
        telephone.pass_(4 * MINUTE, step=5)
        found = row(telephone)
        assert found is not None and found.outcome == "moot" and telephone.phone().calls == []

    def test_who_rates_by_text_while_it_rings_is_rated_once(self, telephone: Telephone):
        telephone.phone().answers(20, CONTENT)
        ticket_id = replied(telephone)
        telephone.pass_(MINUTE + 5)
        with telephone.app.app_context(), unit_of_work() as now:
            service.rate(caller_of(ticket_id), now, ticket_id, True, 2)
        telephone.pass_(3 * MINUTE)
        assert rating(telephone, ticket_id) == (True, 2) and telephone.phone().calls[0].is_over

    @pytest.mark.parametrize(
        "intake", [{"wants_reply": False}, {"phone": "+14155550100"}, {"channel": "province"}]
    )
    def test_who_wants_no_reply_is_abroad_or_was_told_by_others(self, telephone: Telephone, intake: dict):
        replied(telephone, **intake)
        assert row(telephone) is None

    def test_who_wants_no_texts(self, telephone: Telephone):
        telephone.phone().send(LINE, "TD")
        telephone.pass_(4)
        replied(telephone)
        assert row(telephone) is None

    def test_anybody_where_the_city_has_no_lines_for_it(self, telephone: Telephone):
        change(telephone, follow_up_lines=0)
        replied(telephone)
        assert row(telephone) is None


    def test_who_wants_no_texts_any_more_when_the_time_has_come(self, telephone: Telephone):
        replied(telephone)
        telephone.phone().send(LINE, "TD")
        telephone.pass_(4 * MINUTE, step=2)
        found = row(telephone)
        assert found is not None and found.outcome == "opted_out" and telephone.phone().calls == []

    def test_about_a_confidential_matter(self, telephone: Telephone):
        replied(telephone, confidential=True)
        assert row(telephone) is None


def begin(telephone: Telephone, **intake: object) -> tuple[int, Call]:
    """A call that the clock process has begun and the carrier does not know of yet."""
    telephone.is_clock_running = False
    ticket_id = replied(telephone, **intake)
    telephone.pass_(2 * MINUTE, step=20)
    with telephone.app.app_context(), unit_of_work() as now:
        assert outgoing.ask_next(now, "twilio")
    return ticket_id, telephone.call()


def hear(telephone: Telephone, call: Call, kind: str, question: str = "", **fields: str) -> str:
    """A webhook as the spool brings it, whenever it comes."""
    with telephone.app.app_context(), unit_of_work() as now:
        own = {"question": question} if question else {}
        sid = call.provider_sid or "CA" + "a" * 32
        told = hearing.Told(kind, {"CallSid": sid, **fields}, own, now, {"ref": call.ref})
        return hearing.HANDLERS[kind](told, now)


class TestWhatIsToldInAnyOrder:
    def test_a_last_key_after_the_end_counts(self, telephone: Telephone):
        telephone.phone().answers(3, (*CONTENT[:3], Step(hearing="是否满意", hangs_up=True)))
        ticket_id = replied(telephone)
        telephone.pass_(3 * MINUTE)
        assert rating(telephone, ticket_id) is None
        hear(telephone, telephone.call(), "out_asked", "satisfied", Digits="3")
        assert rating(telephone, ticket_id) == (True, 1)
        assert outcomes(telephone, ticket_id) == ["partly", "answered"]

    def test_a_refusal_after_the_end_is_one(self, telephone: Telephone):
        telephone.phone().answers(3, (Step(hearing="愿意评价", hangs_up=True),))
        ticket_id = replied(telephone)
        telephone.pass_(3 * MINUTE)
        hear(telephone, telephone.call(), "out_asked", "agreed", Digits="2")
        telephone.pass_(30 * HOUR, step=1800)
        assert len(telephone.phone().calls) == 1
        assert outcomes(telephone, ticket_id) == ["no_key", "declined"]

    def test_the_end_before_that_somebody_picked_up(self, telephone: Telephone):
        ticket_id, call = begin(telephone)
        hear(telephone, call, "out_status", CallStatus="completed")
        hear(telephone, call, "out")
        assert outcomes(telephone, ticket_id)[-1] == "no_key"

    def test_a_line_that_was_given_up_and_answered_after_all_is_asked(self, telephone: Telephone):
        ticket_id, call = begin(telephone)
        telephone.pass_(100, step=10)
        with telephone.app.app_context(), unit_of_work() as now:
            assert outgoing.give_up_unheard(now) == 1
        assert outcomes(telephone, ticket_id) == ["failed"]
        assert "愿意评价" in hear(telephone, call, "out")
        for question in ("agreed", "contacted", "solved", "satisfied"):
            hear(telephone, call, "out_asked", question, Digits="1")
        assert rating(telephone, ticket_id) == (True, 3)
        found = row(telephone)
        assert found is not None and found.closed_at is not None

    def test_answers_on_an_earlier_round_are_none_on_this_one(self, telephone: Telephone):
        ticket_id, call = begin(telephone)
        hear(telephone, call, "out")
        for question, key in (("agreed", "1"), ("contacted", "1"), ("solved", "2"), ("satisfied", "3")):
            hear(telephone, call, "out_asked", question, Digits=key)
        with telephone.app.app_context(), unit_of_work() as now:
            city = City(now, vault())
            service.redo(city.who("supervisor"), city.now, ticket_id, "市民来电说没有修")
            unit, part = city.who(LEAD_LOGIN), city.parts(ticket_id)[-1]
            service.sign(unit, city.now, ticket_id, part.id)
            service.reply(unit, city.now, ticket_id, part.id, city.account("又修了一次。", "内部"))
            service.accept(city.who("supervisor"), city.now, ticket_id)
        hear(telephone, call, "out_status", CallStatus="completed")
        assert (state(telephone, ticket_id), rating(telephone, ticket_id)) == ("TO_CALLBACK", None)

    def test_nothing_is_promised_to_who_has_rated_it_meanwhile(self, telephone: Telephone):
        steps = (*CONTENT[:2], Step("2", hearing="是否解决"), Step("3", hearing="是否满意"))
        telephone.phone().answers(20, steps)
        ticket_id = replied(telephone)
        telephone.pass_(MINUTE + 5)
        with telephone.app.app_context(), unit_of_work() as now:
            service.rate(caller_of(ticket_id), now, ticket_id, True, 2)
        telephone.pass_(3 * MINUTE)
        assert "感谢您的评价" in said(telephone) and "重新办理" not in said(telephone)


class TestLines:
    def test_so_many_at_once_and_no_more(self, telephone: Telephone):
        phones = [f"+861380013800{digit}" for digit in range(4)]
        for phone in phones:
            telephone.phone(phone).does_not_answer()
            replied(telephone, phone)
        change(telephone, follow_up_lines=2)
        telephone.pass_(MINUTE + 10)
        assert sum(len(telephone.phone(phone).calls) for phone in phones) == 2
        telephone.pass_(60)
        assert sum(len(telephone.phone(phone).calls) for phone in phones) == 4

    def test_two_clock_processes_do_not_take_the_last_one_both(self, telephone: Telephone):
        telephone.is_clock_running = False
        for digit in range(2):
            replied(telephone, f"+861380013800{digit}")
        telephone.pass_(2 * MINUTE, step=20)

        def other() -> None:
            with telephone.app.app_context(), unit_of_work() as now:
                outgoing.ask_next(now, "twilio")

        thread = Thread(target=other)
        with telephone.app.app_context(), unit_of_work() as now:
            outgoing.ask_next(now, "twilio")
            thread.start()
            thread.join(0.5)
        thread.join(10)
        assert not thread.is_alive() and len(telephone.calls()) == 1

    def test_a_backlog_is_gone_through_in_turns(self, telephone: Telephone):
        telephone.is_clock_running = False
        ticket_id = replied(telephone)
        with telephone.app.app_context(), unit_of_work() as now:
            old = {"ticket_id": ticket_id, "due_at": now - timedelta(hours=1), "attempts": 0, "is_on": False}
            db.session.execute(insert(FollowUpCall), [old | {"round": at} for at in range(10, 10 + 3 * BATCH)])
        closed = select(func.count()).select_from(FollowUpCall).where(FollowUpCall.closed_at.is_not(None))
        for turn in (1, 2, 3):
            with telephone.app.app_context(), unit_of_work() as now:
                assert not outgoing.ask_next(now, "twilio")
            assert telephone.read(lambda: db.session.scalar(closed)) == turn * BATCH

    def test_a_landline_is_rung_too(self, telephone: Telephone):
        telephone.phone("+8657188001234").answers(3, CONTENT)
        ticket_id = replied(telephone, "0571-88001234")
        telephone.pass_(3 * MINUTE)
        assert state(telephone, ticket_id) == "CLOSED"


def test_a_text_that_asks_waits_for_the_morning_and_goes_to_nobody_who_rated_at_night(telephone: Telephone):
    telephone.pass_(12 * HOUR, step=1800)
    first, second = replied(telephone), replied(telephone)
    telephone.pass_(60)
    asked = [one.body for one in telephone.phone().inbox if "请评价" in one.body]
    assert asked == []
    with telephone.app.app_context(), unit_of_work() as now:
        service.rate(caller_of(first), now, first, True, 3)
    telephone.pass_(12.5 * HOUR, step=900)
    number = telephone.read(lambda: db.session.get_one(Ticket, second).number)
    [asked] = [one.body for one in telephone.phone().inbox if "请评价" in one.body]
    assert number in asked


def test_a_text_that_no_provider_took_by_day_is_not_sent_at_night(telephone: Telephone):
    telephone.pass_(10.8 * HOUR, step=3240)
    telephone.is_clock_running = False
    replied(telephone)
    telephone.pass_(3 * HOUR, step=1800)
    telephone.is_clock_running = True
    telephone.pass_(30)
    assert [one.body for one in telephone.phone().inbox if "请评价" in one.body] == []


def test_a_page_that_is_sent_again_in_the_next_round_rates_nothing(telephone: Telephone):
    change(telephone, follow_up_lines=0)
    with telephone.app.app_context(), unit_of_work() as now:
        city = City(now, vault())
        ticket_id, code = city.from_web()
        city.accepted(ticket_id=ticket_id)
        number = city.ticket(ticket_id).number
    browser, opened = telephone.app.test_client(), {"number": number, "code": code}
    [of_round] = re.findall(r'name="round" value="(\d+)"', browser.post("/status", data=opened).text)
    form = opened | {"solved": "no", "satisfied": "1", "round": of_round}
    assert "重新办理" in browser.post("/rate", data=form).text
    with telephone.app.app_context(), unit_of_work() as now:
        city = City(now, vault())
        unit, part = city.who(LEAD_LOGIN), city.parts(ticket_id)[-1]
        service.sign(unit, city.now, ticket_id, part.id)
        service.reply(unit, city.now, ticket_id, part.id, city.account("又修了一次。", "内部"))
        service.accept(city.who("supervisor"), city.now, ticket_id)
    browser.post("/rate", data=form)
    assert state(telephone, ticket_id) == "TO_CALLBACK"
