"""What happened, looked at with the keyboard: the measure changes, a number leads to its row, a way is painted."""

from playwright.sync_api import Page, expect

from tests.browser.site import Site


def test_heat_changes_with_its_measure_leads_to_its_row_and_steps_back_behind_a_way(page: Page, site: Site):
    site.start("L-1", customer={"name": "Möbelhaus"}, lines=[])
    site.complete(decision="go", pallets=3)
    site.start("L-2")
    page.goto(f"{site.url}/processes/clear-load")
    page.get_by_role("link", name="What happened").click()
    expect(page.locator("process-diagram")).to_have_attribute("data-ready", "true")
    expect(page.get_by_role("button", name="Load left: done 1 time")).to_have_text("1")
    expect(page.locator(".djs-shape.heat-frequency-5")).to_have_count(1)

    page.get_by_role("radio", name="How often").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Waiting time")).to_be_checked()
    expect(page.get_by_role("list", name="Colours: Waiting time")).to_be_visible()
    expect(page.get_by_role("list", name="Colours: How often")).to_be_hidden()
    waited = page.get_by_role("button", name="Clear load: waited")
    expect(waited).to_be_visible()
    expect(page).to_have_url(f"{site.url}/processes/clear-load/what-happened?measure=waiting")

    waited.focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr:focus")).to_contain_text("Clear load")

    so_far = page.locator("tr", has_text="So far").get_by_role("button")
    so_far.focus()
    page.keyboard.press("Enter")
    expect(so_far).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-element-id='load_ready'].way-passed")).to_have_count(1)
    for beside in ("clear_load", "book_ramp", "load_left", "load_left_label", "to_book"):
        expect(page.locator(f"[data-element-id='{beside}'].way-beside")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="the way of 1 instance")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".way-beside")).to_have_count(0)
