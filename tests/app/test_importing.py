"""Another line's file: each good row becomes a ticket once, whatever its encoding; each bad one is told."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import func, select

from app.checking import faults
from db import db
from tickets.event_models import TicketEvent
from tickets.models import Contact, Deadline, Ticket

HEADER = ["留言编号", "留言主题", "留言详情", "留言时间", "联系电话"]
ROWS = [
    ["1", "供热管道爆裂", "小区门口供热管道爆裂", "2024/1/2 3:04:05", "13800138000"],
    ["2", "说不清", "说不清归谁，\n他说“不管”", "2024-01-02 03:04", ""],
]


@dataclass
class Line:
    """A file of another line, and what came of it."""

    path: Path
    run: Callable[..., Result]

    @property
    def system(self) -> str:
        return self.path.stem

    def tickets(self) -> list[Ticket]:
        query = select(Ticket).where(Ticket.external_system == self.system).order_by(Ticket.external_no)
        return list(db.session.scalars(query))

    def write(self, rows: list[list[str]], header: list[str] = HEADER, encoding: str = "utf-8") -> None:
        with self.path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([header, *rows])


@pytest.fixture
def line(own_app, request: pytest.FixtureRequest, tmp_path: Path):
    path = tmp_path / f"line-{abs(hash(request.node.nodeid))}.csv"
    runner = own_app.test_cli_runner()

    def run(*options: str) -> Result:
        return runner.invoke(args=["import", "messages", str(path), *options])

    with own_app.app_context():
        yield Line(path, run)
        db.session.rollback()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_every_row_becomes_a_ticket_whatever_the_encoding(line: Line, encoding: str):
    line.write(ROWS, encoding=encoding)
    result = line.run()
    assert (result.exit_code, result.output.splitlines()[-1]) == (
        0, "2 read, 2 new, 0 already there, 0 rejected",
    )  # fmt: skip
    sure, unsure = line.tickets()
    assert (sure.title, sure.state, unsure.state) == ("供热管道爆裂", "IN_PROGRESS", "TO_DISPATCH")
    assert sure.channel == "import" and sure.received_at == datetime(2024, 1, 1, 19, 4, 5, tzinfo=UTC)
    assert sure.registered_at is not None and sure.registered_at.year > 2024
    assert (sure.anonymous, unsure.anonymous) == (False, True)
    assert db.session.get(Contact, sure.id) is not None and db.session.get(Contact, unsure.id) is None
    assert faults() == {}


def test_a_second_run_adds_nothing_and_a_longer_file_only_what_is_new(line: Line):
    line.write(ROWS)
    line.run()
    assert line.run().output.splitlines()[-1] == "2 read, 0 new, 2 already there, 0 rejected"
    line.write([*ROWS, ["3", "又一件", "又一件说不清的事", "", ""]])
    assert line.run().output.splitlines()[-1] == "3 read, 1 new, 2 already there, 0 rejected"
    assert [ticket.external_no for ticket in line.tickets()] == ["1", "2", "3"]


def test_a_number_that_comes_twice_in_one_file_is_one_ticket(line: Line):
    line.write([ROWS[0], ROWS[0]])
    assert line.run().output.splitlines()[-1] == "2 read, 1 new, 1 already there, 0 rejected"


def test_bad_rows_are_told_by_line_and_written_out_and_spoil_no_other(line: Line):
    line.write(
        [
            ROWS[1],  # lines 2 and 3
            ["", "没有编号", "内容", "", ""],  # 4
            ["5", "", " ", "", ""],  # 5
            ["6", "时间不对", "内容", "昨天", ""],  # 6
            ["7", "太少的列"],  # 7
            ["8", "将来", "内容", "2199-01-01", ""],  # 8
            ["9", "空字符", "a\x00b", "", ""],  # 9
            ["10", "太长", "x" * 20_001, "", ""],  # 10
            ROWS[0],
        ]
    )
    result = line.run()
    assert result.exit_code == 1
    told = [
        "line 4: external_no: missing",
        "line 5: content: missing",
        "line 6: received_at: not a time",
        "line 7: has 2 columns, needs 5",
        "line 8: received_at: lies in the future",
        "line 9: content: unreadable",
        "line 10: content: too_long",
    ]
    assert [part for part in result.stderr.splitlines() if part.startswith("line ")] == told
    assert result.stdout.splitlines()[-1] == "9 read, 2 new, 0 already there, 7 rejected"
    with line.path.with_name(f"{line.system}.rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rejected = csv.reader(file)
    assert header == ["line", "reason", *HEADER]
    assert [f"line {number}: {reason}" for number, reason, *_ in rejected] == told
    assert rejected[0][2:] == ["", "没有编号", "内容", "", ""]
    assert len(line.tickets()) == 2 and faults() == {}


def test_the_rejects_go_where_one_says(line: Line, tmp_path: Path):
    line.write([["", "x", "y", "", ""]])
    line.run("--rejects", str(tmp_path / "bad.csv"))
    assert (tmp_path / "bad.csv").exists()


def test_history_is_closed_as_imported(line: Line):
    line.write(ROWS)
    assert line.run("--closed").exit_code == 0
    assert [ticket.state for ticket in line.tickets()] == ["CLOSED", "CLOSED"]
    ids = [ticket.id for ticket in line.tickets()]
    clocks = select(func.count()).select_from(Deadline).where(Deadline.ticket_id.in_(ids))
    assert db.session.scalar(clocks) == 0
    assert faults() == {}


def test_headers_in_english_and_columns_named_by_hand(line: Line):
    line.write([["1", "路灯坏了", "甲"]], header=["nr", "words", "who"])
    result = line.run()
    assert result.exit_code == 1 and "No column for external_no" in result.output
    named = ("--column", "external_no=nr", "--column", "content=words", "--column", "name=who")
    assert line.run(*named, "--system", line.system, "--type", "help", "--line", "12319").exit_code == 0
    [ticket] = line.tickets()
    assert (ticket.title, ticket.type, ticket.line_no) == ("路灯坏了", "help", "12319")


@pytest.mark.parametrize(
    ("option", "sentence"),
    [("colour=nr", "the fields are external_no"), ("title=nothing", "the file's columns are nr, words")],
)
def test_a_column_that_does_not_exist_is_named(line: Line, option: str, sentence: str):
    line.write([["1", "x"]], header=["nr", "words"])
    result = line.run("--column", option)
    assert result.exit_code == 1 and sentence in result.output and not line.tickets()


def test_the_files_category_is_believed_only_when_told_to(line: Line):
    header = ["id", "text", "category_code"]
    line.write([["1", "说不清归谁", "01-01-01"]], header)
    line.run()
    line.write([["2", "说不清归谁", "01-01-01"], ["3", "说不清归谁", "77"]], header)
    result = line.run("--trust-category")
    assert "line 3: category_code: unknown" in result.stderr
    first, second = line.tickets()
    assert (first.category_code, second.category_code) == (None, "01-01-01")


def test_a_title_longer_than_ours_moves_in_front_of_the_content_whole(line: Line):
    title = "长" * 201
    line.write([["1", title, "内容", "", ""]])
    line.run()
    [ticket] = line.tickets()
    assert len(ticket.title) == 200
    texts = db.session.execute(db.text("SELECT body FROM ticket_text WHERE ticket_id = :id AND field = 'content'"),
                               {"id": ticket.id}).scalar_one()  # fmt: skip
    assert texts == f"{title}\n内容"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\xff\xff", "is neither UTF-8 nor GB18030"),
        (b'id,text\n1,"' + b"x" * 140_000, "cannot be read from line 2 on"),
    ],
)
def test_what_is_no_table_is_said_in_one_sentence(line: Line, data: bytes, sentence: str):
    line.path.write_bytes(data)
    result = line.run()
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert sentence in result.output and not line.tickets()


def test_an_encoding_that_is_named_is_not_guessed(line: Line):
    line.write(ROWS, encoding="gb18030")
    assert line.run("--encoding", "ascii").exit_code == 1
    assert line.run("--encoding", "gbk").exit_code == 0


def test_the_import_says_so_in_the_record_and_nobody_else_did_it(line: Line):
    line.write(ROWS)
    line.run()
    ids = [ticket.id for ticket in line.tickets()]
    events = db.session.scalars(select(TicketEvent).where(TicketEvent.subject_id.in_(ids))).all()
    assert {event.actor for event in events} == {"system"}
    assert {event.payload.get("channel") for event in events if event.kind == "ticket.registered"} == {"import"}
