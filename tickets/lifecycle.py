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
    REFERRED = "REFERRED"  # 已告知途径
    ANSWERED = "ANSWERED"  # 直接答复办结
    TO_DISPATCH = "TO_DISPATCH"  # 待派单
    IN_PROGRESS = "IN_PROGRESS"  # 办理中
    TO_REVIEW = "TO_REVIEW"  # 待审核
    TO_CALLBACK = "TO_CALLBACK"  # 待回访/待评价
    CLOSED = "CLOSED"  # 已办结


class AssignmentState(StrEnum):
    """承办任务状态: what one unit's part is at."""

    PENDING_SIGN = "PENDING_SIGN"  # 待签收
    HANDLING = "HANDLING"  # 办理中
    RETURN_REQUESTED = "RETURN_REQUESTED"  # 退单待审
    SUBMITTED = "SUBMITTED"  # 已反馈待审
    REJECTED = "REJECTED"  # 驳回补办
    DONE = "DONE"  # 已办结
    RETURNED = "RETURNED"  # 已退回


ENDED = frozenset(
    {TicketState.DISCARDED, TicketState.REFERRED, TicketState.ANSWERED, TicketState.CLOSED}
)
WORKED_ON = frozenset(
    {
        AssignmentState.PENDING_SIGN,
        AssignmentState.HANDLING,
        AssignmentState.RETURN_REQUESTED,
        AssignmentState.REJECTED,
    }
)
HELD = WORKED_ON | {AssignmentState.SUBMITTED, AssignmentState.DONE}
"""States in which a unit has, or had to the end, the matter: it keeps seeing it."""


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    `machine` is ticket or assignment; `who` is the permission needed; `needs` are the fields to fill in;
    `target` None leaves the state as it is.
    """

    machine: str
    action: str
    source: TicketState | AssignmentState | None
    target: TicketState | AssignmentState | None
    who: str
    needs: tuple[str, ...] = ()


T, A = TicketState, AssignmentState

BEFORE_DISPATCH = frozenset({T.DRAFT, T.REGISTERED, T.TO_DISPATCH})
"""States in which no unit has had the matter yet."""

# machine, action, from, to, who, needs
TABLE: tuple[Transition, ...] = (
    Transition("ticket", "open", None, T.DRAFT, "ticket.open", ("intake",)),
    Transition("ticket", "give", T.DRAFT, None, "ticket.give"),
    Transition("ticket", "discard", T.DRAFT, T.DISCARDED, "ticket.open", ("reason",)),
    Transition("ticket", "register", None, T.REGISTERED, "ticket.register", ("intake",)),
    Transition("ticket", "register", T.DRAFT, T.REGISTERED, "ticket.open", ("intake",)),
    Transition("ticket", "amend", T.DRAFT, None, "ticket.open", ("intake",)),
    Transition("ticket", "amend", T.REGISTERED, None, "ticket.amend", ("intake",)),
    Transition("ticket", "amend", T.TO_DISPATCH, None, "ticket.amend", ("intake",)),
    Transition("ticket", "amend", T.IN_PROGRESS, None, "ticket.amend", ("intake",)),
    Transition("ticket", "answer", T.REGISTERED, T.ANSWERED, "ticket.answer", ("answer",)),
    Transition("ticket", "answer", T.TO_DISPATCH, T.ANSWERED, "ticket.answer", ("answer",)),
    Transition("ticket", "refer", T.REGISTERED, T.REFERRED, "ticket.refer", ("disposition", "referral")),
    Transition("ticket", "refer", T.TO_DISPATCH, T.REFERRED, "ticket.refer", ("disposition", "referral")),
    Transition("ticket", "import", T.REGISTERED, T.CLOSED, "ticket.route"),
    Transition("ticket", "triage", T.REGISTERED, T.TO_DISPATCH, "ticket.route"),
    Transition("ticket", "dispatch", T.REGISTERED, T.IN_PROGRESS, "ticket.dispatch", ("lead", "assists")),
    Transition("ticket", "dispatch", T.TO_DISPATCH, T.IN_PROGRESS, "ticket.dispatch", ("lead", "assists")),
    Transition("ticket", "urge", T.REGISTERED, None, "ticket.urge", ("urge_note",)),
    Transition("ticket", "urge", T.TO_DISPATCH, None, "ticket.urge", ("urge_note",)),
    Transition("ticket", "urge", T.IN_PROGRESS, None, "ticket.urge", ("urge_note",)),
    Transition("ticket", "urge", T.TO_REVIEW, None, "ticket.urge", ("urge_note",)),
    Transition("assignment", "sign", A.PENDING_SIGN, A.HANDLING, "assignment.sign"),
    Transition("assignment", "handle", A.HANDLING, None, "assignment.handle", ("handle_note", "contacted")),
    Transition("assignment", "handle", A.REJECTED, None, "assignment.handle", ("handle_note", "contacted")),
    Transition(
        "assignment", "request_return", A.PENDING_SIGN, A.RETURN_REQUESTED, "assignment.return",
        ("return_reason", "return_note", "suggested"),
    ),
    Transition(
        "assignment", "request_return", A.HANDLING, A.RETURN_REQUESTED, "assignment.return",
        ("return_reason", "return_note", "suggested"),
    ),
    Transition("assignment", "uphold", A.RETURN_REQUESTED, A.HANDLING, "return.decide", ("decision_note",)),
    Transition(
        "assignment", "redispatch", A.RETURN_REQUESTED, A.RETURNED, "return.decide", ("lead", "decision_note")
    ),
    Transition(
        "assignment", "reply", A.HANDLING, A.SUBMITTED, "assignment.reply", ("public_reply", "internal_note")
    ),
    Transition(
        "assignment", "reply", A.REJECTED, A.SUBMITTED, "assignment.reply", ("public_reply", "internal_note")
    ),
    Transition("ticket", "submit", T.IN_PROGRESS, T.TO_REVIEW, "assignment.reply"),
    Transition("ticket", "accept", T.TO_REVIEW, T.TO_CALLBACK, "ticket.review"),
    Transition("ticket", "reject", T.TO_REVIEW, T.IN_PROGRESS, "ticket.review", ("review_note",)),
    Transition("ticket", "rate", T.TO_CALLBACK, T.CLOSED, "ticket.rate", ("solved", "satisfied", "rating_note")),
    Transition("ticket", "redo", T.TO_CALLBACK, T.TO_DISPATCH, "ticket.follow_up", ("redo_reason",)),
    Transition("ticket", "close", T.TO_CALLBACK, T.CLOSED, "ticket.follow_up", ("outcome",)),
)


@dataclass(frozen=True)
class Consequence:
    """What an action does to parts besides the one it is for: from, to; `role` None means lead and assisting."""

    action: str
    source: AssignmentState | None
    target: AssignmentState
    role: str | None = None


# action, from, to, role
CONSEQUENCES: tuple[Consequence, ...] = (
    Consequence("dispatch", None, A.PENDING_SIGN),
    Consequence("redispatch", None, A.PENDING_SIGN),
    Consequence("accept", A.SUBMITTED, A.DONE),
    Consequence("reject", A.SUBMITTED, A.REJECTED, "lead"),
)

SIDE_RECORDS = {
    "escalate": "ticket.escalate", "reveal": "contact.reveal", "reissue_code": "contact.reveal",
    "ask": "ticket.follow_up", "task_sheet": "assignment.handle",
}
"""Actions that are recorded and change no state, with the permission each needs."""

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
    | {"see.own", "see.triage", "see.department", "see.city", "see.confidential"}
    | {"call.answer", "call.watch", "call.coach"}
    | {"admin.staff", "admin.directory", "audit.read", "reports.read", "export.approve", "canned.edit"}
)
"""Every permission there is. Roles map to these as data."""
