"""What is deployed, read in a browser: every page in both themes and on a phone, and the way from a mark to its row."""

from pathlib import Path

from playwright.sync_api import Page, expect

from engine.models.bundle import Bundle
from engine.runtime.state.people import Person
from engine.runtime.verbs import deploy
from tests.browser.accessibility import violations_in_both_themes
from tests.browser.site import MODELS, Site

ADA = Person("ada", frozenset({"analyst"}), frozenset({"read", "work", "deploy", "migrate"}))
QUOTE = Path(__file__).parents[2] / "bpmn" / "quote-to-order"
PAGES = {
    "list": "/processes",
    "diagram": "/processes/clear-load",
    "decisions": "/processes/clear-load?show=decisions",
    "form": "/processes/clear-load?show=forms",
    "scenarios": "/processes/clear-load?show=scenarios",
    "readme": "/processes/clear-load?show=readme",
    "versions": "/processes/clear-load?show=versions",
    "way back": "/processes/clear-load/diff?from=2&to=1",
    "outcome": "/processes/clear-load/outcome?from=1&to=2",
    "take over": "/processes/clear-load/take-over/1",
    "landscape": "/processes/landscape",
    "service task": "/processes/service-tasks?name=ramp.book",
    "rule": "/processes/rules?name=deadlock",
    "words": "/processes/words?vocabulary=zeebe",
    "what happened": "/processes/clear-load/what-happened?measure=waiting",
    "what happened, compared": "/processes/clear-load/what-happened?compare=1&version=1&b_version=2",
}


def deploy_change(site: Site) -> None:
    """A second version: another name and form, and a decision, a scenario and a text beside them."""
    files = {path.name: path.read_bytes() for path in MODELS.iterdir()}
    beside = {name: (QUOTE / name).read_bytes() for name in ("approvers.dmn", "happy-path.scenario.json", "README.md")}
    diagram = files["clear-load.bpmn"].replace(b'name="Book ramp"', b'name="Book a ramp"')
    form = files["clear-load.form"].replace(b"Pallets", b"Pallets to load")
    assert (diagram, form) != (files["clear-load.bpmn"], files["clear-load.form"])
    changed = {**files, **beside, "clear-load.bpmn": diagram, "clear-load.form": form}
    with site.database.transaction() as tx:
        deploy.deploy(site.runtime, tx, Bundle("clear-load", changed), deploy.Author("ada", "Ramps have articles now"))


def ready(page: Page) -> None:
    for island in page.locator("process-diagram, task-form").all():
        expect(island).to_have_attribute("data-ready", "true")


def test_every_page_of_what_is_deployed_is_accessible_in_both_themes_and_fits_a_phone(page: Page, site: Site):
    site.person = ADA
    site.start("L-4711")
    deploy_change(site)
    breaches, wide = {}, {}
    for name, address in PAGES.items():
        page.goto(site.url + address)
        ready(page)
        breaches[name] = violations_in_both_themes(page)
        page.set_viewport_size({"width": 390, "height": 844})
        wide[name] = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1280, "height": 720})
    assert {where: found for where, found in breaches.items() if found} == {}
    assert {name: width for name, width in wide.items() if width > 390} == {}


def test_a_difference_is_marked_on_both_diagrams_and_leads_to_its_row_and_back_goes_the_bundle(page: Page, site: Site):
    site.person = ADA
    deploy_change(site)
    site.start("L-4711")
    page.goto(f"{site.url}/processes/clear-load?show=versions")
    page.get_by_role("link", name="Roll back…").click()
    ready(page)
    expect(page.get_by_role("region", name="Instances touched")).to_contain_text("its form clear-load changed")
    signs = page.get_by_role("button", name="Book ramp: changed"), page.get_by_role("button", name="Book a ramp: changed")
    for sign in signs:
        expect(sign).to_be_visible()
    signs[0].focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr:focus")).to_contain_text("Book a ramp")
    page.get_by_label("Why").fill("Nobody says articles")
    page.get_by_role("button", name="Roll back to version 1").click()
    expect(page.get_by_role("status").filter(has_text="Rolled back")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Version 3")).to_contain_text("Rolled back to version 1: Nobody says articles")
