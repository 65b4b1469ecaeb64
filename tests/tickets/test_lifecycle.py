"""The transition table: what it must hold as a whole, and the verbs against it, case by case."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD_LOGIN, OTHER, OTHER_LOGIN, UNIT_HEAD, UNSURE, City

from app.auth.roles import SHIPPED
from db import db
from tickets import errors, lifecycle, service
from tickets.lifecycle import CONSEQUENCES, ENDED, TABLE, AssignmentState, TicketState
from tickets.merging import Demand
from tickets.permissions import SWITCHBOARD, SYSTEM, VISITOR, Actor, caller_of

# Who holds what, written out once more: a slip in the roles or in the table's `who` shows here.
OF_OPERATORS = {"discard", "register", "amend", "answer", "refer", "urge", "supplement", "withdraw"}
OF_DECIDERS = {"uphold", "redispatch", "excuse", "concede"}
OF_HANDLERS = {
    "sign", "handle", "ask_citizen", "carry_on", "reply", "contribute", "decline", "schedule", "minute",
    "request_return", "answer_order",
}  # fmt: skip
OF_CALLERS = {"rate", "urge", "supplement", "withdraw", "appeal"}
OF_OFFICE = {"order", "settle_order", "renew_order", "designate"}
ALLOWED = {
    "operator": OF_OPERATORS,
    "operator2": OF_OPERATORS,
    "dispatcher": OF_DECIDERS | {
        "answer", "refer", "dispatch", "add_assist", "ask_info", "go_on", "merge", "take_in", "unmerge", "split",
        "recall",
    },
    LEAD_LOGIN: OF_HANDLERS,
    ASSIST_LOGIN: set(),  # holds the permissions, but not for the lead's part
    OTHER_LOGIN: set(),
    UNIT_HEAD: OF_HANDLERS | {"delegate", "ask_extension", "ask_suspension", "ask_exclusion"},
    "supervisor": OF_DECIDERS | OF_OFFICE | {
        "amend", "urge", "supplement", "withdraw", "answer", "refer", "dispatch", "add_assist", "ask_info",
        "go_on", "merge", "take_in", "unmerge", "split", "recall", "green", "grant_extension", "refuse_extension",
        "grant_suspension", "refuse_suspension", "prolong", "resume", "accept", "reject", "note_try", "hear",
        "redo", "close", "grant_appeal", "refuse_appeal", "reopen", "dismiss", "grant_exclusion",
        "refuse_exclusion",
    },
    "office": OF_OFFICE | {"grant_again", "refuse_again"},
    "admin": set(),
    "leader": OF_OFFICE - {"designate"},
    "auditor": set(),
    "system": {
        "register", "dispatch", "add_assist", "redo", "close", "note_try", "hear", "ask_info", "go_on", "archive",
        "recall", "sign", "handle", "ask_citizen", "carry_on", "schedule", "minute",
    },
    "switchboard": {"discard", "register", "amend", "give"},
    "visitor": {"register"},
    "caller": OF_CALLERS,
    "another caller": OF_CALLERS,
}  # fmt: skip
EVERYWHERE = {"supervisor", "office", "leader", "auditor", "system", "switchboard", "caller"}
IN_TRIAGE = {
    TicketState.REGISTERED, TicketState.NEED_INFO, TicketState.TO_DISPATCH, TicketState.DISPUTED,
    TicketState.MERGED,
}  # fmt: skip
WITH_A_PART = {
    TicketState.IN_PROGRESS, TicketState.TO_REVIEW, TicketState.TO_CALLBACK, TicketState.CLOSED,
    TicketState.SUSPENDED, TicketState.ARCHIVED,
}  # fmt: skip
HOLD = {"other_hand", "not_green", "may_merge", "all_in", "leads", "may_return", "may_redispatch", "may_extend",
        "may_suspend", "no_order", "may_appeal", "may_ask", "may_be_recalled"}  # fmt: skip
"""Of the guards those that hold in the scenes below: a lead's part, nothing asked, ordered or called for yet."""

