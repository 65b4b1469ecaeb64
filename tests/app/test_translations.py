"""The Chinese catalogue is whole: every text of pages and code has its Chinese, and no stale one is left."""

import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "app" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
KEYWORDS = ("_l", "n_")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every text as it stands in code and templates now."""
    found = tmp_path_factory.mktemp("texts") / "messages.pot"
    keywords = [part for word in KEYWORDS for part in ("-k", word)]
    command = [sys.executable, "-m", "babel.messages.frontend", "extract", "-F", "babel.cfg", *keywords]
    subprocess.run([*command, "-o", str(found), "."], cwd=ROOT, check=True, capture_output=True)
    with found.open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def texts(catalogue: Catalog) -> dict[object, Message]:
    return {message.id: message for message in catalogue if message.id}


def test_every_text_has_its_chinese(used, chinese):
    have = {key for key, message in texts(chinese).items() if _is_translated(message)}
    assert sorted(map(str, texts(used).keys() - have)) == []


def test_no_chinese_is_left_over_or_doubtful(used, chinese):
    assert sorted(map(str, texts(chinese).keys() - texts(used).keys())) == []
    assert [message.id for message in chinese if message.id and message.fuzzy] == []


def test_values_in_a_text_are_those_of_its_chinese(chinese):
    faults = [(message.id, fault) for message in chinese if message.id for fault in message.check(chinese)]
    assert faults == []


def _is_translated(message: Message) -> bool:
    strings = (message.string,) if isinstance(message.string, str) else message.string
    return all(strings)
