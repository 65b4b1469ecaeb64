"""Text messages, out and in, with the carrier played and everything else real."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from scenes import LEAD, UNIT_HEAD, City
from sqlalchemy import delete, func, select, text, update
from telephone import CALLER, LINE, Telephone

from app.auth.models import Attempt
from app.extensions import vault
from app.outbox import unit_of_work
from calls import arriving, messaging
from calls.arriving import Ringing
from calls.message_models import Message, MessageReceipt, OptOut
from calls.models import Effect
from db import db
from routing.terms import SHIPPED_ROUNDS
from tickets import calling, promises, service
from tickets.intake import Intake
from tickets.models import Contact, Rating, Ticket, TicketText
from tickets.permissions import SYSTEM, VISITOR, Actor, caller_of

OTHER = "+8613900139000"
MATTER = Intake(
    content="西湖区文三路45号门口路灯不亮，夜里看不清路。", type="complaint", channel="phone",
    phone="138 0013 8000", wants_reply=True,
)  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_has_told_anything(telephone: Telephone) -> None:
    """The tickets of the tests before belong to no telephone, and nobody has guessed."""
    with telephone.app.app_context(), unit_of_work():
        db.session.execute(update(Contact).values(phone_hash=None))
        db.session.execute(delete(Attempt))


def register(telephone: Telephone, **changes: object) -> tuple[int, str, str]:
    """Take a matter in, and let the events go their way. Returns id, number and code."""
    with telephone.app.app_context(), unit_of_work() as now:
        opened = service.open_ticket(VISITOR, now, replace(MATTER, **changes), vault())
        found = opened.ticket.id, opened.ticket.number or "", opened.code
    telephone.publish()
    telephone.pass_(5)
    return found


def to_callback(telephone: Telephone, ticket_id: int) -> None:
    """As if its department had replied for the last time that happens by itself, and the reply been checked."""
    with telephone.app.app_context(), unit_of_work():
        last = {"state": "TO_CALLBACK", "redos": SHIPPED_ROUNDS}
        db.session.execute(update(Ticket).where(Ticket.id == ticket_id).values(last))


def intend(telephone: Telephone, ticket_id: int, template: str) -> bool:
    with telephone.app.app_context(), unit_of_work() as now:
        return messaging.intend(ticket_id, template, now, vault(), may_link=False)


def messages(telephone: Telephone, direction: str = "out") -> list[Message]:
    def ask() -> list[Message]:
        wanted = select(Message).where(Message.direction == direction).order_by(Message.id)
        found = list(db.session.scalars(wanted))
        db.session.expunge_all()
        return found

    return telephone.read(ask)


def texts(telephone: Telephone, number: str = CALLER) -> list[str]:
    return [one.body for one in telephone.phone(number).inbox]


def say(telephone: Telephone, words: str, number: str = CALLER) -> str:
    """Text the hotline; returns the answer, empty for none."""
    before = len(texts(telephone, number))
    telephone.phone(number).send(LINE, words)
    telephone.pass_(4)
    return "".join(texts(telephone, number)[before:])


class TestReceipt:
    def test_arrives_with_number_and_code_and_nothing_else(self, telephone: Telephone):
        _, number, code = register(telephone)
        [said] = texts(telephone)
        assert number in said and code in said and said.startswith("【")
        assert "路灯" not in said and "文三路" not in said and "http" not in said
        [message] = messages(telephone)
        assert (message.state, message.template, message.tries) == ("DELIVERED", "receipt", 1)
        told = telephone.read(lambda: db.session.scalars(select(MessageReceipt.state)).all())
        assert sorted(told) == ["DELIVERED", "SENT"]

    def test_goes_to_nobody_who_was_answered_in_the_call(self, telephone: Telephone):
        with telephone.app.app_context(), unit_of_work() as now:
            city = City(now, vault())
            call = arriving.ring(now, Ringing("twilio", "CA13", LINE, CALLER), vault())
            calling.hand_to(now, call.ticket_id, city.who("operator").id or 0)
            service.answer_at_once(city.who("operator"), now, call.ticket_id, "问开门时间", "九点开门。", vault())
        telephone.publish()
        telephone.pass_(5)
        assert messages(telephone) == [] and texts(telephone) == []

    def test_is_sent_once_however_often_its_job_runs(self, telephone: Telephone):
        ticket_id, _, _ = register(telephone)
        for _ in range(3):
            assert not intend(telephone, ticket_id, "receipt")
            telephone.pass_(2)
        assert len(texts(telephone)) == 1

    @pytest.mark.parametrize(
        "changes",
        [{"wants_reply": False}, {"phone": "0571-88001234"}, {"channel": "province"}],
    )
    def test_goes_to_nobody_who_does_not_want_or_cannot_have_one(self, telephone: Telephone, changes):
        register(telephone, **changes)
        assert messages(telephone) == [] and texts(telephone) == []

    def test_of_somebody_who_opted_out_is_a_row_and_no_text(self, telephone: Telephone):
        assert "退订" in say(telephone, "TD")
        register(telephone)
        assert len(texts(telephone)) == 1  # the confirmation
        [message] = messages(telephone)
        assert (message.state, message.error_code) == ("FAILED", "opted_out")
        assert "恢复" in say(telephone, "恢复")
        register(telephone)
        assert messages(telephone)[-1].state == "DELIVERED"

    def test_that_the_phone_does_not_get_says_why(self, telephone: Telephone):
        telephone.phone().sms = "undelivered"
        register(telephone)
        [message] = messages(telephone)
        assert (message.state, message.error_code) == ("UNDELIVERED", "30003")

    def test_refused_by_the_carrier_is_an_end(self, telephone: Telephone):
        telephone.phone().sms = "opted-out"
        register(telephone)
        [message] = messages(telephone)
        assert (message.state, message.error_code) == ("FAILED", "opted_out")

    def test_no_number_stands_anywhere_but_sealed(self, telephone: Telephone):
        register(telephone)
        say(telephone, "补充 今天又坏了一盏")
        for table in ("message", "message_receipt", "effect", "telephony_event", "opt_out"):
            everything = text(f"SELECT string_agg(t::text, ' ') FROM {table} t")  # noqa: S608  a name of this file
            rows = telephone.read(partial(db.session.scalar, everything)) or ""
            assert "13800138000" not in rows, table


class TestStatus:
    def test_by_the_number_alone_from_the_own_telephone(self, telephone: Telephone):
        _, number, _ = register(telephone)
        wide = number.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
        assert number in say(telephone, f" {wide[:8]} {wide[8:]} ")

    def test_by_number_and_code_from_any_telephone(self, telephone: Telephone):
        _, number, code = register(telephone)
        assert number in say(telephone, f"{number} {code}", OTHER)

    def test_what_is_not_there_and_what_is_not_yours_sound_alike(self, telephone: Telephone):
        _, number, code = register(telephone)
        wrong = "0" * 11 + str((int(code[-1]) + 1) % 10)
        answers = {
            say(telephone, number, OTHER), say(telephone, "202001010000014", OTHER),
            say(telephone, f"{number} {wrong}", OTHER), say(telephone, f"202001010000014 {wrong}", OTHER),
        }  # fmt: skip
        assert len(answers) == 1 and number not in answers.pop()

    def test_an_old_number_needs_the_code(self, telephone: Telephone):
        ticket_id, number, code = register(telephone)
        with telephone.app.app_context(), unit_of_work() as now:
            db.session.get_one(Contact, ticket_id).updated_at = now - timedelta(days=181)
        assert "查询码" in say(telephone, number)
        assert number in say(telephone, f"{number}{code}")

    def test_guessing_ends(self, telephone: Telephone):
        _, number, code = register(telephone)
        for _ in range(5):
            say(telephone, f"{number} {'1' * 12}", OTHER)
        assert number not in say(telephone, f"{number} {code}", OTHER)

    def test_the_unit_of_a_confidential_matter_is_not_named(self, telephone: Telephone):
        _, number, code = register(telephone, confidential=True)
        assert "承办单位是" not in say(telephone, f"{number} {code}")


class TestRating:
    def test_closes_the_ticket(self, telephone: Telephone):
        ticket_id, number, _ = register(telephone)
        to_callback(telephone, ticket_id)
        assert number in say(telephone, "１")
        told = select(Rating.solved, Rating.satisfied).where(Rating.ticket_id == ticket_id)
        rating = telephone.read(lambda: db.session.execute(told).one())
        state = telephone.read(lambda: db.session.get_one(Ticket, ticket_id).state)
        assert tuple(rating) == (True, 3) and state == "CLOSED"

    def test_is_none_when_nothing_waits_for_one(self, telephone: Telephone):
        ticket_id, _, _ = register(telephone)
        for words in ("3", "9", "编号 3"):
            answer = say(telephone, words)
            assert "编号 分数" in answer and "已收到" not in answer
        assert telephone.read(lambda: db.session.get_one(Ticket, ticket_id).state) != "CLOSED"

    def test_of_two_needs_the_number(self, telephone: Telephone):
        first, number, _ = register(telephone)
        second, _, _ = register(telephone, content="第二件事：公交站牌倒了，没有人管。")
        to_callback(telephone, first), to_callback(telephone, second)
        assert "编号" in say(telephone, "1")
        assert number in say(telephone, f"{number} 1")
        states = telephone.read(lambda: [db.session.get_one(Ticket, one).state for one in (first, second)])
        assert states == ["CLOSED", "TO_CALLBACK"]

    def test_what_is_no_rating_while_one_is_asked_for_is_told_how(self, telephone: Telephone):
        ticket_id, number, _ = register(telephone)
        to_callback(telephone, ticket_id)
        for words in ("好", "9", f"{number} 9"):
            assert "编号 分数" in say(telephone, words), words
        assert telephone.read(lambda: db.session.get_one(Ticket, ticket_id).state) == "TO_CALLBACK"
        assert "已收到" in say(telephone, f"编号 {number} 1")

    def test_a_machine_is_told_how_to_rate_so_often_and_no_more(self, telephone: Telephone):
        to_callback(telephone, register(telephone)[0])
        answers = [say(telephone, f"收到{count}") for count in range(7)]
        assert [bool(answer) for answer in answers] == [True] * 5 + [False] * 2
        assert "已收到" in say(telephone, "1")

    def test_from_another_telephone_is_none(self, telephone: Telephone):
        ticket_id, number, _ = register(telephone)
        to_callback(telephone, ticket_id)
        assert say(telephone, f"{number} 1", OTHER) == say(telephone, "202001010000014 1", OTHER) != ""
        assert telephone.read(lambda: db.session.get_one(Ticket, ticket_id).state) == "TO_CALLBACK"

    def test_is_asked_for_when_there_is_a_reply(self, telephone: Telephone):
        ticket_id, number, _ = register(telephone)
        to_callback(telephone, ticket_id)
        assert intend(telephone, ticket_id, "rate")
        telephone.pass_(4)
        assert "评价" in texts(telephone)[-1] and number in texts(telephone)[-1]


def head(city: City) -> Actor:
    """Who may ask for whatever unit the matter came to."""
    may = frozenset({"assignment.extend", "assignment.suspend", "assignment.handle", "see.city"})
    return replace(city.who(UNIT_HEAD), permissions=may)


class TestPromises:
    def at_work(self, telephone: Telephone) -> tuple[int, str, int]:
        """A ticket that its unit has signed for: id, number and the unit's part."""
        ticket_id, number, _ = register(telephone)
        with telephone.app.app_context(), unit_of_work() as now:
            city = City(now, vault())
            if city.ticket(ticket_id).state == "TO_DISPATCH":
                service.dispatch(city.who("dispatcher"), now, ticket_id, city.unit(LEAD))
            part = next(one for one in city.parts(ticket_id) if one.role == "lead")
            service.sign(SYSTEM, now, ticket_id, part.id)
            return ticket_id, number, part.id

    def do(self, telephone: Telephone, what: Callable[[City], object]) -> None:
        with telephone.app.app_context(), unit_of_work() as now:
            what(City(now, vault()))
        telephone.publish()
        telephone.pass_(5)

    def extend(self, telephone: Telephone, ticket_id: int, part: int, again: bool = False) -> None:
        ask, grant = service.ask_extension, service.grant_again if again else service.grant_extension
        who = "office" if again else "supervisor"

        def extend(city: City) -> None:
            ask(head(city), city.now, ticket_id, part, "2", "等材料")
            grant(city.who(who), city.now, ticket_id, part, "同意")

        self.do(telephone, extend)

    def test_more_time_is_told_with_the_day_that_is_promised_now(self, telephone: Telephone):
        ticket_id, number, part = self.at_work(telephone)
        self.extend(telephone, ticket_id, part)
        told = telephone.read(lambda: promises.extended_to(db.session.get_one(Ticket, ticket_id)))
        assert told is not None and texts(telephone)[1:] == [
            f"【{telephone.read(messaging.sign)}】您的诉求{number}因办理需要，经审核同意延长办理时间，"
            f"承诺在{told.month}月{told.day}日前办结。"
        ]
        assert "路灯" not in texts(telephone)[-1]
        assert not intend(telephone, ticket_id, "extended"), "the same day is told once"
        self.extend(telephone, ticket_id, part, again=True)
        assert len(texts(telephone)) == 3 and f"{told.month}月{told.day}日" not in texts(telephone)[-1]

    def test_a_suspension_is_told_with_the_day_on_which_to_look_again(self, telephone: Telephone):
        ticket_id, number, part = self.at_work(telephone)

        def suspend(city: City) -> None:
            on = city.in_days(20)
            service.ask_suspension(head(city), city.now, ticket_id, part, "planned", on, "列入计划")
            service.grant_suspension(city.who("supervisor"), city.now, ticket_id, part, on, "明年改造")

        self.do(telephone, suspend)
        day = telephone.read(lambda: promises.looked_at_again_on(db.session.get_one(Ticket, ticket_id)))
        assert day is not None and number in texts(telephone)[-1]
        assert f"将于{day.month}月{day.day}日前" in texts(telephone)[-1]
        assert "明年改造" not in texts(telephone)[-1]
        self.do(telephone, lambda city: service.resume(city.who("supervisor"), city.now, ticket_id, "好了"))
        assert not intend(telephone, ticket_id, "suspended") and len(texts(telephone)) == 2

    def test_who_is_asked_for_more_is_told_until_when_and_not_what(self, telephone: Telephone):
        ticket_id, number, part = self.at_work(telephone)
        self.do(telephone, lambda city: service.ask_citizen(head(city), city.now, ticket_id, part, "哪个路灯杆？"))
        day = telephone.read(lambda: promises.to_be_answered_by(db.session.get_one(Ticket, ticket_id)))
        assert day is not None and len(texts(telephone)) == 2
        assert number in texts(telephone)[-1] and f"{day.month}月{day.day}日" in texts(telephone)[-1]
        assert "路灯" not in texts(telephone)[-1]
        assert not intend(telephone, ticket_id, "asked"), "the same day is told once"
        self.do(telephone, lambda city: service.supplement(caller_of(ticket_id), city.now, ticket_id, "第三根"))
        assert not intend(telephone, ticket_id, "asked") and len(texts(telephone)) == 2

    def test_who_said_that_it_is_not_solved_is_told_the_new_promise(self, telephone: Telephone):
        ticket_id, number, part = self.at_work(telephone)

        def reply(city: City) -> None:
            who = replace(city.who(UNIT_HEAD), permissions=frozenset({"assignment.reply", "see.city"}))
            for one in city.parts(ticket_id):
                if one.role == "assist":
                    service.waive(who, city.now, ticket_id, one.id, "现场已无需配合")
            service.reply(who, city.now, ticket_id, part, city.account("修好了", "内部"))
            service.accept(city.who("supervisor"), city.now, ticket_id)

        self.do(telephone, reply)
        before = len(texts(telephone))
        self.do(telephone, lambda city: service.rate(caller_of(ticket_id), city.now, ticket_id, False, 1))
        day = telephone.read(lambda: promises.again_by(db.session.get_one(Ticket, ticket_id)))
        [said] = texts(telephone)[before:]
        assert day is not None and number in said and f"{day.month}月{day.day}日" in said and "重新办理" in said
        asked = say(telephone, number)  # answered in the words of the page
        assert "正在重新办理（第2轮）。已交承办单位，承办单位尚未签收。" in asked and "承诺在" in asked

    def test_who_was_merged_into_it_is_told_under_the_own_number(self, telephone: Telephone):
        ticket_id, number, part = self.at_work(telephone)
        other, others_number, _ = register(telephone)
        with telephone.app.app_context(), unit_of_work() as now:
            service.merge(City(now, vault()).who("supervisor"), now, other, number)
        self.extend(telephone, ticket_id, part)
        assert [others_number in one for one in texts(telephone)[2:]] == [False, True]

    def test_what_waits_for_the_morning_is_not_sent_where_the_day_is_another_by_then(self, telephone: Telephone):
        ticket_id, _, part = self.at_work(telephone)
        self.extend(telephone, ticket_id, part)

        def moot() -> bool:
            message = db.session.scalars(select(Message).where(Message.template == "extended")).one()
            return messaging.is_moot(message, vault())

        assert not telephone.read(moot)
        self.do(telephone, lambda city: service.withdraw(caller_of(ticket_id), city.now, ticket_id, "不用了"))
        assert telephone.read(moot)


