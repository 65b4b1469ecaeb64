"""Matters that end at the desk: answered at once, or told which other way is right."""

import pytest

from .cases import Office
from .test_phone_call import CALL


def test_an_answer_at_once(office: Office) -> None:
    case = office.take_call(**CALL)
    case.step("operator", "answer", answer="居住证在街道便民中心办理，带身份证即可。")
    assert case.state == "ANSWERED"
    found = case.status()
    assert [reply["text"] for reply in found["replies"]] == ["居住证在街道便民中心办理，带身份证即可。"]
    assert case.kinds()[-1] == "ticket.answered"


@pytest.mark.parametrize(
    ("disposition", "reason"),
    [("emergency", "fire"), ("statutory", "litigation"), ("explain", "secret"), ("malicious", "harassment")],
)
def test_told_which_other_way_is_right(office: Office, disposition: str, reason: str) -> None:
    case = office.take_call(**CALL)
    told = {"disposition": disposition, "refer_reason": reason, "referral": "请向人民法院起诉，本热线不受理。"}
    case.step("dispatcher", "refer", **told)
    assert (case.state, case.ask("disposition")) == ("REFERRED", disposition)
    assert [reply["text"] for reply in case.status()["replies"]] == ["请向人民法院起诉，本热线不受理。"]
    assert not office.who("dispatcher").has_on("triage", case.id)


def test_nothing_more_happens_to_what_has_ended(office: Office) -> None:
    case = office.take_call(**CALL)
    fields = {"version": str(case.version), "answer": "第一次答复"}
    case.step("operator", "answer", answer="第一次答复")
    again = office.who("operator").post(f"{case.path}/answer", fields)
    assert again.status_code == 409 and case.kinds().count("ticket.answered") == 1
