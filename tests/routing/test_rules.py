"""Whose matter is it? Named scenarios in the demo city."""

from dataclasses import replace
from datetime import date

import pytest

from routing.rules import decide
from routing.values import REASONS, Facts

WILLOW_BAY = ("9901", "990102", "990102004")
WILLOW_VILLAGE = (*WILLOW_BAY, "990102004001")


def kinds(decision):
    return [reason.kind for reason in decision.reasons]


def test_street_lamp_in_a_town_goes_to_the_county_bureau_not_to_the_town(city):
    decision = decide(Facts("路灯不亮", "十字路口的路灯坏了半个月", region=WILLOW_BAY), city)
    assert (decision.lead, decision.category) == ("990102.urban", "02-04-01")
    assert decision.dispatches and not decision.hard
    assert decision.assists == ("9901.power",)


def test_the_place_is_read_from_the_text(city):
    decision = decide(Facts("路灯不亮", "柳湾镇政府门口的路灯坏了"), city)
    assert decision.lead == "990102.urban"
    assert decision.region == WILLOW_BAY
    assert "region_read" in kinds(decision)


def test_without_a_place_the_city_bureau_of_the_line_leads(city):
    decision = decide(Facts("路灯不亮", "路灯坏了半个月"), city)
    assert decision.lead == "9901.urban"
    assert "region_missing" in kinds(decision)


def test_water_cut_goes_to_the_utility(city):
    decision = decide(Facts("停水", "从昨天下午开始停水，水压也低"), city)
    assert decision.lead == "9901.watergroup"
    assert decision.dispatches


def test_wages_of_migrant_workers_are_a_hard_rule_with_an_assisting_unit(city):
    decision = decide(Facts("讨薪", "包工头拖欠农民工工资三个月", region=("9901", "990121")), city)
    assert (decision.lead, decision.assists) == ("990121.labour", ("990121.housing",))
    assert decision.hard and decision.dispatches and decision.confidence == 1.0
    assert kinds(decision)[0] == "rule"


def test_noise_at_night_goes_to_the_police_of_the_county(city):
    decision = decide(Facts("半夜太吵", "楼下KTV凌晨还在唱歌，音响扰民", region=("9901", "990102")), city)
    assert decision.lead == "990102.police"


def test_noise_from_a_building_site_is_not_police_work(city):
    decision = decide(Facts("夜间施工噪音扰民", "工地半夜施工", region=("9901", "990102")), city)
    assert decision.lead == "990102.urban"


def test_fire_is_an_emergency_and_never_dispatched(city):
    decision = decide(Facts("着火了", "三楼着火了，火势很大", region=WILLOW_BAY), city)
    assert (decision.disposition, decision.dispatches, decision.hard) == ("emergency", False, True)
    assert kinds(decision)[:2] == ["rule", "held"]


def test_worry_about_a_fire_is_not_an_emergency(city):
    decision = decide(Facts("消防通道被占", "消防通道堵塞，如果着火了怎么办", region=("9901", "990102")), city)
    assert (decision.disposition, decision.lead) == (None, "990102.fire")


def test_a_gas_leak_goes_to_the_utility_at_once(city):
    decision = decide(Facts("燃气泄漏", "闻到天然气味"), city)
    assert (decision.lead, decision.assists, decision.dispatches) == ("9901.gas", ("9901.fire",), True)


def test_a_confidential_report_is_held_with_the_directory_as_advice(city):
    facts = Facts("举报饭店用地沟油", "后厨很脏", type="report", confidential=True, region=("9901", "990102"))
    decision = decide(facts, city)
    assert (decision.disposition, decision.dispatches) == ("triage", False)
    assert decision.lead == "990102.market"
    assert decide(replace(facts, confidential=False), city).dispatches


def test_no_rule_sends_a_confidential_report_to_a_unit_which_may_be_the_one_it_accuses(city):
    told = "举报燃气公司隐瞒燃气泄漏事故，请为我保密"
    gas = Facts("举报", told, type="report", confidential=True)
    decision = decide(gas, city)
    assert not decision.dispatches and decision.disposition == "emergency"
    assert decide(replace(gas, type="complaint"), city).lead == "9901.gas"
    for rule in city.rules:
        words = "".join(rule.when.words_any)
        decision = decide(replace(gas, text=words, line_no=next(iter(rule.when.line_nos), None)), city)
        assert not decision.dispatches and decision.disposition, rule.name


@pytest.mark.parametrize(
    ("text", "disposition"),
    [("举报加油站，现在着火了", "emergency"), ("举报电力公司，高压线掉在路上", "emergency"),
     ("举报，去年燃气泄漏", "triage"), ("举报水厂，供水管道爆裂三天不修", "triage"),
     ("举报某干部受贿", "statutory")],
)  # fmt: skip
def test_danger_comes_first_in_a_confidential_report_too(city, text, disposition):
    decision = decide(Facts("举报", text, type="report", confidential=True), city)
    assert (decision.disposition, decision.dispatches, decision.hard) == (disposition, False, True)


def test_an_enterprise_matter_has_its_own_rule(city):
    facts = Facts("乱罚款", "检查组对我公司乱罚款", enterprise=True, region=("9901", "990102"))
    decision = decide(facts, city)
    assert (decision.lead, decision.category, decision.hard) == ("9901.dev", "18-01-03", True)
    assert decide(replace(facts, enterprise=False), city).rule is None


def test_a_dialled_line_goes_to_its_unit(city):
    decision = decide(Facts("想问一个问题", "手续怎么办", line_no="12329"), city)
    assert (decision.lead, decision.dispatches) == ("9901.fund", True)


