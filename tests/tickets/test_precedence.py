"""Which policy sets a limit: each kind of row against each other one, whichever stands first."""

from itertools import combinations

import pytest

from tickets.deadlines import Limit, Policy, PolicyFacts, choose_policy

FACTS = PolicyFacts("complaint", "urgent", "06-01-02", "12315")
ORDINARY = PolicyFacts("complaint", "normal", "06-01-02", "12315")


def policy(number: int, limit: str, **scope: object) -> Policy:
    anything = {"ticket_type": None, "urgency": None, "category": None}
    return Policy(number, "handle", limit=Limit.parse(limit), **anything | scope)


KINDS = {
    "statutory": policy(90, "45wd", category="06", statutory=True),
    "line": policy(80, "60d", line_no="12315"),
    "urgency": policy(70, "24h", urgency="urgent"),
    "type": policy(60, "10wd", ticket_type="complaint"),
    "default": policy(50, "5wd"),
}
"""In the order in which they go, whatever their ids: the later made ones here go first."""


@pytest.mark.parametrize(("first", "second"), list(combinations(KINDS, 2)))
def test_of_two_kinds_the_one_that_goes_first_is_chosen(first, second):
    rows = [KINDS[first], KINDS[second]]
    assert choose_policy(rows, FACTS) is KINDS[first]
    assert choose_policy(rows[::-1], FACTS) is KINDS[first]


def test_all_together_go_one_after_the_other():
    rows = list(KINDS.values())
    while rows:
        assert choose_policy(rows[::-1], FACTS) is rows[0]
        rows = rows[1:]
    assert choose_policy(rows, FACTS) is None


def test_a_policy_for_ordinary_urgency_leaves_the_limit_to_the_type():
    ordinary = policy(1, "7wd", urgency="normal")
    assert choose_policy([ordinary, KINDS["type"]], ORDINARY) is KINDS["type"]
    assert choose_policy([KINDS["default"], ordinary], ORDINARY) is ordinary


def test_of_two_statutory_ones_the_nearer_category_goes_first_and_a_line_does_not_help_the_wider():
    nearer = policy(1, "7wd", category="06-01-02", statutory=True)
    wider = policy(2, "90d", category="06", statutory=True, line_no="12315", urgency="urgent")
    assert choose_policy([wider, nearer], FACTS) is nearer
    assert choose_policy([wider, KINDS["statutory"]], FACTS) is wider


def test_a_law_that_names_no_category_goes_by_its_other_marks():
    law = policy(1, "60d", statutory=True)
    assert choose_policy([law, KINDS["type"]], FACTS) is KINDS["type"]
    assert choose_policy([law, KINDS["default"]], FACTS) is law  # of equals the first made


def test_of_one_kind_the_more_exact_goes_first():
    both = policy(99, "1wd", urgency="urgent", ticket_type="complaint")
    of_category = policy(98, "2wd", urgency="urgent", category="06-01")
    assert choose_policy([KINDS["urgency"], both], FACTS) is both
    assert choose_policy([KINDS["urgency"], of_category], FACTS) is of_category
    assert choose_policy([of_category, both], FACTS) is both
