"""What a file may be: made anew or stripped, or refused; and fast, however large it says it is."""

import resource
import time
import zipfile
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pictures import CANARY, FRAME, MOMENT, box, camera_picture, film, picture, png_chunk, png_of, sound, webp_of
from PIL import Image

from app import media
from app.media import LONGEST_NAME, Examined, judge

POINTS = 40_000_000


def kept(name: str, content: bytes) -> Examined:
    found = judge(name, content, POINTS)
    assert isinstance(found, Examined), found
    return found


@pytest.mark.parametrize(
    ("content", "name", "kind", "media_type"),
    [
        (picture("JPEG"), "IMG_1.JPG", "image", "image/jpeg"),
        (picture("PNG"), "截图.png", "image", "image/png"),
        (picture("WEBP"), "x.webp", "image", "image/webp"),
        (sound(), "录音.mp3", "audio", "audio/mpeg"),
        (film(b"M4A "), "memo.m4a", "audio", "audio/mp4"),
        (film(), "clip.mp4", "video", "video/mp4"),
        (picture("JPEG"), "image", "image", "image/jpeg"),
    ],
)
def test_what_is_taken(content, name, kind, media_type):
    found = kept(name, content)
    assert (found.kind, found.media_type) == (kind, media_type)
    assert (found.thumbnail is not None) == (kind == "image")
    assert judge(name, found.content, POINTS) == found or kind == "image"


def test_nothing_that_a_camera_wrote_is_left():
    sent = camera_picture((64, 48))
    assert sent.count(CANARY.encode()) >= 4 and b"Exif" in sent
    found = kept("IMG.jpg", sent)
    for content in (found.content, found.thumbnail or b""):
        with Image.open(BytesIO(content)) as opened:
            assert opened.size == (48, 64), "it stands upright"
            assert not opened.getexif() and not opened.getexif().get_ifd(0x8825)
            assert opened.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        for trace in (CANARY.encode(), b"Exif", b"GPS", b"xmpmeta", b"ICC_PROFILE", b"\xff\xfe"):
            assert trace not in content


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_nor_of_other_pictures(format):
    out, exif = BytesIO(), Image.Exif()
    exif[0x010E] = CANARY
    Image.new("RGBA", (30, 20), (9, 9, 9, 90)).save(out, format, exif=exif, xmp=CANARY.encode())
    sent = out.getvalue()
    if format == "PNG":
        sent = sent[:33] + png_chunk(b"tEXt", b"Comment\x00" + CANARY.encode()) + sent[33:]
    assert CANARY.encode() in sent
    found = kept("x", sent)
    assert CANARY.encode() not in found.content and b"eXIf" not in found.content and b"EXIF" not in found.content
    with Image.open(BytesIO(found.content)) as opened:
        assert opened.mode == "RGBA" and opened.size == (30, 20)


@pytest.mark.parametrize(("content", "name"), [(film(), "a.mp4"), (film(b"M4A "), "a.m4a"), (sound(), "a.mp3")])
def test_nor_of_the_tags_of_sound_and_films(content, name):
    assert CANARY.encode() in content
    found = kept(name, content)
    assert CANARY.encode() not in found.content and b"116.4074" not in found.content
    if name != "a.mp3":
        assert len(found.content) == len(content), "nothing else has moved"
        assert MOMENT not in found.content
        assert all(found.content.count(kept) == 1 for kept in (b"vide", b"RATE", b"ID 1", bytes(range(256)) * 4))
    else:
        assert found.content == FRAME * 3


def _zip(prefix: bytes = b"") -> bytes:
    out = BytesIO(prefix)
    out.seek(0, 2)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("x.class", "cafebabe")
    return out.getvalue()


