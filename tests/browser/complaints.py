"""Whatever the browser complains of fails the test."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

_MEANT = re.compile(r"status of 4|net::ERR_FAILED")


@contextmanager
def without_complaints(page: Page) -> Iterator[None]:
    """Errors of scripts and of the console; an answer that refuses something is none, nor is a request that a test itself breaks."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" and not _MEANT.search(said.text) else None)
    page.set_default_timeout(10_000)
    yield
    assert complaints == [], complaints
