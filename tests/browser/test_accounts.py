"""From the link that an administrator makes to the first sign-in, in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from api.auth.roles import GROUPS
from api.bootstrap import ports
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import ServiceTasks
from tests.applications import application_of
from tests.browser.accessibility import violations, violations_in_both_themes
from tests.browser.complaints import without_complaints
from tests.browser.served import Address

PASSWORD = "walnut-ferry-cobalt-9"


@pytest.fixture
def visitor(company_database, address: Address, context: BrowserContext) -> Iterator[tuple[Page, str]]:
    """A browser at the demo company, and the company's address."""
    runtime = Runtime(database=company_database, service_tasks=ServiceTasks(), ports=ports(), dispatcher=NullDispatcher())
    with address.serving(application_of(Product(Settings(), company_database, runtime, demo=True, groups=GROUPS))) as url:
        page = context.new_page()
        with without_complaints(page):
            yield page, url
            page.goto("about:blank")


def test_somebody_is_added_chooses_a_password_by_the_link_and_signs_in(visitor: tuple[Page, str]):
    page, url = visitor
    found = {}
    page.goto(f"{url}/login")
    page.get_by_role("button", name="Edith Krone").click()
    page.get_by_role("link", name="Administration").click()
    found["accounts"] = violations(page)
    page.get_by_role("link", name="Add an account").click()
    page.get_by_label("User name").fill("Nora")
    page.get_by_label("Name", exact=True).fill("Nora Newcomer")
    page.get_by_label("Sales", exact=True).check()
    found["new account"] = violations(page)
    page.get_by_role("button", name="Add").click()
    link = page.locator("#secret").inner_text()
    found["account"] = violations_in_both_themes(page)
    page.get_by_role("button", name="Sign out").click()
    page.goto(link.replace("http://localhost", url))
    expect(page.get_by_label("Code of the link")).to_have_value(link.partition("#")[2])
    assert "#" not in page.url
    page.get_by_label("New password").fill("nora.newcomer.1")
    page.get_by_role("button", name="Choose it").click()
    expect(page.get_by_text("New password is made of your name")).to_be_visible()
    found["password"] = violations(page)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Choose it").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="nora").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nora Newcomer")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Add a second factor").click()
    expect(page.get_by_alt_text("QR code of the secret below")).to_be_visible()
    found["profile"] = violations_in_both_themes(page)
    assert found == {name: [] for name in found}
