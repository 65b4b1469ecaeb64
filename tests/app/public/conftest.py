"""A citizen's browser: without a cookie, and with an address of its own."""

import re
import uuid
from dataclasses import dataclass

import pytest
from werkzeug.test import TestResponse

KEYS = re.compile(r'class="key[^"]*">([0-9 ]+)<')


@dataclass
class Citizen:
    browser: object

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def post(self, path: str, fields: dict[str, str], **options: object) -> TestResponse:
        browser = self.browser
        return browser.client.post(path, data=fields, environ_base={"REMOTE_ADDR": browser.address}, **options)

    def complain(self, **fields: str) -> TestResponse:
        return self.post("/complain", complaint(**fields))

    def ask(self, number: str, code: str) -> TestResponse:
        return self.post("/status", {"number": number, "code": code})


def complaint(**fields: str) -> dict[str, str]:
    """A form that is in order, with a key of its own, but for the fields given."""
    return {
        "form_key": str(uuid.uuid4()),
        "type": "complaint",
        "content": "有一件事想反映，请帮忙看看",
        "phone": "13800138000",
        "wants_reply": "1",
        **fields,
    }


def keys_of(receipt: TestResponse) -> tuple[str, str]:
    """Number and query code as a receipt prints them."""
    number, code = KEYS.findall(receipt.text)
    return number.replace(" ", ""), code


@pytest.fixture
def citizen(new_browser) -> Citizen:
    return Citizen(new_browser())
