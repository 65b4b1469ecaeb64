"""Figures of days made by hand: every number is counted on paper beside it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from exchange import Exchange
from sqlalchemy import event

from calls import arriving, figures, keeping, offering, outcomes, seat_figures, seating, talking
from calls.figures import Asked
from calls.kpis import Counts, count, mean, of_calls, one_of, share, total
from calls.models import Call, Callback, SurveyAnswer
from db import db
from tickets.figures import Span

CITY = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 26, tzinfo=CITY)
"""A Thursday; its midnight is 16:00 UTC of the day before."""
Told = Callable[..., Call]


@pytest.fixture
def asked(exchange: Exchange) -> Asked:
    return Asked(Span(DAY, DAY + timedelta(days=1), DAY + timedelta(days=1)))


@pytest.fixture
def told(exchange: Exchange) -> Told:
    """A call of these facts: (seconds after it rang, kind[, epoch[, value]]), rung at a moment of the day."""

    def tell(rang: datetime, *facts: tuple, line_no: str = "12345", direction: str = "in") -> Call:
        rang = rang.astimezone(UTC)
        exchange.city.now = rang
        call = exchange.ring()
        call.line_no, call.direction = line_no, direction
        for seconds, kind, *rest in facts:
            at = rang + timedelta(seconds=seconds)
            keeping.note(call, kind, at, at, epoch=rest[0] if rest else None, value=rest[1] if rest[1:] else "")
        return call

    return tell


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute, seconds=second)


def answered(exchange: Exchange, wait: float, talk: float, hold: float = 0) -> tuple[tuple, ...]:
    """Queued after 5 seconds; answered by the operator after `wait` more; over after `talk`."""
    staff, begun = str(exchange.who("operator").id), 5 + wait
    held = ((begun + 1, "held"), (begun + 1 + hold, "unheld")) if hold else ()
    return (
        (5, "queued", 1, "5"), (begun, "operator_joined", 1, staff), (begun, "caller_joined"), *held,
        (begun + talk, "caller_left"), (begun + talk, "ended", 1, "completed"),
    )  # fmt: skip


def gave_up(after: float) -> tuple[tuple, ...]:
    return (5, "queued", 1, "5"), (5 + after, "ended", 1, "completed")


class TestADay:
    @pytest.fixture
    def day(self, exchange: Exchange, told: Told) -> None:
        told(at(9), *answered(exchange, 10, 100, hold=20))
        told(at(9, 1), *answered(exchange, 15, 60))
        told(at(9, 20), *answered(exchange, 15.9, 60))
        told(at(9, 21), *answered(exchange, 40, 200))
        told(at(10), *gave_up(4.9))
        told(at(10, 1), *gave_up(5))
        told(at(10, 2), *gave_up(90))
        told(at(10, 3), (5, "queued", 1, "5"), (30, "callback"), (32, "ended", 1, "completed"))
        told(at(10, 4), (5, "queued", 1, "5"), (30, "voicemail"), (60, "ended", 1, "completed"))
        told(at(10, 5), (5, "queued", 1, "5"), (9, "ended", 1, "lost"))
        told(at(10, 6), (3, "ended", 1, "completed"))
        told(at(10, 7), (0, "blocked", 1, "list"), (0, "ended", 1, "completed"))
        told(at(11), *answered(exchange, 1, 30), direction="out")

    def test_counts(self, asked: Asked, day: None):
        assert figures.counts(asked) == Counts(
            inbound=12, offered=10, answered=4, within=3, abandoned=3, short=1, callbacks=1, voicemails=1,
            waiting=0, handled=4, wait=80, longest_wait=40, talk=420, longest_talk=200, hold=20, wrap_up=0,
        )  # fmt: skip
        assert figures.counts(asked).other == 1

    def test_formulas_with_both_their_sides(self, asked: Asked, day: None):
        found = figures.kpis(asked)
        assert found["service_level"] == share(3, 10 - 1 - 1)
        assert found["answer_rate"] == share(4, 10 - 1)
        assert found["answer_rate_all"] == share(4, 12)
        assert found["abandon_rate"] == share(3 - 1, 10 - 1)
        assert found["asa"] == mean(80, 4) and found["asa"].value == 20
        assert found["longest_wait"] == one_of(40, 4) and found["longest_talk"] == one_of(200, 4)
        assert found["aht"] == mean(420, 4) and found["hold"] == mean(20, 4)
        assert found["wait_p50"] == one_of(15, 4)
        assert found["wait_p90"].value == pytest.approx(15 + (40 - 15) * 0.7)

    def test_by_quarter_of_an_hour(self, asked: Asked, day: None):
        found = figures.by_quarter(asked)
        assert {moment: one.inbound for moment, one in found.items()} == {at(9): 2, at(9, 15): 2, at(10): 8}
        assert of_calls(found[at(9, 15)])["service_level"] == share(1, 2)

    def test_by_line(self, asked: Asked, told: Told, exchange: Exchange, day: None):
        told(at(12), *answered(exchange, 3, 30), line_no="12315")
        found = figures.by_line(asked)
        assert {line: one.offered for line, one in found.items()} == {"12315": 1, "12345": 10}
        assert figures.counts(Asked(asked.span, "12315")) == found["12315"]
        assert total(found.values()) == figures.counts(asked)

    def test_the_same_from_the_facts_in_memory(self, asked: Asked, day: None):
        calls = db.session.query(Call).where(asked.calls)
        assert count([keeping.progress_of(call) for call in calls], 15) == figures.counts(asked)


class TestNothingToDivideBy:
    def test_a_day_without_calls_has_no_rate(self, asked: Asked):
        found = {**figures.kpis(asked), **outcomes.kpis(asked), **seat_figures.kpis([])}
        assert all(kpi.value is None for kpi in found.values()) and len(found) == 23
        assert figures.by_line(asked) == figures.by_quarter(asked) == {} and seat_figures.operators(asked) == []

    def test_only_short_abandons_leave_no_denominator(self, asked: Asked, told: Told):
        told(at(9), *gave_up(2))
        found = of_calls(figures.counts(asked))
        assert (found["answer_rate"].value, found["abandon_rate"].value) == (None, None)
        assert (found["service_level"].part, found["service_level"].whole) == (0, 0)
        assert found["answer_rate_all"] == share(0, 1)

    def test_only_callbacks_leave_none_to_the_service_level(self, asked: Asked, told: Told):
        told(at(9), (5, "queued", 1, "5"), (30, "callback"), (32, "ended", 1, "completed"))
        found = of_calls(figures.counts(asked))
        assert found["service_level"].value is None and found["answer_rate"].value == 0


class TestWhoseDayItIs:
    def test_of_the_day_it_was_queued_in_the_citys_zone(self, asked: Asked, told: Told, exchange: Exchange):
        told(at(0) - timedelta(seconds=3), *answered(exchange, 3, 30))  # rang before midnight, queued after
        told(at(0) - timedelta(seconds=10), *answered(exchange, 30, 30))  # queued before, answered after
        told(at(24) - timedelta(seconds=10), *answered(exchange, 30, 7200))  # queued before the next, ends in it
        told(at(24) - timedelta(seconds=5), *answered(exchange, 3, 30))  # queued at the very midnight
        assert figures.counts(asked).offered == 2 and figures.counts(asked).longest_talk == 7200
        before = Asked(Span(DAY - timedelta(days=1), DAY, asked.span.now))
        assert figures.counts(before).offered == 1
        both = Asked(Span(DAY - timedelta(days=1), DAY + timedelta(days=1), asked.span.now))
        days = figures.by_day(both, CITY.key)
        assert {key: one.offered for key, one in days.items()} == {DAY.toordinal() - 1: 1, DAY.toordinal(): 2}

    def test_who_was_never_queued_is_of_the_day_they_rang(self, asked: Asked, told: Told):
        told(at(0) - timedelta(seconds=3), (5, "ended", 1, "completed"))
        assert figures.counts(asked).inbound == 0

    def test_queued_again_it_is_one_call_with_its_first_wait(self, asked: Asked, told: Told, exchange: Exchange):
        first, second = (str(exchange.who(login).id) for login in ("operator", "operator2"))
        told(
            at(23, 59), (8, "queued", 1, "5"), (15, "operator_joined", 1, first), (17, "caller_joined"),
            (40, "operator_left", 1, first), (120, "queued", 2), (150, "operator_joined", 2, second),
            (150, "caller_joined", 2), (180, "caller_left", 2), (181, "ended", 2, "completed"),
        )  # fmt: skip
        found = figures.counts(asked)
        assert (found.offered, found.answered, found.within, found.wait) == (1, 1, 1, 9)
        assert found.talk == 23 + 30 and found.inbound == 1

    def test_who_still_waits_counts_as_offered_and_as_nothing_else(self, asked: Asked, told: Told):
        told(at(9), (5, "queued", 1, "5"))
        found = figures.counts(asked)
        assert (found.offered, found.waiting, found.other) == (1, 1, 0)
        assert of_calls(found)["service_level"] == share(0, 1)


class TestSeats:
    @pytest.fixture
    def shift(self, exchange: Exchange) -> Call:
        """08:00 ready; 08:10 a call rings 4 s, is answered, talks 100 s, is worked on for 30 s; 08:20 a break;
        08:30 ready; then an offer rings in vain."""
        city = exchange.city
        city.now = at(8)
        exchange.sit()
        city.now = at(8, 10)
        _alive(exchange)
        call = exchange.queue()
        [offer] = exchange.assign()
        exchange.wait(4)
        exchange.connect(exchange.accept(offer))
        talking.joined(call, "caller", 1, city.now, city.now)
        exchange.wait(100)
        arriving.end(call, city.now, city.now)
        exchange.wait(30)
        operator = exchange.who("operator")
        seating.ready(operator, city.now, "operator")
        city.now = at(8, 20)
        seating.pause(operator, city.now, "operator", "rest")
        city.now = at(8, 30)
        seating.ready(operator, city.now, "operator")
        exchange.queue("+8613800138001")
        exchange.assign()
        exchange.wait(18)
        offering.run_out(city.now)
        return call

    def test_times_are_clipped_to_the_span_and_to_now(self, exchange: Exchange, asked: Asked, shift: Call):
        who = exchange.who("operator").id
        until = Span(asked.span.start, asked.span.end, at(8, 40))
        assert seat_figures.times(until) == {
            who: {"ready": 600 + 466, "offered": 4 + 18, "on_call": 100, "wrap_up": 30, "break": 600 + 582}
        }
        part = Span(at(8, 5), at(8, 15), at(8, 40))
        assert seat_figures.times(part) == {who: {"ready": 300 + 166, "offered": 4, "on_call": 100, "wrap_up": 30}}
        assert seat_figures.times(Span(at(7), at(8), at(8, 40))) == {}
        assert seat_figures.times(Span(at(20), at(21), at(20, 30))) == {who: {"break": 1800}}

    def test_how_busy_and_how_often_it_rang_in_vain(self, exchange: Exchange, asked: Asked, shift: Call):
        now = Asked(Span(asked.span.start, asked.span.end, at(8, 40)))
        [person] = seat_figures.operators(now)
        assert person.kpis["occupancy"] == share(130, 600 + 466 + 22 + 130)
        assert person.kpis["rona"] == share(1, 2)
        assert person.kpis["aht"] == mean(130, 1)
        assert seat_figures.kpis([person]) == {key: person.kpis[key] for key in ("occupancy", "rona")}

    def test_work_after_the_talk_belongs_to_the_call(self, asked: Asked, shift: Call):
        found = figures.counts(asked)
        assert (found.talk, found.wrap_up, found.handled) == (100, 30, 1)
        assert of_calls(found)["aht"] == mean(130, 1)

    def test_whose_caller_gave_up_first_let_nothing_ring_in_vain(self, exchange: Exchange, asked: Asked):
        exchange.city.now = at(9)
        exchange.sit()
        call = exchange.queue()
        exchange.assign()
        exchange.wait(3)
        arriving.end(call, exchange.city.now, exchange.city.now)
        assert seat_figures.rings(asked) == {exchange.who("operator").id: seat_figures.Rings(0, 0)}

    def test_a_call_handed_on_is_one_call_and_two_peoples_work(self, exchange: Exchange, asked: Asked):
        exchange.city.now = at(9)
        call = exchange.talk()
        exchange.wait(20)
        first, second = exchange.who("operator").id, exchange.who("operator2").id
        talking.left(call, exchange.label(call), 1, exchange.city.now, exchange.city.now)
        exchange.wait(16)
        talking.take_up_dropped(exchange.city.now)
        exchange.sit("operator2")
        [offer] = exchange.assign()
        exchange.connect(exchange.accept(offer))
        talking.joined(call, "caller", 2, exchange.city.now, exchange.city.now)
        exchange.wait(40)
        arriving.end(call, exchange.city.now, exchange.city.now)
        found = seat_figures.handled(asked)
        assert {who: one.calls for who, one in found.items()} == {first: 1, second: 1}
        assert (found[first].on_call, found[second].on_call) == (36, 40)
        assert figures.counts(asked).answered == 1 and figures.counts(asked).talk == 20 + 40


def _alive(exchange: Exchange) -> None:
    seating.beat(exchange.who("operator"), exchange.city.now, "operator")


class TestOutcomes:
    def test_departments_brought_in_and_left_alone_with_the_caller(
        self, asked: Asked, told: Told, exchange: Exchange
    ):
        who = str(exchange.who("operator").id)
        talk = ((5, "queued", 1, "5"), (9, "operator_joined", 1, who), (9, "caller_joined"))
        end = (200, "ended", 1, "completed")
        told(at(9), *talk, (20, "party_joined", 1, "dept-1"), (50, "operator_leaving", 1, who), end)
        told(at(10), *talk, (20, "party_joined", 1, "dept-2"), (40, "party_left", 1, "dept-2"),
             (50, "operator_leaving", 1, who), end)  # fmt: skip
        told(at(11), *talk, (50, "operator_leaving", 1, who), end)
        assert outcomes.departments(asked) == {"three_way": share(2, 3), "handed_over": share(1, 3)}

    def test_called_back_in_time_of_what_is_due(self, asked: Asked, told: Told):
        for minute, phone in enumerate(("a", "b", "c", "d")):
            call = told(at(9, minute), *gave_up(60))
            call.phone_hash = phone.encode() * 4
            arriving.owe_callback(call, at(9, minute), "missed")
        rows = db.session.query(Callback).order_by(Callback.id).all()
        rows[0].closed_at = rows[0].due_at
        rows[1].closed_at = rows[1].due_at + timedelta(seconds=1)
        db.session.flush()
        soon = Asked(Span(asked.span.start, asked.span.end, at(9, 32)))  # the fourth, of 9:03, is not due yet
        assert outcomes.called_back(soon) == {"callback_in_time": share(1, 3)}
        assert outcomes.called_back(asked) == {"callback_in_time": share(1, 4)}
        owed = outcomes.owed(at(10))
        assert owed["callbacks"] == outcomes.Owed(2, timedelta(minutes=58)) and owed["voicemails"].count == 0

    def test_silence_is_no_answer(self, asked: Asked, told: Told, exchange: Exchange):
        calls = [told(at(9, minute), *answered(exchange, 3, 30), (36, "surveyed")) for minute in range(4)]
        for call, answer in zip(calls, (3, 2, 3), strict=False):
            db.session.add(
                SurveyAnswer(call_id=call.id, question="satisfied", answer=answer, answered_at=at(10))
            )
        db.session.add(SurveyAnswer(call_id=calls[0].id, question="solved", answer=1, answered_at=at(10)))
        db.session.flush()
        assert outcomes.rated(asked) == {"satisfaction": share(2, 3), "participation": share(3, 4)}

    def test_messages_dealt_with(self, asked: Asked, exchange: Exchange):
        for minute, phone in enumerate(("+8613800138001", "+8613800138002")):
            exchange.city.now = at(9, minute)
            call = exchange.queue(phone)
            exchange.wait(20)
            arriving.begin_voicemail(call, exchange.city.now, exchange.city.now)
            arriving.end(call, exchange.city.now, exchange.city.now)
        assert outcomes.owed(at(10))["voicemails"].count == 2
        first = db.session.query(Callback).order_by(Callback.id).first()
        first.closed_at = first.asked_at + timedelta(minutes=10)
        db.session.flush()
        assert outcomes.messages(asked) == {"voicemail_done": share(1, 2), "voicemail_time": one_of(600, 1)}

    def test_solved_at_the_desk(self, asked: Asked, told: Told, exchange: Exchange):
        for minute, ticket in enumerate((exchange.city.answered(), exchange.city.waiting(), None)):
            call = told(at(9, minute), *answered(exchange, 3, 30))
            call.ticket_id = ticket or call.ticket_id  # the third is a draft still
        db.session.flush()
        assert outcomes.first_contact(asked) == share(1, 2)


class TestCost:
    def test_no_query_reads_a_whole_table_of_history(self, asked: Asked, exchange: Exchange):
        """Each plan, with sequential scans priced out, finds its calls by an index on the span's moments."""
        told: list[tuple[str, object]] = []

        def note(connection, cursor, statement, values, context, many):
            if statement.startswith(("SELECT", "WITH")):
                told.append((statement, values))

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            figures.kpis(asked), figures.by_line(asked), figures.by_quarter(asked)
            seat_figures.operators(asked), outcomes.kpis(asked), outcomes.owed(asked.span.now)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        connection = db.session.connection()
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        asked_of_calls = [(statement, values) for statement, values in told if " call" in statement]
        assert len(asked_of_calls) > 8
        for statement, values in asked_of_calls:
            plan = "\n".join(
                row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)  # as it was sent
            )
            for table in ("call", "seat_span", "offer", "callback", "voicemail", "survey_answer"):
                assert f"Seq Scan on {table}\n" not in plan + "\n", plan
