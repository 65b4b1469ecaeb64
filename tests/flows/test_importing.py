"""Another line's records brought in, twice; afterwards all is there and in order, and boards are filled."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from databases import clone_database

from .cases import Office
from .product import Product, flask

MATTERS = (
    "路灯不亮", "暖气不热，家里供暖温度不达标", "流动摊贩占道经营，堵塞人行道",
    "小区物业不履行维修义务，公共维修资金被挪用", "渣土车遗撒，建筑垃圾乱倒", "说不清归谁的事情",
)  # fmt: skip
ROWS = 60
WHOLE = 6632


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A file as another line would hand it over, with two rows that cannot be taken."""
    file = tmp_path / "mayor-mailbox.csv"
    with file.open("w", encoding="gb18030", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["留言编号", "留言主题", "留言详情", "留言时间", "联系电话"])
        for number in range(ROWS):
            matter = MATTERS[number % len(MATTERS)]
            text = f"望河区{matter}，请尽快处理。\n第{number}封来信，很着急。"
            writer.writerow([f"M-{number:03d}", matter, text, "2026/3/1 08:30:00", f"138001{number:05d}"])
        writer.writerow(["M-900", "时间不对", "没有这样的时间", "去年冬天", ""])
        writer.writerow(["", "没有编号", "这封信没有编号", "2026/3/1 08:30:00", ""])
    return file


def _import(run: Callable[..., object], file: Path, **options: object) -> str:
    """The last line that the import prints."""
    done = run("import", "messages", str(file), **options)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout, done.stderr
    return done.stdout.splitlines()[-1]


def _check(run: Callable[..., object]) -> dict[str, object]:
    """What the product's own checker finds."""
    return json.loads(run("check").stdout.splitlines()[-1])


def test_brought_in_twice_and_there_once(office: Office, records: Path) -> None:
    product = office.product
    before = product.ask("SELECT count(*) FROM ticket")
    assert _import(product.flask, records) == f"{ROWS + 2} read, {ROWS} new, 0 already there, 2 rejected"
    assert _import(product.flask, records) == f"{ROWS + 2} read, 0 new, {ROWS} already there, 2 rejected"
    assert product.ask("SELECT count(*) FROM ticket") == before + ROWS
    rejected = (records.parent / "mayor-mailbox.rejected.csv").read_text(encoding="utf-8-sig")
    assert "M-900" in rejected and "没有编号" in rejected and "M-000" not in rejected
    office.wait_published()
    assert _check(product.flask)["faults"] == {}
    _is_at_work(office)


def _is_at_work(office: Office) -> None:
    """What was brought in stands on boards and is found, by those whom it concerns."""
    product = office.product
    of_file = "SELECT array_agg(id) FROM ticket WHERE external_system = 'mayor-mailbox' AND state = %s"
    waiting, dispatched = (set(product.ask(of_file, state)) for state in ("TO_DISPATCH", "IN_PROGRESS"))
    assert waiting | dispatched and len(waiting) + len(dispatched) == ROWS
    assert waiting & {row["id"] for row in office.who("dispatcher").rows("triage")}
    assert dispatched & {row["id"] for row in office.who("handler-wanghe-housing").rows("to_sign")}
    late = product.ask("SELECT count(*) FROM deadline d JOIN ticket t ON t.id = d.ticket_id "
                       "WHERE t.external_system = 'mayor-mailbox' AND d.started_at < t.registered_at")
    assert late == 0, "clocks start at the import, not when the letter was written"
    found = office.who("supervisor").post("/desk/find", {"q": "13800100003"}).text
    assert found.count('class="number" href="/desk/tickets/') == 1


@pytest.mark.shared
def test_the_first_real_messages(office: Office, shared: Path, tmp_path: Path) -> None:
    file = tmp_path / "other-line.csv"
    with (shared / "data" / "messages-train.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = [row for row, _ in zip(csv.reader(source), range(301), strict=False)]
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    run = office.product.flask
    assert _import(run, file) == "300 read, 300 new, 0 already there, 0 rejected"
    office.wait_published()
    assert _check(run)["faults"] == {}


@pytest.mark.long
@pytest.mark.shared
def test_all_real_messages(product: Product, shared: Path, worker_id: str) -> None:
    config = clone_database(f"hotline_{worker_id}_import")
    urls = {"DATABASE_URL": config.database_url, "DATABASE_OWNER_URL": config.database_owner_url}

    def run(*arguments: str) -> object:
        return flask(product.environment | urls, *arguments, seconds=600)

    file = shared / "data" / "messages-train.csv"
    assert _import(run, file) == f"{WHOLE} read, {WHOLE} new, 0 already there, 0 rejected"
    assert _import(run, file) == f"{WHOLE} read, 0 new, {WHOLE} already there, 0 rejected"
    assert _check(run)["faults"] == {}
