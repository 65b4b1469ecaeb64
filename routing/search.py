"""Search in Chinese text without a dictionary: what `text_index.tokens` holds, and what a query asks of it.

Every pair of neighbouring characters is a token, so any part of any word is found, and by the index.
"""

import re
import unicodedata

_HAN = r"[\u3400-\u9fff\U00020000-\U0003ffff]+"
_RUN = re.compile(rf"({_HAN})|[a-z0-9]+")


def _runs(text: str) -> list[tuple[str, bool]]:
    """Unbroken runs of Chinese characters, or of letters and digits; the flag says which are Chinese."""
    found = _RUN.finditer(unicodedata.normalize("NFKC", text).lower())
    return [(match[0], match[1] is not None) for match in found]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def tokens(text: str) -> str:
    """Blank-separated tokens in order, for `to_tsvector('simple', ...)`.

    A Chinese run gives its pairs and then its last character, so that each character starts a token.
    """
    found: list[str] = []
    for run, is_han in _runs(text):
        found.extend([*_pairs(run), run[-1]] if is_han else [run])
    return " ".join(found)


def query(text: str) -> str:
    """For `to_tsquery('simple', ...)`: every run must occur, unbroken. '' when nothing is asked for.

    Holds only letters, digits and Chinese characters besides its own operators, whatever the input.
    """
    return " & ".join(
        f"({' <-> '.join(_pairs(run))})" if is_han and len(run) > 1 else f"{run}:*"
        for run, is_han in _runs(text)
    )
