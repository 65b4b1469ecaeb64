"""A report of wrongdoing: rooms of its own; the unit's lead handles it and does not learn who reported."""

from scenes import GATE

from .cases import LOGINS, SECOND, STRANGER, URBAN, Intruder, Office
from .markup import form_to

LEAD = "lead-wanghe"
REPORT = {
    "type": "report",
    "content": "举报占道经营摊贩背后有人包庇，请为我保密。",
    "region_code": "990102",
    "name": "王五娘",
    "phone": "13800138009",
    "address": "书院社区3号楼",
}
IDENTITY = ("王五娘", "13800138009", "138****8009", "书院社区3号楼")


def test_a_report_is_handled_by_those_who_are_trusted_with_it(office: Office) -> None:
    urban = Intruder(LOGINS[URBAN])
    for login in (LOGINS[URBAN], "dispatcher", LEAD):
        office.screen(login)
    case = office.complaint(**REPORT)
    case.intruders = [urban, Intruder("dispatcher"), Intruder("handler-heat"), SECOND, STRANGER]
    assert case.state == "TO_DISPATCH" and case.rooms == {"city/c", "triage/c"}

    case.step("supervisor", "dispatch", lead=str(office.unit(URBAN)), assists=None)
    assert case.rooms == {"city/c", f"dept:{office.unit(URBAN)}/c"}
    lead = office.who(LEAD)
    assert lead.has_on("to_sign", case.id)
    for action in ("sign", "handle", "reply"):
        fields = {"handle_note": "已暗访", "public_reply": "已经查处。", "internal_note": "内部记录。"}
        wanted = {"sign": (), "handle": ("handle_note",), "reply": ("public_reply", "internal_note")}[action]
        gate = GATE if action == "reply" else {}
        case.step(LEAD, action, unit=URBAN, **{name: fields[name] for name in wanted}, **gate)
    assert case.state == "TO_REVIEW"


def test_who_reported_stays_in_the_centre(office: Office) -> None:
    case = office.complaint(**REPORT)
    case.step("supervisor", "dispatch", lead=str(office.unit(URBAN)))
    page = office.who(LEAD).page(case.path)
    assert not [value for value in IDENTITY if value in page] and "/reveal" not in page
    fields = {"field": "phone", "reveal_reason": "想知道是谁"}
    for login, status in ((LEAD, 403), (LOGINS[URBAN], 404), ("operator2", 404), ("dispatcher", 403)):
        refused = office.who(login).post(f"{case.path}/reveal", fields)
        assert refused.status_code == status, login
        assert not [value for value in IDENTITY if value in refused.text]
    assert "contact.revealed" not in case.kinds()

    supervisor, path = office.who("supervisor"), f"{case.path}/reveal"
    form = form_to(supervisor.page(case.path), path).filled(**fields)
    assert "13800138009" in supervisor.send(form).text and case.kinds()[-1] == "contact.revealed"
    assert "13800138009" not in supervisor.page(case.path)
