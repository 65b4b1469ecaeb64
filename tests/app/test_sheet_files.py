"""Sheets as PDF: their text can be read out again, and nothing a citizen wrote is anything but text."""

import io

import pytest
from pypdf import PdfReader

from app.sheet_files import NO_GLYPH, pdf, printable

BODY = (
    "小区门前路灯不亮，㙓家巷、龘字楼；垚犇骉三人。\n"
    "second line <img src=file:///etc/passwd> {{7*7}} ![x](http://x/)"
)


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


@pytest.fixture(scope="module")
def content() -> bytes:
    facts = [("编号", "20260101000017"), ("地点", ""), ("类别", "城市管理")]
    return pdf("东河市热线", "路灯不亮", facts, [("事项", BODY), ("空", " ")], "打印人：王某，2026年1月1日")


def test_chinese_and_rare_characters_are_read_out_as_they_were(content: bytes):
    text = text_of(content)
    for words in ("东河市热线", "路灯不亮", "20260101000017", "城市管理", "㙓家巷、龘字楼；垚犇骉三人"):
        assert words in text
    assert "打印人：王某" in text
    assert "地点" not in text and "空" not in text


def test_what_looks_like_markup_is_text_and_nothing_is_loaded(content: bytes):
    text = text_of(content).replace("\n", "")
    assert "<img src=file:///etc/passwd>" in text and "{{7*7}}" in text and "![x](http://x/)" in text
    [page] = PdfReader(io.BytesIO(content)).pages
    assert not page.get("/Annots") and not page.images
    assert b"/URI" not in content and b"/JavaScript" not in content and b"/Launch" not in content


def test_a_character_without_a_glyph_is_named(content: bytes):
    assert printable("姓𠮷田") == f"姓{NO_GLYPH}(U+20BB7)田"
    assert printable("a\x00b\u200bc\td\r\ne") == "abc    d\ne"
    assert "(U+20BB7)" in text_of(pdf("𠮷", "t", [], [], "f"))


def test_a_long_text_goes_on_over_pages_each_with_its_foot():
    facts = [(f"第{n}项", "值" * 60) for n in range(30)]
    content = pdf("头", "题", facts, [("文", "很长的一段话。" * 900)], "脚注在此")
    pages = PdfReader(io.BytesIO(content)).pages
    assert len(pages) > 2
    assert all("脚注在此" in page.extract_text() for page in pages)
    assert text_of(content).replace("\n", "").count("很长的一段话") >= 850
