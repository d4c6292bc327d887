"""A passkey from the day it is added to the day its device is lost, in a browser with an authenticator of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from api.auth.accounts import NewAccount, add_account
from api.auth.roles import GROUPS
from api.bootstrap import ports
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import ServiceTasks
from tests.applications import application_of
from tests.browser.accessibility import violations_in_both_themes
from tests.browser.complaints import without_complaints
from tests.browser.served import Address

PASSWORD = "walnut-ferry-cobalt-9"


@pytest.fixture
def visitor(company_database, address: Address, context: BrowserContext) -> Iterator[tuple[Page, str]]:
    """Nora's browser at a site that is called by its name, as passkeys ask for."""
    with company_database.transaction() as tx:
        add_account(tx, NewAccount("nora", "Nora Newcomer", ("sales",), password=PASSWORD))
    runtime = Runtime(database=company_database, service_tasks=ServiceTasks(), ports=ports(), dispatcher=NullDispatcher())
    with address.serving(application_of(Product(Settings(), company_database, runtime, groups=GROUPS))) as url:
        page = context.new_page()
        with without_complaints(page):
            yield page, url.replace("127.0.0.1", "localhost")
            page.goto("about:blank")


@pytest.fixture
def telephone(visitor: tuple[Page, str]) -> CDPSession:
    """A device that holds passkeys and knows its owner."""
    page, _ = visitor
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    return device


def plugged_in(device: CDPSession) -> str:
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return str(device.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("Name").fill("nora")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_added_signs_in_alone_is_asked_for_after_the_password_and_a_recovery_code_stands_for_a_lost_one(
    visitor: tuple[Page, str], telephone: CDPSession
):
    page, url = visitor
    device = plugged_in(telephone)
    sign_in(page, url)
    page.goto(f"{url}/profile")
    page.get_by_label("Name of the device").fill("Telephone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem").all_inner_texts()
    assert len(codes) == 10, "on the first day one is told what stands for it on the last"
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("button", name="Take away Telephone")).to_be_visible()
    assert violations_in_both_themes(page) == []

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("link", name="nora")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    sign_in(page, url)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    assert violations_in_both_themes(page) == []
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_role("link", name="nora")).to_be_visible()

    telephone.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, url)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(f"{url}/profile")
    page.get_by_role("button", name="Take away Telephone").click()
    expect(page.get_by_text("The passkey is taken away")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, url)
    expect(page.get_by_role("link", name="nora")).to_be_visible()


def test_a_device_that_does_not_know_its_owner_makes_no_passkey(visitor: tuple[Page, str], telephone: CDPSession):
    page, url = visitor
    telephone.send("WebAuthn.setUserVerified", {"authenticatorId": plugged_in(telephone), "isUserVerified": False})
    sign_in(page, url)
    page.goto(f"{url}/profile")
    page.get_by_label("Name of the device").fill("Telephone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("The device gave no passkey.")).to_be_visible()
    expect(page.get_by_role("button", name="Take away Telephone")).to_have_count(0)
