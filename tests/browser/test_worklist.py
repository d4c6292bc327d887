from playwright.sync_api import Page, expect

from tests.browser.site import Site


def test_a_task_is_claimed_decided_and_gone(page: Page, site: Site):
    site.start("L-4711")
    page.goto(f"{site.url}/worklist")
    page.get_by_role("link", name="Clear load L-4711").click()
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("button", name="Complete")).to_be_visible()
    page.get_by_label("Let it go").check()
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#notices")).to_contain_text("The process has moved on")
    expect(page.locator("#task")).to_contain_text("Completed")
    expect(page.locator("#tasks")).to_contain_text("Nothing needs you now")
