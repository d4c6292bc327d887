import json

from playwright.sync_api import Locator, Page, Route, expect

from engine.runtime.state.people import Person
from tests.browser.orders import found_company
from tests.browser.site import OTTO, Site


def open_mine(page: Page, site: Site) -> None:
    """Claim the task of load L-4711 and wait for its form."""
    site.start("L-4711")
    page.goto(f"{site.url}/worklist")
    page.get_by_role("link", name="Clear load L-4711").click()
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("button", name="Complete")).to_be_visible()


def test_a_task_is_claimed_decided_and_gone(page: Page, site: Site):
    open_mine(page, site)
    page.get_by_label("Let it go").check()
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#notices")).to_contain_text("The process has moved on")
    expect(page.locator("#task")).to_contain_text("Completed")
    expect(page.locator("#tasks")).to_contain_text("Nothing needs you now")


def test_the_case_of_its_subject_stands_beside_the_form_and_above_it_on_a_phone(page: Page, site: Site):
    found_company(site)
    site.start("L-4713", order_no="SO-000002")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{site.url}/worklist")
    page.get_by_role("link", name="Clear load L-4713").click()
    case, form = page.locator("[data-case=order]"), page.locator("task-form")
    for fact in ("SO-000002", "Swivel chair Aurora", "Over the limit.", "250.00 EUR"):
        expect(case).to_contain_text(fact)
    expect(form).to_have_attribute("data-ready", "true")
    beside, entered = case.bounding_box(), form.bounding_box()
    assert beside["x"] + beside["width"] <= entered["x"]
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    above, below = case.bounding_box(), form.bounding_box()
    assert above["y"] + above["height"] <= below["y"]


def test_what_is_around_an_open_task_follows_it(page: Page, site: Site):
    site.start("L-4712")
    open_mine(page, site)
    expect(page.locator("#desk")).to_have_text("1 on your desk, 1 to claim")
    expect(page.locator("#tasks [aria-current=true]").get_by_role("link", name="Clear load")).to_have_text("Clear load L-4711")


def test_a_completion_carries_its_version_a_token_and_a_key(page: Page, site: Site):
    open_mine(page, site)
    page.get_by_label("Let it go").check()
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#task")).to_contain_text("Completed")
    verb, headers, body = site.requests[-1]
    assert verb == "complete"
    assert body["version"] >= 1
    assert body["data"]["decision"] == "go"
    assert len(headers["Idempotency-Key"]) >= 32
    assert headers["X-Csrf-Token"] == "token-of-the-session"


def test_the_form_stops_a_breach_before_it_is_sent(page: Page, site: Site):
    open_mine(page, site)
    page.get_by_label("Let it go").check()
    page.get_by_label("Pallets").fill("55")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".fjs-form-field-error")).to_contain_text("33")
    assert [verb for verb, _, _ in site.requests if verb != "draft"] == ["claim"]


def test_a_refusal_of_the_server_is_shown_in_its_field(page: Page, site: Site):
    open_mine(page, site)

    def refuse(route: Route) -> None:
        errors = {"pallets": ["Only 3 pallets are left."], "seals.1.number": ["That seal was used before."]}
        problem = {"detail": "The form has an error.", "next_step": "Correct it.", "errors": errors}
        route.fulfill(status=422, content_type="application/problem+json", body=json.dumps(problem))

    page.route("**/complete", refuse)
    page.get_by_label("Let it go").check()
    page.get_by_label("Pallets").fill("5")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".fjs-form-field-error")).to_have_text(["Only 3 pallets are left.", "That seal was used before."])
    expect(page.locator(".fjs-form-field-textfield").last).to_contain_text("That seal was used before.")
    expect(page.get_by_label("Pallets")).to_be_focused()
    expect(page.locator("#notices")).to_contain_text("Correct it.")


def test_whoever_comes_second_is_told_who_was_first(page: Page, site: Site):
    open_mine(page, site)
    page.get_by_label("Let it go").check()
    site.complete(OTTO, decision="go")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#notices")).to_contain_text("otto completed 'Clear load L-4711'")
    expect(page.locator("#task")).to_contain_text("otto")
    expect(page.get_by_role("button", name="Complete")).to_be_hidden()


def test_a_draft_survives_the_way_out_and_back(page: Page, site: Site):
    open_mine(page, site)
    page.get_by_label("Pallets").fill("7")
    with page.expect_response("**/draft"):
        page.get_by_label("Pallets").press("Tab")  # nothing is pressed to keep it
    page.goto(f"{site.url}/worklist")
    page.get_by_role("link", name="Clear load L-4711").click()
    expect(page.get_by_label("Pallets")).to_have_value("7")
    page.get_by_label("Let it go").check()
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#task")).to_contain_text("Completed")


