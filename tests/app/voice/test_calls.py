"""Whole calls, from the first ring to the last word, with the carrier played and everything else real."""

from urllib.parse import urlsplit

from sqlalchemy import select
from telephone import CALLER, EMERGENCY, LINE, Operator, Telephone

from app.voice import documents
from calls import outgoing
from calls.models import Callback, Recording, SurveyAnswer, TelephonyEvent, Voicemail
from db import db
from routing import service as routing
from simulator.post import Reply
from tickets import service
from tickets.intake import Intake
from tickets.models import Ticket
from tickets.permissions import VISITOR


def heard(line) -> str:
    return "\n".join(one.text for one in line.heard)


def test_answered(telephone: Telephone, operator: Operator):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    assert "录音" in heard(line)
    assert operator.state()["seat"]["state"] == "offered"
    operator.pick_up()
    telephone.pass_(3)
    state = operator.state()
    assert state["call"]["state"] == "TALKING" and state["call"]["number"] == "138****8000"
    telephone.pass_(30)
    operator.order("hang_up")
    telephone.pass_(8)
    line.press("1")
    telephone.pass_(8)
    line.press("1")
    telephone.pass_(10)
    assert line.is_over and operator.state()["seat"]["state"] == "wrap_up"
    call = telephone.call()
    assert (call.state, call.end_reason, call.ended_by) == ("ENDED", "completed", "operator")
    assert 30 <= call.talk_seconds <= 34 and call.queue_seconds >= 1
    assert abs(telephone.network.truth.talk_seconds(line.sid) - call.talk_seconds) <= 2
    answers = select(SurveyAnswer.question, SurveyAnswer.answer)
    assert telephone.read(lambda: dict(db.session.execute(answers).all())) == {"satisfied": 3, "solved": 1}
    telephone.pass_(60)
    found = telephone.read(lambda: db.session.execute(select(Recording.state, Recording.deleted_there_at)).all())
    assert [state for state, _ in found] == ["stored"] and found[0].deleted_there_at is not None
    number = operator.post(f"/calls/{call.id}/close", disposition="answered")["number"]
    ticket = telephone.read(lambda: db.session.get_one(Ticket, call.ticket_id).state)
    assert number and ticket == "ANSWERED"
    assert operator.state()["seat"]["state"] == "ready"


def surveyed(telephone: Telephone, operator: Operator):
    """A caller who is asked how it was."""
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(10)
    operator.order("hang_up")
    telephone.pass_(8)
    return line


def test_question_without_a_key_is_asked_once_more_and_then_left(telephone: Telephone, operator: Operator):
    line = surveyed(telephone, operator)
    telephone.pass_(40)
    assert line.is_over and heard(line).count("满意请按1") == 2
    assert telephone.read(lambda: db.session.scalars(select(SurveyAnswer.answer)).all()) == []


def test_question_with_a_wrong_key_is_asked_once_more_and_then_the_next(telephone: Telephone, operator: Operator):
    line = surveyed(telephone, operator)
    line.press("7")
    telephone.pass_(5)
    assert heard(line).count("满意请按1") == 2 and "得到答复" not in heard(line)
    line.press("7")
    telephone.pass_(5)
    line.press("1")
    telephone.pass_(5)
    assert telephone.read(lambda: db.session.scalars(select(SurveyAnswer.question)).all()) == ["solved"]
    assert heard(line).count("满意请按1") == 2


