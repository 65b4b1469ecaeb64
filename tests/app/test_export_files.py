"""Files of exports: no cell is a formula, whatever citizens write, and all comes back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from app.export_files import csv_file, plain, xlsx_file

BAD = ["=1+1", "+7", "-7", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", '=HYPERLINK("http://x","y")']
FINE = ["路灯不亮", "1=2", "a+b", "", "'quoted", "http://x.example", "13800138000", "00123", "2026-01-31"]
MARK = "导出第7号，申请人：王&某（w），申请时间：2026年1月1日 08:00。"


def rows_of_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet_of(content: bytes):
    return load_workbook(io.BytesIO(content)).active


@pytest.mark.parametrize("value", BAD)
def test_what_could_begin_a_formula_gets_an_apostrophe(value: str):
    assert plain(value) == f"'{value}"


@pytest.mark.parametrize("value", FINE)
def test_all_else_stays(value: str):
    assert plain(value) == value


def test_a_csv_file_comes_back_with_its_mark_at_head_and_foot():
    lines = [[bad, fine] for bad, fine in zip(BAD, FINE, strict=False)]
    rows = rows_of_csv(csv_file(MARK, ["编号", "标题"], lines, MARK))
    assert rows[0] == rows[-1] == [MARK] and rows[1] == ["编号", "标题"]
    assert rows[2:-1] == [[f"'{bad}", fine] for bad, fine in lines]


def test_a_workbook_comes_back_and_no_cell_is_a_formula(tmp_path):
    lines = [[bad, fine] for bad, fine in zip(BAD, FINE, strict=False)]
    sheet = sheet_of(xlsx_file(str(tmp_path), MARK, ["编号", "标题"], lines, MARK))
    rows = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == rows[-1][0] == MARK and rows[1] == ["编号", "标题"]
    assert rows[2:-1] == [[f"'{bad}".replace("\r", "_x000D_"), fine] for bad, fine in lines]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert all(cell.data_type != "f" and cell.hyperlink is None for row in sheet.iter_rows() for cell in row)
    assert "王&&某" in sheet.oddHeader.left.text and "导出第7号" in sheet.oddFooter.center.text
    assert list(tmp_path.iterdir()) == []  # what was written on the way is gone


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4)))
def test_any_text_survives_a_csv_file(lines: list[list[str]]):
    rows = rows_of_csv(csv_file(MARK, ["x"], lines, MARK))
    assert rows[2:-1] == [[plain(value) for value in line] for line in lines]
    assert not any(value.startswith(tuple("=+-@＝＋－＠\t\r")) for row in rows for value in row)
