"""What number and query code open, and what everything else does not."""

import pytest

from .cases import HOUSING, Office
from .people import JSON, Person
from .test_web_complaint import MATTER, PERSONAL

NO_NUMBER = "202001010000007"
NO_CODE = "000000000000"


@pytest.fixture
def citizen(office: Office) -> Person:
    return office.stranger()


def _answer(citizen: Person, number: str, code: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body without what was typed, and what of the headers may tell two answers apart."""
    answer = citizen.post("/status", {"number": number, "code": code}, headers=headers)
    kept = {name: value for name, value in answer.headers.items() if name not in ("Date", "Set-Cookie")}
    body = answer.content
    for typed in (number, code):
        body = body.replace(f'value="{typed}"'.encode(), b'value=""')
    return answer.status_code, body, kept


@pytest.mark.parametrize("headers", [{}, JSON])
def test_a_wrong_number_and_a_wrong_code_look_the_same(
    office: Office, citizen: Person, headers: dict[str, str]
) -> None:
    case = office.complaint(**MATTER)
    wrong_code = _answer(citizen, case.number, NO_CODE, **headers)
    assert wrong_code[0] == 404
    assert _answer(citizen, NO_NUMBER, case.code, **headers) == wrong_code
    assert _answer(citizen, NO_NUMBER, NO_CODE, **headers) == wrong_code
    if headers == JSON:
        assert _answer(citizen, "", "", **headers) == wrong_code
    assert wrong_code[2]["Cache-Control"] == "no-store"


def test_after_five_wrong_codes_the_right_one_waits_too(office: Office, citizen: Person) -> None:
    case, other = office.complaint(**MATTER), office.complaint(**MATTER)
    for last in range(5):
        assert _answer(citizen, case.number, f"00000000000{last}")[0] == 404
    status, _, headers = _answer(office.stranger(), case.number, case.code)
    assert status == 429 and 0 < int(headers["Retry-After"]) <= 16 * 60
    forged = _answer(citizen, case.number, case.code, **{"X-Forwarded-For": "203.0.113.9"})
    assert forged[0] == 429
    assert _answer(citizen, other.number, other.code)[0] == 200
    office.forget_guesses()
    assert _answer(citizen, case.number, case.code)[0] == 200


def test_an_address_that_guesses_at_many_tickets_is_held_back(office: Office, citizen: Person) -> None:
    case = office.complaint(**MATTER)
    for number in range(20):
        assert _answer(citizen, f"{20200101000000 + number}0", NO_CODE)[0] == 404
    assert _answer(citizen, case.number, case.code)[0] == 429


def test_the_reply_comes_after_the_review_and_nothing_personal_ever(office: Office, citizen: Person) -> None:
    case = office.complaint(**MATTER)
    case.intruders = []
    pages = []
    for step in (lambda: None, lambda: case.handle(HOUSING), lambda: case.step("supervisor", "accept")):
        step()
        page = citizen.post("/status", {"number": case.number, "code": case.code}).text
        assert ("已经处理完毕" in page) == (case.state == "TO_CALLBACK")
        pages.append(page)
    for page in pages:
        assert not [value for value in (*PERSONAL, "内部记录", "承办员", "督办员", "到场查看") if value in page]
    assert "明德路" in pages[0], "the place is shown down to the street"


def test_number_and_code_are_taken_as_they_are_spoken_and_typed(office: Office, citizen: Person) -> None:
    case = office.complaint(**MATTER)
    spaced = " ".join(case.code[start : start + 4] for start in range(0, 12, 4))
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in case.number)
    assert _answer(citizen, f" {case.number[:8]}-{case.number[8:]} ", spaced)[0] == 200
    assert _answer(citizen, wide, case.code)[0] == 200
    in_address = citizen.get("/status", number=case.number, code=case.code)
    assert case.status()["unit"] not in in_address.text, "the code opens nothing from an address"
