"""What a file that somebody sends may be. Pictures are made anew, without what the camera wrote into them; sound
and films lose their tags; anything else is refused. Knows no request and no disk."""

import re
import struct
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

import filetype
from PIL import Image, ImageOps

from app.films import film_without_tags, sound_without_tags
from tickets import masking

IMAGE, AUDIO, VIDEO = "image", "audio", "video"
ACCEPTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # what its first bytes say -> kind, endings that a name may have; the first is the one it is kept with
    "image/jpeg": (IMAGE, ("jpg", "jpeg", "jpe", "jfif")),
    "image/png": (IMAGE, ("png",)),
    "image/webp": (IMAGE, ("webp",)),
    "audio/mpeg": (AUDIO, ("mp3",)),
    "audio/mp4": (AUDIO, ("m4a", "mp4")),
    "video/mp4": (VIDEO, ("mp4", "m4v")),
}
WITHOUT_TAGS: Mapping[str, Callable[[bytes], bytes]] = {
    "audio/mpeg": sound_without_tags, "audio/mp4": film_without_tags, "video/mp4": film_without_tags,
}  # fmt: skip
THUMBNAIL = (640, 640)
QUALITY, SMALL_QUALITY = 85, 78
MOST_SCANS = 60
"""Of a progressive JPEG. A camera makes about ten; each is another pass over the whole picture."""
LONGEST_NAME = 60
NAMELESS = "file"
_TAKEN = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)
"""Names that mean a device on some machines."""
_ENDING = re.compile(r"\.([A-Za-z][A-Za-z0-9]{0,7})$")
_EDGE = 64 * 1024
_MARKUP = re.compile(rb"<(?:!doctype|html|script|svg|iframe|\?php)[\s>]", re.I)
_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
_ZIP_END = b"PK\x05\x06"
_UNREADABLE = (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError, struct.error)
"""What Pillow raises on files that are not what they say."""


@dataclass(frozen=True)
class Examined:
    """A file that may be kept. `thumbnail` is a small JPEG of a picture; None for what is no picture."""

    name: str
    kind: str
    media_type: str
    content: bytes
    thumbnail: bytes | None


class Refused(ValueError):
    """A file is not to be kept; `code` names the sentence to show."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def judge(name: str, content: bytes, most_pixels: int) -> Examined | str:
    """The file as it may be kept, or the code of why it may not."""
    try:
        return examine(name, content, most_pixels)
    except Refused as refusal:
        return refusal.code


def examine(name: str, content: bytes, most_pixels: int) -> Examined:
    """The file as it may be kept. Raises Refused."""
    if not content:
        raise Refused("file_empty")
    found = filetype.guess(content)
    media_type = found.mime if found else ""
    if media_type not in ACCEPTED:
        raise Refused("file_kind")
    kind, endings = ACCEPTED[media_type]
    ending = _ENDING.search(_visible(name))
    if ending and ending[1].lower() not in endings:
        raise Refused("file_ending")
    if is_mixed(content):
        raise Refused("file_mixed")
    thumbnail = None
    if kind == IMAGE:
        content, thumbnail = _picture(content, media_type.partition("/")[2].upper(), most_pixels)
    else:
        try:
            content = WITHOUT_TAGS[media_type](content)
        except ValueError as fault:
            raise Refused("file_damaged") from fault
    return Examined(clean_name(name, endings[0]), kind, media_type, content, thumbnail)


def is_mixed(content: bytes) -> bool:
    """Whether it is also a page, a script, a document or an archive, to who reads it from another end."""
    edges = content[:_EDGE] + b"\x00" + content[-_EDGE:]
    return (
        _MARKUP.search(edges) is not None
        or b"%PDF-" in content[:1024]
        or _ZIP_END in content[-_EDGE - 22 :]
        or any(mark in content for mark in _ARCHIVES)
    )


def _picture(content: bytes, format: str, most_pixels: int) -> tuple[bytes, bytes]:
    """The picture made anew, upright and with its points alone, and a small one. Raises Refused."""
    try:
        with Image.open(BytesIO(content), formats=[format]) as opened:
            # Before a single point is read: the size stands in the file's head.
            if opened.width * opened.height > most_pixels:
                raise Refused("file_pixels")
            if format == "JPEG" and content.count(b"\xff\xda") > MOST_SCANS:
                raise Refused("file_damaged")
            ImageOps.exif_transpose(opened, in_place=True)
            has_glass = format != "JPEG" and opened.has_transparency_data
            mode = "RGBA" if has_glass else "RGB"
            plain = opened if opened.mode == mode else opened.convert(mode)
            plain.load()
    except Image.DecompressionBombError as fault:
        raise Refused("file_pixels") from fault
    except Refused:
        raise
    except _UNREADABLE as fault:
        raise Refused("file_damaged") from fault
    plain.info.clear()  # else saving writes profile, comment and XMP again
    return _saved(plain, format, QUALITY), _saved(_small(plain), "JPEG", SMALL_QUALITY)


def _small(picture: Image.Image) -> Image.Image:
    """It fits THUMBNAIL; white where one could see through."""
    factor = max(1, *(length // (2 * most) for length, most in zip(picture.size, THUMBNAIL, strict=True)))
    small = picture.reduce(factor)
    small.thumbnail(THUMBNAIL)
    if small.mode == "RGB":
        return small
    ground = Image.new("RGB", small.size, "white")
    ground.paste(small, mask=small.getchannel("A"))
    return ground


def _saved(picture: Image.Image, format: str, quality: int) -> bytes:
    out = BytesIO()
    picture.save(out, format, quality=quality)
    return out.getvalue()


def clean_name(name: str, ending: str) -> str:
    """The name by which people tell files apart: no path, nothing invisible, numbers of persons masked, and the
    ending of what it is."""
    shown = re.sub(r'[<>:"|?*%]', "_", _visible(name))
    stem = _ENDING.sub("", shown).strip(" .")
    stem = masking.mask_text(stem)[:LONGEST_NAME].strip(" .")
    if not stem or _TAKEN.fullmatch(stem):
        stem = NAMELESS
    return f"{stem}.{ending}"


def _visible(name: str) -> str:
    """The last part of a path, without characters that nobody sees or that turn the order of the others around."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    return "".join(char for char in last if char.isprintable())
