"""The figures of the routing benchmark: computed right, and not worse than they were."""

import pytest

from bench import routing_eval


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
def test_real_messages_fare_no_worse_than_before(shared):
    figures = routing_eval.run()
    assert figures["messages"] == 6632
    assert figures["macro_f1"] >= 0.75
    assert figures["dispatched"]["accuracy"] >= 0.84
    assert figures["in_triage"] <= 0.33
    assert len(figures["sample"]) == 100