Call = Callable[..., object]
"""(city, who, ticket, part); by keyword the `version` that the person saw, but for four verbs that take none."""
ON_TICKETS: dict[str, Call] = {
    "give": lambda c, who, t, p: service.give(who, c.now, t, c.who("operator2").id),
    "discard": lambda c, who, t, p, **v: service.discard(who, c.now, t, "电话断了", **v),
    "register": lambda c, who, t, p, **v: service.register(who, c.now, t, UNSURE, c.vault, **v),
    "amend": lambda c, who, t, p, **v: service.amend(who, c.now, t, UNSURE, c.vault, **v),
    "answer": lambda c, who, t, p, **v: service.answer(who, c.now, t, "已答复", **v),
    "refer": lambda c, who, t, p, **v: service.refer(
        who, c.now, t, "statutory", "litigation", "请起诉", **v
    ),
    "dispatch": lambda c, who, t, p, **v: service.dispatch(who, c.now, t, c.unit(OTHER), **v),
    "add_assist": lambda c, who, t, p, **v: service.add_assist(
        who, c.now, t, [c.unit("9901.gas")], "请配合查燃气管线", **v
    ),
    "accept": lambda c, who, t, p, **v: service.accept(who, c.now, t, **v),
    "reject": lambda c, who, t, p, **v: service.reject(who, c.now, t, "不够", **v),
    "ask_info": lambda c, who, t, p, **v: service.ask_info(who, c.now, t, "在哪里", **v),
    "supplement": lambda c, who, t, p: service.supplement(who, c.now, t, "在路口"),
    "go_on": lambda c, who, t, p, **v: service.go_on(who, c.now, t, **v),
    "green": lambda c, who, t, p, **v: service.green(who, c.now, t, "重点企业", **v),
    "merge": lambda c, who, t, p, **v: service.merge(who, c.now, t, c.number_of_another(), **v),
    "take_in": lambda c, who, t, p, **v: service.take_in(who, c.now, t, [c.number_of_another()], **v),
    "unmerge": lambda c, who, t, p, **v: service.unmerge(who, c.now, t, "不是同一件事", **v),
    "split": lambda c, who, t, p, **v: service.split(
        who, c.now, t, [Demand("路灯不亮", "路口的路灯也不亮")], c.vault, **v
    ),
    "withdraw": lambda c, who, t, p, **v: service.withdraw(who, c.now, t, "不用了", **v),
    "designate": lambda c, who, t, p, **v: service.designate(
        who, c.now, t, c.unit("9901.gas"), [], "以属地为准", **v
    ),
    "prolong": lambda c, who, t, p, **v: service.prolong(who, c.now, t, c.in_days(20), "仍未完工", **v),
    "resume": lambda c, who, t, p, **v: service.resume(who, c.now, t, "已完工", **v),
    "note_try": lambda c, who, t, p, **v: service.note_try(who, c.now, t, "no_answer", **v),
    "hear": lambda c, who, t, p, **v: service.hear(who, c.now, t, True, True, True, 3, **v),
    "appeal": lambda c, who, t, p, **v: service.appeal(who, c.now, t, "又坏了", **v),
    "grant_appeal": lambda c, who, t, p, **v: service.grant_appeal(who, c.now, t, "属实", **v),
    "refuse_appeal": lambda c, who, t, p, **v: service.refuse_appeal(who, c.now, t, "无新情况", **v),
    "reopen": lambda c, who, t, p, **v: service.reopen(who, c.now, t, "评价合理", **v),
    "dismiss": lambda c, who, t, p, **v: service.dismiss(who, c.now, t, "诉求超出政策", **v),
    "archive": lambda c, who, t, p: service.archive(who, c.now, t),
    "rate": lambda c, who, t, p, **v: service.rate(who, c.now, t, True, 3, **v),
    "urge": lambda c, who, t, p: service.urge(who, c.now, t, "还没有人来"),
    "redo": lambda c, who, t, p, **v: service.redo(who, c.now, t, "还是坏的", **v),
    "close": lambda c, who, t, p, **v: service.close(who, c.now, t, "confirmed", **v),
}
ON_PARTS: dict[str, Call] = {
    "sign": lambda c, who, t, p, **v: service.sign(who, c.now, t, p, **v),
    "handle": lambda c, who, t, p, **v: service.handle(who, c.now, t, p, "上门查看", **v),
    "ask_citizen": lambda c, who, t, p, **v: service.ask_citizen(who, c.now, t, p, "请补充照片", **v),
    "carry_on": lambda c, who, t, p, **v: service.carry_on(who, c.now, t, p, "已电话了解", **v),
    "contribute": lambda c, who, t, p, **v: service.contribute(who, c.now, t, p, "已配合", **v),
    "send_back": lambda c, who, t, p, **v: service.send_back(who, c.now, t, p, "不完整", **v),
    "waive": lambda c, who, t, p, **v: service.waive(who, c.now, t, p, "不再需要", **v),
    "delegate": lambda c, who, t, p, **v: service.delegate(who, c.now, t, p, c.unit("9901.gas"), **v),
    "decline": lambda c, who, t, p, **v: service.decline(who, c.now, t, p, "无权处理", **v),
    "schedule": lambda c, who, t, p, **v: service.schedule(
        who, c.now, t, p, "visit", c.now + timedelta(hours=3), "明德路口", **v
    ),
    "minute": lambda c, who, t, p, **v: service.minute(who, c.now, t, p, "三方一致", **v),
    "recall": lambda c, who, t, p, **v: service.recall(who, c.now, t, p, "派错单位", **v),
    "excuse": lambda c, who, t, p, **v: service.excuse(who, c.now, t, p, "同意退出", **v),
    "concede": lambda c, who, t, p, **v: service.concede(who, c.now, t, p, "提请裁定", **v),
    "ask_extension": lambda c, who, t, p, **v: service.ask_extension(who, c.now, t, p, "3", "等材料", **v),
    "grant_extension": lambda c, who, t, p, **v: service.grant_extension(who, c.now, t, p, "同意", **v),
    "refuse_extension": lambda c, who, t, p, **v: service.refuse_extension(who, c.now, t, p, "不同意", **v),
    "grant_again": lambda c, who, t, p, **v: service.grant_again(who, c.now, t, p, "同意", **v),
    "refuse_again": lambda c, who, t, p, **v: service.refuse_again(who, c.now, t, p, "不同意", **v),
    "ask_suspension": lambda c, who, t, p, **v: service.ask_suspension(
        who, c.now, t, p, "planned", c.in_days(30), "列入计划", **v
    ),
    "grant_suspension": lambda c, who, t, p, **v: service.grant_suspension(
        who, c.now, t, p, c.in_days(30), "列入计划", **v
    ),
    "refuse_suspension": lambda c, who, t, p, **v: service.refuse_suspension(who, c.now, t, p, "不符", **v),
    "order": lambda c, who, t, p, **v: service.order(
        who, c.now, t, p, "written", 1, c.now + timedelta(days=2), "请限期处理", **v
    ),
    "answer_order": lambda c, who, t, p, **v: service.answer_order(who, c.now, t, p, "已处理", **v),
    "settle_order": lambda c, who, t, p, **v: service.settle_order(who, c.now, t, p, "销号", **v),
    "renew_order": lambda c, who, t, p, **v: service.renew_order(
        who, c.now, t, p, c.now + timedelta(days=2), "仍未到位", **v
    ),
    "ask_exclusion": lambda c, who, t, p, **v: service.ask_exclusion(who, c.now, t, p, "overdue", "等", **v),
    "grant_exclusion": lambda c, who, t, p, **v: service.grant_exclusion(who, c.now, t, p, "同意", **v),
    "refuse_exclusion": lambda c, who, t, p, **v: service.refuse_exclusion(who, c.now, t, p, "不符", **v),
    "request_return": lambda c, who, t, p, **v: service.request_return(
        who, c.now, t, p, "wrong_area", "不在辖区", "三定方案", c.unit(OTHER), **v
    ),
    "uphold": lambda c, who, t, p, **v: service.uphold(who, c.now, t, p, "维持", **v),
    "redispatch": lambda c, who, t, p, **v: service.redispatch(
        who, c.now, t, p, c.unit("9901.gas"), "改派", **v
    ),
    "reply": lambda c, who, t, p, **v: service.reply(
        who, c.now, t, p, c.account("已修好", "已核实"), **v
    ),
}
OPENING: dict[str, Callable[[City, Actor], object]] = {
    "open": lambda c, who: service.open_draft(who, c.now, UNSURE, c.vault),
    "register": lambda c, who: service.open_ticket(who, c.now, UNSURE, c.vault),
}
MAY_OPEN = {
    "open": {"operator", "operator2", "switchboard"}, "register": {"operator", "operator2", "system", "visitor"},
}  # fmt: skip
BY_ITSELF = {"open", *(lifecycle.BY_THEMSELVES - {"give", "archive"})}
"""Rows that no verb of their own performs: they are the beginning or the end of another's."""


