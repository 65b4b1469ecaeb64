"""Named matters from their beginning to their end, each person concerned in a window of their own."""

from collections.abc import Callable

import pytest
from flows.cases import HEAT, HOUSING, LOGINS, URBAN, Case, Office
from flows.markup import receipt_of
from flows.test_overdue import SWEPT_WITHIN, make_overdue
from playwright.sync_api import Page, expect
from scenes import GATE

from .test_flows import DESKTOP, act

pytestmark = pytest.mark.browser

Window, SignIn = Callable[..., Page], Callable[..., Page]
NOBODYS = {"content": "这件事情实在说不清归谁，请你们管一管。", "region_code": "990102", "phone": "13800138021"}
"""What no rule knows: it waits for a dispatcher."""
HEAD, CITY_HEAD = "lead-wanghe", "lead-city"
REPORT = {
    "type": "report",
    "content": "王五娘举报：占道摊贩背后有人包庇。请勿透露我住书院社区3号楼2单元，电话13800138009。",
    "region_code": "990102",
    "name": "王五娘",
    "phone": "13800138009",
    "address": "书院社区3号楼2单元",
}
IDENTITY = ("王五娘", "13800138009", "****8009", "3号楼")


def complain(page: Page, office: Office, **fields: str) -> Case:
    """A citizen writes in, and keeps number and code."""
    start = office.last_seq()
    page.goto("/complain")
    for name, text in fields.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(text)
            continue
        for details in page.locator("details", has=field).all():
            if details.get_attribute("open") is None:
                details.locator("> summary").click()
        field.fill(text)
    page.click("main form button")
    expect(page.locator("main .key").first).to_be_visible()
    number, code = receipt_of(page.content())
    case = Case(office, office.ticket(number), start, number, code)
    case.intruders = []
    return case


def look_up(page: Page, case: Case) -> None:
    """What the citizen reads is on the page from here on."""
    page.goto("/status")
    page.fill("[name=number]", case.number)
    page.fill("[name=code]", case.code)
    page.click("main form button")


def rate(page: Page, case: Case, solved: str, satisfied: str) -> None:
    look_up(page, case)
    page.check(f"[name=solved][value={solved}]")
    page.check(f"[name=satisfied][value='{satisfied}']")
    page.locator("form[action$='/rate'] button").click()
    expect(page.locator("form[action$='/rate']")).to_have_count(0)


def reply(page: Page, case: Case, words: str) -> None:
    """Sign, and end the matter as the unit sees it."""
    act(page, case.path, "sign")
    act(page, case.path, "reply", public_reply=words, internal_note="内部：已核实。", **GATE)


def refuse(page: Page, case: Case, suggested: str) -> None:
    ground = {"return_reason": "not_our_duty", "return_note": "非我单位管护", "legal_basis": "城市道路管理条例"}
    act(page, case.path, "request_return", **ground, suggested=suggested)


def test_the_manhole_that_two_units_refuse(new_window: Window, sign_in: SignIn, office: Office) -> None:
    """Citizen, dispatcher, two handlers, the city office: refused twice, designated, not to be refused again."""
    citizen = new_window(**DESKTOP)
    case = complain(citizen, office, **NOBODYS)
    urban, heat = str(office.unit(URBAN)), str(office.unit(HEAT))
    dispatcher, first = sign_in("dispatcher", **DESKTOP), sign_in(LOGINS[URBAN], **DESKTOP)
    act(dispatcher, case.path, "dispatch", lead=urban)
    refuse(first, case, suggested=heat)
    act(dispatcher, case.path, "redispatch", lead=heat, decision_note="按管护界线改派。")
    second = sign_in(LOGINS[HEAT], **DESKTOP)
    refuse(second, case, suggested=urban)
    dispatcher.goto(case.path)
    expect(dispatcher.locator(f"form[action='{case.path}/redispatch']")).to_have_count(0)
    act(dispatcher, case.path, "concede", decision_note="双方均有依据，提请裁定。")
    look_up(citizen, case)
    expect(citizen.locator("h1")).to_have_text("部门职责有争议，热线正在裁定。")

    adjudicator = sign_in("office", **DESKTOP)
    adjudicator.goto("/desk?board=disputed")
    expect(adjudicator.locator(f"tr[data-id='{case.id}']")).to_be_visible()
    act(adjudicator, case.path, "designate", lead=urban, decision_note="以属地为准，先办后议。")
    first.goto(case.path)
    expect(first.locator(f"form[action='{case.path}/sign']")).to_have_count(1)
    expect(first.locator(f"form[action='{case.path}/request_return']")).to_have_count(0)
    look_up(citizen, case)
    expect(citizen.locator("dl.facts")).to_contain_text("望河区城市管理局")
    for unit in ("望河区城市管理局", "东河市热力有限公司"):
        said = citizen.locator("ol.line li", has_text="不属于其职责").filter(has_text=unit)
        expect(said).to_contain_text("非本单位职责")
    expect(citizen.locator("main")).not_to_contain_text("非我单位管护")


