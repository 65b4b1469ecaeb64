"""Two windows: what a dispatcher does in one is seen in a handler's other, without a reload."""

from collections.abc import Callable

import pytest
from flows.cases import HEAT, LOGINS, URBAN, Case, Office
from flows.test_phone_call import CALL
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SEEN_WITHIN = 4000.0  # ms, as the machine is busy; without sockets a board would take ten seconds
PAUSE = 3300.0  # ms between two questions of a board
MALICE = '<img src=x onerror="window.struck=1">{{7*7}}'


@pytest.fixture
def case(office: Office) -> Case:
    """A call whose title is an attempt to run a script on whoever reads it."""
    return office.take_call(**CALL | {"title": MALICE, "content": f"{CALL['content']}<script>struck=1</script>"})


def _dispatches(page: Page, case: Case, action: str, unit: str, **texts: str) -> None:
    """By the form on the ticket's page, as a person would."""
    page.goto(case.path)
    form = page.locator(f"form[action='{case.path}/{action}']")
    if not form.locator("[name=lead]").is_visible():
        page.locator("details", has=form).locator("summary").first.click()
    form.locator("[name=lead]").select_option(str(case.office.unit(unit)))
    for name, text in texts.items():
        form.locator(f"[name={name}]").fill(text)
    form.locator("button").last.click()
    expect(page.locator(".alert-success")).to_be_visible()


def test_a_row_comes_and_goes_while_somebody_looks(
    sign_in: Callable[..., Page], office: Office, case: Case
) -> None:
    board, dispatcher = sign_in(LOGINS[URBAN]), sign_in("dispatcher")
    board.goto("/desk?board=to_sign")
    expect(board.locator(".lamp")).to_have_attribute("data-live", "yes")
    row = board.locator(f"tr[data-id='{case.id}']")
    assert row.count() == 0

    _dispatches(dispatcher, case, "dispatch", URBAN)
    expect(board.locator("#fresh")).to_be_visible(timeout=SEEN_WITHIN)
    expect(board.locator("#fresh b")).to_have_text("1")
    assert row.count() == 0, "nothing moves under the reader's eyes"
    board.click("#fresh")
    expect(row).to_be_visible()
    assert MALICE in row.inner_text()
    expect(board.locator(".lamp")).to_have_attribute("data-live", "yes")

    _gives_back(office, case)
    expect(row).to_be_visible()
    board.wait_for_timeout(PAUSE)
    _dispatches(dispatcher, case, "redispatch", HEAT, decision_note="同意改派。")
    expect(board.locator(f"tr.gone[data-id='{case.id}']")).to_have_count(1, timeout=SEEN_WITHIN)
    board.reload()
    assert row.count() == 0
    assert [page.evaluate("window.struck") for page in (board, dispatcher)] == [None, None]


def _gives_back(office: Office, case: Case) -> None:
    """The unit's other window asks for the return; the ticket leaves the board of what is to be signed for."""
    ground = {"legal_basis": "行政区划图", "suggested": str(office.unit(HEAT))}
    fields = {"return_reason": "wrong_area", "return_note": "不在我辖区。", **ground}
    values = {"version": str(case.version), "part": case.part(URBAN), **fields}
    assert office.who(LOGINS[URBAN]).post(f"{case.path}/request_return", values).status_code == 303


def test_a_row_changes_in_place(sign_in: Callable[..., Page], office: Office, case: Case) -> None:
    board = sign_in("supervisor")
    board.goto("/desk?board=all")
    expect(board.locator(".lamp")).to_have_attribute("data-live", "yes")
    state = board.locator(f"tr[data-id='{case.id}'] [data-cell=state]")
    before = state.inner_text()
    values = {"version": str(case.version), "lead": str(office.unit(URBAN))}
    assert office.who("dispatcher").post(f"{case.path}/dispatch", values).status_code == 303
    expect(state).not_to_have_text(before, timeout=SEEN_WITHIN)
    assert board.evaluate("window.struck") is None


def test_a_board_says_when_its_person_was_signed_out(
    sign_in: Callable[..., Page], complaints: list[str]
) -> None:
    board = sign_in("leader")
    board.goto("/desk")
    expect(board.locator(".lamp")).to_have_attribute("data-live", "yes")
    other = board.context.new_page()
    other.goto("/account")
    other.locator("nav form[action='/logout'] button").click()
    expect(board.locator(".lamp")).to_have_attribute("data-live", "no", timeout=8000)
    complaints.clear()  # the browser itself notes that the socket was not let in again
