"""One citizen with words found nowhere else, and the search for those words wherever they must not be."""

import base64
import json
import mmap
import random
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from redis import Redis


@dataclass(frozen=True)
class Canary:
    """The personal data of one citizen, and words of the matter that may be stored openly.

    `written` is a telephone number within those words, and `mark` a word of them found nowhere else. `keys`: of
    all its forms, so that others know whose tickets these are.
    """

    name: str
    phone: str
    address: str
    matter: str
    written: str
    mark: str
    keys: list[str] = field(default_factory=list)

    @classmethod
    def hatch(cls, seed: int) -> "Canary":
        chance = random.Random(seed)
        mark = f"{chance.getrandbits(40):010x}"
        phone, written = (f"1{chance.choice('3578')}{chance.randrange(10**9):09d}" for _ in range(2))
        matter = f"雀案{mark}：楼道灯不亮，请打{written}。"
        return cls(f"金丝雀{mark}", phone, f"雀鸣巷{mark[:6]}号甲", matter, written, mark)

    def form(self, **changes: str) -> dict[str, str]:
        """A complete form with a key of its own."""
        self.keys.append(str(uuid.uuid4()))
        fields = {
            "form_key": self.keys[-1], "type": "complaint", "content": self.matter, "name": self.name,
            "phone": self.phone, "address": self.address, "wants_reply": "1",
        }  # fmt: skip
        return fields | changes

    def secrets(self) -> dict[str, list[bytes]]:
        """What must be found nowhere, in the ways it could be written."""
        return {what: spellings(getattr(self, what)) for what in ("name", "phone", "address")}

    def told(self) -> dict[str, list[bytes]]:
        """What must be found only among the texts as they were written."""
        return {"written": spellings(self.written)}


def spellings(text: str) -> list[bytes]:
    """A text as it stands, in hex, in base64, with JSON's and URLs' escapes, and in wide characters."""
    plain = text.encode()
    # The first and last characters of a base64 run depend on what stands around it.
    coded = [base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    escaped = [json.dumps(text)[1:-1].encode(), quote(text).encode(), text.encode("utf-16-le")]
    return list(dict.fromkeys([plain, plain.hex().encode(), plain.hex().upper().encode(), *coded, *escaped]))


def grouped(code: str) -> list[bytes]:
    """A query code, with and without its groups."""
    digits = "".join(char for char in code if char.isdigit())
    groups = [digits[start : start + 4] for start in range(0, len(digits), 4)]
    return [spelling for join in ("", " ", "-") for spelling in spellings(join.join(groups))]


def hits(where: str, content: bytes | mmap.mmap, needles: dict[str, list[bytes]]) -> Iterator[str]:
    """'what in where' for each needle that is there."""
    for what, ways in needles.items():
        if any(content.find(way) >= 0 for way in ways):
            yield f"{what} in {where}"


def hits_in_files(folder: Path, needles: dict[str, list[bytes]]) -> list[str]:
    """Search every file below a folder: logs, the queue's file, the database's tables and its write-ahead log."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.stat().st_size == 0:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found += hits(str(path.relative_to(folder)), content, needles)
    return found


def hits_in_tables(connection: psycopg.Connection[Any], needles: dict[str, list[bytes]]) -> list[str]:
    """Search every table of the product as text, bytes as hex."""
    names = connection.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND "
                               "relnamespace = 'public'::regnamespace ORDER BY 1").fetchall()  # fmt: skip
    found = []
    for (name,) in names:
        with connection.cursor().copy(f"COPY {name} TO STDOUT") as rows:
            found += hits(f"table {name}", b"".join(bytes(row) for row in rows), needles)
    return found


def hits_in_queue(queue: Redis, needles: dict[str, list[bytes]]) -> list[str]:
    """Search every key of the queue and what it holds, in its own dump format and as text."""
    found = []
    for key in queue.scan_iter():
        values = queue.hgetall(key) if queue.type(key) == b"hash" else {}
        parts = [key, queue.dump(key) or b"", *values.keys(), *map(_inflated, values.values())]
        found += hits(f"queue {key!r}", b"\n".join(parts), needles)
    return found


def _inflated(value: bytes) -> bytes:
    """A job's arguments as they were before they were packed; anything else as it is."""
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value
