"""A complaint from the web: routed, signed, handled, replied to, reviewed, rated and closed."""

from .cases import HOUSING, LOGINS, Office
from .markup import form_to

MATTER = {
    "type": "complaint",
    "content": "小区物业不履行维修义务，公共维修资金被挪用，已经两个月没有人管。",
    "region_code": "990102",
    "place": "望河区明德路12号3单元401室",
    "name": "张三丰",
    "phone": "13800138001",
}
PERSONAL = ("张三丰", "13800138001", "401室")


def test_from_the_form_to_the_rating(office: Office) -> None:
    case = office.complaint(**MATTER)
    assert case.state == "IN_PROGRESS" and case.kinds() == ["ticket.registered", "ticket.dispatched"]
    assert office.who(LOGINS[HOUSING]).has_on("to_sign", case.id)
    assert case.status()["unit"] == "望河区住房和城乡建设局"

    case.handle(HOUSING)
    assert case.state == "TO_REVIEW" and case.status()["replies"] == []
    assert office.who("supervisor").has_on("review", case.id)

    case.step("supervisor", "accept")
    assert case.status()["replies"] == [{"unit": "望河区住房和城乡建设局", "text": f"已经处理完毕，{HOUSING}。"}]

    assert case.rate(solved="yes", satisfied="3", rating_note="谢谢").status_code == 200
    assert case.state == "CLOSED"
    assert case.kinds()[2:] == [
        "assignment.signed", "assignment.handled", "assignment.replied", "ticket.submitted", "ticket.accepted",
        "ticket.rated",
    ]  # fmt: skip
    running = "SELECT count(*) FROM deadline WHERE ticket_id = %s AND stopped_at IS NULL"
    assert case.product.ask(running, case.id) == 0


def test_the_same_form_sent_again_gets_the_same_receipt(office: Office) -> None:
    citizen = office.stranger()
    form = form_to(citizen.page("/complain"), "/complain").filled(**MATTER)
    first, second = citizen.send(form), office.stranger().send(form)
    assert (first.status_code, second.status_code) == (201, 200)
    assert form_to(first.text, "/status").fields == form_to(second.text, "/status").fields
    other = citizen.send(form.filled(content="另外一件事情"))
    assert other.status_code == 422 and "另外一件事情" in other.text


def test_a_unit_is_shown_no_personal_data_on_its_page(office: Office) -> None:
    case = office.complaint(**MATTER | {"content": "物业不维修，公共维修资金被挪用，请回电13800138001"})
    page = office.who(LOGINS[HOUSING]).page(case.path)
    assert "138****8001" in page
    assert "张三丰" not in page and "13800138001" not in page
