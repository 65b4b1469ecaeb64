"""States, actions and the one transition table of Ticket and Assignment. Pure: buttons, forms, the checks in
the verbs, the documentation and the exhaustive tests are all read from here."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class TicketState(StrEnum):
    """工单状态: what the citizen's matter as a whole is at."""

    DRAFT = "DRAFT"  # 待提交, not yet numbered
    DISCARDED = "DISCARDED"  # 已作废, was never numbered
    REGISTERED = "REGISTERED"  # 已登记
    NEED_INFO = "NEED_INFO"  # 待补充
    REFERRED = "REFERRED"  # 已告知途径
    ANSWERED = "ANSWERED"  # 直接答复办结
    TO_DISPATCH = "TO_DISPATCH"  # 待派单
    DISPUTED = "DISPUTED"  # 争议协调
    IN_PROGRESS = "IN_PROGRESS"  # 办理中
    SUSPENDED = "SUSPENDED"  # 挂账
    TO_REVIEW = "TO_REVIEW"  # 待审核
    TO_CALLBACK = "TO_CALLBACK"  # 待回访/待评价
    CLOSED = "CLOSED"  # 已办结
    MERGED = "MERGED"  # 已并单
    WITHDRAWN = "WITHDRAWN"  # 已撤销
    ARCHIVED = "ARCHIVED"  # 已归档


class AssignmentState(StrEnum):
    """承办任务状态: what one unit's part is at."""

    PENDING_SIGN = "PENDING_SIGN"  # 待签收
    HANDLING = "HANDLING"  # 办理中
    NEED_INFO = "NEED_INFO"  # 待补充
    RETURN_REQUESTED = "RETURN_REQUESTED"  # 退单待审
    SUBMITTED = "SUBMITTED"  # 已反馈待审
    REJECTED = "REJECTED"  # 驳回补办
    DONE = "DONE"  # 已办结
    RETURNED = "RETURNED"  # 已退回
    CANCELLED = "CANCELLED"  # 已撤派


T, A = TicketState, AssignmentState

ENDED = frozenset({T.DISCARDED, T.REFERRED, T.ANSWERED, T.CLOSED, T.WITHDRAWN, T.ARCHIVED})
WORKED_ON = frozenset({A.PENDING_SIGN, A.HANDLING, A.NEED_INFO, A.RETURN_REQUESTED, A.REJECTED})
HELD = WORKED_ON | {A.SUBMITTED, A.DONE}
"""States in which a unit has, or had to the end, the matter: it keeps seeing it."""
GONE = frozenset({A.RETURNED, A.CANCELLED})
"""All others: it was not the unit's to the end, nor is it now."""
BEFORE_DISPATCH = frozenset({T.DRAFT, T.REGISTERED, T.NEED_INFO, T.TO_DISPATCH})
"""States in which no unit has had the matter yet."""
WITH_UNITS = (T.IN_PROGRESS, T.TO_REVIEW, T.TO_CALLBACK, T.SUSPENDED)

