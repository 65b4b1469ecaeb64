"""For any text whatever: an answer, the same one again, and never a dispatch without grounds."""

import json
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import demo_city
from routing.rules import decide
from routing.values import DISPOSITIONS, Facts

CITY = demo_city.directory()
WORDS = sorted({word for duty in CITY.duties for word, _ in duty.keywords} | set(CITY.place_names))
TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=3)), max_size=40).map("".join),
)
REGIONS = st.sampled_from([(), *(CITY.chain(code) for code in CITY.places), ("0000", "1111")])
CATEGORIES = st.sampled_from([None, "01", "05-01", "99-99-99", *sorted({duty.category for duty in CITY.duties})])
FACTS = st.builds(
    Facts,
    title=TEXTS,
    text=TEXTS,
    type=st.sampled_from([None, "report", "praise", "complaint"]),
    line_no=st.sampled_from([None, "12345", "12315"]),
    category=CATEGORIES,
    region=REGIONS,
    confidential=st.booleans(),
    enterprise=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(FACTS)
def test_any_matter_gets_one_sound_answer(facts):
    decision = decide(facts, CITY)
    assert decide(facts, CITY) == decision
    assert 0.0 <= decision.confidence <= 1.0
    assert decision.lead is None or decision.lead in CITY.units
    assert decision.disposition is None or decision.disposition in DISPOSITIONS
    assert decision.reasons
    if decision.dispatches:
        assert decision.lead is not None and decision.disposition is None
        assert decision.hard or decision.confidence >= CITY.threshold
    leads = [one.lead for one in decision.alternatives]
    assert len(leads) == len(set(leads)) <= 3 and decision.lead not in leads
    assert decision.lead not in decision.assists
    json.dumps(decision.to_data())


@settings(max_examples=100, deadline=None)
@given(FACTS)
def test_no_duty_reaches_a_level_below_its_own(facts):
    decision = decide(facts, CITY)
    duty = next((duty for duty in CITY.duties if duty.code == decision.duty), None)
    if duty is not None and decision.lead is not None and duty.lead.level is not None:
        assert CITY.units[decision.lead].level <= duty.lead.level


@pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer (coverage) multiplies the time")
def test_a_long_complaint_is_decided_in_little_time():
    text = "我是望河区明德街道的居民，小区旁边的工地每天夜间施工，噪音扰民，路灯也不亮，物业不管。" * 9
    facts = Facts("小区夜间施工噪音扰民", text[:400])
    assert min(batch_seconds(facts) for _ in range(5)) / 40 < 0.0015


def batch_seconds(facts):
    """Processor time of 40 decisions; other processes do not count."""
    started = time.process_time()
    for _ in range(40):
        decide(facts, CITY)
    return time.process_time() - started
