"""The tree of categories: added, renamed, never another code."""

import pytest


def test_a_category_goes_under_the_one_its_code_names(office):
    page = "/admin/categories?under=02-04"
    form = office.form(page, "/admin/categories")
    code = form.fields["code"][0]
    assert code.startswith("02-04-") and code not in office.reference().categories
    assert office.post(form.filled(name="景观灯", name_en="Decorative lights")).status_code == 303
    node = office.reference().categories[code]
    assert (node.parent, node.level, node.name_en) == ("02-04", 3, "Decorative lights")
    assert office.last_edit().payload["what"] == "category"
    assert "景观灯" in office.get(page).text


@pytest.mark.parametrize(
    "fields",
    [{"code": "02-04-01"}, {"code": "2-4"}, {"code": "97-01"}, {"code": ""}, {"name": ""}, {"name_en": ""}],
)
def test_what_does_not_fit_is_refused(office, fields):
    given = {"code": "02-98", "name": "甲", "name_en": "A"} | fields
    answer = office.send("/admin/categories?under=02", "/admin/categories", **given)
    assert answer.status_code == 422 and f'id="{next(iter(fields))}-fault"' in answer.text
    assert "02-98" not in office.reference().categories


def test_renaming_and_coming_second(office):
    path = "/admin/categories/02-04-01"
    old = office.form(path).filled(name="第二")
    assert office.send(path, name="路灯与夜景").status_code == 303
    assert office.reference().categories["02-04-01"].name == "路灯与夜景"
    assert office.last_edit().payload["after"] == {"name": "路灯与夜景"}
    answer = office.post(old)
    assert answer.status_code == 409 and 'value="第二"' in answer.text and "路灯与夜景" in answer.text
    assert office.get("/admin/categories/99").status_code == 404


def test_replies_of_a_category_may_need_a_photo(office):
    path = "/admin/categories/02-04-01"
    assert not office.reference().wants_photo("02-04-01")
    assert office.send(path, wants_photo="1").status_code == 303
    assert office.reference().wants_photo("02-04-01") and "反馈须附照片" in office.get(path).text
    assert office.last_edit().payload["after"] == {"wants_photo": True}
    again = office.form(path)
    assert again.fields["wants_photo"] == ["1"]
    del again.fields["wants_photo"]
    assert office.post(again).status_code == 303 and not office.reference().wants_photo("02-04-01")
