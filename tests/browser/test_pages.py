from dataclasses import replace

from playwright.sync_api import Page, expect

from tests.browser.accessibility import show_in, violations_in_both_themes
from tests.browser.orders import found_company
from tests.browser.site import OTTO, Site


def populate(site: Site) -> dict[str, str]:
    """Something on every page; answers the addresses."""
    site.person, site.ramp.closed = replace(OTTO, roles=OTTO.roles | {"see-books", "see-bank", "audit"}), True
    failed = site.start("L-4711", customer={"name": "Möbelhaus Kärntner"}, lines=[{"sku": "CH-1", "quantity": 4}])
    site.complete(OTTO, decision="go", pallets=3)
    site.start("L-4712", order_no="SO-000002")
    found_company(site)
    return {
        "today": "/",
        "orders": "/orders",
        "order": "/orders/SO-000002",
        "worklist": "/worklist",
        "instances": "/operations/instances",
        "instance": f"/operations/instances/{failed}",
        "incidents": "/operations/incidents",
        "signals": "/operations/signals",
        "audit log": "/operations/audit",
        "everybody's tasks": "/worklist?view=everybody",
        "journals": "/finance/journals",
        "receipts": "/finance/receipts",
        "to ship": "/fulfillment/groups",
        "missing": "/orders/SO-999999",
    }


def test_every_page_is_accessible_in_both_themes_and_fits_a_phone(page: Page, site: Site):
    addresses = populate(site)
    found, wide = {}, {}
    for name, address in addresses.items():
        page.goto(site.url + address)
        if name == "instance":
            expect(page.locator("process-diagram")).to_have_attribute("data-ready", "true")
        found[name] = violations_in_both_themes(page)
        page.set_viewport_size({"width": 390, "height": 844})
        wide[name] = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1280, "height": 720})
    assert found == {name: [] for name in addresses}
    assert {name: width for name, width in wide.items() if width > 390} == {}


def test_an_open_task_is_accessible_before_and_after_it_is_claimed(page: Page, site: Site):
    populate(site)
    page.goto(f"{site.url}/worklist")
    page.get_by_role("link", name="Clear load L-4712").click()
    expect(page.locator("task-form")).to_have_attribute("data-ready", "true")
    before = violations_in_both_themes(page)
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("button", name="Complete")).to_be_visible()
    expect(page.locator("task-form")).to_have_attribute("data-ready", "true")
    assert (before, violations_in_both_themes(page)) == ([], [])


def test_the_watermark_of_bpmn_io_stays_visible_on_a_light_ground_also_in_the_dark(page: Page, site: Site):
    addresses = populate(site)
    page.goto(site.url + addresses["instance"])
    show_in(page, "dark")
    of_diagram = page.locator(".bjs-powered-by")
    expect(of_diagram).to_be_visible()
    assert of_diagram.evaluate("mark => getComputedStyle(mark).backgroundColor") == "rgb(255, 255, 255)"
    page.goto(f"{site.url}/worklist")
    page.get_by_role("link", name="Clear load L-4712").click()
    of_form = page.locator(".fjs-powered-by-link")
    expect(of_form).to_be_visible()
    show_in(page, "dark")
    assert of_form.evaluate("mark => [getComputedStyle(mark).backgroundColor, getComputedStyle(mark).color]") == [
        "rgb(255, 255, 255)",
        "rgb(64, 64, 64)",
    ]


def test_the_theme_is_kept_from_page_to_page(page: Page, site: Site):
    page.goto(f"{site.url}/")
    page.get_by_role("button", name="Switch between light and dark").click()
    chosen = page.locator("html").get_attribute("data-theme")
    page.goto(f"{site.url}/orders")
    expect(page.locator("html")).to_have_attribute("data-theme", chosen or "")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", chosen or "")


def test_the_first_tab_leads_past_the_navigation(page: Page, site: Site):
    page.goto(f"{site.url}/orders")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_a_slash_leads_to_the_search(page: Page, site: Site):
    page.goto(f"{site.url}/orders")
    page.keyboard.press("/")
    expect(page.get_by_label("Search", exact=True)).to_be_focused()


def test_what_is_missing_says_what_to_do_and_shows_no_traceback(page: Page, site: Site):
    page.goto(f"{site.url}/orders/SO-999999")
    expect(page.locator("main")).to_contain_text("There is no order SO-999999.")
    expect(page.locator("main")).to_contain_text("Search by number")
    expect(page.locator("body")).not_to_contain_text("Traceback")
