"""The figures of the routing benchmark: computed right, and not worse than they were."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from bench import routing_eval

ROOT = Path(__file__).parents[2]
RIGHT, ACCEPTABLE, WRONG, HELD, LATE = (
    "right", "acceptable", "wrong", "right in triage", "should have gone out",
)  # fmt: skip


@pytest.fixture(scope="module")
def figures(shared):
    return routing_eval.run()


@pytest.fixture(scope="module")
def verdicts() -> list[dict[str, str]]:
    with (ROOT / "docs" / "routing-verdicts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def words_of(path: str) -> str:
    return " ".join((ROOT / path).read_text(encoding="utf-8").split())


def test_the_longest_prefix_gives_the_class():
    assert routing_eval.class_of("02-02-02") == "环境保护"
    assert routing_eval.class_of("02-02-01") == "城乡建设"
    assert routing_eval.class_of("05-02-01") == routing_eval.class_of(None) == routing_eval.NONE


def test_f1_and_confusion_on_a_small_example():
    pairs = [("城乡建设", "城乡建设"), ("城乡建设", "环境保护"), ("环境保护", "环境保护"), ("环境保护", "-")]
    assert routing_eval.f1(pairs, "城乡建设") == pytest.approx(2 / 3)
    assert routing_eval.f1(pairs, "环境保护") == pytest.approx(1 / 2)
    assert routing_eval.f1(pairs, "卫生计生") == 0.0
    assert routing_eval.macro_f1(pairs) == pytest.approx((2 / 3 + 1 / 2) / 7, abs=1e-4)
    table = routing_eval.confusion(pairs)
    assert table["城乡建设"]["环境保护"] == table["环境保护"]["-"] == 1


def test_without_the_folder_it_says_what_is_missing(monkeypatch):
    monkeypatch.delenv("HOTLINE_SHARED", raising=False)
    with pytest.raises(SystemExit, match="HOTLINE_SHARED"):
        routing_eval.run()


@pytest.mark.shared
def test_real_messages_fare_no_worse_than_before(figures):
    assert figures["messages"] == 6632
    assert figures["macro_f1"] >= 0.75
    assert figures["dispatched"]["accuracy"] >= 0.84
    assert figures["in_triage"] <= 0.33
    assert len(figures["sample"]) == 100


@pytest.mark.shared
def test_the_verdicts_are_on_what_routing_decides_now_for_the_messages_of_the_seed(figures, verdicts):
    """Whoever changes rules, duties or weights reads again what is decided otherwise, and judges it anew."""
    decided = [
        (
            one["id"],
            one["lead"] if one["dispatches"] else "triage",
            "" if one["dispatches"] else one["lead"] or "",
            f"{one['confidence']:.2f}",
        )
        for one in figures["sample"]
    ]
    judged = [(row["id"], row["decided"], row["suggested"], row["confidence"]) for row in verdicts]
    assert judged == decided
    classes = {row["id"]: row["category"] for row in routing_eval.messages()}
    assert all(row["class"] == classes[row["id"]] for row in verdicts)


@pytest.mark.shared
def test_the_document_has_the_figures_of_today(figures):
    text = words_of("docs/routing.md")
    for truth, found in figures["confusion"].items():
        counts = " | ".join(str(found[guess]) for guess in (*routing_eval.CLASSES, routing_eval.NONE))
        assert f"| {truth} | {counts} | {figures['per_class_f1'][truth]:.2f} |" in text
    assert f"Macro-F1 **{figures['macro_f1']:.3f}**" in text
    assert f"**{figures['in_triage']:.1%}** stay in triage" in text


def test_the_totals_that_are_told_are_those_of_the_verdicts(verdicts):
    assert {row["seed"] for row in verdicts} == {str(routing_eval.SEED)}
    assert len({row["id"] for row in verdicts}) == len(verdicts) == routing_eval.SAMPLE
    assert all(row["reason"] and len(row["reason"]) < 40 for row in verdicts)
    of_triage, total = {HELD, LATE}, Counter(row["verdict"] for row in verdicts)
    assert total.keys() == {RIGHT, ACCEPTABLE, WRONG, HELD, LATE}
    assert all((row["decided"] == "triage") is (row["verdict"] in of_triage) for row in verdicts)
    confirmed = sum("suggestion right" in row["reason"] for row in verdicts)
    document = words_of("docs/routing.md")
    assert all(f"| {verdict} | {count} |" in document for verdict, count in total.items())
    assert f"in {confirmed} the suggestion was right" in document
    told = (
        f"{total[RIGHT]} units were right, {total[ACCEPTABLE]} acceptable, {total[WRONG]} wrong; of the other"
        f" {total[HELD] + total[LATE]}, {total[HELD]} were right in triage and {total[LATE]} should have gone out,"
        f" {confirmed} of these as suggested"
    )
    assert told in words_of("DECISIONS.md")
