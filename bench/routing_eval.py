"""How the directory fares on 6,632 real messages that carry one of seven classes of another scheme.

Reads messages-train.csv in the folder HOTLINE_SHARED names; prints figures and ids, never a text.
"""

import csv
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from routing import demo_city, rules
from routing.values import Decision, Facts

SEED = 20260101
SAMPLE = 100
CONFIDENCE_STEP = 0.1

CLASS_OF: Mapping[str, str] = {
    "01": "城乡建设",
    "02": "城乡建设",
    "02-02-02": "环境保护",
    "03": "城乡建设",
    "04": "交通运输",
    "04-01": "城乡建设",
    "04-03": "城乡建设",
    "05-01": "环境保护",
    "05-03": "交通运输",
    "06": "商贸旅游",
    "06-02": "卫生计生",
    "07": "劳动和社会保障",
    "08": "卫生计生",
    "08-01": "劳动和社会保障",
    "09": "教育文体",
    "11": "城乡建设",
    "12": "城乡建设",
    "13": "环境保护",
    "14-01-05": "城乡建设",
    "14-01-06": "城乡建设",
    "14-02-02": "城乡建设",
    "15": "城乡建设",
    "16-01": "教育文体",
    "16-02": "商贸旅游",
    "17": "商贸旅游",
    "18": "商贸旅游",
    "18-01-07": "劳动和社会保障",
}
"""Category prefix to class, the longest wins; what is not here (police, villages, ...) has no class there.

Written from the published tree of the seven classes before any message was read.
"""
CLASSES = ("城乡建设", "环境保护", "交通运输", "教育文体", "劳动和社会保障", "商贸旅游", "卫生计生")
NONE = "-"


def class_of(category: str | None) -> str:
    """The class a category falls in; NONE where the other scheme has none."""
    parts = category.split("-") if category else []
    for length in range(len(parts), 0, -1):
        found = CLASS_OF.get("-".join(parts[:length]))
        if found:
            return found
    return NONE


def messages() -> list[dict[str, str]]:
    folder = os.environ.get("HOTLINE_SHARED")
    if not folder:
        raise SystemExit("HOTLINE_SHARED must name the folder that holds data/messages-train.csv.")
    with open(Path(folder) / "data" / "messages-train.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def run() -> dict[str, Any]:
    directory = demo_city.directory()
    rows = messages()
    decided = [(row, rules.decide(Facts(row["title"], row["text"]), directory)) for row in rows]
    pairs = [(row["category"], class_of(decision.category)) for row, decision in decided]
    sure = [pair for pair, (_, decision) in zip(pairs, decided, strict=True) if decision.dispatches]
    return {
        "messages": len(rows),
        "macro_f1": macro_f1(pairs),
        "accuracy": _share(truth == guess for truth, guess in pairs),
        "coverage": _share(decision.category is not None for _, decision in decided),
        "in_triage": _share(not decision.dispatches for _, decision in decided),
        "held_by_rule": _share(decision.hard and not decision.dispatches for _, decision in decided),
        "dispatched": {"messages": len(sure), "accuracy": _share(truth == guess for truth, guess in sure)},
        "per_class_f1": {name: round(f1(pairs, name), 4) for name in CLASSES},
        "confusion": confusion(pairs),
        "by_confidence": by_confidence(decided),
        "sample": sample(decided),
    }


def f1(pairs: Iterable[tuple[str, str]], name: str) -> float:
    """Pairs of (truth, guess)."""
    counts = Counter((truth == name, guess == name) for truth, guess in pairs)
    hits, missed, wrong = counts[True, True], counts[True, False], counts[False, True]
    return 2 * hits / (2 * hits + missed + wrong) if hits else 0.0


def macro_f1(pairs: list[tuple[str, str]]) -> float:
    return round(sum(f1(pairs, name) for name in CLASSES) / len(CLASSES), 4)


def confusion(pairs: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Truth to guess to count; NONE among the guesses is no match or a category without a class."""
    counts = Counter(pairs)
    return {truth: {guess: counts[truth, guess] for guess in (*CLASSES, NONE)} for truth in CLASSES}


def by_confidence(decided: Iterable[tuple[dict[str, str], Decision]]) -> dict[str, dict[str, float]]:
    """The directory's own decisions in steps of confidence: how many, how often the class was right."""
    steps: dict[int, list[bool]] = {}
    for row, decision in decided:
        if decision.rule is None and decision.category is not None:
            right = row["category"] == class_of(decision.category)
            steps.setdefault(int(decision.confidence / CONFIDENCE_STEP), []).append(right)
    return {
        f"{step * CONFIDENCE_STEP:.1f}": {"messages": len(right), "accuracy": _share(right)}
        for step, right in sorted(steps.items())
    }


def sample(decided: list[tuple[dict[str, str], Decision]]) -> list[dict[str, Any]]:
    """What was decided for messages picked by the seed, to be read by hand."""
    picked = random.Random(SEED).sample(decided, min(SAMPLE, len(decided)))
    return [
        {
            "id": row["id"],
            "lead": decision.lead,
            "category": decision.category,
            "duty": decision.duty,
            "rule": decision.rule,
            "confidence": decision.confidence,
            "dispatches": decision.dispatches,
        }
        for row, decision in picked
    ]


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return round(sum(values) / len(values), 4) if values else 0.0


if __name__ == "__main__":
    json.dump(run(), sys.stdout, ensure_ascii=False, indent=1)
