"""What a city sets of files: how many, how large, how often."""

import pytest

from tickets import terms

PAGE, PATH = "/admin/settings", "/admin/settings/uploads"


def test_limits_are_set_each_in_its_range(office):
    form = office.form(PAGE, PATH)
    assert {name: int(form.fields[name][0]) for name in terms.SHIPPED_UPLOADS} == terms.SHIPPED_UPLOADS
    assert office.send(PAGE, PATH, files="5", file_mb="8").status_code == 303
    limits = terms.upload_limits(office.reference())
    assert (limits["files"], limits["file_mb"], limits["request_mb"]) == (5, 8, 30)
    assert "每次最多5个，单个不超过8 MB" in office.get("/complain").text
    assert office.send(PAGE, PATH, files="9", file_mb="10").status_code == 303


@pytest.mark.parametrize(
    ("name", "value"), [("files", "0"), ("request_mb", "61"), ("megapixels", "x"), ("per_hour", "")]
)
def test_what_does_not_fit_is_refused(office, name, value):
    answer = office.send(PAGE, PATH, **{name: value})
    assert answer.status_code == 422 and f'id="uploads-{name}-fault"' in answer.text
