"""axe-core over a page: what it finds is a test's failure message."""

from pathlib import Path

from playwright.sync_api import Page

from ui.build import PACKAGES

THEMES = ("light", "dark")
_AXE = PACKAGES / "axe-core" / "axe.min.js"
_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
#: The only rules of these that look at colours.
_RULES_OF_COLOUR = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# What axe looked at and found right is large, and stays in the browser.
_RUN = """
async rules => {
  const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ['violations'] })
  const told = node => `${node.target.join(' ')} (${node.failureSummary})`
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(told).join('; ')}`)
}
"""


def violations(page: Page) -> list[str]:
    """Every breach on the page: the rule, what it asks for, and the elements."""
    return _run(page, _RULES)


def violations_in_both_themes(page: Page) -> list[str]:
    """Every breach on the page in the light and in the dark. Only colours tell one from the other, so the rest is asked once."""
    show_in(page, "light")
    found = _run(page, _RULES)
    show_in(page, "dark")
    dark = _run(page, _RULES_OF_COLOUR)
    show_in(page, "light")
    return found + [f"in the dark {breach}" for breach in dark]


def show_in(page: Page, theme: str) -> None:
    """Change the theme of the page as the button does: nothing but this attribute tells one from the other."""
    page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)


def _run(page: Page, rules: dict[str, object]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(Path(_AXE).read_text())
    found: list[str] = page.evaluate(_RUN, rules)
    return found
