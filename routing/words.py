"""Finding many known words in a text at once. Pure; knows nothing of duties or places."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MIN_LENGTH = 2


def normal(text: str) -> str:
    """Full-width letters and digits become ordinary ones, letters small, blanks vanish."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


@dataclass(frozen=True, slots=True)
class Hits:
    """How often each known word occurs in title and text, occurrences inside a longer known word left out."""

    title: dict[str, int]
    text: dict[str, int]

    @property
    def words(self) -> set[str]:
        return self.title.keys() | self.text.keys()


class Words:
    """A fixed set of words of two or more characters; shorter ones are ignored.

    The first two characters select the lengths worth trying, so most positions of a text cost one lookup.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(word for word in words if len(word) >= MIN_LENGTH)
        lengths: dict[str, set[int]] = {}
        for word in self._words:
            lengths.setdefault(word[:MIN_LENGTH], set()).add(len(word))
        self._lengths = {start: tuple(sorted(found, reverse=True)) for start, found in lengths.items()}

    def find(self, title: str, text: str) -> Hits:
        """Both texts as `normal` gives them."""
        return Hits(self._count(title), self._count(text))

    def _count(self, text: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        covered = 0
        for position in range(len(text) - MIN_LENGTH + 1):
            lengths = self._lengths.get(text[position : position + MIN_LENGTH])
            if lengths is None:
                continue
            for length in lengths:
                word = text[position : position + length]
                if word in self._words and position + length > covered:
                    covered = position + length
                    counts[word] = counts.get(word, 0) + 1
                    break
        return counts
