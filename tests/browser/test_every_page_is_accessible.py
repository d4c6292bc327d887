"""Every page, found from the routes, in both themes, at a desk, at 200 % and on a phone: axe finds nothing, and nothing runs out of it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from api.demo.history.seed import load_days
from tests.browser.accessibility import violations, violations_in_both_themes
from tests.browser.complaints import without_complaints
from tests.browser.workshop import Workshop, serve_workshop
from tests.pages import addresses, deploy_another, furnish
from tests.screenshots import settled

DESK = {"width": 1440, "height": 900}
#: A desk at 200 %: half as many pixels of the page in each direction.
ENLARGED = {"width": 720, "height": 450}
PHONE = {"width": 390, "height": 844}
#: So that two workers share them.
PARTS = 4
#: The page has heard of its new size and is drawn in it.
_DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
#: What a scrollbar may take.
_BAR = 15


@pytest.fixture
def workshop(own_database, address) -> Iterator[Workshop]:
    load_days(own_database)
    with serve_workshop(own_database, address, people=()) as running:
        with own_database.transaction() as tx:
            furnish(running.runtime, tx)
        with own_database.transaction() as tx:
            deploy_another(running.runtime, tx)
        yield running


@pytest.fixture
def page(workshop, context) -> Iterator[Page]:
    made = context.new_page()
    with without_complaints(made):
        workshop.sign_in(made, "edith")
        yield made
        made.goto("about:blank")


def breaches(page: Page, url: str) -> list[str]:
    """What is wrong with a page, however it is looked at."""
    page.set_viewport_size(DESK)
    answer = page.goto(url)
    if answer is None or not answer.ok:
        return [f"answers {answer.status if answer else 'nothing'}"]
    settled(page)
    found = violations_in_both_themes(page)
    for size in (ENLARGED, PHONE):
        page.set_viewport_size(size)
        page.evaluate(_DRAWN)
        found += [f"at {size['width']}: {each}" for each in violations(page)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > size["width"] + _BAR:
            found.append(f"at {size['width']}: runs out to {wide}")
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_on_any_page_in_either_theme_at_a_desk_enlarged_and_on_a_phone(workshop: Workshop, page: Page, part: int):
    with workshop.database.transaction() as tx:
        pages = list(addresses(workshop.application, tx))[part::PARTS]
    found = [f"{name}: {breach}" for name, path in pages for breach in breaches(page, workshop.url + path)]
    assert found == [], "\n".join(found)
