"""Every code that a page may show has words."""

from pathlib import Path

import pytest

from app import action_wording, board_wording, notice_wording, watching, wording
from app.desk import forms
from app.recipients import shipped_tiers
from routing.models import CLOCKS, KINDS, LIMIT_UNITS
from tickets import (
    answering,
    applying,
    boards,
    calling_back,
    closing,
    deadlines,
    errors,
    events,
    guards,
    handling,
    helping,
    intake,
    lifecycle,
    notices,
    ordering,
    public,
    request_models,
    returning,
)
from tickets.vault import CONTACT_FIELDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (lifecycle.TicketState, wording.TICKET_STATES),
        (lifecycle.AssignmentState, wording.PART_STATES),
        (set(lifecycle.TicketState) - {"DRAFT", "DISCARDED"}, wording.PUBLIC_STATES),
        (public.SHOWN, wording.PUBLIC_EVENTS),
        ([kind for kind in events.KINDS if not kind.startswith(("staff.", "reference."))], wording.STAFF_EVENTS),
        (intake.TYPES, wording.TYPES),
        (intake.URGENCIES, wording.URGENCIES),
        (intake.CHANNELS, wording.CHANNELS),
        (intake.DISPOSITIONS, wording.DISPOSITIONS),
        (returning.RETURN_REASONS, wording.RETURN_REASONS),
        (closing.OUTCOMES, wording.OUTCOMES_ASKED),
        (closing.TRIES, wording.TRIES),
        ({one for grounds in answering.REFER_REASONS.values() for one in grounds}, wording.REFER_REASONS),
        (handling.METHODS, wording.METHODS),
        (handling.FACTS, wording.FACTS),
        (handling.RESULTS, wording.RESULTS),
        (helping.MEETINGS, wording.MEETINGS),
        (applying.SUSPENSION_REASONS, wording.SUSPENSION_REASONS),
        (("overdue", "returned", "rating"), wording.EXCLUSIONS),
        (request_models.STATES, wording.REQUEST_STATES),
        (ordering.FORMS, wording.ORDER_FORMS),
        ([str(level) for level in ordering.LEVELS], wording.ORDER_LEVELS),
        (calling_back.SHOWN, wording.CALL_LISTS),
        (CLOCKS, wording.CLOCKS),
        (LIMIT_UNITS, wording.LIMITS),
        (KINDS, wording.UNIT_KINDS),
        ({rule.kind for rules in notices.RULES.values() for rule in rules} | {"digest"}, notice_wording.NOTICES),
        (shipped_tiers(), notice_wording.TIERS),
        (deadlines.WAYS, notice_wording.WAYS),
        ({watching.SWEEP, watching.EVENTS, watching.JOBS, watching.DEADLINES, watching.MAILS}, wording.OUTAGES),
        (forms.VERBS.keys() | forms.WITH_INTAKE, wording.ACTIONS),
        (forms.VERBS, action_wording.GROUP_OF),
        (action_wording.GROUP_OF.values(), action_wording.ACTION_GROUPS),
        (boards.BOARDS, board_wording.HINTS),
    ],
)
def test_each_code_has_its_words_and_each_word_its_code(codes, words):
    assert set(codes) == words.keys()


def test_the_lead_units_part_is_told_only_while_it_is_worked_on(app):
    with app.test_request_context("/?lang=en"):
        for state, words in wording.PUBLIC_PART_STATES.items():
            assert state in set(lifecycle.AssignmentState)
            assert wording.public_state("IN_PROGRESS", state) == str(words)
        assert wording.public_state("IN_PROGRESS", "HANDLING") == "A department is working on it."
        assert wording.public_state("CLOSED", "REJECTED") == "It is closed."


def test_a_fault_names_the_limit_that_was_passed(app):
    with app.test_request_context("/?lang=en"):
        assert wording.fault_words("too_long_a_time:5wd").endswith("at most 5 working days.")
        assert wording.fault_words("missing") == "Please fill this in."


def test_fields_of_forms_and_contact_have_names():
    assert forms.FIELDS.keys() | set(CONTACT_FIELDS) <= wording.FIELDS.keys()


def test_guards_with_words_are_guards():
    assert wording.GUARDS.keys() <= guards.GUARDS.keys()


def test_faults_that_the_verbs_name_have_sentences():
    raised = set()
    for path in (ROOT / "tickets").glob("*.py"):
        for kind in ("missing", "unknown", "too_long", "unreadable", "already_has_it"):
            if f'"{kind}"' in path.read_text():
                raised.add(kind)
    assert raised <= wording.FAULTS.keys()
    assert errors.Invalid.code == "invalid"


@pytest.mark.parametrize(
    ("limit", "english"),
    [
        ("15min", "15 min"), ("2h", "2 h"), ("5wd", "5 working days"), ("7d", "7 days"), ("1wd", "1 working day"),
        ("1wh", "1 working hour"),
    ],
)
def test_limits_in_words(app, limit, english):
    with app.test_request_context("/?lang=en"):
        assert wording.limit_words(limit) == english
    with app.test_request_context("/?lang=zh"):
        assert wording.limit_words(limit) != english


def test_a_limit_of_an_unknown_kind_stays_as_it_is(app):
    with app.test_request_context("/"):
        assert wording.limit_words("3moons") == "3moons"


def test_each_board_stands_under_one_heading():
    named = [board for _heading, members in board_wording.GROUPS.values() for board in members]
    assert sorted(named) == sorted(boards.BOARDS)


def test_hints_are_of_actions_and_fields_that_there_are():
    assert action_wording.ACTION_HINTS.keys() <= forms.VERBS.keys()
    assert action_wording.FIELD_HINTS.keys() <= forms.FIELDS.keys()
