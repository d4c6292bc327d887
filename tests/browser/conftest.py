"""A site on the loopback and a real Chromium. Every test fails on an error in the browser's console."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from engine.store.unit_of_work import Database
from tests.browser.complaints import without_complaints
from tests.browser.site import Site, serve
from tests.chromium import find_chromium
from ui.build import DIST

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = "no Chromium: run `python -m tests.chromium`" if not find_chromium() else ""
    if not (DIST / ".vite" / "manifest.json").is_file():
        reason = "the pages are not built: run `python -m ui.build`"
    # pytest-base-url, which pytest-playwright brings along, still defines its fixture in a way that pytest 9 warns of.
    harmless = pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods")
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(harmless)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": find_chromium(), "args": list(_FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Without motion: whoever measures the colours of a page that has just changed its theme would meet them half way."""
    return {**browser_context_args, "reduced_motion": "reduce"}


@pytest.fixture
def site(database: Database) -> Iterator[Site]:
    with serve(database) as running:
        running.deploy()
        yield running


@pytest.fixture
def page(page: Page, site: Site) -> Iterator[Page]:
    """A page of the site; whatever the browser complains of fails the test."""
    with without_complaints(page):
        yield page