class TestNotes:
    def _notes(self, telephone: Telephone) -> list[str]:
        notes = select(TicketText.body).where(TicketText.field == "urge_note").order_by(TicketText.id)
        return telephone.read(lambda: list(db.session.scalars(notes)))

    def test_a_supplement_goes_to_the_one_open_matter(self, telephone: Telephone):
        _, number, _ = register(telephone)
        before = len(self._notes(telephone))
        assert number in say(telephone, "补充：今天又坏了一盏")
        assert self._notes(telephone)[before:] == ["今天又坏了一盏"]
        assert number in say(telephone, "催")

    def test_of_two_open_matters_the_number_is_wanted(self, telephone: Telephone):
        _, number, _ = register(telephone)
        register(telephone, content="第二件事：公交站牌倒了，没有人管。")
        before = len(self._notes(telephone))
        assert "编号" in say(telephone, "催办")
        assert len(self._notes(telephone)) == before
        assert number in say(telephone, f"{number} 催办")

    def test_too_many_a_day_are_not_kept(self, telephone: Telephone):
        register(telephone)
        before = len(self._notes(telephone))
        for count in range(5):
            say(telephone, f"补充 第{count}次")
        assert len(self._notes(telephone)) == before + 3


class TestIn:
    def test_help_is_given_once_a_day(self, telephone: Telephone):
        assert "TD" in say(telephone, "你好")
        assert say(telephone, "在吗") == ""
        telephone.pass_(1)
        telephone.network.clock.advance(timedelta(hours=25).total_seconds())
        assert "TD" in say(telephone, "你好")

    def test_stop_and_start(self, telephone: Telephone):
        say(telephone, "退订")
        assert telephone.read(lambda: db.session.scalar(select(func.count()).select_from(OptOut))) == 1
        say(telephone, "START")
        assert telephone.read(lambda: db.session.scalar(select(func.count()).select_from(OptOut))) == 0

    def test_a_machine_that_answers_each_answer_comes_to_an_end(self, telephone: Telephone):
        answers = [say(telephone, f"TD{' ' * count}") for count in range(32)]
        assert answers[0] and not answers[-1]


def test_nothing_is_owed_in_the_end(telephone: Telephone):
    register(telephone)
    telephone.pass_(10)
    owed = select(func.count()).select_from(Effect).where(Effect.done_at.is_(None))
    assert telephone.read(lambda: db.session.scalar(owed)) == 0
