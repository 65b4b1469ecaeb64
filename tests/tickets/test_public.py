"""What number and query code open: where it stands, who has it, the reply once it was checked."""

from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, City

from tickets import numbers, queries, service
from tickets.merging import Demand
from tickets.permissions import caller_of
from tickets.queries import PublicStatus


@pytest.fixture
def sent(city: City) -> tuple[int, str, str]:
    """(ticket id, number, code) of a matter sent in by a visitor."""
    ticket_id, code = city.from_web(title="说不清归谁13987650000", content="原话说不清归谁13987650000")
    return ticket_id, city.ticket(ticket_id).number or "", code


def _status(city: City, sent: tuple[int, str, str]) -> PublicStatus:
    found = queries.public_status(sent[1], sent[2], city.vault)
    assert found is not None
    return found


def test_number_and_code_however_they_are_typed(city: City, sent: tuple[int, str, str]):
    ticket_id, number, code = sent
    for typed in (code, numbers.spoken(code), f" {code[:6]}-{code[6:]} "):
        found = queries.public_status(f"{number[:8]} {number[8:]}", typed, city.vault)
        assert found is not None and found.ticket_id == ticket_id


def test_wrong_is_wrong_whichever_it_is(city: City, sent: tuple[int, str, str]):
    _, number, code = sent
    other_id, other_code = city.from_web()
    absent = numbers.ticket_number(city.now.date() + timedelta(days=1), 999_999)
    pairs = [
        (number, other_code), (number, ""), (number, code[:-1]), (number, code + "0"), (absent, code),
        (city.ticket(other_id).number, code), ("", ""), ("\x00", code), (number, "\ud800"), ("ⅷ" * 15, code),
        (number, "九" * 12),
    ]  # fmt: skip
    for typed_number, typed_code in pairs:
        assert queries.public_status(typed_number or "", typed_code, city.vault) is None


def test_the_hash_of_a_code_is_made_for_a_wrong_number_too(
    city: City, sent: tuple[int, str, str], monkeypatch: pytest.MonkeyPatch
):
    made = []
    real = numbers.code_hash
    monkeypatch.setattr(numbers, "code_hash", lambda *given: made.append(given) or real(*given))
    queries.public_status("202601010000001", sent[2], city.vault)
    queries.public_status(sent[1], "000000000000", city.vault)
    assert len(made) == 2


def test_nothing_of_the_caller_and_only_the_street_of_the_place(city: City, sent: tuple[int, str, str]):
    found = _status(city, sent)
    assert found.place == "望河区明德路"
    told = repr(found)
    for secret in ("13987650000", "原话", "张三丰", "13800138000", "12号", "401室"):
        assert secret not in told


