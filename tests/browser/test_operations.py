from playwright.sync_api import Page, expect
from sqlalchemy import select

from engine.store.tables import audit
from tests.browser.site import OTTO, VERA, Site


def fail(site: Site, *load_nos: str) -> str:
    """Let loads fail at the ramp; answers the address of the last one's instance."""
    site.person, site.ramp.closed = OTTO, True
    for load_no in load_nos:
        instance_id = site.start(load_no)
        site.complete(OTTO, decision="go")
    return f"{site.url}/operations/instances/{instance_id}"


def test_a_failed_instance_says_why_and_goes_on_after_a_retry(page: Page, site: Site):
    page.goto(fail(site, "L-4711"))
    expect(page.locator(".why-sentence")).to_contain_text("Ramp 4 is closed, so L-4711 cannot leave.")
    expect(page.locator("#step-book_ramp")).to_contain_text("Failed")
    expect(page.get_by_role("button", name="Book ramp: failed")).to_be_visible()
    site.ramp.closed = False
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator(".alert-success")).to_contain_text("Passed")
    expect(page.locator(".page-head")).to_contain_text("Completed")
    expect(page.locator("#step-book_ramp")).to_contain_text("Passed")
    expect(page.get_by_role("button", name="Book ramp: passed")).to_be_visible()


def test_a_retry_that_fails_again_is_not_called_a_success(page: Page, site: Site):
    page.goto(fail(site, "L-4711"))
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("#followed")).to_contain_text("It failed again.")
    expect(page.locator("#followed")).to_contain_text("Ramp 4 is closed")
    expect(page.locator(".page-head")).to_contain_text("Incident")


def test_a_retry_may_change_the_data_in_fields_of_their_types_and_is_seen_before_it_is_done(page: Page, site: Site):
    page.goto(fail(site, "L-4711"))
    page.get_by_role("link", name="Change data and retry…").first.click()
    expect(page.locator("#would")).to_contain_text("Ramp 4 is closed, so L-4711 cannot leave.")
    site.ramp.closed = False
    page.get_by_label("load_no").fill("L-4712")
    page.get_by_label("weight_kg").fill("heavy")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator(".field-error")).to_have_text("weight_kg must be a number, such as 12.50")
    page.get_by_label("weight_kg").fill("1250")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_role("list", name="Steps that would run")).to_contain_text("Book ramp")
    page.get_by_label("Why").fill("The number was mistyped")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".page-head")).to_contain_text("Completed")
    expect(page.get_by_role("region", name="Variables").get_by_role("row").filter(has_text="load_no")).to_contain_text("L-4712")
    expect(page.get_by_role("region", name="Variables").get_by_role("row").filter(has_text="load_no")).to_contain_text("otto")


def test_suspend_resume_and_cancel_ask_for_a_reason_that_is_kept(page: Page, site: Site):
    site.person = OTTO
    instance_id = site.start("L-4711")
    page.goto(f"{site.url}/operations/instances/{instance_id}")
    steps = (("Suspend", "Suspend", "Suspended"), ("Resume", "Resume", "Waiting"), ("Cancel", "End it for good", "Cancelled"))
    for verb, button, state in steps:
        page.get_by_role("button", name=f"{verb}…").click()
        page.get_by_label("Why").locator("visible=true").fill(f"{verb} for stocktaking")
        page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
        expect(page.locator(".page-head")).to_contain_text(state)
    expect(page.locator("#instance")).to_contain_text("Cancel for stocktaking")
    with site.database.transaction() as tx:
        reasons = tx.scalars(select(audit.c.reason).where(audit.c.target == f"instance:{instance_id}").order_by(audit.c.id)).all()
    assert reasons == ["Suspend for stocktaking", "Resume for stocktaking", "Cancel for stocktaking"]


def test_incidents_of_one_cause_are_one_line_and_one_press(page: Page, site: Site):
    fail(site, "L-4711", "L-4712", "L-4713")
    page.goto(f"{site.url}/operations/incidents")
    row = page.get_by_role("row").filter(has_text="Ramp 4 is closed")
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Acknowledge…").click()
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.locator("#causes")).to_contain_text("otto")
    site.ramp.closed = False
    row.get_by_role("link", name="Retry 3").click()
    page.get_by_role("button", name="Retry 3").click()
    expect(page.get_by_role("status").filter(has_text="3 of 3 passed.")).to_be_visible()
    expect(page.locator(".page-head")).to_contain_text("Ended")
    page.goto(f"{site.url}/operations/incidents")
    expect(page.locator("#causes")).to_contain_text("Nothing has failed")


def test_a_retry_of_many_says_which_did_not_pass(page: Page, site: Site):
    fail(site, "L-4711", "L-4712")
    page.goto(f"{site.url}/operations/incidents")
    page.get_by_role("link", name="Retry 2").click()
    page.get_by_role("button", name="Retry 2").click()
    expect(page.locator("#batch")).to_contain_text("0 of 2 passed, 2 failed.")
    expect(page.get_by_role("row").filter(has_text="L-4712")).to_contain_text("Failed again")
    expect(page.get_by_role("row").filter(has_text="L-4712")).to_contain_text("Ramp 4 is closed")


def test_who_may_not_operate_sees_no_buttons(page: Page, site: Site):
    address = fail(site, "L-4711")
    site.person = VERA
    page.goto(address)
    expect(page.locator(".why-sentence")).to_be_visible()
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_an_instance_is_found_by_state_key_and_variable(page: Page, site: Site):
    fail(site, "L-4711")
    site.start("L-9000")
    page.goto(f"{site.url}/operations/instances")
    expect(page.get_by_role("row").filter(has_text="L-")).to_have_count(2)
    page.get_by_label("State").select_option("incident")
    expect(page.get_by_role("row").filter(has_text="L-")).to_have_count(1)
    page.get_by_label("State").select_option("")
    page.get_by_label("Variable").fill("load_no=L-9000")
    page.get_by_label("Variable").press("Enter")
    expect(page.get_by_role("link", name="L-9000")).to_be_visible()
    expect(page.get_by_role("link", name="L-4711")).to_have_count(0)


def test_a_token_leads_to_what_happened_there(page: Page, site: Site):
    page.goto(fail(site, "L-4711"))
    panel = page.locator("#element")
    expect(panel).to_contain_text("Ramp 4 is closed")
    page.get_by_role("link", name="Clear load").click()
    expect(panel.get_by_role("heading", name="Clear load")).to_be_focused()
    page.get_by_role("button", name="Book ramp: failed").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="Book ramp")).to_be_focused()
    expect(panel.get_by_role("row").filter(has_text="Failed")).to_contain_text("Ramp 4 is closed")
    expect(page.locator(".djs-connection.token-passed").first).to_be_attached()