def test_gives_up_waiting(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(60)
    assert telephone.call().state == "QUEUED"
    line.hang_up()
    telephone.pass_(5)
    call = telephone.call()
    assert (call.state, call.end_reason) == ("ENDED", "abandoned_queue")
    assert telephone.read(lambda: db.session.scalars(select(Callback.reason)).all()) == ["missed"]


def test_who_waits_while_nobody_is_there_is_told_so(telephone: Telephone, operator: Operator):
    operator.post("/seat", action="pause", reason="rest")
    line = telephone.phone().dial(LINE)
    telephone.pass_(30)
    assert "现在没有话务员可以接听" in heard(line) and "按1由我们给您回电" in heard(line)
    assert "您是下一位" not in heard(line)
    operator.post("/seat", action="ready")
    telephone.phone("+8613800138001").dial(LINE)
    telephone.pass_(2)
    other = telephone.phone("+8613800138002").dial(LINE)
    telephone.pass_(30)
    assert "前面还有" in heard(other) or "您是下一位" in heard(other)
    assert "现在没有话务员可以接听" not in heard(other)


def test_would_rather_be_called_back(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(40)
    line.press("1")
    telephone.pass_(20)
    assert line.is_over and "回电" in heard(line)
    assert telephone.call().end_reason == "callback"
    assert telephone.read(lambda: db.session.scalars(select(Callback.reason)).all()) == ["asked"]


def test_leaves_a_message(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(40)
    line.press("2")
    telephone.pass_(8)
    line.speak(12)
    assert telephone.read(lambda: outgoing.count_waiting(telephone.now)) == 0, "nobody rings who is still speaking"
    telephone.pass_(12)
    line.press("#")
    telephone.pass_(30)
    assert line.is_over and telephone.read(lambda: outgoing.count_waiting(telephone.now)) == 1
    assert telephone.call().end_reason == "voicemail"
    assert telephone.read(lambda: db.session.scalars(select(Callback.reason)).all()) == ["voicemail"]


def test_emergency_is_handed_over(telephone: Telephone):
    telephone.phone(EMERGENCY).answers(after=3)
    line = telephone.phone().dial(LINE)
    telephone.pass_(5)
    line.press("9")
    telephone.pass_(4)
    line.press("1")
    telephone.pass_(20)
    assert telephone.call().state == "EMERGENCY"
    line.hang_up()
    telephone.pass_(5)
    assert telephone.call().end_reason == "emergency"


def test_emergency_without_a_key_waits_first_and_is_not_asked_to_ring_off(
    telephone: Telephone, operator: Operator
):
    telephone.phone("+8613800138001").dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.phone("+8613800138002").dial(LINE)
    line = telephone.phone().dial(LINE)
    telephone.pass_(5)
    line.press("9")
    telephone.pass_(60)
    _, before, urgent = telephone.calls()
    assert urgent.state == "QUEUED" and urgent.priority > before.priority
    assert "您是下一位" in heard(line) and "给您回电" not in heard(line)


def test_emergency_that_nobody_answers_comes_to_an_operator_first(telephone: Telephone):
    telephone.phone("+8613800138001").dial(LINE)
    telephone.pass_(20)
    telephone.phone(EMERGENCY).is_busy()
    line = telephone.phone(CALLER).dial(LINE)
    telephone.pass_(5)
    line.press("9")
    telephone.pass_(4)
    line.press("1")
    telephone.pass_(30)
    first, second = telephone.calls()
    assert second.state == "QUEUED" and second.priority > first.priority and second.epoch == 2


def test_operators_browser_dies_and_comes_back(telephone: Telephone, operator: Operator):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(10)
    operator.line.vanish(1)
    telephone.pass_(5)
    assert operator.state()["call"]["interrupted"]
    operator.connect(operator.post("/rejoin")["token"])
    telephone.pass_(20)
    assert telephone.call().state == "TALKING" and not operator.state()["call"]["interrupted"]
    assert not line.is_over and not operator.state()["call"]["is_held"]
    operator.order("hang_up")
    telephone.pass_(30)
    assert telephone.call().end_reason == "completed"


def test_line_that_died_is_noticed_after_the_new_one_has_come(telephone: Telephone, operator: Operator):
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(10)
    operator.line.vanish(10)
    telephone.pass_(2)
    operator.connect(operator.post("/rejoin")["token"])
    telephone.pass_(30)
    call = telephone.call()
    assert call.state == "TALKING" and call.interrupted_at is None and call.epoch == 1


def test_operators_browser_dies_for_good(telephone: Telephone, operator: Operator, new_operator):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(10)
    operator.close_page()
    telephone.pass_(17)
    call = telephone.call()
    assert (call.state, call.epoch) == ("QUEUED", 2) and "优先" in heard(line)
    other = new_operator(telephone)
    telephone.pass_(2)
    other.pick_up()
    telephone.pass_(5)
    assert telephone.call().state == "TALKING" and telephone.call().staff_id == other.person.id
    other.order("hang_up")
    telephone.pass_(30)
    assert telephone.call().state == "ENDED"
    telephone.pass_(60)
    assert telephone.seats()[operator.person.id] == "offline"


def test_three_of_them_talk(telephone: Telephone, operator: Operator):
    unit = telephone.read(lambda: routing.current().units["9901.heat"])
    telephone.phone(unit.phone).answers(after=3, then=())
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(5)
    operator.order("consult", department=unit.id)
    telephone.pass_(3)
    assert operator.state()["call"]["is_held"]
    telephone.pass_(6)
    [ringing] = telephone.phone(unit.phone).calls
    ringing.press("1")
    telephone.pass_(3)
    [party] = operator.state()["call"]["parties"]
    assert party["status"] == "joined"
    operator.order("unhold")
    telephone.pass_(3)
    assert not operator.state()["call"]["is_held"]
    operator.order("hang_up")
    telephone.pass_(5)
    assert not line.is_over and operator.state()["seat"]["state"] == "wrap_up"
    ringing.hang_up()
    line.hang_up()
    telephone.pass_(5)
    assert telephone.call().state == "ENDED"


def test_department_that_does_not_answer_gives_the_caller_back(telephone: Telephone, operator: Operator):
    unit = telephone.read(lambda: routing.current().units["9901.heat"])
    telephone.phone(unit.phone).is_busy()
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(5)
    operator.order("consult", department=unit.id)
    telephone.pass_(10)
    call = operator.state()["call"]
    assert not call["is_held"] and call["parties"][0]["status"] == "busy"


def test_supervisor_listens_and_whispers(telephone: Telephone, operator: Operator, new_staff, new_browser):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(5)
    person, browser = new_staff(("supervisor", None)), new_browser()
    browser.sign_in(person.login)
    app = telephone.app.extensions["hotline"].twilio_app_sid
    call = telephone.call()
    for whisper, hears_caller in (("", True), ("1", True)):
        answer = browser.post(f"/desk/phone/calls/{call.id}/listen", {"whisper": whisper})
        assert answer.status_code == 200
        ear = telephone.network.browser(f"op_{person.id}").connect(app, {"t": answer.json["token"]})
        telephone.pass_(3)
        [room] = [one for one in telephone.network.conferences.values() if one.status != "completed"]
        [member] = [one for one in room.participants if one.leg is ear]
        assert member.muted != bool(whisper) and bool(member.coaching) == bool(whisper) and hears_caller
        assert telephone.call().state == "TALKING" and not line.is_over
        ear.hang_up()
        telephone.pass_(3)
    assert operator.browser.post(f"/desk/phone/calls/{call.id}/listen", {}).status_code == 403


def test_recording_is_paused_while_an_identity_number_is_read(telephone: Telephone, operator: Operator):
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(5)
    [recording] = telephone.network.recordings.all.values()
    operator.order("pause_recording")
    telephone.pass_(2)
    assert recording.status == "paused"
    operator.order("resume_recording")
    telephone.pass_(2)
    assert recording.status == "in-progress"


def fail_once(telephone: Telephone, path: str) -> list[str]:
    """The product does not answer the next request for a document at that path. Returns what was asked since."""
    deliver, asked = telephone.network.post.deliver, []

    def failing(webhook):
        asked.append(urlsplit(webhook.url).path)
        return Reply(502) if asked.count(path) == 1 and asked[-1] == path else deliver(webhook)

    telephone.network.post.deliver = failing
    return asked


def test_waiting_that_breaks_while_an_operator_comes_takes_no_message(telephone: Telephone, operator: Operator):
    music = f"{telephone.base}{documents.HOLD_MUSIC}"
    telephone.network.durations[music] = 1.0  # so that waiting is asked for again while the operator connects
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    token = operator.post(f"/offers/{operator.state()['offer']['id']}/accept")["token"]
    asked = fail_once(telephone, "/voice/wait")
    while "/voice/fallback" not in asked:
        telephone.pass_(0.5)
    assert telephone.call().state == "CONNECTING" and "/voice/voicemail" not in asked
    operator.connect(token)
    telephone.pass_(5)
    call = telephone.call()
    assert call.state == "TALKING" and "嘀声" not in heard(line) and not line.is_over


def test_choice_in_the_queue_that_fails_is_not_lost(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    deliver = telephone.network.post.deliver

    def late(webhook):
        """The request is acted on, and the answer does not arrive."""
        answer = deliver(webhook)
        return Reply(502) if urlsplit(webhook.url).path == "/voice/waitkey" else answer

    telephone.network.post.deliver = late
    line.press("1")
    telephone.pass_(10)
    assert line.is_over and telephone.call().end_reason == "callback"


def test_who_fails_on_the_way_to_the_operator_is_led_there_again(telephone: Telephone, operator: Operator):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    asked = fail_once(telephone, "/voice/join")
    operator.pick_up()
    telephone.pass_(3)
    assert asked.count("/voice/join") == 2 and "/voice/fallback" in asked
    assert telephone.call().state == "TALKING" and not line.is_over
    assert telephone.read(lambda: list(db.session.scalars(select(Voicemail.call_id)))) == []


def test_recording_goes_on_for_who_comes_back_after_a_pause(telephone: Telephone, operator: Operator):
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(5)
    [recording] = telephone.network.recordings.all.values()
    operator.order("pause_recording")
    telephone.pass_(2)
    operator.line.vanish(1)
    telephone.pass_(5)
    assert recording.status == "paused"
    operator.connect(operator.post("/rejoin")["token"])
    telephone.pass_(5)
    assert recording.status == "in-progress" and operator.state()["call"]["recording"] == "on"
    operator.order("pause_recording")
    telephone.pass_(5)
    assert recording.status == "paused"


def test_recording_goes_on_for_another_operator_after_a_pause(
    telephone: Telephone, operator: Operator, new_operator
):
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(5)
    [recording] = telephone.network.recordings.all.values()
    operator.order("pause_recording")
    telephone.pass_(2)
    operator.close_page()
    telephone.pass_(17)
    other = new_operator(telephone)
    telephone.pass_(2)
    other.pick_up()
    telephone.pass_(5)
    assert telephone.call().state == "TALKING" and telephone.call().epoch == 2
    assert recording.status == "in-progress" and other.state()["call"]["recording"] == "on"


def test_status_is_told_in_the_callers_language(telephone: Telephone):
    def register() -> tuple[str, str]:
        intake = Intake(content="路灯不亮", channel="web", phone="13800138000", place="明德路1号")
        opened = service.open_ticket(VISITOR, telephone.now, intake, telephone.app.extensions["vault"])
        return opened.ticket.number or "", opened.code

    number, code = telephone.read(register)
    line = telephone.phone().dial(LINE)
    telephone.pass_(3)
    line.press("3")
    telephone.pass_(8)
    line.press(f"{number}#")
    telephone.pass_(8)
    line.press(f"{code}#")
    telephone.pass_(12)
    assert "您查询的诉求" in heard(line)
    line.press("1")
    telephone.pass_(5)
    assert telephone.call().state == "QUEUED"
    kept = telephone.read(lambda: str(db.session.scalars(select(TelephonyEvent.payload)).all()))
    assert code not in kept and number not in kept and "13800138000" not in kept


def test_number_is_asked_for_twice_before_an_operator_is(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(3)
    line.press("3")
    telephone.pass_(60)
    assert heard(line).count("请输入15位受理编号") == 2 and telephone.call().state == "QUEUED"


def test_english_has_the_notice_and_the_keys_in_english(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(3)
    line.press("8")
    telephone.pass_(12)
    said = heard(line).partition("Welcome")[2]
    assert "recorded" in said and "Press 3" in said and "9 for an emergency" in said
    assert telephone.call().state == "QUEUED" and telephone.call().lang == "en"


def test_keys_of_the_english_menu_lead_on_in_english(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(3)
    line.press("8")
    telephone.pass_(4)
    line.press("3")
    telephone.pass_(8)
    assert "15 digits of your ticket number" in heard(line)
    other = telephone.phone("+8613800138001").dial(LINE)
    telephone.pass_(3)
    other.press("8")
    telephone.pass_(4)
    other.press("9")
    telephone.pass_(8)
    assert "Press 1 for the police" in heard(other)


def test_wrong_code_three_times_leads_to_an_operator(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(3)
    line.press("3")
    for _ in range(3):
        telephone.pass_(8)
        line.press("202601010000017#")
        telephone.pass_(8)
        line.press("123456789012#")
    telephone.pass_(12)
    assert telephone.call().state == "QUEUED" and "为您转接人工" in heard(line)
