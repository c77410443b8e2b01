"""A page in a browser: what an auditor of accessibility says of it, and the way through it with the keyboard alone."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(sys.prefix) / "axe" / "axe.min.js"  # which .ci/axe fetches
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def audit(page: Page) -> list[str]:
    """Return what axe finds: rule, and where."""
    assert AXE.is_file(), f"{AXE} is not there: run .ci/axe {sys.executable}"
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "async rules => (await axe.run(document, {runOnly: rules})).violations"
        ".map(each => each.id + ': ' + each.nodes.map(node => node.target + ' ' + node.failureSummary).join('; '))",
        RULES,
    )
    assert page.evaluate("axe.version")
    return found


def press_to(page: Page, *, name: str | re.Pattern[str], role: str = "button", key: str = "Tab") -> None:
    """Go with the keyboard alone to what has this role and name."""
    wanted = page.get_by_role(role, name=name).first.element_handle()
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("wanted => wanted === document.activeElement", wanted):
            return
    raise AssertionError(f"the keyboard does not come to {role} {name}")
