"""axe-core over a page: what it finds is a test's failure message."""

from pathlib import Path

from playwright.sync_api import Page

from ui.build import PACKAGES

_AXE = PACKAGES / "axe-core" / "axe.min.js"
_RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"


def violations(page: Page) -> list[str]:
    """Every breach on the page: the rule, what it asks for, and the elements."""
    page.evaluate(Path(_AXE).read_text())
    found = page.evaluate(f"axe.run(document, {_RULES})")["violations"]
    return [f"{breach['id']}: {breach['help']}: {[node['target'] for node in breach['nodes']]}" for breach in found]
