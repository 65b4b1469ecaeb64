"""Every page of every role as axe sees it, in light and dark: no violation of what it can check."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flows.cases import LOGINS, URBAN, Office
from flows.test_phone_call import CALL
from playwright.sync_api import Page

from .test_every_page import addresses

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ROLES = ("", "operator", "dispatcher", LOGINS[URBAN], "supervisor", "admin")
WITHOUT_PAGES_OF_THEIR_OWN = ("lead-wanghe", "leader", "auditor")
FOUND = """async () => {
  const { violations } = await axe.run(document);
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(" | ")}`);
}"""


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands: a rule, and where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(FOUND)
    return found


@pytest.mark.parametrize(
    "login", [*ROLES, *(pytest.param(login, marks=pytest.mark.long) for login in WITHOUT_PAGES_OF_THEIR_OWN)]
)
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_no_page_has_a_violation(
    scheme: str, login: str, app: Flask, office: Office,
    new_window: Callable[..., Page], sign_in: Callable[..., Page],
) -> None:
    case = office.take_call(**CALL)
    values = {"version": str(case.version), "lead": str(office.unit(URBAN))}
    assert office.who("dispatcher").post(f"{case.path}/dispatch", values).status_code == 303
    page = sign_in(login, color_scheme=scheme) if login else new_window(color_scheme=scheme)
    more = [case.path, f"{case.path}/amend", "/nowhere"] if login else ["/nowhere"]
    found: dict[str, list[str]] = {}
    refused = False
    for address in [*addresses(app), *more]:
        answer = page.goto(address)
        if answer is not None and answer.status == 403:
            if refused:
                continue  # one page of refusal is like another
            refused = True
        if faults := violations(page):
            found[address] = faults
    assert found == {}
