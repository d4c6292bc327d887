"""An analyst tries a process in the browser: answers for a service task, fills in a form, steps back, and saves the way as a scenario."""

from playwright.sync_api import Page, expect

from engine.runtime.state.people import Person
from tests.browser.accessibility import violations
from tests.browser.site import Site

ADA = Person("ada", frozenset({"analyst"}), frozenset({"read", "work", "deploy"}))


def ready(page: Page) -> None:
    for island in page.locator("process-diagram, task-form").all():
        expect(island).to_have_attribute("data-ready", "true")


def answer_twice(page: Page) -> None:
    """First what the service task could not answer, then what it could."""
    expect(page.get_by_text("The service task ramp.book waits for your answer")).to_be_visible()
    page.get_by_label("Its answer").fill('{"number": "R4"}')
    page.get_by_role("button", name="Answer", exact=True).press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("ramp.book could not answer this")
    page.get_by_label("Its answer").fill('{"ramp": "R4"}')
    page.get_by_role("button", name="Answer", exact=True).press("Enter")


def test_a_process_is_tried_step_by_step_with_the_keyboard_and_the_way_is_saved_as_a_scenario(page: Page, site: Site):
    site.person = ADA
    breaches = {}
    page.goto(f"{site.url}/processes/clear-load")
    page.get_by_role("link", name="Try it").press("Enter")
    breaches["begin"] = violations(page)
    page.get_by_label("Start data", exact=True).fill('{"load_no": "L-4711"}')
    page.get_by_role("button", name="Begin", exact=True).press("Enter")

    ready(page)
    expect(page.get_by_role("status").filter(has_text="It waits at Clear load.")).to_be_visible()
    expect(page.get_by_role("button", name="Clear load: waiting here, 1 time")).to_be_visible()
    breaches["form"] = violations(page)
    page.get_by_role("button", name="Complete").press("Enter")
    expect(page.get_by_text("Field is required.").first).to_be_visible()
    page.get_by_label("Let it go").check()
    page.get_by_label("Pallets").fill("7")
    page.get_by_label("Who does it").fill("vera")
    page.get_by_role("button", name="Complete").press("Enter")

    answer_twice(page)

    ready(page)
    expect(page.get_by_text("The process has ended.")).to_be_visible()
    steps = page.get_by_role("region", name="What happened")
    expect(steps).to_contain_text("ramp.book answers {ramp “R4”} (by you).")
    breaches["ended"] = violations(page)
    page.get_by_role("button", name="Step back").press("Enter")
    expect(page.get_by_text("It waits at Book ramp.")).to_be_visible()
    page.get_by_label("Its answer").fill('{"ramp": "R5"}')
    page.get_by_role("button", name="Answer", exact=True).press("Enter")
    page.get_by_label("What happens, in one sentence").fill("Ramp 5 takes the load")
    page.get_by_role("button", name="Save as a scenario").press("Enter")

    ready(page)
    expect(page.get_by_text("Saved: it is a scenario of the draft")).to_be_visible()
    expect(page.get_by_text("It comes out as expected")).to_be_visible()
    page.get_by_role("link", name="Run all scenarios").press("Enter")
    ready(page)
    expect(page.get_by_text("4 of 4 steps, 3 of 3 flows")).to_be_visible()
    breaches["all"] = violations(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert {where: found for where, found in breaches.items() if found} == {}