def test_the_water_cut_with_three_merged_callers(new_window: Window, sign_in: SignIn, office: Office) -> None:
    """Four citizens, a lead and two helpers: one visit, one missing part waived, one reply, an answer for each."""
    citizen = new_window(**DESKTOP)
    case = complain(citizen, office, **NOBODYS)
    others = [office.complaint(**NOBODYS | {"phone": f"1380013803{one}"}) for one in range(3)]
    supervisor, lead = sign_in("supervisor", **DESKTOP), sign_in(LOGINS[URBAN], **DESKTOP)
    helpers = [str(office.unit(unit)) for unit in (HOUSING, HEAT)]
    act(supervisor, case.path, "dispatch", lead=str(office.unit(URBAN)), assists=helpers)
    act(supervisor, case.path, "take_in", others=" ".join(one.number for one in others))
    look_up(citizen, others[0])
    expect(citizen.locator("dl.facts")).to_contain_text("望河区城市管理局")
    expect(citizen.locator("main")).not_to_contain_text(case.number)

    act(lead, case.path, "sign")
    meeting = {"meeting_kind": "visit", "meeting_at": "2035-03-02T14:00", "meeting_place": "明德路阀门井"}
    act(lead, case.path, "schedule", **meeting)
    act(lead, case.path, "minute", minutes="三方确认爆管位置。")
    expect(lead.locator(f"form[action='{case.path}/reply']")).to_have_count(0)  # two parts are missing
    helper = sign_in(LOGINS[HEAT], **DESKTOP)
    act(helper, case.path, "sign")
    expect(helper.locator("main")).to_contain_text("三方确认爆管位置")
    act(helper, case.path, "contribute", internal_note="内部：阀门已关。")
    act(lead, case.path, "waive", waive_reason="路面不需开挖，无需住建配合。")
    words = {"public_reply": "主管网已抢修完毕，恢复供水。", "internal_note": "内部：已核实。"}
    act(lead, case.path, "reply", **words, **GATE)
    act(supervisor, case.path, "accept")

    for one, solved in zip((case, *others), ("yes", "yes", "no", "yes"), strict=True):
        look_up(citizen, one)
        expect(citizen.locator("main")).to_contain_text("恢复供水")
        expect(citizen.locator("main")).not_to_contain_text("阀门已关")
        rate(citizen, one, solved, "3" if solved == "yes" else "1")
    assert [one.state for one in (case, *others)] == ["CLOSED", "CLOSED", "IN_PROGRESS", "CLOSED"]


def test_the_report_whose_reporter_stays_hidden(new_window: Window, sign_in: SignIn, office: Office) -> None:
    """Citizen, supervisor, the unit's head: on the page, on paper and over the socket there is nobody."""
    case = complain(new_window(**DESKTOP), office, **REPORT)
    head, heard = sign_in(HEAD, **DESKTOP), list[str]()
    head.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    head.goto("/desk?board=to_sign")
    expect(head.locator(".lamp")).to_have_attribute("data-live", "yes")
    supervisor = sign_in("supervisor", **DESKTOP)
    act(supervisor, case.path, "dispatch", lead=str(office.unit(URBAN)))
    expect(head.locator("#fresh")).to_be_visible()
    shown = [head.content()]
    head.click("#fresh")
    expect(head.locator(f"tr[data-id='{case.id}']").first).to_be_visible()
    for path in ("/desk?board=to_sign", case.path, f"{case.path}/print", "/notices"):
        head.goto(path)
        shown.append(head.content())
    assert any(str(case.id) in frame for frame in heard)
    assert [value for value in IDENTITY if any(value in text for text in (*shown, *heard))] == []
    head.goto(case.path)
    expect(head.locator("form[action$='/reveal'], form[action$='/task_sheet']")).to_have_count(0)
    handler = sign_in(LOGINS[URBAN], **DESKTOP)
    answer = handler.goto(case.path)
    assert answer is not None and answer.status == 404


def test_not_solved_twice_and_once_more(new_window: Window, sign_in: SignIn, office: Office) -> None:
    """The same unit, then the one above it, then a person judges the bad word; nothing of it is rewritten."""
    citizen = new_window(**DESKTOP)
    case = complain(citizen, office, **NOBODYS)
    supervisor = sign_in("supervisor", **DESKTOP)
    act(supervisor, case.path, "dispatch", lead=str(office.unit(URBAN)))
    handler, head = sign_in(LOGINS[URBAN], **DESKTOP), sign_in(HEAD, **DESKTOP)
    said = ("坑已经填平。", "坑已经重新填平。", "已开挖重做路基。")
    for person, words in zip((handler, handler, head), said, strict=True):
        reply(person, case, words)
        act(supervisor, case.path, "accept")
        rate(citizen, case, "no", "1")
    assert case.state == "CLOSED"
    supervisor.goto("/desk?board=badly_rated")
    expect(supervisor.locator(f"tr[data-id='{case.id}']")).to_be_visible()
    act(supervisor, case.path, "reopen", redo_reason="经实地核查，市民评价合理。")
    expect(supervisor.locator("ol.line li", has_text="未解决 · 不满意")).to_have_count(3)
    for words in said:
        expect(supervisor.get_by_role("region", name="办理过程")).to_contain_text(words)
    upper = sign_in(CITY_HEAD, **DESKTOP)
    upper.goto(case.path)
    expect(upper.locator(f"form[action='{case.path}/sign']")).to_have_count(1)