def test_each_verb_of_the_table_is_walked_below():
    assert ON_TICKETS.keys() | ON_PARTS.keys() | BY_ITSELF == {row.action for row in TABLE}


@pytest.mark.parametrize(("machine", "states"), [("ticket", TicketState), ("assignment", AssignmentState)])
def test_every_state_is_reached(machine: str, states: type[TicketState] | type[AssignmentState]):
    edges = {(row.source, row.target) for row in TABLE if row.machine == machine and row.target}
    if machine == "assignment":
        edges |= {(row.source, row.target) for row in CONSEQUENCES}
    reached: set[object] = {None}
    while new := {target for source, target in edges if source in reached} - reached:
        reached |= new
    assert reached - {None} == set(states)


def test_every_state_that_is_not_an_end_can_be_left():
    left = {row.source for row in TABLE if row.target not in (None, row.source)}
    left |= {row.source for row in CONSEQUENCES}
    assert set(TicketState) - left == {TicketState.DISCARDED, TicketState.ARCHIVED}
    ends = {AssignmentState.DONE, AssignmentState.RETURNED, AssignmentState.CANCELLED}
    assert set(AssignmentState) - left == ends


def test_after_the_end_there_is_no_more_than_another_look_and_the_archive():
    after = {row.action for state in ENDED for row in lifecycle.actions_from("ticket", state)}
    assert after == {"archive", "appeal", "grant_appeal", "refuse_appeal", "reopen", "dismiss"}


