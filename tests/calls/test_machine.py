"""The call as a set of facts: what follows from them does not depend on how they were told."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.machine import KINDS, CallState, Fact, Progress, learn, progress

T0 = datetime(2026, 3, 2, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def story(*told: tuple) -> list[Fact]:
    """(seconds, kind[, epoch[, value]]) as facts."""
    return [Fact(at(one[0]), *one[1:]) for one in told]


def read(*told: tuple) -> Progress:
    return progress(story(*told))


TALK = (
    (0, "started"), (8, "queued", 1, "5"), (9, "offered", 1, "1"), (14, "accepted", 1, "1"),
    (15, "operator_joined", 1, "7"), (17, "caller_joined"), (60, "held"), (90, "unheld"),
    (120, "operator_leaving", 1, "7"), (121, "surveyed"),
    (121, "caller_left"), (121, "operator_left", 1, "7"), (130, "ended", 1, "completed"),
)  # fmt: skip
DROPPED = (
    (0, "started"), (8, "queued", 1, "5"), (9, "offered", 1, "1"), (14, "accepted", 1, "1"),
    (15, "operator_joined", 1, "7"), (17, "caller_joined"), (40, "operator_left", 1, "7"),
    (55, "queued", 2), (56, "offered", 2, "2"),
    (58, "accepted", 2, "2"), (59, "operator_joined", 2, "9"), (60, "caller_left", 1), (61, "caller_joined", 2),
    (90, "operator_leaving", 2, "9"), (91, "operator_left", 2, "9"), (91, "caller_left", 2),
    (92, "ended", 2, "completed"),
)  # fmt: skip
STORIES = {
    "talk": TALK,
    "dropped": DROPPED,
    "gave up": ((0, "started"), (8, "queued", 1, "5"), (9, "offered", 1, "1"), (27, "unoffered", 1, "1"),
                (70, "ended", 1, "completed")),
    "voicemail": ((0, "started"), (8, "queued", 1, "5"), (30, "voicemail"), (70, "ended", 1, "completed")),
    "callback": ((0, "started"), (8, "queued", 1, "5"), (30, "callback"), (33, "ended", 1, "completed")),
    "emergency failed": ((0, "started"), (3, "chose", 1, "9"), (9, "emergency", 1, "110"),
                         (40, "emergency_failed", 1, "busy"), (41, "queued", 2), (50, "ended", 2, "completed")),
    "three": (*TALK[:6], (30, "held"), (35, "party_joined", 1, "dept-1"), (40, "unheld"),
              (60, "operator_leaving", 1, "7"), (61, "operator_left", 1, "7"), (100, "party_left", 1, "dept-1"),
              (100, "caller_left"), (101, "ended", 1, "completed")),
}  # fmt: skip


class TestOneTalk:
    def test_its_moments_and_seconds(self):
        after = read(*TALK)
        assert after.state == CallState.ENDED and after.end_reason == "completed"
        assert (after.queued_at, after.answered_at, after.talk_ended_at) == (at(8), at(17), at(121))
        assert (after.queue_seconds, after.talk_seconds, after.hold_seconds) == (9, 104, 30)
        assert after.staff_id == 7 and after.ended_by == "operator"

    @pytest.mark.parametrize(
        ("order", "by"),
        [
            ((*TALK[:8], (120.7, "operator_leaving", 1, "7"), (120, "caller_left"), (121, "ended")), "operator"),
            ((*TALK[:8], (121.7, "operator_leaving", 1, "7"), (120, "caller_left"), (121, "ended")), "caller"),
            ((*TALK[:8], (122, "operator_leaving", 1, "7"), (121, "surveyed"), (120, "caller_left"),
              (130, "ended")), "operator"),
            ((*TALK[:8], (120, "caller_left"), (121, "ended")), "caller"),
        ],
    )  # fmt: skip
    def test_who_hung_up_where_the_carrier_tells_whole_seconds(self, order: tuple, by: str):
        assert read(*order).ended_by == by

    @pytest.mark.parametrize("said", ["busy", "no-answer", "canceled", "failed"])
    def test_nobody_hung_up_a_call_of_ours_to_which_nobody_came(self, said: str):
        assert read((0, "started"), (0, "accepted", 1, "1"), (20, "ended", 1, said)).ended_by == "system"

    def test_whom_we_rang_hung_up_before_the_talk(self):
        ours = ((0, "started"), (0, "accepted", 1, "1"), (5, "picked_up", 1, "human"))
        assert read(*ours, (9, "ended", 1, "completed")).ended_by == "caller"

    def test_who_rings_off_before_anybody_answers_is_the_caller(self):
        assert read((0, "started"), (2, "ended", 1, "canceled")).ended_by == "caller"

    @pytest.mark.parametrize(
        ("told", "state"),
        [
            (1, CallState.NEW), (2, CallState.QUEUED), (3, CallState.OFFERED), (4, CallState.CONNECTING),
            (5, CallState.CONNECTING), (6, CallState.TALKING), (10, CallState.SURVEY), (13, CallState.ENDED),
        ],
    )  # fmt: skip
    def test_state_on_the_way(self, told: int, state: CallState):
        assert read(*TALK[:told]).state == state

    def test_hold_shows_while_it_lasts(self):
        assert read(*TALK[:7]).is_held and not read(*TALK[:8]).is_held

    def test_end_told_before_the_talk_keeps_both(self):
        late = [fact for fact in story(*TALK) if fact.kind not in ("operator_joined", "caller_joined")]
        before = progress(late)
        after = progress([*late, *story((15, "operator_joined", 1, "7"), (17, "caller_joined"))])
        assert before.state == after.state == CallState.ENDED
        assert before.answered_at is None and after.answered_at == at(17) and after.end_reason == "completed"


class TestOperatorDrops:
    def test_the_line_is_missed_until_it_is_back(self):
        gone = read(*DROPPED[:7])
        assert gone.state == CallState.TALKING and gone.interrupted_at == at(40)
        assert read(*DROPPED[:7], (44, "operator_joined", 1, "7")).interrupted_at is None

    def test_next_epoch_waits_anew_and_counts_the_first_wait(self):
        waiting = read(*DROPPED[:8])
        assert waiting.state == CallState.QUEUED and waiting.epoch == 2 and waiting.waiting_since == at(55)
        after = read(*DROPPED)
        assert after.queue_seconds == 9 and after.talk_seconds == 23 + 30 and after.staff_id == 9

    def test_late_news_of_the_first_epoch_cannot_hurt_the_second(self):
        talking = DROPPED[:13]
        assert read(*talking).state == CallState.TALKING
        assert read(*talking, (62, "operator_left", 1, "7"), (63, "caller_left", 1)).interrupted_at is None

    def test_one_who_was_gone_before_the_caller_came_is_not_missed_in_the_talk(self):
        """The second operator's coming is told after the caller's."""
        told = (
            (0, "started"), (8, "queued", 1, "5"), (9, "offered", 1, "1"), (10, "accepted", 1, "1"),
            (11, "operator_joined", 1, "7-1"), (12, "operator_left", 1, "7-1"), (12, "unoffered", 1, "1"),
            (40, "offered", 1, "2"), (45, "accepted", 1, "2"), (47, "caller_joined"),
        )  # fmt: skip
        assert read(*told).interrupted_at == at(47)
        assert read(*told, (46, "operator_joined", 1, "9-2")).interrupted_at is None

    def test_nobody_is_missed_by_a_caller_who_has_left_too(self):
        gone = read(*DROPPED[:7], (40, "caller_left"))
        assert gone.state == CallState.TALKING and gone.interrupted_at is None

    def test_an_operator_who_says_goodbye_is_not_missed(self):
        assert read(*TALK[:9], (121, "operator_left", 1, "7")).interrupted_at is None


class TestLeftAlone:
    TOLD = STORIES["three"][:11]

    def test_with_the_department_they_are_not(self):
        assert not read(*self.TOLD).is_alone

    def test_without_it_they_are(self):
        assert read(*self.TOLD, (100, "party_left", 1, "dept-1")).is_alone
        assert not read(*self.TOLD, (100, "party_left", 1, "dept-1"), (100, "caller_left")).is_alone


class TestEndings:
    @pytest.mark.parametrize(
        ("name", "reason", "waited"),
        [("gave up", "abandoned_queue", 62), ("voicemail", "voicemail", 22), ("callback", "callback", 22),
         ("emergency failed", "abandoned_queue", 9), ("three", "completed", 9)],
    )  # fmt: skip
    def test_reason_and_wait(self, name: str, reason: str, waited: int):
        after = read(*STORIES[name])
        assert (after.end_reason, after.queue_seconds) == (reason, waited)

    def test_who_hangs_up_at_once_counts_apart(self):
        told = ((0, "started"), (8, "queued", 1, "5"))
        assert read(*told, (12.9, "ended", 1, "completed")).end_reason == "short_abandon"
        assert read(*told, (13, "ended", 1, "completed")).end_reason == "abandoned_queue"
        assert read((0, "started"), (3, "ended", 1, "completed")).end_reason == "abandoned_ivr"

    @pytest.mark.parametrize(
        ("said", "reason"), [("busy", "busy"), ("no-answer", "no_answer"), ("failed", "failed"), ("lost", "lost")]
    )
    def test_carriers_word(self, said: str, reason: str):
        assert read((0, "started"), (3, "ended", 1, said)).end_reason == reason


class TestOrderPlaysNoPart:
    @settings(max_examples=2000)
    @given(name=st.sampled_from(sorted(STORIES)), seed=st.integers(0, 2**32), repeats=st.integers(0, 20))
    def test_any_permutation_with_repeats_ends_the_same(self, name: str, seed: int, repeats: int):
        facts, random = story(*STORIES[name]), Random(seed)
        told = [*facts, *(random.choice(facts) for _ in range(repeats))]
        random.shuffle(told)
        known: frozenset[Fact] = frozenset()
        for fact in told:
            known = learn(known, fact) or known
        assert progress(known) == read(*STORIES[name])

    @settings(max_examples=500)
    @given(
        st.lists(
            st.builds(Fact, st.integers(0, 300).map(at), st.sampled_from(sorted(KINDS)), st.integers(1, 3),
                      st.sampled_from(["", "1", "2"])),
            max_size=30,
        )
    )  # fmt: skip
    def test_nothing_told_makes_nonsense(self, facts: list[Fact]):
        after = progress(facts)
        assert after.talk_seconds >= 0 and after.hold_seconds >= 0 and after.queue_seconds >= 0
        assert (after.state == CallState.ENDED) == (after.ended_at is not None) == (after.end_reason is not None)
        assert after.epoch == max((fact.epoch for fact in facts), default=1)

    def test_what_is_known_is_no_news(self):
        known = frozenset(story((0, "started")))
        assert learn(known, story((0, "started"))[0]) is None

    def test_unknown_kind_is_refused(self):
        with pytest.raises(ValueError, match="sneezed"):
            learn((), Fact(T0, "sneezed"))
