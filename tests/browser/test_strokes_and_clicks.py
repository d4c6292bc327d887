"""How much a hand does for ten tasks of a day: counted, and held against the table in the documents."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.orders import found_company
from tests.browser.site import OTTO, Site

TABLE = Path(__file__).parents[2] / "docs" / "strokes-and-clicks.md"
ROW = re.compile(r"^\| (?P<task>[^|]+) \| [a-z]+ \| (?P<strokes>\d+) \| (?P<clicks>\d+) \|$", re.MULTILINE)


@dataclass
class Hand:
    """Does what a hand does, and counts it. A text counts as one stroke, as does a choice in a list."""

    page: Page
    site: Site
    strokes: int = 0
    clicks: int = 0

    def goes(self, path: str) -> None:
        self.page.goto(f"{self.site.url}{path}")

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.strokes += 1
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.strokes += 1
        self.page.keyboard.type(text)

    def fill(self, field: Locator, text: str) -> None:
        self.strokes += 1
        field.fill(text)

    def choose(self, field: Locator, label: str) -> None:
        self.strokes += 1
        field.select_option(label=label)


def decide_one(hand: Hand) -> None:
    for load in ("L-4711", "L-4712"):
        hand.site.start(load)
    hand.goes("/worklist")
    hand.press("j", "j", "Enter")
    expect(hand.page.get_by_role("button", name="Claim")).to_be_visible()
    hand.press("c")
    expect(hand.page.locator("task-form[data-ready=true]")).to_be_visible()
    expect(hand.page.get_by_role("button", name="Complete")).to_be_visible()
    hand.press("f", "Space", "Control+Enter")
    expect(hand.page.locator("#notices")).to_contain_text("The process has moved on")


def ten_loads(hand: Hand) -> None:
    for number in range(10):
        hand.site.start(f"L-47{number:02}")
    hand.goes("/worklist")
    hand.click(hand.page.get_by_label("Tick all on this page"))
    expect(hand.page.locator("[data-select-count]")).to_have_text("10 ticked")


def decide_ten(hand: Hand) -> None:
    ten_loads(hand)
    hand.click(hand.page.get_by_role("button", name="Decide…"))
    expect(hand.page.locator("task-form[data-ready=true]")).to_be_visible()
    hand.click(hand.page.get_by_label("Let it go"))
    hand.click(hand.page.get_by_role("button", name="Decide 10"))
    expect(hand.page.get_by_role("heading", level=1)).to_have_text("10 of 10 decided")


def claim_ten(hand: Hand) -> None:
    ten_loads(hand)
    hand.click(hand.page.locator(".select-bar").get_by_role("button", name="Claim"))
    expect(hand.page.get_by_role("heading", level=1)).to_have_text("10 of 10 claimed")


def make_urgent(hand: Hand) -> None:
    hand.site.start("L-4711")
    hand.goes("/worklist")
    hand.page.get_by_role("link", name="Clear load L-4711").click()
    hand.page.get_by_role("button", name="Claim").click()
    hand.click(hand.page.get_by_role("button", name="Plan…"))
    hand.fill(hand.page.get_by_role("dialog").get_by_label("Priority"), "90")
    hand.click(hand.page.get_by_role("dialog").get_by_role("button", name="Save"))
    expect(hand.page.locator("#tasks")).to_contain_text("priority 90")


def find_an_order(hand: Hand) -> None:
    found_company(hand.site)
    hand.goes("/")
    hand.press("Control+k")
    expect(hand.page.locator("input[type=search]")).to_be_focused()
    hand.type("SO-000002")
    hand.press("Enter")
    expect(hand.page.get_by_role("heading", level=1)).to_have_text("SO-000002")


def see_what_stops_an_order(hand: Hand) -> None:
    found_company(hand.site)
    hand.goes("/orders")
    hand.click(hand.page.get_by_role("link", name="SO-000002").first)
    expect(hand.page.get_by_role("main")).to_contain_text("Over the limit.")


def fail(hand: Hand, *loads: str) -> str:
    hand.site.person, hand.site.ramp.closed = OTTO, True
    for load in loads:
        made = hand.site.start(load)
        hand.site.complete(OTTO, decision="go")
    return f"/operations/instances/{made}"


def retry_a_cause(hand: Hand) -> None:
    fail(hand, "L-4711", "L-4712", "L-4713")
    hand.site.ramp.closed = False
    hand.goes("/operations/incidents")
    hand.click(hand.page.get_by_role("link", name="Retry 3"))
    hand.click(hand.page.get_by_role("button", name="Retry 3"))
    expect(hand.page.locator("#batch")).to_contain_text("3 of 3 passed.")


def suspend_a_service_task(hand: Hand) -> None:
    fail(hand, "L-4711")
    hand.goes("/operations/work")
    row = hand.page.get_by_role("row").filter(has_text="ramp.book")
    hand.click(row.get_by_role("button", name="Suspend…"))
    hand.fill(hand.page.get_by_role("dialog").get_by_label("Why"), "The ramp is being repaired")
    hand.click(hand.page.get_by_role("dialog").get_by_role("button", name="Suspend", exact=True))
    expect(row).to_contain_text("otto")


def move_a_token(hand: Hand) -> None:
    hand.goes(fail(hand, "L-4711"))
    hand.click(hand.page.get_by_role("link", name="Move a step…"))
    hand.choose(hand.page.get_by_label("To", exact=True), "Load left")
    hand.fill(hand.page.get_by_label("Why"), "It leaves by rail")
    hand.click(hand.page.get_by_role("button", name="Show what it would do"))
    expect(hand.page.locator("#would")).to_contain_text("Completed")
    hand.click(hand.page.locator("button[name=act][value=do]"))
    expect(hand.page.locator(".alert-success")).to_contain_text("Moved: it goes on at the other step.")


def cancel_an_instance(hand: Hand) -> None:
    hand.goes(fail(hand, "L-4711"))
    hand.click(hand.page.get_by_role("button", name="Cancel…"))
    hand.fill(hand.page.get_by_role("dialog").get_by_label("Why"), "The customer fetches it")
    hand.click(hand.page.get_by_role("dialog").get_by_role("button", name="End it for good", exact=True))
    expect(hand.page.locator(".page-head")).to_contain_text("Cancelled")


TASKS: dict[str, Callable[[Hand], None]] = {
    "Open, claim and decide a task by keyboard": decide_one,
    "Decide ten alike tasks, each with its own result": decide_ten,
    "Claim ten tasks": claim_ten,
    "Make a task urgent": make_urgent,
    "Find an order by its number": find_an_order,
    "See what stops an order, and who has it": see_what_stops_an_order,
    "Retry everything that one cause has stopped": retry_a_cause,
    "Suspend a service task, with a reason": suspend_a_service_task,
    "Move a token, after a look at what that would do": move_a_token,
    "Cancel an instance, with a reason": cancel_an_instance,
}


def told() -> dict[str, tuple[int, int]]:
    """What the document says: strokes and clicks by task."""
    return {row["task"].strip(): (int(row["strokes"]), int(row["clicks"])) for row in ROW.finditer(TABLE.read_text())}


@pytest.mark.parametrize("task", TASKS)
def test_a_hand_does_no_more_than_the_document_says(task: str, page: Page, site: Site):
    hand = Hand(page, site)
    TASKS[task](hand)
    assert (hand.strokes, hand.clicks) == told()[task]


def test_the_document_has_a_row_for_each_task_that_is_counted():
    assert list(told()) == list(TASKS)
