"""Sound and films, box by box and frame by frame: whether they are what they say, and without what tags tell of
place, people and device. Raises ValueError for what is none."""

from collections.abc import Iterator

HEAD, LONG_HEAD = 8, 16
HOLDERS = (b"moov", b"trak")
"""Boxes in which others lie that may hold tags."""
TAGS = (b"udta", b"meta", b"uuid")
FREE = b"free"
"""What players skip: a tag becomes room, so that nothing else in the file moves."""
DEEPEST = 3

# Kilobits a second by index of a frame's head, of MPEG 1 and of 2 and 2.5; layer III.
_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_SAMPLES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def film_without_tags(content: bytes) -> bytes:
    """An MP4 or M4A of the same length, whose tags are blank."""
    data = bytearray(content)
    found = [kind for _, _, kind in _boxes(data, 0, len(data))]
    if found[:1] != [b"ftyp"] or b"moov" not in found:
        raise ValueError("no film")
    _blank(data, 0, len(data), DEEPEST)
    return bytes(data)


def _blank(data: bytearray, start: int, end: int, depth: int) -> None:
    for at, until, kind in list(_boxes(data, start, end)):
        head = LONG_HEAD if data[at : at + 4] == b"\x00\x00\x00\x01" else HEAD
        if kind in TAGS:
            data[at + 4 : at + HEAD] = FREE
            data[at + head : until] = bytes(until - at - head)
        elif kind in HOLDERS and depth:
            _blank(data, at + head, until, depth - 1)


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
    start = 0
    while content[start : start + 3] == b"ID3":
        start += _tag_length(content[start : start + 10])
    end = len(content) - 128 if content[-128:-125] == b"TAG" else len(content)
    frames = content[start:end].lstrip(b"\x00")
    length = _frame_length(frames)
    if length < len(frames):  # one alone cannot be told from chance
        _frame_length(frames[length:])
    return frames


def _tag_length(head: bytes) -> int:
    """Of an ID3v2 tag with its head, which has seven bits in each byte, and its foot."""
    if len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
        raise ValueError("a broken tag")
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte
    return length + (20 if head[5] & 0x10 else 10)


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
