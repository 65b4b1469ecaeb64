"""The rules before the directory: added, changed, moved, switched off."""

import pytest

from routing.rules import decide
from routing.values import Facts

NEW = {"name": "共享单车", "words_any": "共享单车 单车乱停", "lead": "9901.urban", "category_code": "02-02-01"}


def order(office) -> list[str]:
    return [rule.name for rule in office.reference().directory.rules]


def rule_named(office, name: str):
    return next(rule for rule in office.reference().directory.rules if rule.name == name)


def add(office, **fields):
    return office.send("/admin/rules/new", "/admin/rules", **NEW | fields)


def test_a_rule_from_form_to_decision(office):
    category = next(code for code in office.reference().categories if code.count("-") == 2)
    assert add(office, category_code=category, types=["complaint"], confidential="no").status_code == 303
    assert order(office)[-1] == "共享单车"
    facts = Facts("单车", "门口共享单车挡路", type="complaint")
    assert decide(facts, office.reference().directory).lead == "9901.urban"
    told = office.last_edit().payload
    assert told["after"]["when_"] == {
        "words_any": ["共享单车", "单车乱停"], "types": ["complaint"], "confidential": False,
    }  # fmt: skip


def test_its_form_holds_what_is_stored_and_changes_it(office):
    rule = rule_named(office, "燃气泄漏抢修")
    path = f"/admin/rules/{rule.id}"
    form = office.form(path)
    assert "燃气泄漏" in form.fields["words_any"][0] and form.fields["lead"] == ["9901.gas"]
    assert office.post(form.filled(assists=["9901.fire", ""], name="燃气险情")).status_code == 303
    changed = rule_named(office, "燃气险情")
    assert changed.when == rule.when and changed.assists == rule.assists and changed.lead == rule.lead
    assert office.last_edit().payload["after"] == {"name": "燃气险情"}
    late = office.post(form.filled(name="第二"))
    assert late.status_code == 409 and 'value="第二"' in late.text and "<ins>燃气险情</ins>" in late.text


def test_moving_up_and_down(office):
    first, second, third, *_rest = order(office)
    path = f"/admin/rules/{rule_named(office, second).id}"
    assert office.send("/admin/rules", f"{path}/up").status_code == 303
    assert order(office)[:3] == [second, first, third]
    assert "position" in office.last_edit().payload["after"]
    office.send("/admin/rules", f"{path}/down")
    office.send("/admin/rules", f"{path}/down")
    assert order(office)[:3] == [first, third, second]
    top = f"/admin/rules/{rule_named(office, first).id}/up"
    form = office.form("/admin/rules", top.replace("/up", "/down"))
    assert office.browser.post(top, {"version": form.fields["version"]}).status_code == 422
    assert office.browser.post(f"{path}/down", {"version": 1}).status_code == 409
    assert order(office)[:3] == [first, third, second]


def test_switching_off_and_on(office):
    name = "火警转119"
    path = f"/admin/rules/{rule_named(office, name).id}"
    assert office.send("/admin/rules", f"{path}/off").status_code == 303
    assert name not in order(office)
    assert decide(Facts("着火了", "着火了"), office.reference().directory).disposition != "emergency"
    assert office.last_edit().payload["after"] == {"is_active": False}
    office.send("/admin/rules", f"{path}/on")
    assert name in order(office)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"lead": ""}, "lead"),
        ({"lead": "nobody"}, "lead"),
        ({"lead": "", "disposition": "triage", "assists": ["9901.bus"]}, "assists"),
        ({"disposition": "prison"}, "disposition"),
        ({"categories": "98 02"}, "categories"),
        ({"regions": "1"}, "regions"),
        ({"category_code": "98"}, "category_code"),
    ],
)
def test_what_does_not_fit_is_refused_and_stays_typed(office, fields, field):
    before = order(office)
    answer = add(office, **{"category_code": "", "line_nos": "12399"} | fields)
    assert answer.status_code == 422 and "12399" in answer.text
    assert f'id="{field}-fault"' in answer.text
    assert order(office) == before


def test_a_rule_without_a_condition_would_take_every_ticket(office):
    answer = add(office, category_code="", words_any="")
    assert answer.status_code == 422 and 'value="共享单车"' in answer.text
    assert office.get("/admin/rules/999999").status_code == 404
