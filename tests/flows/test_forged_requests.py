"""Requests that a page elsewhere makes a browser send, at the product as it runs. Every route, generated, is in
tests/security."""

import uuid

import pytest

from .cases import Office
from .test_web_complaint import MATTER


def test_what_citizens_send_does_nothing_for_who_is_signed_in(office: Office) -> None:
    """A page elsewhere can make a signed-in browser complain: the ticket is a stranger's, not the person's."""
    case = office.complaint(**MATTER)
    operator = office.who("operator")
    key = str(uuid.uuid4())
    form = {"form_key": key, "type": "help", "content": "代发", "anonymous": "1"}
    answer = operator.post("/complain", form)
    assert answer.status_code == 201
    assert case.product.ask("SELECT registered_by FROM ticket WHERE form_key = %s", key) is None


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_no_other_method_is_served(office: Office, method: str) -> None:
    person = office.who("supervisor")
    for override in ({}, {"X-HTTP-Method-Override": method}):
        answer = person.web.request(
            "POST" if override else method, f"{office.product.address}/desk/tickets/1/sign", headers=override
        )
        assert answer.status_code in (400, 405)