def test_who_has_it_until_when(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    found = _status(city, sent)
    assert (found.state, found.unit, found.due_at, found.may_rate) == ("TO_DISPATCH", None, None, False)
    assert queries.promised(ticket_id) is None
    city.dispatched(ticket_id=ticket_id)
    handle = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    found = _status(city, sent)
    assert (found.unit, found.unit_since, found.due_at) == ("望河区城市管理局", city.now, handle.due_at)
    assert queries.promised(ticket_id) == handle.due_at


def test_how_far_the_lead_unit_is(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    assert _status(city, sent).lead_state is None
    city.return_requested(ticket_id=ticket_id)
    assert _status(city, sent).lead_state == "RETURN_REQUESTED"
    service.uphold(city.who("dispatcher"), city.now, ticket_id, city.part(ticket_id).id, "应由贵局办理")
    city.reply(ticket_id)
    service.reject(city.who("supervisor"), city.now, ticket_id, "不够")
    assert _status(city, sent).lead_state == "REJECTED"


def test_who_assists_is_named_and_one_answer_goes_out(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    city.signed(ticket_id=ticket_id, assists=(ASSIST,))
    found = _status(city, sent)
    assert (found.unit, found.assists) == ("望河区城市管理局", ("望河区住房和城乡建设局",))
    service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, city.part(ticket_id, ASSIST).id)
    city.reply(ticket_id, ASSIST, ASSIST_LOGIN)
    found = _status(city, sent)
    assert (found.state, found.steps[-1].kind) == ("IN_PROGRESS", "assignment.contributed")
    assert found.steps[-1].unit == "望河区住房和城乡建设局"
    city.reply(ticket_id)
    service.accept(city.who("supervisor"), city.now, ticket_id)
    assert _status(city, sent).replies == (("望河区城市管理局", "路面已经修好。"),)
    assert "内部" not in repr(_status(city, sent))


def test_an_assisting_unit_stays_named_after_the_lead_unit_changed(city: City, sent: tuple[int, str, str]):
    city.returned(ticket_id=sent[0], assists=(ASSIST,))
    found = _status(city, sent)
    assert (found.unit, found.assists) == ("东河市热力有限公司", ("望河区住房和城乡建设局",))


def test_a_landline_in_a_reply_can_be_called(city: City, sent: tuple[int, str, str]):
    service.answer(city.who("dispatcher"), city.now, sent[0], "请打0546-8331234或13987650000找张科长")
    assert _status(city, sent).replies == ((None, "请打0546-8331234或139****0000找张科长"),)


def test_a_unit_that_gave_it_back_is_not_named_as_having_it(city: City, sent: tuple[int, str, str]):
    city.returned(ticket_id=sent[0])
    assert _status(city, sent).unit == "东河市热力有限公司"


def test_after_a_rejection_the_new_date_counts(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    city.replied(ticket_id=ticket_id)
    service.reject(city.who("supervisor"), city.later(days=3), ticket_id, "不够")
    clock = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    assert _status(city, sent).due_at == clock.due_at


def test_the_reply_is_read_after_the_review_and_never_before(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    city.signed(ticket_id=ticket_id)
    part, handler = city.part(ticket_id).id, city.who(LEAD_LOGIN)
    service.reply(handler, city.now, ticket_id, part, city.account("第一稿", "内部：电话13987650000"))
    assert _status(city, sent).replies == ()
    service.reject(city.who("supervisor"), city.now, ticket_id, "不够")
    assert _status(city, sent).replies == ()
    account = city.account("已修好，详询13987650000", "内部", personal_ok=True)
    service.reply(handler, city.now, ticket_id, part, account)
    assert _status(city, sent).replies == ()
    service.accept(city.who("supervisor"), city.now, ticket_id)
    found = _status(city, sent)
    assert found.replies == (("望河区城市管理局", "已修好，详询139****0000"),)
    assert found.may_rate and found.due_at is None
    assert "内部" not in repr(found) and "第一稿" not in repr(found)


def test_the_steps_name_units_and_moments_and_no_person(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    city.accepted(ticket_id=ticket_id)
    service.reveal(city.who("supervisor"), city.now, ticket_id, "phone", "核实", city.vault)
    service.rate(caller_of(ticket_id), city.later(hours=1), ticket_id, True, 3)
    steps = _status(city, sent).steps
    assert [step.kind for step in steps] == [
        "ticket.registered", "ticket.triaged", "ticket.dispatched", "assignment.signed", "assignment.replied",
        "ticket.submitted", "ticket.accepted", "ticket.rated",
    ]  # fmt: skip
    assert (steps[3].unit, steps[-1].at) == ("望河区城市管理局", city.now)


def test_answers_at_the_desk_are_read_at_once(city: City, sent: tuple[int, str, str]):
    service.answer(city.who("dispatcher"), city.now, sent[0], "这是答复")
    assert _status(city, sent).replies == ((None, "这是答复"),)


def test_a_referral_says_where(city: City, sent: tuple[int, str, str]):
    service.refer(city.who("dispatcher"), city.now, sent[0], "statutory", "litigation", "请向法院起诉")
    found = _status(city, sent)
    assert (found.disposition, found.replies) == ("statutory", ((None, "请向法院起诉"),))


def test_a_draft_has_nothing_to_be_asked_by(city: City):
    city.draft()
    assert queries.public_status("", "", city.vault) is None


def test_until_when_who_decides_is_told_in_every_state(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    assert _status(city, sent).clocks == {"dispatch": city.clock(ticket_id, "dispatch").due_at}
    service.ask_info(city.who("dispatcher"), city.now, ticket_id, "在哪里？")
    assert _status(city, sent).clocks == {"info": city.clock(ticket_id, "info").due_at}
    service.supplement(caller_of(ticket_id), city.now, ticket_id, "东门")
    city.return_requested(ticket_id=ticket_id)
    part = city.part(ticket_id).id
    assert _status(city, sent).clocks == {"decision": city.clock(ticket_id, "decision", part).due_at}
    service.uphold(city.who("dispatcher"), city.now, ticket_id, part, "应由贵局办理")
    city.reply(ticket_id)
    assert _status(city, sent).clocks == {"review": city.clock(ticket_id, "review").due_at}
    service.accept(city.who("supervisor"), city.now, ticket_id)
    assert _status(city, sent).clocks == {"callback": city.clock(ticket_id, "callback").due_at}


def test_the_promise_stands_still_while_the_citizen_is_asked(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    city.signed(ticket_id=ticket_id)
    assert not _status(city, sent).stands_still
    service.ask_citizen(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, "哪一栋？")
    found = _status(city, sent)
    assert found.stands_still and set(found.clocks) == {"info"} and found.due_at is not None
    service.supplement(caller_of(ticket_id), city.later(hours=1), ticket_id, "东边那栋")
    assert not _status(city, sent).stands_still


def test_while_it_is_disputed_who_helps_stays_named_and_a_ruling_is_said(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    city.disputed(ticket_id=ticket_id, assists=(ASSIST,))
    found = _status(city, sent)
    assert (found.state, found.unit, found.assists) == ("DISPUTED", None, ("望河区住房和城乡建设局",))
    assert set(found.clocks) == {"dispute"} and not found.is_designated
    service.designate(city.who("office"), city.now, ticket_id, city.unit(LEAD), [], "由你单位承办")
    assert _status(city, sent).is_designated


def test_an_appeal_is_a_state_and_another_round_keeps_the_reply_of_before(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    city.rated(ticket_id=ticket_id)
    assert not _status(city, sent).is_appealed
    service.appeal(caller_of(ticket_id), city.now, ticket_id, "没有修好")
    found = _status(city, sent)
    assert found.is_appealed and found.clocks == {"appeal": city.clock(ticket_id, "appeal").due_at}
    service.grant_appeal(city.who("supervisor"), city.now, ticket_id, "确实没有修好")
    found = _status(city, sent)
    assert (found.is_appealed, found.again, found.replies) == (False, 1, ())
    assert found.earlier == (("望河区城市管理局", "路面已经修好。"),)


def test_a_round_after_a_bad_word_is_told_as_one(city: City, sent: tuple[int, str, str]):
    city.redone(ticket_id=sent[0])
    found = _status(city, sent)
    assert (found.again, found.state) == (1, "IN_PROGRESS") and found.earlier


def test_those_merged_into_it_are_counted_on_both_pages_and_stored_once(city: City, sent: tuple[int, str, str]):
    ticket_id = sent[0]
    other = city.waiting(person_count=2)
    third, code = city.from_web()
    for one in (other, third):
        service.merge(city.who("dispatcher"), city.now, one, sent[1])
    assert _status(city, sent).persons == 4 and city.ticket(ticket_id).person_count == 1
    merged = queries.public_status(city.ticket(third).number or "", code, city.vault)
    assert merged is not None and merged.persons == 4
    assert queries.ticket_page(city.who("supervisor"), city.now, ticket_id, city.vault).persons == 4
    assert queries.ticket_page(city.who("supervisor"), city.now, third, city.vault).persons == 1


def test_what_was_split_off_is_named_by_its_number(city: City, sent: tuple[int, str, str]):
    made = service.split(city.who("dispatcher"), city.now, sent[0], [Demand("井盖", "井盖松动")], city.vault)
    assert _status(city, sent).split_off == (made[0].number,)
