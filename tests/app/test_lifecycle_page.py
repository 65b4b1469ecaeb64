"""The transition table in words: every row of it, on the page and on the command line, in both languages."""

import re

import pytest
from flask import Flask
from flask_babel import force_locale

from app import lifecycle_page, lifecycle_wording, wording
from app.auth.wording import PERMISSIONS
from tickets import guards
from tickets.lifecycle import CONSEQUENCES, ROWS

ROWS_OF = {machine: [row for row in ROWS if row[0] == machine] for machine in lifecycle_page.MACHINES}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("machine", lifecycle_page.MACHINES)
def test_every_row_has_a_line_with_words_for_all_of_it(app: Flask, machine: str, lang: str):
    with app.app_context(), force_locale(lang):
        found = lifecycle_page.lines(machine)
    assert len(found) == len(ROWS_OF[machine]) > 0
    for line, (_machine, action, sources, target, who, needs, guard, _of) in zip(
        found, ROWS_OF[machine], strict=True
    ):
        several = sources if isinstance(sources, tuple) else (sources,)
        assert (line.code, line.permission) == (action, who) and line.action and line.who
        assert len(line.sources) == sum(one is not None for one in several) and all(line.sources)
        assert bool(line.target) == (target is not None) and bool(line.condition) == bool(guard)
        assert len(line.needs) == len(needs) and all(line.needs)


def test_anchors_are_unique_and_all_rows_are_of_a_machine_that_is_told(app: Flask):
    assert sum(map(len, ROWS_OF.values())) == len(ROWS)
    with app.app_context():
        anchors = [line.anchor for machine in lifecycle_page.MACHINES for line in lifecycle_page.lines(machine)]
    assert len(anchors) == len(set(anchors))


def test_words_stand_once_and_for_something():
    assert lifecycle_wording.CONDITIONS.keys() == guards.GUARDS.keys()
    assert not lifecycle_wording.FURTHER_ACTIONS.keys() & wording.ACTIONS.keys()
    assert not lifecycle_wording.FURTHER_PERMISSIONS.keys() & PERMISSIONS.keys()
    assert lifecycle_wording.FURTHER_ACTIONS.keys() <= {row[1] for row in ROWS}
    assert lifecycle_wording.FURTHER_PERMISSIONS.keys() <= {row[4] for row in ROWS}


@pytest.mark.parametrize(("lang", "words"), [("zh", "工单整体"), ("en", "The ticket as a whole")])
def test_the_page_is_for_staff_and_holds_every_row(new_browser, lang: str, words: str):
    browser = new_browser()
    assert browser.get("/help/lifecycle").status_code == 302
    browser.sign_in("auditor")
    page = browser.get(f"/help/lifecycle?lang={lang}").text
    rows = re.findall(r'<tr id="((?:ticket|assignment)-[a-z_]+(?:-[0-9])?)"', page)
    assert len(rows) == len(ROWS) == len(set(rows)) and words in page
    assert page.count("<tr><td") == len(CONSEQUENCES)
    assert 'href="/help/lifecycle"' in browser.get("/notices").text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_command_prints_it_as_markdown(app: Flask, lang: str):
    result = app.test_cli_runner().invoke(lifecycle_page.lifecycle_command, ["--lang", lang])
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if line.startswith("|")]
    assert sum("<a id=" in line for line in lines) == len(ROWS)
    assert all(line.count("|") - line.count("\\|") in (5, 7) for line in lines)
