"""Finding a ticket by its number and by the caller's telephone number: only among what one may see."""

from .cases import LOGINS, URBAN, Case, Office
from .people import Person
from .test_phone_call import CALL

PHONE = "13911112222"


def _finds(person: Person, words: str, case: Case) -> bool:
    found = person.search(words)
    assert found.status_code in (200, 403)  # who may see no callers may not ask for a telephone number
    return f'href="{case.path}"' in found.text


def test_by_number_and_by_phone(office: Office) -> None:
    case = office.take_call(**CALL | {"phone": PHONE})
    other = office.take_call(**CALL)
    spoken = f"{case.number[:4]} {case.number[4:8]} {case.number[8:12]} {case.number[12:]}"
    for person in (office.who("operator"), office.who("supervisor")):
        for words in (case.number, spoken, PHONE, "139 1111 2222", "+86 139-1111-2222"):
            assert _finds(person, words, case), f"{person} does not find {words}"
            assert not _finds(person, words, other)
        assert PHONE not in person.search(case.number).text
    for login in ("operator2", "handler-heat", LOGINS[URBAN], "admin"):
        for words in (case.number, PHONE):
            assert not _finds(office.who(login), words, case), f"{login} finds {words}"
    assert office.stranger().post("/desk/find", {"q": case.number}).status_code == 302


def test_a_unit_does_not_learn_by_searching_who_reported(office: Office) -> None:
    """It has the report and the suspicion; a number that finds the ticket would confirm it."""
    case = office.complaint(type="report", content="举报有人包庇，请保密。", phone="13911113333", name="王五娘")
    case.step("supervisor", "dispatch", lead=str(office.unit(URBAN)))
    lead = office.who("lead-wanghe")
    assert _finds(lead, case.number, case) and not _finds(lead, "13911113333", case)
    assert _finds(office.who("supervisor"), "13911113333", case)


def test_a_unit_finds_what_it_has_and_no_longer_what_it_had(office: Office) -> None:
    case = office.take_call(**CALL | {"phone": PHONE})
    handler = office.who(LOGINS[URBAN])
    case.step("dispatcher", "dispatch", lead=str(office.unit(URBAN)))
    assert _finds(handler, case.number, case) and _finds(handler, PHONE, case)
    ground = {"legal_basis": "行政区划图", "suggested": str(office.unit("9901.heat"))}
    fields = {"return_reason": "wrong_area", "return_note": "不在我辖区。", **ground}
    case.step(LOGINS[URBAN], "request_return", unit=URBAN, **fields)
    case.comes_to("handler-heat")
    case.step("dispatcher", "redispatch", unit=URBAN, lead=str(office.unit("9901.heat")), decision_note="改派")
    assert not _finds(handler, case.number, case) and not _finds(handler, PHONE, case)
    assert _finds(office.who("handler-heat"), PHONE, case)