def test_corruption_is_told_the_right_channel(city):
    decision = decide(Facts("举报", "某干部受贿"), city)
    assert (decision.disposition, decision.dispatches) == ("statutory", False)


def test_praise_goes_to_the_hotline(city):
    assert decide(Facts("谢谢", "办得好", type="praise"), city).lead == "9901.hotline"


def test_no_words_leave_the_matter_to_a_person(city):
    decision = decide(Facts("有件事", "想问问"), city)
    assert (decision.lead, decision.category, decision.confidence) == (None, None, 0.0)
    assert not decision.dispatches
    assert kinds(decision) == ["no_duty"]


def test_two_units_equally_likely_leave_it_to_a_person_with_both_named(city):
    decision = decide(Facts("交房多年没有房产证", "", region=("9901", "990102")), city)
    assert not decision.dispatches
    named = {decision.lead, *(one.lead for one in decision.alternatives)}
    assert {"990102.housing", "990102.land"} <= named
    assert "close" in kinds(decision)


def test_little_evidence_is_unsure(city):
    decision = decide(Facts("", "垃圾没人清运，臭气熏天"), city)
    assert not decision.dispatches
    assert kinds(decision)[-1] == "unsure"


@pytest.mark.parametrize(
    ("region", "lead"),
    [
        (WILLOW_VILLAGE, "990102004001.gov"),
        (WILLOW_BAY, "990102004.gov"),
        (("9901", "990102"), "990102.gov"),
    ],
)
def test_a_village_duty_resolves_as_far_down_as_the_place_is_known(city, region, lead):
    decision = decide(Facts("邻里纠纷", "楼上邻居漏水，请居委会调解邻里矛盾", region=region), city)
    assert decision.lead == lead


def test_a_village_duty_without_a_place_has_no_unit(city):
    decision = decide(Facts("邻里纠纷", "请居委会调解邻里矛盾"), city)
    assert (decision.lead, decision.duty, decision.dispatches) == (None, "D100402", False)
    assert "no_unit" in kinds(decision)


def test_a_village_in_the_facts_does_not_push_a_bureau_duty_down(city):
    decision = decide(Facts("路灯不亮", "路灯坏了", region=WILLOW_VILLAGE), city)
    assert city.units[decision.lead].level == 2


def test_the_category_of_an_operator_outweighs_words(city):
    facts = Facts("路灯不亮", "路灯坏了", category="03-02-01", region=("9901", "990102"))
    decision = decide(facts, city)
    assert (decision.lead, decision.category) == ("9901.power", "03-02-01")
    assert kinds(decision)[0] == "category"


def test_the_category_of_an_operator_decides_where_no_word_does(city):
    decision = decide(Facts("有件事", "想问问", category="11-01-02"), city)
    assert decision.lead == "9901.fund"


def test_an_anti_keyword_turns_a_matter_away(city):
    with_anti = decide(Facts("信号灯和路灯", "路灯信号灯"), city)
    lamp = next(one for one in with_anti.alternatives if one.duty == "D020401")
    assert with_anti.lead == "9901.traffic"
    assert "anti_words" in [reason.kind for reason in lamp.reasons]


def test_duties_out_of_force_are_not_used(city):
    ended = tuple(replace(duty, valid_until=date(2025, 12, 31)) for duty in city.duties)
    old = replace(city, duties=ended)
    assert decide(Facts("停水", "停水", on=date(2025, 12, 31)), old).lead == "9901.watergroup"
    assert decide(Facts("停水", "停水", on=date(2026, 1, 1)), old).lead is None
    assert decide(Facts("", "", category="03-01-01", on=date(2026, 1, 1)), old).lead is None
    assert decide(Facts("停水", "停水", on=date(2019, 1, 1)), old).lead is None


def test_a_rule_whose_unit_is_missing_leaves_the_directory_as_advice(city):
    units = {code: unit for code, unit in city.units.items() if code != "9901.gas"}
    decision = decide(Facts("燃气泄漏", "闻到燃气味，燃气公司不来"), replace(city, units=units))
    assert decision.rule is not None and not decision.dispatches
    assert kinds(decision)[:2] == ["rule", "no_unit"]


def test_a_rule_by_line_without_a_place_says_so(city):
    decision = decide(Facts("老板拖欠工资", ""), city)
    assert decision.lead == "9901.labour"
    assert "region_missing" in kinds(decision)


def test_threshold_is_the_border_of_dispatch(city):
    facts = Facts("停水", "停水")
    confidence = decide(facts, city).confidence
    assert decide(facts, replace(city, threshold=confidence)).dispatches
    assert not decide(facts, replace(city, threshold=confidence + 0.0001)).dispatches


def test_more_evidence_is_never_less_sure(city):
    little = decide(Facts("停水", ""), city)
    more = decide(Facts("停水", "停水了，自来水水压也低"), city)
    assert more.lead == little.lead
    assert more.confidence > little.confidence


def test_a_decision_is_stored_whole_and_every_reason_has_a_text(city):
    decision = decide(Facts("房产证", "柳湾镇开发商交房四年没有办房产证"), city)
    data = decision.to_data()
    assert data["lead"] == decision.lead
    assert data["region"] == list(WILLOW_BAY)
    assert [one["lead"] for one in data["alternatives"]] == [one.lead for one in decision.alternatives]
    for reason in (*decision.reasons, *(r for one in decision.alternatives for r in one.reasons)):
        assert "%" not in REASONS[reason.kind] % reason.text_values()


def test_an_empty_directory_sends_everything_to_triage(city):
    empty = replace(city, units={}, duties=(), rules=(), places={})
    decision = decide(Facts("停水", "书院社区停水"), empty)
    assert (decision.lead, decision.region, decision.dispatches) == (None, (), False)
