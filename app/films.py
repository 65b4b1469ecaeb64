"""Sound and films, box by box and frame by frame: whether they are what they say, and without what tags tell of
place, people and device. Raises ValueError for what is none."""

from collections.abc import Iterator
from itertools import count

HEAD, LONG_HEAD = 8, 16
HOLDERS = (b"moov", b"trak", b"mdia")
"""Boxes in which others lie that may hold tags."""
FREE = b"free"
"""What players skip: a tag becomes room, so that nothing else in the file moves."""
TAGS = (b"udta", b"meta", b"uuid", b"skip", FREE)
DATED = (b"mvhd", b"tkhd", b"mdhd")
"""Boxes that begin with version, flags, and the moments of making and of changing."""
NAMED = b"hdlr"
"""The box that says what a track is, in its first bytes, and who wrote it."""
FLAGS, SAYS_WHAT = 4, 12
DEEPEST = 3
MOST_BOXES = 10_000
"""Of those that are looked at: a file of nothing but the smallest would hold the process up for seconds."""
MOST_TAGS = 16
ID3V1, APE, APE_FOOT = 128, b"APETAGEX", 32

# Kilobits a second by index of a frame's head, of MPEG 1 and of 2 and 2.5; layer III.
_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_SAMPLES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def film_without_tags(content: bytes) -> bytes:
    """An MP4 or M4A of the same length, whose tags are blank."""
    data = bytearray(content)
    if data[4:HEAD] != b"ftyp" or not _blank(data, 0, len(data), DEEPEST, count(1)):
        raise ValueError("no film")
    return bytes(data)


def _blank(data: bytearray, start: int, end: int, depth: int, seen: Iterator[int]) -> bool:
    """Blank what tells of people and place; returns whether a film's index was among the boxes."""
    is_film = False
    for at, until, kind in _boxes(data, start, end):
        if next(seen) > MOST_BOXES:
            raise ValueError("more boxes than any film has")
        begin = at + (LONG_HEAD if data[at : at + 4] == b"\x00\x00\x00\x01" else HEAD)
        is_film = is_film or kind == b"moov"
        if kind in TAGS:
            data[at + 4 : at + HEAD] = FREE
            _clear(data, begin, until)
        elif kind in DATED:
            moments = 16 if data[begin : begin + 1] == b"\x01" else 8
            _clear(data, begin + FLAGS, min(until, begin + FLAGS + moments))
        elif kind == NAMED:
            _clear(data, begin + SAYS_WHAT, until)
        elif kind in HOLDERS and depth:
            _blank(data, begin, until, depth - 1, seen)
    return is_film


def _clear(data: bytearray, start: int, end: int) -> None:
    data[start:end] = bytes(max(0, end - start))


def _boxes(data: bytearray, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """(begin, end, kind) of each box between two places; they fill it without a gap."""
    at = start
    while at < end:
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(data[at + HEAD : at + LONG_HEAD], "big")
            least = LONG_HEAD
        else:
            length, least = length or end - at, HEAD
        if length < least or at + length > end:
            raise ValueError("a box is longer than what it lies in")
        yield at, at + length, bytes(data[at + 4 : at + HEAD])
        at += length


def sound_without_tags(content: bytes) -> bytes:
    """The frames of an MP3, without the tags before and behind them."""
    start, end = 0, len(content)
    for _ in range(MOST_TAGS):
        before, behind = _tag_length(content[start : start + 10]), _tag_length_behind(content, end)
        if not before and not behind:
            break
        start, end = start + before, end - behind
    else:
        raise ValueError("more tags than any sound has")
    frames = content[start:end].lstrip(b"\x00")
    length = _frame_length(frames)
    if length < len(frames):  # one alone cannot be told from chance
        _frame_length(frames[length:])
    return frames


def _tag_length(head: bytes) -> int:
    """Of an ID3v2 tag with its head, which has seven bits in each byte, and its foot; 0 where none begins."""
    if not head.startswith(b"ID3"):
        return 0
    if len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
        raise ValueError("a broken tag")
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte
    return length + (20 if head[5] & 0x10 else 10)


def _tag_length_behind(content: bytes, end: int) -> int:
    """Of a tag that ends there: ID3v1, or one of APE by its foot, with its head where it has one; else 0."""
    if end >= ID3V1 and content[end - ID3V1 : end].startswith(b"TAG"):
        return ID3V1
    foot = content[max(0, end - APE_FOOT) : end]
    if len(foot) < APE_FOOT or not foot.startswith(APE):
        return 0
    length = int.from_bytes(foot[12:16], "little") + (APE_FOOT if foot[23] & 0x80 else 0)
    if not APE_FOOT <= length <= end:
        raise ValueError("a broken tag")
    return length


def _frame_length(frame: bytes) -> int:
    """Bytes of the frame of layer III that begins here."""
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:
        raise ValueError("no frame")
    version, rate, sample, padding = frame[1] >> 3 & 3, frame[2] >> 4, frame[2] >> 2 & 3, frame[2] >> 1 & 1
    if version == 1 or rate in (0, 15) or sample == 3:
        raise ValueError("no frame")
    is_first = version == 3
    bits = _RATES[0 if is_first else 1][rate] * 1000
    return (144 if is_first else 72) * bits // _SAMPLES[version][sample] + padding
