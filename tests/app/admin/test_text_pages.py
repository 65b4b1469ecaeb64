"""What callers hear: the city's own words in place of the shipped ones, for all lines or one, and back."""

import pytest

from app.admin.phone_wording import PLACES
from app.outbox import unit_of_work
from app.voice.documents import Speaker
from calls import texts

WAITING = "/admin/texts/waiting/zh"
OURS = "前面有{ahead}位，请您稍等。"


def said(office, key: str, line_no: str = "", lang: str = "zh") -> str:
    with office.app.app_context(), unit_of_work():
        return Speaker(lang, line_no).text(key, ahead=2)


def test_each_text_has_its_place_described():
    assert PLACES.keys() == texts.shipped().keys()


def test_shipped_words_need_what_they_say():
    assert texts.needed("waiting_minutes") == ("ahead", "minutes")
    assert texts.needed("welcome") == ()
    for key, bodies in texts.shipped().items():
        assert all(texts.checked(key, body) == body for body in bodies.values()), key


def test_the_city_words_it_for_all_and_one_line_for_itself_and_back(office):
    before = said(office, "waiting")
    assert office.send(WAITING, body=OURS).location == WAITING
    assert said(office, "waiting") == said(office, "waiting", "12315") == "前面有2位，请您稍等。"
    told = office.last_edit()
    assert (told.kind, told.payload["key"]) == ("reference.added", "waiting/zh")
    own = f"{WAITING}?line=12315"
    assert OURS in office.get(own).text, "what is said now is what one begins from"
    assert office.send(own, WAITING, body="市场监管：还有{ahead}位。").location == own
    assert said(office, "waiting", "12315") == "市场监管：还有2位。"
    assert said(office, "waiting") == "前面有2位，请您稍等。"
    assert office.last_edit().payload["key"] == "waiting/zh/12315"
    assert "市场监管" in office.get("/admin/texts?line=12315").text
    assert "市场监管" not in office.get("/admin/texts").text and OURS in office.get("/admin/texts").text
    assert office.send(own, f"{WAITING}/shipped").location == own
    assert said(office, "waiting", "12315") == "前面有2位，请您稍等。"
    office.send(WAITING, f"{WAITING}/shipped")
    assert said(office, "waiting") == before
    assert office.last_edit().payload["after"] == {"body": ""}
    assert f'action="{WAITING}/shipped"' not in office.get(WAITING).text


@pytest.mark.parametrize(
    ("key", "lang", "body", "missing"),
    [
        ("welcome", "zh", "欢迎致电。", ["3", "8", "9", texts.NOTICE]),
        ("welcome", "zh", "您好。通话将被录音。查进度按3，English 8，紧急9。", []),
        ("welcome", "en", "Hello. Calls are recorded. Press 3 or 9, or hold for 15 seconds.", []),
        ("waiting_long", "zh", "还有{ahead}位。", []),
        ("survey_solved", "zh", "您的问题得到答复了吗？是请按1。", ["2"]),
        ("welcome", "zh", "https://sounds.example/welcome.mp3", []),
    ],
)
def test_what_the_shipped_words_tell_and_others_do_not(key: str, lang: str, body: str, missing: list[str]):
    assert texts.lacks(key, lang, body) == missing


def test_a_welcome_without_its_keys_is_taken_and_warned_of(office):
    path = "/admin/texts/welcome/zh"
    assert office.send(path, body="欢迎致电。").location == path
    said = office.get(path).text
    assert "alert-warning" in said and "按键9" in said and "录音的告知" in said
    office.send(path, f"{path}/shipped")
    assert "alert-warning" not in office.get(path).text


def test_words_taken_back_and_set_again_do_not_pass_for_the_old_ones(office):
    path = "/admin/texts/goodbye/zh"
    office.send(path, body="再会。")
    old = office.form(path).filled(body="第二人的话")
    office.send(path, f"{path}/shipped")
    office.send(path, body="第一人的话")
    answer = office.post(old)
    assert answer.status_code == 409
    assert "第二人的话</textarea>" in answer.text and "<ins>第一人的话</ins>" in answer.text


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("waiting", "请稍候。"),
        ("waiting", "还有{ahead}位，等{minutes}分钟。"),
        ("waiting", "还有{ahead位。{ahead}"),
        ("waiting", "https://sound.example/waiting.wav"),
        ("welcome", "http://sound.example/welcome.wav"),
        ("welcome", "https://"),
        ("welcome", "https://sound.example/a b.wav"),
        ("welcome", ""),
        ("welcome", "好" * 3001),
    ],
)
def test_what_could_not_be_said_is_refused_and_stays_typed(office, key, body):
    path = f"/admin/texts/{key}/zh"
    before = said(office, key)
    answer = office.send(path, body=body)
    assert answer.status_code == 422 and 'id="body-fault"' in answer.text
    assert f"{body}</textarea>" in answer.text
    assert said(office, key) == before


def test_a_recording_is_played(office):
    path, address = "/admin/texts/hold/en", "https://sound.example/hold.wav"
    assert office.send(path, body=address).status_code == 303
    assert f'href="{address}"' in office.get(path).text
    assert said(office, "hold", lang="en") == address


def test_one_may_look_before_it_is_stored(office):
    before, count = said(office, "welcome"), office.edits()
    page = office.send("/admin/texts/welcome/zh", body="您好，{hotline}为您服务。", **{"try": "1"})
    assert page.status_code == 200 and "<q>您好，东河市12345政务服务便民热线为您服务。</q>" in page.text
    assert "{hotline}为您服务。</textarea>" in page.text
    assert said(office, "welcome") == before and office.edits() == count
    assert office.send("/admin/texts/waiting/zh", body="x", **{"try": "1"}).status_code == 422


def test_what_is_said_without_the_database_cannot_be_changed_and_others_are_not_there(office):
    listed = office.get("/admin/texts").text
    assert "/admin/texts/hold/zh" in listed and "/admin/texts/sorry/" not in listed
    assert office.browser.post("/admin/texts/sorry/zh", {"version": 0, "body": "x"}).status_code == 404
    paths = ("/admin/texts/nothing/zh", "/admin/texts/hold/fr", f"{WAITING}?line=99999")
    assert [office.get(path).status_code for path in paths] == [404] * 3