def test_more_time_asked_for_and_granted(new_window: Window, sign_in: SignIn, office: Office) -> None:
    """Citizen, handler, the unit's head, the supervisor: what was first promised stays beside what is now."""
    citizen = new_window(**DESKTOP)
    case = complain(citizen, office, **NOBODYS)
    supervisor, head = sign_in("supervisor", **DESKTOP), sign_in(HEAD, **DESKTOP)
    act(supervisor, case.path, "dispatch", lead=str(office.unit(URBAN)))
    look_up(citizen, case)
    promised = citizen.locator("dl.facts time").last.get_attribute("datetime")
    act(head, case.path, "sign")
    act(head, case.path, "ask_extension", days="3", extension_reason="配件未到货。")
    supervisor.goto("/desk?board=extensions")
    expect(supervisor.locator(f"tr[data-id='{case.id}']")).to_be_visible()
    act(supervisor, case.path, "grant_extension", decision_note="情况属实。")
    expect(supervisor.locator("main")).to_contain_text("延期后")
    expect(supervisor.locator(f"time[datetime='{promised}']")).to_have_count(1)
    look_up(citizen, case)
    now_promised = citizen.locator("dl.facts time").last.get_attribute("datetime")
    assert promised is not None and now_promised is not None and now_promised > promised
    expect(citizen.locator("ol.line")).to_contain_text("承办单位已获准延期")
    expect(citizen.locator("main")).not_to_contain_text("配件未到货")


def test_the_matter_of_an_enterprise_on_the_green_channel(
    new_window: Window, sign_in: SignIn, office: Office
) -> None:
    """Citizen, supervisor, handler, leader: shorter, the legal limit beside it, on a list of its own."""
    citizen = new_window(**DESKTOP)
    case = complain(citizen, office, **NOBODYS)
    supervisor, leader = sign_in("supervisor", **DESKTOP), sign_in("leader", **DESKTOP)
    act(supervisor, case.path, "dispatch", lead=str(office.unit(URBAN)))
    act(supervisor, case.path, "green", green_reason="重点项目开工在即。")
    leader.goto("/desk?board=green")
    expect(leader.locator(f"tr[data-id='{case.id}']")).to_be_visible()
    handler = sign_in(LOGINS[URBAN], **DESKTOP)
    handler.goto(case.path)
    handling = handler.locator("tr", has_text="法定时限")
    expect(handling).to_contain_text("3个工作日")
    expect(handler.locator("main")).to_contain_text("重点项目开工在即")
    look_up(citizen, case)
    expect(citizen.locator("ol.line")).to_contain_text("已进入绿色通道，时限缩短")
    expect(citizen.locator("main")).not_to_contain_text("重点项目开工在即")


def test_an_emergency_that_nobody_signs_for(sign_in: SignIn, office: Office) -> None:
    """The limit to sign is moved back, since nobody waits for it here: it signs, and whoever answers is told."""
    operator = sign_in("operator", **DESKTOP)
    operator.goto("/desk/tickets/new")
    operator.fill("[name=content]", "供热管道爆裂，热水喷到路上。")
    operator.fill("[name=phone]", "13800138022")
    operator.select_option("[name=urgency]", "critical")
    operator.click("form[data-draft] button.btn-primary")
    ticket = office.ticket(operator.locator("dd.key").first.inner_text().replace(" ", ""))
    assert office.product.ask("SELECT state FROM ticket WHERE id = %s", ticket) == "IN_PROGRESS"
    head = sign_in(CITY_HEAD, **DESKTOP)
    clock = "SELECT id FROM deadline WHERE ticket_id = %s AND clock = 'sign' AND stopped_at IS NULL"
    make_overdue(office.product, office.product.ask(clock, ticket))
    head.goto(f"/desk/tickets/{ticket}")
    expect(head.locator("#fresh")).to_be_visible(timeout=SWEPT_WITHIN * 1000)
    head.goto(f"/desk/tickets/{ticket}")
    expect(head.locator("main")).to_contain_text("逾期未签收，已自动签收")
    mine = head.locator(f"main a[href*='/desk/tickets/{ticket}']")
    for _ in range(20):  # the notice follows its event by a job
        head.goto("/notices")
        if mine.count():
            break
        head.wait_for_timeout(1000)
    expect(mine.first).to_be_visible()
