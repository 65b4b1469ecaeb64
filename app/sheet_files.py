"""Sheets as PDF. The renderer is given plain text and one font that the set-up fetched; it loads nothing else."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos

FONT = Path(__file__).parent / "static" / "vendor" / "fonts" / "NotoSansSC.ttf"
NO_GLYPH = "〓"
"""What printers put where a character is missing (geta); the number of the character stands behind it."""
MARGIN, LINE, LABEL, PICTURE = 18, 6.5, 34, 90  # millimetres

Facts = Sequence[tuple[str, str]]


@cache
def _glyphs() -> frozenset[int]:
    with TTFont(FONT, lazy=True) as font:
        return frozenset(font.getBestCmap())


def printable(text: str) -> str:
    """The text as the font can show it: what it has no glyph for is named, never left out in silence."""
    kept = []
    for char in text.replace("\r\n", "\n").replace("\t", "    "):
        if char == "\n" or ord(char) in _glyphs():
            kept.append(char)
        elif unicodedata.category(char) not in ("Cc", "Cf", "Mn"):
            kept.append(f"{NO_GLYPH}(U+{ord(char):X})")
    return "".join(kept)


class _Sheet(FPDF):
    """A4, with the same foot on each page: who had it made, when, which page."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 4)
        self.add_font("sheet", fname=FONT)
        self.set_font("sheet", size=11)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-MARGIN + 2)
        self.set_font("sheet", size=8)
        self.cell(0, 5, f"{self.foot}  {self.page_no()}", align="C")
        self.set_font("sheet", size=11)


def pdf(
    heading: str, title: str, facts: Facts, texts: Facts, foot: str, pictures: Sequence[bytes] = ()
) -> bytes:
    """One sheet: heading, title, facts in two columns, texts each under its own heading, pictures."""
    sheet = _Sheet(printable(foot))
    sheet.set_title(printable(title))
    sheet.set_lang("zh-CN")
    sheet.set_font("sheet", size=16)
    sheet.multi_cell(0, 9, printable(heading), align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.set_font("sheet", size=13)
    sheet.multi_cell(0, 8, printable(title), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.set_font("sheet", size=11)
    sheet.ln(2)
    _facts(sheet, [(name, value) for name, value in facts if value])
    for name, body in texts:
        if body.strip():
            _text(sheet, name, body)
    for picture in pictures:
        sheet.ln(3)
        sheet.image(BytesIO(picture), w=PICTURE, h=PICTURE, keep_aspect_ratio=True)
    return bytes(sheet.output())


def _facts(sheet: FPDF, facts: Iterable[tuple[str, str]]) -> None:
    for name, value in facts:
        top = sheet.get_y()
        if top > sheet.page_break_trigger - LINE:
            sheet.add_page()
            top = sheet.get_y()
        sheet.set_text_color(90)
        sheet.multi_cell(LABEL, LINE, printable(name), new_x=XPos.RIGHT, new_y=YPos.TOP, align="L")
        sheet.set_text_color(0)
        sheet.set_xy(MARGIN + LABEL, top)
        sheet.multi_cell(0, LINE, printable(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")


def _text(sheet: FPDF, name: str, body: str) -> None:
    sheet.ln(3)
    sheet.set_text_color(90)
    sheet.multi_cell(0, LINE, printable(name), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.set_text_color(0)
    sheet.multi_cell(0, LINE, printable(body), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
