"""The account looked at line by line: what is right is said, and what is not is said with what to do."""

from dataclasses import replace

import pytest
from telephone import LINE, Telephone

from app.voice import doctor
from app.voice.doctor import BAD, CARE, OK, Finding


def examine(telephone: Telephone) -> dict[str, Finding]:
    """Findings by the beginning of what they say; the network of the tests reaches no public address."""
    app = telephone.app
    with app.app_context():
        return {one.say: one for one in doctor.examine(app.extensions["hotline"], telephone.client)}


def of(found: dict[str, Finding], words: str) -> Finding:
    [one] = [finding for say, finding in found.items() if words in say]
    return one


def test_an_account_that_is_right(telephone: Telephone):
    found = examine(telephone)
    assert of(found, "account is active").state == OK
    assert of(found, f"{LINE}: voice_url").state == of(found, f"{LINE}: status_callback").state == OK
    assert of(found, "application: voice address").state == OK
    assert of(found, "emergency calls go to 3").state == OK


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [("voice_url", "", BAD), ("voice_url", "https://elsewhere.example/voice/in", BAD),
     ("status_callback", "", BAD), ("voice_fallback_url", "", CARE)],
)  # fmt: skip
def test_a_number_that_is_not(telephone: Telephone, name: str, value: str, state: str):
    telephone.network.numbers[LINE] = replace(telephone.network.numbers[LINE], **{name: value})
    finding = of(examine(telephone), f"{LINE}: {name}")
    assert finding.state == state and "Set it to http" in finding.do


def test_a_line_that_the_account_does_not_have(telephone: Telephone):
    del telephone.network.numbers[LINE]
    assert of(examine(telephone), f"{LINE}: the account has no such number").state == BAD


def test_a_number_that_nobody_entered(telephone: Telephone):
    telephone.network.own("+86990199999", voice_url="")
    assert of(examine(telephone), "+86990199999").state == CARE


def test_token_of_another_account(telephone: Telephone):
    telephone.client.auth = ("AC" + "0" * 32, "wrong")
    found = examine(telephone)
    finding = of(found, "account: no answer (20003)")
    assert finding.state == BAD and "TWILIO_AUTH_TOKEN" in finding.do
    assert "TWILIO_AUTH_TOKEN" in of(found, "numbers: no answer (20003)").do


def test_public_address_that_leads_nowhere(telephone: Telephone):
    assert of(examine(telephone), "public: no answer").state == BAD


def test_application_that_leads_elsewhere(telephone: Telephone):
    sid = telephone.app.extensions["hotline"].twilio_app_sid
    telephone.network.app(sid, voice_url="https://elsewhere.example/voice/operator")
    assert "Set it to" in of(examine(telephone), "application: voice address").do
