"""Files for tests: pictures as cameras make them, sound and films, and what only looks like any of these."""

import struct
import zlib
from io import BytesIO

from PIL import Image

CANARY = "CANARY-13912345678"


def picture(format: str = "JPEG", size: tuple[int, int] = (64, 48), colour: str = "teal") -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, format)
    return out.getvalue()


def camera_picture(size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG that lies on its side and tells where, by whom and with what it was taken, in every way there is."""
    exif = Image.Exif()
    exif[0x010E], exif[0x010F], exif[0x0112], exif[0x013B] = CANARY, CANARY, 6, CANARY
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (39.0, 54.0, 12.5), "E", (116.0, 23.0, 1.5)
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()
    out = BytesIO()
    Image.new("RGB", size, "olive").save(out, "JPEG", exif=exif, xmp=xmp, comment=CANARY.encode())
    return out.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and is a few bytes."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(bytes(10_000)))
    return b"\x89PNG\r\n\x1a\n" + head + body + png_chunk(b"IEND", b"")


def webp_of(width: int, height: int) -> bytes:
    """The same as WebP."""
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, "WEBP", lossless=True)
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + struct.pack("<I", len(canvas)) + canvas + out.getvalue()[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(kind: bytes, *inner: bytes) -> bytes:
    content = b"".join(inner)
    return struct.pack(">I", 8 + len(content)) + kind + content


MOMENT = b"WHEN"
"""In the place of a moment of four bytes, or twice for one of eight."""


def film(brand: bytes = b"isom") -> bytes:
    """The boxes of an MP4, with tags on two levels, moments in both lengths, and who wrote it."""
    tags = box(b"udta", box(b"\xa9xyz", b"+39.9042+116.4074/" + CANARY.encode()))
    writer = box(b"hdlr", bytes(8), b"vide", bytes(12), CANARY.encode(), bytes(1))
    media = box(b"mdia", box(b"mdhd", b"\x01", bytes(3), MOMENT * 4, bytes(16)), writer)
    track = box(b"trak", box(b"tkhd", bytes(4), MOMENT * 2, b"ID 1", bytes(68)), media, tags)
    meta = box(b"meta", bytes(4), CANARY.encode())
    moov = box(b"moov", box(b"mvhd", bytes(4), MOMENT * 2, b"RATE", bytes(84)), track, tags, meta)
    room = box(b"free", CANARY.encode())
    return box(b"ftyp", brand, bytes(4), b"isom", b"mp42") + moov + room + box(b"mdat", bytes(range(256)) * 4)


FRAME = b"\xff\xfb\x90\x00" + bytes(413)
"""Of an MP3: MPEG 1 layer III, 128 kbit/s at 44.1 kHz."""


def sound() -> bytes:
    tag = b"TXXX" + struct.pack(">I", 40) + bytes(2) + CANARY.encode().ljust(40, b"\x00")
    head = b"ID3\x04\x00\x00" + bytes((0, 0, 0, len(tag)))
    edge = b"APETAGEX" + struct.pack("<IIII", 2000, 32 + len(CANARY), 1, 1 << 31) + bytes(8)
    return head + tag + FRAME * 3 + edge + CANARY.encode() + edge + b"TAG" + CANARY.encode().ljust(125, b"\x00")