State = TicketState | AssignmentState | None


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    `machine` is ticket or assignment; `who` is the permission needed; `needs` are the fields to fill in;
    `target` None leaves the state as it is. `guard` names a condition of tickets/guards.py that must hold besides.
    `of` says in which unit the permission counts: the part's own, or the one `above` it, which is the unit that
    passed the part down, and of an assisting one the lead.
    """

    machine: str
    action: str
    source: State
    target: State
    who: str
    needs: tuple[str, ...] = ()
    guard: str = ""
    of: str = "own"


OPEN_PART = (A.PENDING_SIGN, A.HANDLING, A.NEED_INFO, A.RETURN_REQUESTED, A.REJECTED)
AT_WORK = (A.HANDLING, A.REJECTED)
WAITING = (T.REGISTERED, T.TO_DISPATCH)
GOING_ON = (T.REGISTERED, T.NEED_INFO, T.TO_DISPATCH, T.DISPUTED, T.IN_PROGRESS, T.SUSPENDED, T.MERGED)

Sources = State | tuple[TicketState, ...] | tuple[AssignmentState, ...]

# machine, action, from (one or several), to, who, needs, guard, of
ROWS: tuple[tuple[str, str, Sources, State, str, tuple[str, ...], str, str], ...] = (
    # At the desk
    ("ticket", "open", None, T.DRAFT, "ticket.open", ("intake",), "", ""),
    ("ticket", "give", T.DRAFT, None, "ticket.give", (), "", ""),
    ("ticket", "discard", T.DRAFT, T.DISCARDED, "ticket.open", ("reason",), "", ""),
    ("ticket", "register", None, T.REGISTERED, "ticket.register", ("intake",), "", ""),
    ("ticket", "register", T.DRAFT, T.REGISTERED, "ticket.open", ("intake",), "", ""),
    ("ticket", "import", T.REGISTERED, T.CLOSED, "ticket.route", (), "", ""),
    ("ticket", "triage", T.REGISTERED, T.TO_DISPATCH, "ticket.route", (), "", ""),
    ("ticket", "dispatch", WAITING, T.IN_PROGRESS, "ticket.dispatch", ("lead", "assists"), "", ""),
    ("ticket", "add_assist", T.IN_PROGRESS, None, "ticket.dispatch", ("assists", "dispatch_note"), "", ""),
    ("ticket", "answer", WAITING, T.ANSWERED, "ticket.answer", ("answer",), "", ""),
    ("ticket", "refer", (*WAITING, T.NEED_INFO), T.REFERRED, "ticket.refer",
     ("disposition", "refer_reason", "referral"), "", ""),
    ("ticket", "ask_info", WAITING, T.NEED_INFO, "ticket.ask", ("question",), "", ""),
    ("ticket", "supplement", T.NEED_INFO, T.TO_DISPATCH, "ticket.supplement", ("supplement",), "", ""),
    ("ticket", "supplement", (T.IN_PROGRESS, T.DISPUTED, T.SUSPENDED), None, "ticket.supplement",
     ("supplement",), "is_asked", ""),
    ("ticket", "go_on", T.NEED_INFO, T.TO_DISPATCH, "ticket.ask", (), "", ""),
    ("ticket", "amend", T.DRAFT, None, "ticket.open", ("intake",), "", ""),
    ("ticket", "amend", (*WAITING, T.NEED_INFO, T.DISPUTED, T.IN_PROGRESS, T.SUSPENDED), None, "ticket.amend",
     ("intake",), "", ""),
    ("ticket", "green", (*WAITING, T.IN_PROGRESS), None, "ticket.green", ("green_reason",), "not_green", ""),
    ("ticket", "merge", (*WAITING, T.NEED_INFO, T.DISPUTED, T.IN_PROGRESS), T.MERGED, "ticket.merge",
     ("into",), "may_merge", ""),
    ("ticket", "take_in", (*WAITING, T.DISPUTED, T.IN_PROGRESS), None, "ticket.merge", ("others",), "", ""),
    ("ticket", "unmerge", T.MERGED, T.TO_DISPATCH, "ticket.merge", ("reason",), "", ""),
    ("ticket", "split", (*WAITING, T.IN_PROGRESS), None, "ticket.split", ("demands",), "", ""),
    ("ticket", "urge", (*GOING_ON, T.TO_REVIEW), None, "ticket.urge", ("urge_note",), "", ""),
    ("ticket", "withdraw", (*GOING_ON, T.TO_REVIEW), T.WITHDRAWN, "ticket.withdraw", ("withdraw_reason",), "", ""),
    # A unit's own part
    ("assignment", "sign", A.PENDING_SIGN, A.HANDLING, "assignment.sign", (), "", "own"),
    ("assignment", "handle", (*AT_WORK, A.NEED_INFO), None, "assignment.handle",
     ("handle_note", "contacted"), "", "own"),
    ("assignment", "ask_citizen", AT_WORK, A.NEED_INFO, "assignment.handle", ("question",), "may_ask", "own"),
    ("assignment", "carry_on", A.NEED_INFO, A.HANDLING, "assignment.handle", ("handle_note",), "", "own"),
    ("assignment", "reply", AT_WORK, A.SUBMITTED, "assignment.reply",
     ("contact_method", "contact_at", "contact_from", "facts", "result", "public_reply", "internal_note"),
     "all_in", "own"),
    ("assignment", "contribute", AT_WORK, A.SUBMITTED, "assignment.reply", ("internal_note",), "helps", "own"),
    ("assignment", "send_back", A.SUBMITTED, A.REJECTED, "assignment.reply", ("review_note",),
     "may_be_sent_back", "above"),
    ("assignment", "waive", OPEN_PART, A.CANCELLED, "assignment.reply", ("waive_reason",), "is_helper", "above"),
    ("assignment", "delegate", AT_WORK, None, "assignment.delegate", ("below", "days", "dispatch_note"),
     "has_units_below", "own"),
    ("assignment", "decline", (A.PENDING_SIGN, A.HANDLING), A.RETURNED, "assignment.return", ("return_note",),
     "is_delegated", "own"),
    ("assignment", "schedule", AT_WORK, None, "assignment.handle",
     ("meeting_kind", "meeting_at", "meeting_place"), "leads", "own"),
    ("assignment", "minute", OPEN_PART, None, "assignment.handle", ("minutes",), "is_to_be_minuted", "own"),
    # What went to the wrong unit
    ("assignment", "recall", A.PENDING_SIGN, A.CANCELLED, "ticket.dispatch", ("recall_reason",),
     "may_be_recalled", "own"),
    ("ticket", "take_back", T.IN_PROGRESS, T.TO_DISPATCH, "ticket.dispatch", (), "", ""),
    # Returns and disputes
    ("assignment", "request_return", (A.PENDING_SIGN, A.HANDLING), A.RETURN_REQUESTED, "assignment.return",
     ("return_reason", "return_note", "legal_basis", "suggested"), "may_return", "own"),
    ("assignment", "uphold", A.RETURN_REQUESTED, A.HANDLING, "return.decide", ("decision_note",), "other_hand",
     "own"),
    ("assignment", "redispatch", A.RETURN_REQUESTED, A.RETURNED, "return.decide", ("lead", "decision_note"),
     "may_redispatch", "own"),
    ("assignment", "excuse", A.RETURN_REQUESTED, A.RETURNED, "return.decide", ("decision_note",), "assists",
     "own"),
    ("assignment", "concede", A.RETURN_REQUESTED, A.RETURNED, "return.decide", ("decision_note",), "is_disputed",
     "own"),
    ("ticket", "dispute", T.IN_PROGRESS, T.DISPUTED, "return.decide", (), "", ""),
    ("ticket", "designate", T.DISPUTED, T.IN_PROGRESS, "dispute.adjudicate", ("lead", "assists", "decision_note"),
     "", ""),
    # More time, and what cannot be solved now
    ("assignment", "ask_extension", AT_WORK, None, "assignment.extend", ("days", "extension_reason"), "may_extend",
     "own"),
    ("assignment", "grant_extension", OPEN_PART, None, "extension.decide", ("decision_note",), "extension_asked",
     "own"),
    ("assignment", "refuse_extension", OPEN_PART, None, "extension.decide", ("decision_note",), "extension_asked",
     "own"),
    ("assignment", "grant_again", OPEN_PART, None, "extension.decide_again", ("decision_note",),
     "extension_asked_again", "own"),
    ("assignment", "refuse_again", OPEN_PART, None, "extension.decide_again", ("decision_note",),
     "extension_asked_again", "own"),
    ("assignment", "ask_suspension", AT_WORK, None, "assignment.suspend",
     ("suspend_reason", "review_on", "suspend_plan"), "may_suspend", "own"),
    ("assignment", "grant_suspension", OPEN_PART, None, "suspension.decide", ("review_on", "public_reason"),
     "may_be_suspended", "own"),
    ("assignment", "refuse_suspension", OPEN_PART, None, "suspension.decide", ("decision_note",),
     "suspension_asked", "own"),
    ("ticket", "suspend", T.IN_PROGRESS, T.SUSPENDED, "suspension.decide", (), "", ""),
    ("ticket", "prolong", T.SUSPENDED, None, "suspension.decide", ("review_on", "public_reason"), "", ""),
    ("ticket", "resume", T.SUSPENDED, T.IN_PROGRESS, "suspension.decide", ("decision_note",), "", ""),
    # Orders from above
    ("assignment", "order", (*OPEN_PART, A.SUBMITTED), None, "order.issue",
     ("order_form", "order_level", "order_due", "order_text"), "no_order", "own"),
    ("assignment", "answer_order", (*OPEN_PART, A.SUBMITTED, A.DONE), None, "assignment.reply", ("order_answer",),
     "is_ordered", "own"),
    ("assignment", "settle_order", (*OPEN_PART, A.SUBMITTED, A.DONE), None, "order.issue", ("order_remark",),
     "is_order_answered", "own"),
    ("assignment", "renew_order", (*OPEN_PART, A.SUBMITTED, A.DONE), None, "order.issue",
     ("order_due", "order_text"), "is_order_answered", "own"),
    # Review, follow-up, and what comes after
    ("ticket", "submit", T.IN_PROGRESS, T.TO_REVIEW, "assignment.reply", (), "", ""),
    ("ticket", "accept", T.TO_REVIEW, T.TO_CALLBACK, "ticket.review", (), "other_hand", ""),
    ("ticket", "reject", T.TO_REVIEW, T.IN_PROGRESS, "ticket.review", ("review_note",), "other_hand", ""),
    ("ticket", "share", T.MERGED, T.TO_CALLBACK, "ticket.route", (), "", ""),
    ("ticket", "share_answer", T.MERGED, T.ANSWERED, "ticket.route", (), "", ""),
    ("ticket", "share_referral", T.MERGED, T.REFERRED, "ticket.route", (), "", ""),
    ("ticket", "rate", T.TO_CALLBACK, T.CLOSED, "ticket.rate", ("solved", "satisfied", "rating_note"), "", ""),
    ("ticket", "note_try", T.TO_CALLBACK, None, "ticket.follow_up", ("tried", "try_again_at"), "", ""),
    ("ticket", "hear", T.TO_CALLBACK, T.CLOSED, "ticket.follow_up",
     ("was_contacted", "is_true", "is_solved", "satisfaction", "rating_note"), "other_hand", ""),
    ("ticket", "redo", T.TO_CALLBACK, T.TO_DISPATCH, "ticket.follow_up", ("redo_reason",), "other_hand", ""),
    ("ticket", "close", T.TO_CALLBACK, T.CLOSED, "ticket.follow_up", ("outcome",), "other_hand", ""),
    ("ticket", "appeal", T.CLOSED, None, "ticket.appeal", ("appeal_reason",), "may_appeal", ""),
    ("ticket", "grant_appeal", T.CLOSED, T.TO_DISPATCH, "appeal.decide", ("decision_note",), "is_appealed", ""),
    ("ticket", "refuse_appeal", T.CLOSED, None, "appeal.decide", ("decision_note",), "is_appealed", ""),
    ("ticket", "reopen", T.CLOSED, T.TO_DISPATCH, "appeal.decide", ("redo_reason",), "is_badly_rated", ""),
    ("ticket", "dismiss", T.CLOSED, None, "appeal.decide", ("decision_note",), "is_badly_rated", ""),
    ("assignment", "ask_exclusion", (A.DONE, A.RETURNED), None, "assignment.appeal",
     ("exclusion_of", "exclusion_reason"), "may_ask_exclusion", "own"),
    ("assignment", "grant_exclusion", (A.DONE, A.RETURNED), None, "exclusion.decide", ("decision_note",),
     "exclusion_asked", "own"),
    ("assignment", "refuse_exclusion", (A.DONE, A.RETURNED), None, "exclusion.decide", ("decision_note",),
     "exclusion_asked", "own"),
    ("ticket", "archive", (T.CLOSED, T.ANSWERED, T.REFERRED, T.WITHDRAWN), T.ARCHIVED, "ticket.archive", (), "",
     ""),
)


def _expanded() -> Iterator[Transition]:
    for machine, action, sources, target, who, needs, guard, of in ROWS:
        for source in sources if isinstance(sources, tuple) else (sources,):
            yield Transition(machine, action, source, target, who, needs, guard, of)


TABLE: tuple[Transition, ...] = tuple(_expanded())
"""ROWS with a row for each state that an action starts from."""


@dataclass(frozen=True)
class Consequence:
    """What an action does to parts besides the one it is for: from, to; `role` None means all of them."""

    action: str
    source: AssignmentState | None
    target: AssignmentState
    role: str | None = None


# action, from, to, role
CONSEQUENCES: tuple[Consequence, ...] = (
    Consequence("dispatch", None, A.PENDING_SIGN),
    Consequence("designate", None, A.PENDING_SIGN),
    Consequence("redispatch", None, A.PENDING_SIGN),
    Consequence("delegate", None, A.PENDING_SIGN),
    Consequence("add_assist", None, A.PENDING_SIGN),
    Consequence("supplement", A.NEED_INFO, A.HANDLING),
    Consequence("accept", A.SUBMITTED, A.DONE),
    Consequence("reject", A.SUBMITTED, A.REJECTED, "lead"),
    Consequence("recall", A.PENDING_SIGN, A.CANCELLED, "assist"),
    *(Consequence(action, state, A.CANCELLED) for action in ("merge", "withdraw") for state in OPEN_PART),
    *(Consequence(action, A.SUBMITTED, A.CANCELLED) for action in ("merge", "withdraw")),
)

SIDE_RECORDS = {
    "escalate": "ticket.escalate", "reveal": "contact.reveal", "reissue_code": "contact.reveal",
    "ask": "ticket.follow_up", "task_sheet": "assignment.handle",
}
"""Actions that are recorded and change no state, with the permission each needs."""

BY_THEMSELVES = frozenset(
    {
        "open", "give", "import", "triage", "submit", "dispute", "suspend", "share", "share_answer",
        "share_referral", "archive", "take_back",
    }
)
"""Actions that follow from others, or are a program's: nobody is offered them."""

_BY_KEY = {(row.machine, row.action, row.source): row for row in TABLE}


def transition(machine: str, action: str, state: str | None) -> Transition | None:
    """The row for this action in this state, or None where there is none."""
    kind = TicketState if machine == "ticket" else AssignmentState
    return _BY_KEY.get((machine, action, kind(state) if state is not None else None))


def actions_from(machine: str, state: str) -> Iterator[Transition]:
    """All that may happen to a ticket or assignment in this state, in the table's order."""
    return (row for row in TABLE if row.machine == machine and row.source == state)


def follows(action: str, state: str, role: str) -> AssignmentState | None:
    """The state an action brings a part to that it is not for itself, or None where it leaves it alone."""
    for row in CONSEQUENCES:
        if (row.action, row.source) == (action, state) and row.role in (None, role):
            return row.target
    return None


PERMISSIONS = frozenset(
    {row.who for row in TABLE}
    | set(SIDE_RECORDS.values())
    | {"see.own", "see.triage", "see.department", "see.city", "see.confidential", "ticket.refuse"}
    | {"call.answer", "call.watch", "call.coach"}
    | {"admin.staff", "admin.directory", "audit.read", "reports.read", "export.approve", "canned.edit"}
)
"""Every permission there is. Roles map to these as data."""
