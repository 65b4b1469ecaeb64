"""The report whose reporter stays hidden: nothing that the unit is shown, sent or given tells who reported."""

import io

from pypdf import PdfReader
from scenes import LEAD, LEAD_LOGIN, UNIT_HEAD

from tickets import extracts, queries, service

from .conftest import Stage

REPORT = {
    "type": "report",
    "title": "王五娘举报占道经营",
    "content": (
        "摊贩占道背后有人包庇，王五娘亲眼所见。请勿透露我是书院社区3号楼2单元301室的住户，"
        "有事打13800138009或者找五娘。"
    ),
    "demand": "请替王五娘保密",
    "place": "望河区书院社区3号楼2单元301室",
    "name": "王五娘",
    "phone": "13800138009",
    "address": "书院社区3号楼2单元301室",
}
IDENTITY = ("王五娘", "13800138009", "****8009", "3号楼", "301室")


def leaks(text: str) -> list[str]:
    return [value for value in IDENTITY if value in text]


def test_the_report_whose_reporter_stays_hidden(stage: Stage):
    stage.at("2026-03-04 10:00")
    ticket_id, number, code = stage.write_in(**REPORT)
    path = f"/desk/tickets/{ticket_id}"
    stage.do("supervisor", service.dispatch, ticket_id, stage.unit(LEAD), [])

    # Of the unit only who is trusted with such reports sees that there is one.
    assert stage.get(LEAD_LOGIN, path).status_code == 404
    assert not stage.has_on(LEAD_LOGIN, "inbox", ticket_id)
    assert stage.get("dispatcher", path).status_code == 404 and stage.get("leader", path).status_code == 404
    assert stage.has_on(UNIT_HEAD, "to_sign", ticket_id)

    # All that happens on its way, with words of the citizen that name the citizen.
    part = stage.part(ticket_id).id
    stage.do(UNIT_HEAD, service.sign, ticket_id, part)
    stage.do(UNIT_HEAD, service.ask_citizen, ticket_id, part, "请补充摊位位置")
    stage.citizen(ticket_id, service.supplement, "就在王五娘家楼下，回电13800138009")
    stage.citizen(ticket_id, service.urge, "王五娘再问一次")
    stage.do("supervisor", service.order, ticket_id, part, "written", 2, stage.now.replace(hour=23), "请限期查处")
    stage.run_to(stage.clock(ticket_id, "handle", LEAD).due_at, ticket_id)
    account = stage.read(lambda city: city.account("已依法查处。", "内部：已取证。", contact_method="no_contact"))
    _nothing_is_told(stage, ticket_id, number)
    stage.do(UNIT_HEAD, service.reply, ticket_id, part, account)
    stage.do("supervisor", service.accept, ticket_id)
    stage.rate(ticket_id, True, 3, "王五娘谢谢你们")
    _nothing_is_told(stage, ticket_id, number)

    # The centre can look, with a reason on record; the citizen reads everything.
    vault = stage.vault
    phone = stage.do("supervisor", service.reveal, ticket_id, "phone", "核实线索", vault)
    assert phone == "13800138009" and stage.kinds(ticket_id)[-1] == "contact.revealed"
    assert "已依法查处" in stage.public(number, code)


def _nothing_is_told(stage: Stage, ticket_id: int, number: str) -> None:
    path = f"/desk/tickets/{ticket_id}"
    pages = {
        "page": stage.page(UNIT_HEAD, path),
        "print": stage.page(UNIT_HEAD, f"{path}/print"),
        "paper": _text_of_pdf(stage.get(UNIT_HEAD, f"{path}/print?as=pdf").data),
        "notices": stage.page(UNIT_HEAD, "/notices"),
        "boards": "".join(stage.page(UNIT_HEAD, f"/desk?board={name}") for name in ("inbox", "submitted")),
        "rows": "".join(stage.page(UNIT_HEAD, f"/desk/rows?board={name}") for name in ("inbox", "submitted")),
        "news": stage.page(UNIT_HEAD, "/live/changes?after=0"),
        "screen": stage.heard_by(UNIT_HEAD),
    }
    assert number in pages["page"] and str(ticket_id) in pages["screen"]
    assert {what: leaks(text) for what, text in pages.items() if leaks(text)} == {}
    assert f"{path}/reveal" not in pages["page"] and f"{path}/task_sheet" not in pages["page"]
    line = _exported(stage, ticket_id)
    assert number in line and leaks(line) == []
    assert _finds(stage, ticket_id, "王五娘") == set(), "who guesses the name is told whether it is right"


def _text_of_pdf(data: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def _exported(stage: Stage, ticket_id: int) -> str:
    """The line of a file that somebody has approved with callers in it."""
    return repr(stage.read(lambda city: extracts.lines(city.who(UNIT_HEAD), [ticket_id], city.vault, True)))


def _finds(stage: Stage, ticket_id: int, words: str) -> set[int]:
    stage.play(lambda city: city.index(ticket_id))
    return {row.id for row in stage.read(lambda city: queries.find(city.who(UNIT_HEAD), words)).rows}
