"""Chinese unless somebody chose otherwise, and the choice is kept."""

import pytest


def language_of(answer) -> str:
    return "en" if '<html lang="en">' in answer.text else "zh"


def test_a_page_opens_in_chinese_whatever_the_browser_prefers(client):
    assert language_of(client.get("/", headers={"Accept-Language": "en-GB,en"})) == "zh"


def test_a_choice_is_kept(client):
    assert language_of(client.get("/?lang=en")) == "en"
    assert language_of(client.get("/complain")) == "en"
    assert language_of(client.get("/?lang=zh")) == "zh"
    assert language_of(client.get("/")) == "zh"


@pytest.mark.parametrize("asked", ["fr", "", "../../en", "en;drop", "zh-TW"])
def test_a_language_there_is_not_changes_nothing(client, asked):
    answer = client.get("/", query_string={"lang": asked})
    assert language_of(answer) == "zh" and "Set-Cookie" not in answer.headers


def test_the_switch_keeps_the_rest_of_the_address(client):
    page = client.get("/status?x=1&lang=en").text
    assert 'href="/status?x=1&amp;lang=zh"' in page


def test_public_pages_set_no_cookie(client):
    for path in ("/", "/complain", "/status"):
        assert "Set-Cookie" not in client.get(path).headers