PAGE = b"<html><script>alert(1)</script></html>"
WITH_PAGE_INSIDE = picture("PNG")[:33] + png_chunk(b"tEXt", b"a\x00" + PAGE) + picture("PNG")[33:]
REFUSED = [
    ("file_empty", "a.jpg", b""),
    ("file_kind", "a.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    ("file_kind", "a.jpg", b'<?xml version="1.0"?><svg onload="alert(1)"/>'),
    ("file_kind", "a.html", b"<!doctype html><script>alert(1)</script>"),
    ("file_kind", "a.pdf", b"%PDF-1.7\n1 0 obj<</OpenAction 2 0 R>>"),
    ("file_kind", "a.zip", _zip()),
    ("file_kind", "a.gif", b"GIF89a" + bytes(60)),
    ("file_kind", "a.exe", b"MZ" + bytes(60)),
    ("file_kind", "a.heic", box(b"ftyp", b"heic", bytes(4), b"mif1", b"heic") + bytes(60)),
    ("file_kind", "a.mov", box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + bytes(60)),
    ("file_kind", "a.jpg", b"\xff\xd8"),
    ("file_ending", "a.svg", picture("PNG")),
    ("file_ending", "a.jpg", picture("PNG")),
    ("file_ending", "a.mp4", picture("JPEG")),
    ("file_ending", "photo.jpg.exe", picture("JPEG")),
    ("file_ending", "photo\u202egpj.html", picture("JPEG")),
    ("file_mixed", "a.png", picture("PNG") + PAGE),
    ("file_mixed", "a.png", WITH_PAGE_INSIDE),
    ("file_mixed", "a.jpg", _zip(picture("JPEG"))),
    ("file_mixed", "a.jpg", picture("JPEG") + b"Rar!\x1a\x07\x00" + bytes(20)),
    ("file_mixed", "a.jpg", picture("JPEG")[:20] + b"%PDF-1.4" + picture("JPEG")[20:]),
    ("file_mixed", "a.mp4", film() + box(b"free", PAGE)),
    ("file_damaged", "a.jpg", picture("JPEG", (300, 300))[:300]),
    ("file_damaged", "a.png", picture("PNG")[:60]),
    ("file_damaged", "a.mp4", film()[:-1]),
    ("file_damaged", "a.mp4", film() + b"more"),
    ("file_damaged", "a.mp4", box(b"ftyp", b"isom", bytes(4), b"isom") + box(b"mdat", bytes(200))),
    ("file_damaged", "a.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x04abcd" + b"not a sound" * 9),
    ("file_damaged", "a.mp3", b"\xff\xfb\x90\x00" + bytes(500)),
    ("file_pixels", "a.png", png_of(50_000, 50_000)),
    ("file_pixels", "a.png", png_of(8_000, 5_001)),
    ("file_pixels", "a.webp", webp_of(16_383, 16_383)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "name", "content"), REFUSED)
def test_what_is_refused(code, name, content):
    assert judge(name, content, POINTS) == code


@pytest.mark.parametrize("bomb", [png_of(50_000, 50_000), png_of(2**31 - 1, 2**31 - 1), webp_of(16_383, 16_383)])
def test_a_bomb_costs_neither_time_nor_memory(bomb, tell):
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    assert judge("a", bomb, POINTS) in ("file_pixels", "file_damaged")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    took = time.monotonic() - begun
    tell(f"    a bomb of {len(bomb)} bytes: {took * 1000:.1f} ms, {grown} MB")
    assert took < 2 and grown < 100


@pytest.mark.parametrize(
    ("name", "bomb"),
    [
        ("a.mp4", film() + box(b"abcd") * 2_000_000),
        ("a.mp4", film()[:24] + box(b"moov", box(b"abcd") * 2_000_000)),
        ("a.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00" * 2_000_000 + FRAME * 3),
        ("a.mp3", FRAME * 3 + (b"APETAGEX" + bytes(4) + b"\x20" + bytes(19)) * 200_000),
    ],
    ids=["boxes", "boxes within", "tags before", "tags behind"],
)
def test_so_with_boxes_and_tags_without_end(name, bomb, tell):
    begun, before = time.thread_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = judge(name, bomb, POINTS)
    grown, took = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.thread_time() - begun
    tell(f"    {len(bomb)} bytes of boxes or tags: {took * 1000:.0f} ms, {grown // 1024} MB")
    assert found == "file_damaged" and took < 0.5 and grown < 100 * 1024


def test_moving_pictures_stand_still():
    frames = [Image.new("RGB", (20, 20), (shade, 0, 0)) for shade in range(0, 250, 5)]
    out = BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], loop=0)
    with Image.open(BytesIO(kept("a.webp", out.getvalue()).content)) as opened:
        assert getattr(opened, "n_frames", 1) == 1
    out = BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    assert judge("a.png", out.getvalue(), POINTS) == "file_kind"


def test_a_jpeg_of_very_many_passes_is_not_begun():
    out = BytesIO()
    Image.effect_noise((64, 64), 90).save(out, "JPEG", progressive=True)
    assert isinstance(judge("a.jpg", out.getvalue(), POINTS), Examined)
    scans = out.getvalue().replace(b"\xff\xd9", b"\xff\xda\x00\x03\x01" * 100 + b"\xff\xd9")
    assert judge("a.jpg", scans, POINTS) == "file_damaged"


COLOURS = {"PNG": ("1", "L", "LA", "P", "I;16", "RGBA"), "JPEG": ("1", "L", "CMYK"), "WEBP": ("L", "P", "RGBA")}


@pytest.mark.parametrize(("format", "mode"), [(one, mode) for one, modes in COLOURS.items() for mode in modes])
def test_pictures_of_every_kind_of_colour(format, mode):
    out = BytesIO()
    Image.new(mode, (40, 30)).save(out, format)
    found = kept("a", out.getvalue())
    with Image.open(BytesIO(found.thumbnail or b"")) as opened:
        assert (opened.format, opened.mode, opened.size) == ("JPEG", "RGB", (40, 30))


@given(content=st.binary(max_size=400))
@example(b"\xff\xd8\xff\xe0" + bytes(50))
@example(b"\x89PNG\r\n\x1a\n" + bytes(50))
def test_any_bytes_are_judged(content):
    assert isinstance(judge("a", content, POINTS), Examined | str)


GOOD = [picture("JPEG"), picture("PNG"), picture("WEBP"), film(), sound()]


@given(content=st.sampled_from(GOOD), data=st.data())
def test_so_are_broken_ones(content, data):
    at = data.draw(st.integers(0, len(content) - 1))
    broken = content[:at] + data.draw(st.binary(max_size=8)) + content[at + data.draw(st.integers(0, 9)) :]
    assert isinstance(judge("a", broken, POINTS), Examined | str)


@given(name=st.text(st.characters(codec=None), max_size=120))
@example("../../etc/passwd")
@example("..\\..\\boot.ini.jpg")
@example("a\x00.jpg")
@example("CON")
@example("nul.jpg")
@example(".htaccess")
@example("x" * 1000)
@example("\u202egpj.exe")
@example("照\u200b片.jpg")
@example(" . . ")
@example('a"; filename*=utf-8\'\'evil.html\r\nX: y')
def test_names_are_names_and_nothing_more(name):
    shown = media.clean_name(name, "jpg")
    stem = shown.removesuffix(".jpg")
    assert shown.endswith(".jpg") and stem and len(stem) <= LONGEST_NAME
    assert shown.isprintable() and not set(shown) & set('/\\<>:"|?*%')
    assert not stem.startswith(".") and stem.strip(" .") == stem and stem.upper() not in ("CON", "NUL", "AUX")


def test_names_show_no_number_of_a_person():
    assert "13812345678" not in media.clean_name("张三 13812345678 身份证.jpg", "jpg")
