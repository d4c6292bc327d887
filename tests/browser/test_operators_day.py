"""The operator's day: fifty loads stand at a ramp that is closed, and are led on, one by one and all together."""

from dataclasses import replace
from uuid import UUID

from playwright.sync_api import Page, expect
from sqlalchemy import select, text

from engine.store.tables import audit, process_version
from tests.browser.site import OTTO, Site

STUCK = 50
HEAVY = "L-5007"


def say_why(page: Page, why: str, button: str) -> None:
    page.get_by_role("dialog").get_by_label("Why").fill(why)
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def count(site: Site, state: str) -> int:
    with site.database.transaction() as tx:
        return tx.scalar(text("SELECT count(*) FROM instance WHERE state = :state"), {"state": state})


def stop_the_service_task_and_repair(page: Page, site: Site) -> None:
    """One cause, however many it has stopped; nobody calls the ramp while it is being repaired."""
    page.goto(f"{site.url}/operations/incidents")
    cause = page.get_by_role("row").filter(has_text="Ramp 4 is closed")
    expect(cause).to_have_count(1)
    expect(cause.locator(".number")).to_have_text(str(STUCK))
    page.goto(f"{site.url}/operations/work")
    page.get_by_role("row").filter(has_text="ramp.book").get_by_role("button", name="Suspend…").click()
    say_why(page, "The ramp is being repaired", "Suspend")
    expect(page.get_by_role("row").filter(has_text="ramp.book")).to_contain_text("otto")
    site.ramp.closed, site.ramp.refuses = False, HEAVY
    page.get_by_role("row").filter(has_text="ramp.book").get_by_role("button", name="Resume…").click()
    say_why(page, "It is repaired", "Resume")
    expect(page.get_by_role("row").filter(has_text="ramp.book")).not_to_contain_text("otto")


def retry_all(page: Page, site: Site) -> None:
    """The one that fails again is called so."""
    page.goto(f"{site.url}/operations/incidents")
    page.get_by_role("link", name=f"Retry {STUCK}").click()
    page.get_by_role("button", name=f"Retry {STUCK}").click()
    expect(page.locator("#batch")).to_contain_text(f"{STUCK - 1} of {STUCK} passed, 1 failed.", timeout=60_000)
    expect(page.get_by_role("row").filter(has_text=HEAVY)).to_contain_text("weighs too much for ramp 4")
    assert (count(site, "completed"), count(site, "incident")) == (STUCK - 1, 1)


def move_past_the_ramp(page: Page, site: Site, heavy: UUID) -> None:
    """After a look at what that would do, which changes nothing."""
    page.goto(f"{site.url}/operations/instances/{heavy}/repair/move")
    page.get_by_label("To", exact=True).select_option(label="Load left")
    page.get_by_label("Why").fill("It leaves by rail")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator("#would")).to_contain_text("Completed")
    assert count(site, "incident") == 1
    page.locator("button[name=act][value=do]").click()
    expect(page.locator(".page-head")).to_contain_text("Completed")


def take_over_and_cancel_one(page: Page, site: Site) -> list[tuple[str, str]]:
    """What is under way goes on with a new version, and one of it is ended for good: its task is gone with it."""
    waiting = {name: site.start(name) for name in ("L-6001", "L-6002", "L-6003")}
    with site.database.transaction() as tx:
        old = tx.scalar(select(process_version.c.id).order_by(process_version.c.id.desc()).limit(1))
    site.deploy(("Clear load", "Clear the load"))
    page.goto(f"{site.url}/processes/clear-load/take-over/{old}")
    expect(page.locator("#under-way")).to_be_visible()
    page.get_by_label("Why").fill("The step is called otherwise")
    page.get_by_role("button", name="Take the chosen ones over").click()
    expect(page.locator(".alert-success")).to_contain_text("3 of 3 go on with version 2 now.")
    page.goto(f"{site.url}/operations/instances/{waiting['L-6002']}")
    page.get_by_role("button", name="Cancel…").click()
    say_why(page, "The customer fetches it", "End it for good")
    expect(page.locator(".page-head")).to_contain_text("Cancelled")
    expect(page.locator("#instance")).to_contain_text("The customer fetches it")
    with site.database.transaction() as tx:
        tasks = tx.execute(text("SELECT title, state FROM user_task WHERE title LIKE '%L-600%' ORDER BY title")).all()
    return [tuple(row) for row in tasks]


def test_fifty_that_stand_at_one_cause_are_led_on_and_each_outcome_is_told(page: Page, site: Site):
    site.person, site.ramp.closed = replace(OTTO, roles=OTTO.roles | {"migrate"}), True
    stuck = {}
    for number in range(STUCK):
        stuck[f"L-{5000 + number}"] = site.start(f"L-{5000 + number}")
        site.complete(OTTO, decision="go")
    stop_the_service_task_and_repair(page, site)
    retry_all(page, site)
    move_past_the_ramp(page, site, stuck[HEAVY])
    assert take_over_and_cancel_one(page, site) == [
        ("Clear load L-6001", "open"),
        ("Clear load L-6002", "cancelled"),
        ("Clear load L-6003", "open"),
    ]
    with site.database.transaction() as tx:
        told = tx.scalars(select(audit.c.action).where(audit.c.reason.is_not(None), audit.c.reason != "").order_by(audit.c.id)).all()
    assert [each for each in told if each in {"suspend", "resume", "move", "cancel"}] == ["suspend", "resume", "move", "cancel"]