def test_a_state_and_an_action_name_one_row():
    keys = [(row.machine, row.action, row.source) for row in TABLE]
    assert len(keys) == len(set(keys))


def test_every_permission_of_the_table_is_held_by_somebody():
    held = frozenset().union(*(role.permissions for role in SHIPPED))
    held |= SYSTEM.permissions | SWITCHBOARD.permissions | VISITOR.permissions | caller_of(1).permissions
    assert {row.who for row in TABLE} <= held
    assert held == lifecycle.PERMISSIONS


def _actors(city: City, ticket_id: int) -> dict[str, Actor]:
    others = {"system": SYSTEM, "switchboard": SWITCHBOARD, "visitor": VISITOR, "caller": caller_of(ticket_id)}
    others["another caller"] = caller_of(ticket_id + 1)
    return {login: others.get(login) or city.who(login) for login in ALLOWED}


def _is_seen(name: str, state: TicketState, part: AssignmentState | None) -> bool:
    """Who sees a ticket of LEAD's that `operator` took down, said without rooms."""
    if name in ("operator", "system", "switchboard", "caller"):
        return True
    if state in (TicketState.DRAFT, TicketState.DISCARDED):
        return False
    if name == "dispatcher":
        return state in IN_TRIAGE or part == AssignmentState.RETURN_REQUESTED
    gone = part in (AssignmentState.RETURNED, AssignmentState.CANCELLED)
    if name in (LEAD_LOGIN, UNIT_HEAD):
        return state in WITH_A_PART and not gone
    has_it_now = part == AssignmentState.RETURNED and state in WITH_A_PART
    return name in EVERYWHERE or (name == OTHER_LOGIN and has_it_now)


def _expected(
    name: str, action: str, machine: str, state: TicketState, part: AssignmentState | None
) -> object:
    """The refusal's class, or the state that the action leads to."""
    if not _is_seen(name, state, part):
        return errors.NotFound
    if action not in ALLOWED[name]:
        return errors.Forbidden
    row = lifecycle.transition(machine, action, part if machine == "assignment" and part else state)
    if row is None or (row.guard and row.guard not in HOLD):
        return errors.NotNow
    if action == "amend" and (state == TicketState.DRAFT) != (row.who == "ticket.open"):
        return errors.Forbidden
    if action == "amend" and name == "switchboard" and state != TicketState.DRAFT:
        return errors.Forbidden
    if action == "register" and name == "system":
        return errors.Forbidden  # registers what comes in, but no operator's draft
    return row.target or row.source


