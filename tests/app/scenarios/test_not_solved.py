"""The citizen who says "not solved" twice, and once more: round after round, one level up, nothing rewritten."""

from typing import Any

import pytest
from scenes import LEAD, LEAD_LOGIN, UNIT_HEAD
from sqlalchemy import select

from db import db
from tickets import errors, service
from tickets.models import Rating

from .conftest import Stage

ABOVE, OFFICE = "990102.gov", "9901.office"


def answer(stage: Stage, ticket_id: int, unit: str, login: str, words: str) -> None:
    """Signed, replied and accepted."""
    part = stage.part(ticket_id, unit).id
    stage.do(login, service.sign, ticket_id, part)
    stage.later(hours=1)
    account = stage.read(lambda city: city.account(words, "内部：已核实。"))
    stage.do(login, service.reply, ticket_id, part, account)
    stage.do("supervisor", service.accept, ticket_id)


def ratings(stage: Stage, ticket_id: int) -> list[tuple[Any, ...]]:
    query = select(Rating.round, Rating.solved, Rating.satisfied, Rating.judged).order_by(Rating.id)
    with stage.work():
        return [tuple(row) for row in db.session.execute(query.where(Rating.ticket_id == ticket_id))]


def test_not_solved_twice_and_a_third_time(stage: Stage):
    stage.at("2026-03-02 10:00")
    ticket_id, number, code = stage.write_in()
    stage.do("dispatcher", service.dispatch, ticket_id, stage.unit(LEAD))
    answer(stage, ticket_id, LEAD, LEAD_LOGIN, "坑已经填平。")

    # The first time the same unit does it again, with a limit of its own.
    stage.later(days=1)
    stage.rate(ticket_id, False, 1, "根本没有人来过")
    before = stage.kinds(ticket_id)
    parts = stage.read(lambda city: city.parts(ticket_id))
    assert [(part.round, part.state) for part in parts] == [(1, "DONE"), (2, "PENDING_SIGN")]
    assert stage.clock(ticket_id, "redo", LEAD).limit == "5wd"
    assert (LEAD_LOGIN, "redone") in stage.told(ticket_id) and (UNIT_HEAD, "redone") in stage.told(ticket_id)
    assert "未解决，承办单位重新办理" in stage.public(number, code)
    assert "坑已经填平" in stage.public(number, code), "what was said before stays to be read"
    answer(stage, ticket_id, LEAD, LEAD_LOGIN, "坑已经重新填平。")

    # The second time the unit above it answers for it.
    stage.later(days=1)
    stage.rate(ticket_id, False, 1, "又塌了")
    parts = stage.read(lambda city: city.parts(ticket_id))
    assert [(part.round, part.state) for part in parts] == [(1, "DONE"), (2, "DONE"), (3, "PENDING_SIGN")]
    assert parts[-1].department_id == stage.unit(ABOVE)
    assert "承办单位 望河区人民政府" in stage.public(number, code)
    answer(stage, ticket_id, ABOVE, UNIT_HEAD, "已开挖重做路基。")

    # Then it ends, and a person judges the bad word: not the unit, and not twice.
    stage.later(days=1)
    stage.rate(ticket_id, False, 1, "还是不行")
    assert (stage.state(ticket_id), stage.ticket(ticket_id).redos) == ("CLOSED", 2)
    assert stage.has_on("supervisor", "badly_rated", ticket_id)
    with pytest.raises(errors.Forbidden):
        stage.do(UNIT_HEAD, service.dismiss, ticket_id, "市民不讲理")
    stage.do("supervisor", service.reopen, ticket_id, "经实地核查，市民评价合理")
    assert not stage.has_on("supervisor", "badly_rated", ticket_id)
    assert stage.part(ticket_id, OFFICE).state == "PENDING_SIGN"  # one level up again
    with pytest.raises(errors.NotNow):
        stage.do("supervisor", service.dismiss, ticket_id, "再判一次")

    # In the end it is solved, and nobody has to judge what was said before; all of it stands.
    answer(stage, ticket_id, OFFICE, "lead-city", "已纳入大修并完工。")
    stage.rate(ticket_id, True, 3)
    assert not stage.has_on("supervisor", "badly_rated", ticket_id)
    assert ratings(stage, ticket_id) == [
        (1, False, 1, None), (2, False, 1, None), (3, False, 1, "reasonable"), (4, True, 3, None),
    ]  # fmt: skip
    kinds = stage.kinds(ticket_id)
    assert kinds[: len(before)] == before
    assert kinds.count("ticket.rated") == 4 and kinds.count("ticket.redone") == 3
    page = stage.desk("supervisor", ticket_id)
    for words in ("根本没有人来过", "又塌了", "还是不行", "坑已经填平", "坑已经重新填平", "已开挖重做路基"):
        assert words in page
