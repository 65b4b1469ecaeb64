"""An export's lines as CSV or as a workbook: no cell that a program would take for a formula, and on each file who
asked for it, when, and by which request."""

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter

BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_LONGEST_CELL = 32_767
"""What a workbook's cell can hold."""


def plain(value: str) -> str:
    """A cell that every program takes for text. What could begin a formula gets an apostrophe before it."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def csv_file(mark: str, head: Sequence[str], lines: Iterable[Sequence[str]], foot: str) -> bytes:
    """UTF-8 with the mark by which spreadsheets know it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in _rows(mark, head, lines, foot):
        writer.writerow(row)
    return (BOM + out.getvalue()).encode()


def xlsx_file(folder: str, mark: str, head: Sequence[str], lines: Iterable[Sequence[str]], foot: str) -> bytes:
    """A workbook of one sheet, written line by line through a folder of its own under `folder`."""
    out = io.BytesIO()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        options = {
            "constant_memory": True, "tmpdir": place, "strings_to_formulas": False, "strings_to_urls": False,
            "strings_to_numbers": False,
        }  # fmt: skip
        book = xlsxwriter.Workbook(out, options)
        sheet = book.add_worksheet("12345")
        _set_up(sheet, mark, len(head))
        bold = book.add_format({"bold": True})
        for number, row in enumerate(_rows(mark, head, lines, foot)):
            for column, value in enumerate(row):
                sheet.write_string(number, column, value[:_LONGEST_CELL], bold if number == 1 else None)
        book.close()
    return out.getvalue()


def _rows(
    mark: str, head: Sequence[str], lines: Iterable[Sequence[str]], foot: str
) -> Iterable[Sequence[str]]:
    yield [plain(mark)]
    yield [plain(name) for name in head]
    for line in lines:
        yield [plain(value) for value in line]
    yield [plain(foot)]


def _set_up(sheet: Any, mark: str, columns: int) -> None:
    """The mark on every printed page; an ampersand begins a code there. The headings stay in sight."""
    safe = mark.replace("&", "&&")[:200]
    sheet.set_header(f"&L{safe}&R&P / &N")
    sheet.set_footer(f"&C{safe}")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.freeze_panes(2, 1)
    sheet.set_column(0, columns - 1, 18)
