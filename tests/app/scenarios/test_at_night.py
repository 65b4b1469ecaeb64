"""The emergency at three in the morning: the wall clock, the right people, and a signature nobody gave."""

from datetime import timedelta

from scenes import OTHER, OTHER_LOGIN

from tickets import unit_figures
from tickets.figures import Span

from .conftest import Stage, local

BURST = {
    "content": "供热管道爆裂，热水喷到路上，有人烫伤", "title": "供热管道爆裂", "type": "help",
    "urgency": "critical",
}  # fmt: skip
HEAD = "lead-city"


def test_the_emergency_at_three_in_the_morning(stage: Stage):
    stage.at("2026-01-10 03:00")  # a Saturday
    ticket_id = stage.call_in(**BURST)

    # Its rule knows whose it is: dispatched in the same breath, whatever the hour.
    assert stage.state(ticket_id) == "IN_PROGRESS" and stage.part(ticket_id, OTHER).state == "PENDING_SIGN"
    limits = {name: stage.clock(ticket_id, name, OTHER) for name in ("sign", "contact", "handle")}
    assert {name: (row.limit, row.due_at) for name, row in limits.items()} == {
        "sign": ("15min", local("2026-01-10 03:15")), "contact": ("30min", local("2026-01-10 03:30")),
        "handle": ("2h", local("2026-01-10 05:00")),
    }  # fmt: skip

    # Nobody does anything: half of the time reminds who handles, the end calls who answers for it.
    stage.run_to(local("2026-01-10 05:30"), ticket_id)
    above = {HEAD, "supervisor"}
    assert stage.rungs(ticket_id, "sign") == [
        ("01-10 03:07", "L0", {OTHER_LOGIN}), ("01-10 03:15", "L2", above),
    ]  # fmt: skip
    assert stage.rungs(ticket_id, "contact") == [
        ("01-10 03:15", "L0", {OTHER_LOGIN}), ("01-10 03:30", "L2", above),
    ]  # fmt: skip
    assert stage.rungs(ticket_id, "handle") == [
        ("01-10 04:00", "L0", {OTHER_LOGIN}), ("01-10 04:36", "L1", {OTHER_LOGIN, HEAD}),
        ("01-10 05:00", "L2", above),
        # Nobody has said to have seen it: it climbs half an hour later, an hour and a half before its time.
        ("01-10 05:30", "L3", above),
    ]  # fmt: skip

    # The limit to sign has signed for it; that is not signing in time, and it goes on being worked by.
    part = stage.part(ticket_id, OTHER)
    assert (part.state, part.auto_signed, part.signed_at) == ("HANDLING", True, local("2026-01-10 03:15"))
    assert "逾期未签收，已自动签收" in stage.desk("supervisor", ticket_id)
    start = local("2026-01-10 00:00")
    span = Span(start, start + timedelta(days=1), stage.now)
    with stage.work():
        units = [part.department_id]
        counts = {name: unit_figures.count(name, units, span) for name in ("signed", "signed_on_time")}
    assert counts == {"signed": 1, "signed_on_time": 0}
    kinds = stage.kinds(ticket_id)
    assert kinds[:2] == ["ticket.registered", "ticket.dispatched"]
    assert kinds.count("assignment.signed") == 1 and kinds.count("ticket.escalated") == 8
    assert "已超期" in stage.desk(OTHER_LOGIN, ticket_id)