def test_a_task_given_back_is_there_for_the_group(page: Page, site: Site):
    open_mine(page, site)
    page.get_by_role("button", name="Give back").click()
    expect(page.get_by_role("button", name="Claim")).to_be_visible()
    expect(page.locator("#tasks")).to_contain_text("Warehouse")


def test_a_task_is_decided_with_the_keyboard_alone(page: Page, site: Site):
    site.start("L-4711")
    page.goto(f"{site.url}/worklist")
    page.get_by_role("link", name="Clear load L-4711").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Claim").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Complete")).to_be_visible()
    expect(page.locator("task-form[data-ready=true]")).to_be_visible()
    page.get_by_label("Let it go").press("Space")
    expect(page.get_by_label("Let it go")).to_be_checked()
    page.get_by_label("Let it go").press("Control+Enter")
    expect(page.locator("#task")).to_contain_text("Completed")


def test_a_comment_is_asked_for_only_where_the_load_is_kept(page: Page, site: Site):
    open_mine(page, site)
    expect(page.locator("task-form").get_by_label("Comment")).to_be_hidden()
    page.get_by_label("Keep it").check()
    expect(page.locator("task-form").get_by_label("Comment")).to_be_visible()


def test_the_page_has_one_set_of_buttons(page: Page, site: Site):
    open_mine(page, site)
    expect(page.get_by_text("Submit of the schema")).to_have_count(0)


def test_a_stranger_sees_neither_the_list_nor_the_task(page: Page, site: Site):
    open_mine(page, site)
    address = page.url
    site.person = Person("nina", frozenset({"treasury"}), frozenset({"read", "work"}))
    page.goto(f"{site.url}/worklist")
    expect(page.locator("#tasks")).to_contain_text("Nothing needs you now")
    page.goto(address)
    expect(page.locator("h1")).to_have_text("Not found")


def test_on_a_phone_the_open_task_takes_the_place_of_the_list(page: Page, site: Site):
    site.start("L-4711")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.url}/worklist")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Clear load L-4711").click()
    expect(page.get_by_role("button", name="Claim")).to_be_visible()
    expect(page.locator("#tasks")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".back-to-list").click()
    expect(page.locator("#tasks")).to_be_visible()


def test_ten_alike_tasks_are_decided_with_five_clicks_and_each_says_what_became_of_it(page: Page, site: Site):
    for number in range(10):
        site.start(f"L-47{number:02}")
    clicks = []

    def click(what: Locator) -> None:
        clicks.append(what)
        what.click()

    page.goto(f"{site.url}/worklist")
    click(page.get_by_label("Tick all on this page"))
    expect(page.locator("[data-select-count]")).to_have_text("10 ticked")
    click(page.get_by_role("button", name="Decide…"))
    expect(page.locator("task-form")).to_have_attribute("data-ready", "true")
    site.complete(OTTO, decision="go")
    click(page.get_by_label("Let it go"))
    click(page.get_by_role("button", name="Decide 10"))
    expect(page.get_by_role("heading", level=1)).to_have_text("9 of 10 decided")
    expect(page.get_by_role("row").nth(1)).to_contain_text("otto completed 'Clear load L-4709'")
    click(page.get_by_role("link", name="Worklist").last)
    expect(page.locator("#tasks")).to_contain_text("Nothing needs you now")
    assert len(clicks) <= 6


def test_a_task_is_opened_claimed_and_decided_with_eight_strokes(page: Page, site: Site):
    site.start("L-4711")
    site.start("L-4712")
    page.goto(f"{site.url}/worklist")
    strokes = ["j", "j", "Enter", "c", "f", "Space", "Control+Enter"]
    for stroke in strokes[:3]:
        page.keyboard.press(stroke)
    expect(page.get_by_role("button", name="Claim")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Complete")).to_be_visible()
    expect(page.locator("task-form")).to_have_attribute("data-ready", "true")
    for stroke in strokes[4:]:
        page.keyboard.press(stroke)
    expect(page.locator("#notices")).to_contain_text("The process has moved on")
    assert len(strokes) <= 8


def test_a_list_that_renews_itself_leaves_what_is_ticked_and_typed_where_it_is(page: Page, site: Site):
    site.start("L-4711")
    page.goto(f"{site.url}/worklist")
    page.get_by_label("Tick Clear load L-4711").check()
    page.get_by_role("searchbox").fill("L-47")
    site.start("L-4712")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('ordercraft:changed', {bubbles: true}))")
    expect(page.get_by_role("link", name="Clear load L-4712")).to_be_visible()
    expect(page.get_by_label("Tick Clear load L-4711")).to_be_checked()
    expect(page.get_by_role("searchbox")).to_have_value("L-47")
    expect(page.get_by_role("searchbox")).to_be_focused()