def _outcome(city: City, call: Call, who: Actor, ticket_id: int, part_id: int) -> object:
    """The refusal's class, or the state of the part or, without one, of the ticket."""
    try:
        call(city, who, ticket_id, part_id)
    except errors.TicketError as refusal:
        return type(refusal)
    db.session.flush()
    if part_id:
        return next(part.state for part in city.parts(ticket_id) if part.id == part_id)
    return city.ticket(ticket_id).state


def _walk(city: City, machine: str, ticket_id: int, part: AssignmentState | None, part_id: int) -> None:
    state = TicketState(city.ticket(ticket_id).state)
    calls = ON_TICKETS if machine == "ticket" else ON_PARTS
    wrong = {}
    for name, who in _actors(city, ticket_id).items():
        for action, call in calls.items():
            expected = _expected(name, action, machine, state, part)
            # A registered ticket is routed in the same breath; this one's words no rule knows.
            if (action, expected) == ("register", TicketState.REGISTERED):
                expected = TicketState.TO_DISPATCH
            if (action, expected) == ("redo", TicketState.TO_DISPATCH):
                expected = TicketState.IN_PROGRESS  # with the unit that led, in the same breath
            point = None if isinstance(expected, type) else db.session.begin_nested()
            found = _outcome(city, call, who, ticket_id, part_id)
            if point:
                point.rollback()
            if found != expected:
                wrong[name, action] = (expected, found)
    assert not wrong


@pytest.mark.parametrize("state", TicketState)
def test_who_may_do_what_to_a_ticket(city: City, state: TicketState):
    ticket_id = city.ticket_in(state)
    parts = city.parts(ticket_id)
    _walk(city, "ticket", ticket_id, AssignmentState(parts[0].state) if parts else None, 0)


@pytest.mark.parametrize("state", AssignmentState)
def test_who_may_do_what_to_a_part(city: City, state: AssignmentState):
    ticket_id, part_id = city.part_in(state)
    _walk(city, "assignment", ticket_id, state, part_id)


@pytest.mark.parametrize("action", OPENING)
def test_who_may_bring_a_ticket_into_being(city: City, action: str):
    may_open = set()
    for name, who in _actors(city, 1).items():
        point = db.session.begin_nested()
        try:
            OPENING[action](city, who)
        except errors.Forbidden:
            continue
        finally:
            point.rollback()
        may_open.add(name)
    assert may_open == MAY_OPEN[action]


@pytest.mark.parametrize("action", OPENING)
def test_what_a_city_grants_for_opening_is_what_the_table_asks_for(city: City, action: str):
    row = lifecycle.transition("ticket", action, None)
    assert row is not None
    staff = city.who("operator").id
    OPENING[action](city, Actor("staff", id=staff, permissions=frozenset({row.who})))
    with pytest.raises(errors.Forbidden):
        OPENING[action](city, Actor("staff", id=staff, permissions=lifecycle.PERMISSIONS - {row.who}))


@pytest.mark.parametrize("row", CONSEQUENCES, ids=lambda row: f"{row.action} {row.source}")
def test_what_follows_for_the_parts(city: City, row: lifecycle.Consequence):
    of_its_own = row.source is None or row.action in ("accept", "reject", "recall")
    ticket_id, before = (0, 0) if of_its_own else city.part_in(row.source)
    bring: dict[str, Callable[[], int]] = {
        "dispatch": city.dispatched,
        "designate": city.designated,
        "redispatch": city.returned,
        "delegate": city.delegated,
        "add_assist": city.helped_later,
        "recall": lambda: city.recalled(assists=(ASSIST,)),
        "accept": city.accepted,
        "reject": city.rejected,
        "supplement": lambda: service.supplement(caller_of(ticket_id), city.now, ticket_id, "在路口") or ticket_id,
        "merge": lambda: service.merge(
            city.who("supervisor"), city.now, ticket_id, city.number_of_another()) or ticket_id,
        "withdraw": lambda: service.withdraw(caller_of(ticket_id), city.now, ticket_id, "不用了") and ticket_id,
    }  # fmt: skip
    if (row.action, row.source) == ("merge", AssignmentState.SUBMITTED):
        ticket_id, before = city.contributed()
    parts = city.parts(bring[row.action]())
    assert next(part.state for part in reversed(parts) if before in (0, part.id)) == row.target
