"""A call: taken down, registered, dispatched by hand to two units, returned twice, reviewed twice, closed."""

from scenes import GATE

from .cases import HEAT, HOUSING, LOGINS, URBAN, Case, Office
from .markup import form_to, receipt_of

CALL = {
    "content": "这件事情实在说不清归谁",
    "title": "说不清归谁",
    "phone": "13800138002",
    "name": "李四光",
    "region_code": "990102",
    "place": "望河区明德路12号",
    "type": "help",
}


def _drafted(office: Office) -> Case:
    """A call that breaks off: kept without a number."""
    operator, start = office.who("operator"), office.last_seq()
    form = form_to(operator.page("/desk/tickets/new"), "/desk/tickets/new")
    kept = operator.send(form.filled(title="通话刚开始", keep="draft"))
    assert kept.status_code == 303
    case = Case(office, int(kept.headers["Location"].rpartition("/")[2]), start, phone=str(CALL["phone"]))
    assert (case.state, case.ask("number")) == ("DRAFT", None)
    return case


def _registered(case: Case) -> None:
    """The draft completed: number and code are shown, to be read out."""
    operator = case.office.who("operator")
    path = f"{case.path}/register"
    form = form_to(operator.page(path), path).filled(**CALL)
    case.keep_out(form)
    shown = operator.send(form)
    assert shown.status_code == 201
    case.number, case.code = receipt_of(shown.text)
    case.settle()
    assert len(case.code) == 12 and case.number == case.ask("number")
    assert "registered" not in operator.page(case.path) and case.code not in operator.page(case.path)


def test_from_the_draft_to_the_call_back(office: Office) -> None:
    case = _drafted(office)
    _registered(case)
    assert case.state == "TO_DISPATCH" and case.status()["unit"] is None
    dispatcher = office.who("dispatcher")
    assert dispatcher.has_on("triage", case.id)

    units = {"lead": str(office.unit(URBAN)), "assists": [str(office.unit(HOUSING))]}
    case.step("dispatcher", "dispatch", **units, dispatch_note="先到现场核实。")
    assert case.state == "IN_PROGRESS" and not dispatcher.has_on("triage", case.id)
    for unit in (URBAN, HOUSING):
        assert office.who(LOGINS[unit]).has_on("to_sign", case.id)

    _upheld(case)
    _redispatched(case)
    case.handle(HEAT)
    assert case.state == "IN_PROGRESS"  # the lead has not answered
    case.handle(URBAN)
    _reviewed_twice(case)
    case.step("supervisor", "close", outcome="confirmed")
    assert case.state == "CLOSED" and case.status()["state"] == "CLOSED"


def _upheld(case: Case) -> None:
    """The lead unit wants to give it back, and keeps it."""
    handler = LOGINS[URBAN]
    case.step(handler, "sign", unit=URBAN)
    ground = {"legal_basis": "本局三定方案", "suggested": str(case.office.unit(HEAT))}
    reason = {"return_reason": "not_our_duty", "return_note": "不是我局职责。", **ground}
    case.step(handler, "request_return", unit=URBAN, **reason)
    assert case.office.who("dispatcher").has_on("returns", case.id)
    case.step("dispatcher", "uphold", unit=URBAN, decision_note="三定方案明确由你局牵头。")
    assert not case.office.who("dispatcher").has_on("returns", case.id)


def _redispatched(case: Case) -> None:
    """The assisting unit gives it back, and loses it to another, which is no stranger to it any more."""
    old, office = LOGINS[HOUSING], case.office
    office.screen(old)
    ground = {"legal_basis": "行政区划图", "suggested": str(office.unit(HEAT))}
    reason = {"return_reason": "wrong_area", "return_note": "不在我辖区。", **ground}
    case.step(old, "request_return", unit=HOUSING, **reason)
    case.comes_to(LOGINS[HEAT])
    case.step("dispatcher", "redispatch", unit=HOUSING, lead=str(office.unit(HEAT)), decision_note="同意改派。")
    assert office.who(LOGINS[HEAT]).has_on("to_sign", case.id)
    case.leaves(old)
    boards = office.who(old).boards()
    assert {"to_sign", "in_hand"} <= set(boards)
    assert not [board for board in boards if office.who(old).has_on(board, case.id)]
    assert case.id in office.who(old).json("/live/changes", after=case.start)["gone"]


def _reviewed_twice(case: Case) -> None:
    assert case.state == "TO_REVIEW"
    case.step("supervisor", "reject", review_note="没有写明完成时间。")
    assert case.state == "IN_PROGRESS"
    told = {"public_reply": "已于今日整改完毕。", "internal_note": "已复核。", **GATE}
    case.step(LOGINS[URBAN], "reply", unit=URBAN, **told)
    case.step("supervisor", "accept")
    texts = [reply["text"] for reply in case.status()["replies"]]
    assert "已于今日整改完毕。" in texts and f"已经处理完毕，{URBAN}。" not in texts and len(texts) == 1


def test_an_amendment_shows_what_was_there_before(office: Office) -> None:
    case = office.take_call(**CALL)
    operator, path = office.who("operator"), f"{case.path}/amend"
    form = form_to(operator.page(path), path)
    stale = form.filled(content="过时的表单")
    form = form.filled(content="这件事情实在说不清归谁，每天早上六点开始")
    case.keep_out(form)
    assert operator.send(form).status_code == 303
    case.settle()
    page = operator.page(case.path)
    assert "<ins>" in page and "每天早上六点开始" in page
    refused = operator.send(stale)
    assert refused.status_code == 409 and "过时的表单" in refused.text
    assert case.kinds()[-1] == "ticket.amended" and case.version == len(case.kinds())


def test_a_draft_is_thrown_away(office: Office) -> None:
    case = _drafted(office)
    case.step("operator", "discard", reason="电话断了")
    assert case.state == "DISCARDED" and case.ask("number") is None
