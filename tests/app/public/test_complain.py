"""Telling us: the form, the receipt, the same form again, and what is wrong beside its field."""

import re
import uuid

import pytest
from sqlalchemy import select

from db import db, transaction
from tests.app.public.conftest import complaint, keys_of
from tickets.models import Contact, Ticket


@pytest.fixture
def stored(app):
    """The ticket of a number, and its contact."""

    def find(number: str) -> tuple[Ticket, Contact | None]:
        with app.app_context(), transaction():
            ticket = db.session.scalars(select(Ticket).where(Ticket.number == number)).one()
            contact = db.session.get(Contact, ticket.id)
            db.session.expunge_all()
            return ticket, contact

    return find


def test_the_receipt_names_number_code_and_promise(citizen):
    answer = citizen.complain(content="小区门口井盖破损", region_code="990102")
    assert answer.status_code == 201
    number, code = keys_of(answer)
    assert re.fullmatch(r"\d{15}", number)
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", code)
    assert "最迟答复时间" in answer.text
    assert re.search(r"\d{4}年\d+月\d+日（星期.）\d\d:\d\d之前", answer.text)
    assert "小区门口井盖破损" in answer.text and "东河市 12345" in answer.text and "收到时间" in answer.text
    assert 'href="tel:12345"' in answer.text and 'href="/complain">反映另一件事' in answer.text


def test_a_fresh_form_carries_a_key_of_its_own(citizen):
    keys = {re.search(r'name="form_key" value="([^"]+)"', citizen.get("/complain").text)[1] for _ in range(2)}
    assert len(keys) == 2
    for key in keys:
        uuid.UUID(key)


def test_going_back_brings_the_same_form_and_key(citizen):
    assert citizen.get("/complain").headers["Cache-Control"] == "private, no-cache"
    for answer in (citizen.complain(), citizen.complain(content="")):
        assert answer.headers["Cache-Control"] == "no-store"
    # What is sent to the address of a kept page makes browsers drop that page.
    assert 'action="/complain?sent=1"' in citizen.get("/complain").text


def test_the_same_form_again_shows_the_same_receipt(citizen):
    fields = complaint()
    first, second = citizen.post("/complain", fields), citizen.post("/complain", fields)
    assert (first.status_code, second.status_code) == (201, 200)
    assert keys_of(first) == keys_of(second)
    for answer in (first, second):
        assert "已收到您的诉求，谢谢" in answer.text
    assert "只登记了一次" in second.text and "只登记了一次" not in first.text


def test_the_same_key_with_other_words_is_not_stored_and_offers_a_new_form(citizen):
    fields = complaint()
    citizen.post("/complain", fields)
    answer = citizen.post("/complain", fields | {"content": "另一件完全不同的事"})
    assert answer.status_code == 422
    assert "另一件完全不同的事" in answer.text
    new_key = re.search(r'name="form_key" value="([^"]+)"', answer.text)[1]
    assert new_key != fields["form_key"]
    assert citizen.complain(form_key=new_key, content="另一件完全不同的事").status_code == 201


def test_what_is_missing_is_said_beside_its_field_and_input_is_kept(citizen):
    answer = citizen.complain(content="", place="某路口", phone="12")
    assert answer.status_code == 422
    assert 'value="某路口"' in answer.text
    assert 'id="phone-fault"' in answer.text
    assert re.findall(r'<li><a href="#(\w+)">', answer.text) == ["phone"]
    answer = citizen.complain(content="", place="某路口", phone="")
    assert re.findall(r'<li><a href="#(\w+)">', answer.text) == ["content", "phone"]
    assert 'aria-describedby="content-hint content-fault"' in answer.text
    assert 'id="phone-fault"' in answer.text


@pytest.mark.parametrize("name", ["place", "name", "address"])
def test_what_is_too_long_is_said_beside_its_field(citizen, name):
    answer = citizen.complain(**{name: "长" * 5000})
    assert answer.status_code == 422
    assert f'id="{name}-fault"' in answer.text and f'href="#{name}"' in answer.text


def test_the_form_says_what_is_required_and_begins_with_help(citizen):
    page = citizen.get("/complain").text
    assert "必填" in page and "除非匿名" in page
    assert re.search(r'<option value="(\w+)"', page)[1] == "help"


def test_the_key_of_a_refused_form_stays_good(citizen):
    fields = complaint(content="")
    answer = citizen.post("/complain", fields)
    assert f'value="{fields["form_key"]}"' in answer.text
    assert citizen.post("/complain", fields | {"content": "现在写清楚了"}).status_code == 201


def test_markup_is_shown_as_text(citizen):
    answer = citizen.complain(content="", place='"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text


def test_who_stays_anonymous_leaves_no_contact(citizen, stored):
    number, _code = keys_of(citizen.complain(anonymous="1", phone="13800138000", name="王某"))
    ticket, contact = stored(number)
    assert ticket.anonymous and contact is None


def test_boxes_and_place_reach_the_ticket(citizen, stored):
    number, _code = keys_of(citizen.complain(confidential="1", wants_reply="", region_code="990102"))
    ticket, contact = stored(number)
    assert ticket.confidential and not ticket.wants_reply
    assert ticket.region_path == "9901/990102"
    assert contact is not None and b"13800138000" not in contact.phone


def test_columns_that_no_form_offers_cannot_be_set(citizen, stored):
    number, _code = keys_of(citizen.complain(urgency="critical", channel="leader", green_channel="1"))
    ticket, _contact = stored(number)
    assert (ticket.urgency, ticket.channel, ticket.green_channel) == ("normal", "web", False)


def test_programs_send_and_get_json(citizen):
    fields = complaint() | {"anonymous": True}
    browser = citizen.browser
    options = {"headers": {"Accept": "application/json"}, "environ_base": {"REMOTE_ADDR": browser.address}}
    first = browser.client.post("/complain", json=fields, **options)
    again = browser.client.post("/complain", json=fields, **options)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json | {"is_new": False} == again.json
    assert set(first.json) == {"number", "code", "due_at", "is_new", "files_fault"}
    refused = browser.client.post("/complain", json=fields | {"content": ""}, **options)
    assert refused.status_code == 422
    assert refused.json["fields"] == {"content": "missing"}


@pytest.mark.parametrize("body", ["[]", "nonsense", '"text"'])
def test_a_body_that_is_no_object_is_refused(citizen, body):
    answer = citizen.browser.client.post("/complain", data=body, content_type="application/json")
    assert answer.status_code == 422


@pytest.mark.parametrize("key", ["", "0", "null", " "])
def test_a_form_without_a_key_is_not_taken(citizen, key):
    answer = citizen.complain(form_key=key)
    assert answer.status_code == 422
    uuid.UUID(re.search(r'name="form_key" value="([^"]+)"', answer.text)[1])


def test_start_page_has_two_choices_and_the_emergency_numbers(citizen):
    page = citizen.get("/").text
    assert 'href="/complain"' in page and 'href="/status"' in page
    for number in ("110", "119", "120"):
        assert f'href="tel:{number}"' in page
    for path in ("/", "/status"):
        assert 'href="tel:12345"' in citizen.get(path).text
