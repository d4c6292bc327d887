"""A site on the loopback and a real Chromium. Every test fails on an error in the browser's console."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from engine.store.unit_of_work import Database
from tests.browser.complaints import without_complaints
from tests.browser.served import Address
from tests.browser.site import Site, serve
from tests.browser.workshop import Workshop
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


@pytest.fixture(scope="session")
def address() -> Iterator[Address]:
    """Where every test finds its site."""
    made = Address()
    yield made
    made.close()


@pytest.fixture(scope="session")
def kept_context(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[BrowserContext]:
    """The browser profile of a run: scripts and styles are fetched and compiled once, not by each test."""
    kept = browser.new_context(**browser_context_args)
    yield kept
    kept.close()


@pytest.fixture
def context(kept_context: BrowserContext, address: Address) -> Iterator[BrowserContext]:
    """The profile as somebody finds it who was never here."""
    yield kept_context
    for page in kept_context.pages[1:]:
        page.close()
    last = kept_context.pages[0] if kept_context.pages else kept_context.new_page()
    browser = kept_context.new_cdp_session(last)
    browser.send("Storage.clearDataForOrigin", {"origin": address.url, "storageTypes": "cookies,local_storage,indexeddb"})
    last.close()


@pytest.fixture
def site(database: Database, address: Address) -> Iterator[Site]:
    with serve(database, address) as running:
        running.deploy()
        yield running


@pytest.fixture
def page(page: Page, site: Site) -> Iterator[Page]:
    """A page of the site; whatever the browser complains of fails the test."""
    with without_complaints(page):
        yield page


@pytest.fixture
def analyst(workshop: Workshop, context: BrowserContext) -> Iterator[Page]:
    """A page of the analyst ravi, in the workshop that the file of the test serves."""
    page = context.new_page()
    with without_complaints(page):
        workshop.sign_in(page)
        yield page
        page.goto("about:blank")
