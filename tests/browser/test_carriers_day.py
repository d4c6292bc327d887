"""Fifty orders stand at a carrier that has stopped: the operator leads every one of them on, and is told of each what became of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

import bpmn
from engine.models.bundle import Bundle, read_bundle
from engine.runtime.operate import batch_work
from engine.runtime.verbs import user_tasks
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.service_tasks import Broken
from handlers.fulfillment.ports import Booked, Carrier, Consignment
from handlers.fulfillment.rate_table import RateTable
from tests.browser.complaints import without_complaints
from tests.browser.workshop import Workshop, serve_workshop
from tests.integration.at_work import WANDA

STUCK = 50
FOLDERS = ("order-to-promise", "fulfillment-to-invoice", "cancel-fulfillment")
CLOSED = "The carrier has closed our account"


@dataclass
class Haulier:
    """A carrier that books nothing while our account is closed, and one shipment never."""

    closed: bool = True
    never: str = ""
    table: RateTable = field(default_factory=RateTable)

    def book(self, consignment: Consignment, key: str) -> Booked:
        if self.closed:
            raise Broken(f"{CLOSED}.", next_step="Pay its invoice, then retry.")
        if consignment.shipment_no == self.never:
            raise Broken(f"{consignment.shipment_no} is too long for its vans.", next_step="Hand it to another carrier.")
        return self.table.book(consignment, key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)


@dataclass
class Day:
    """The workshop and its carrier."""

    workshop: Workshop
    haulier: Haulier

    def ask(self, page: Page, path: str, **body: Any) -> None:
        """A program of whoever is signed in asks for something."""
        token = page.request.get(f"{self.workshop.url}/api/v1/me").json()["csrf_token"]
        answer = page.request.post(f"{self.workshop.url}/api/v1{path}", data=body, headers={"X-CSRF-Token": token})
        assert answer.ok, answer.text()

    def go_on(self) -> None:
        """The workers do what there is to do."""
        batch_work.work(self.workshop.runtime)
        run_until_idle(self.workshop.runtime)
        batch_work.work(self.workshop.runtime)

    def all(self, statement: str, **given: Any) -> list[Any]:
        with self.workshop.database.transaction() as tx:
            return list(tx.execute(text(statement), given).all())

    def one(self, statement: str, **given: Any) -> Any:
        return self.all(statement, **given)[0][0]


@pytest.fixture
def day(company_database, address) -> Iterator[Day]:
    haulier = Haulier()
    with serve_workshop(company_database, address, people=(), outside={Carrier: haulier}) as workshop:
        for folder in FOLDERS:
            workshop.deploy(read_bundle(Path(bpmn.__path__[0]) / folder))
        with company_database.transaction() as tx:
            tx.execute(text("UPDATE stock_balance SET on_hand = on_hand + 500 WHERE sku = 'PUMP-40'"))
        yield Day(workshop, haulier)


@pytest.fixture
def page(day, context) -> Iterator[Page]:
    made = context.new_page()
    with without_complaints(made):
        yield made
        made.goto("about:blank")


def fifty_orders_are_packed(day: Day, page: Page) -> None:
    """Each of them stops where the carrier is to be booked."""
    day.workshop.sign_in(page, "tom")
    for number in range(STUCK):
        line = {"sku": "PUMP-40", "quantity": "1"}
        day.ask(page, "/orders", customer_no=f"C-100{1 + number % 2}", customer_po=f"PO-{number}", lines=[line])
    day.go_on()
    for row in day.all("SELECT id FROM user_task WHERE state = 'open' AND title LIKE 'Pick and pack%' ORDER BY title"):
        with day.workshop.database.transaction() as tx:
            packed = {"packages": 1, "weight_kg": 20}
            user_tasks.complete(day.workshop.runtime, tx, row.id, packed, user_tasks.Completion(WANDA))
    day.go_on()
    assert day.one("SELECT count(*) FROM incident WHERE state = 'open'") == STUCK


def say_why(page: Page, why: str, button: str) -> None:
    page.get_by_role("dialog").get_by_label("Why").fill(why)
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def they_are_found(day: Day, page: Page) -> None:
    """One cause, with who is hit and for how much."""
    day.workshop.sign_in(page, "olga")
    page.goto(f"{day.workshop.url}/operations/incidents")
    cause = page.get_by_role("row").filter(has_text=CLOSED)
    expect(cause).to_have_count(1)
    expect(cause.locator(".number")).to_have_text(str(STUCK))
    cause.get_by_role("link", name=re.compile(CLOSED)).click()
    first = page.locator("#list tbody tr").first
    expect(first).to_contain_text("FG-")
    expect(first).to_contain_text("EUR")


def the_service_task_is_suspended_and_the_cause_repaired(day: Day, page: Page) -> None:
    page.goto(f"{day.workshop.url}/operations/work")
    page.get_by_role("row").filter(has_text="fulfillment.book_carrier").get_by_role("button", name="Suspend…").click()
    say_why(page, "Their invoice is being paid", "Suspend")
    expect(page.get_by_role("row").filter(has_text="fulfillment.book_carrier")).to_contain_text("olga")
    day.haulier.closed, day.haulier.never = False, day.one("SELECT min(shipment_no) FROM shipment")
    page.get_by_role("row").filter(has_text="fulfillment.book_carrier").get_by_role("button", name="Resume…").click()
    say_why(page, "It is paid", "Resume")
    expect(page.get_by_role("row").filter(has_text="fulfillment.book_carrier")).not_to_contain_text("olga")


def all_are_retried_and_one_fails_again(day: Day, page: Page) -> str:
    """The batch says of the one what is wrong with it; the page is followed without being loaded anew. Answers its instance's address."""
    page.goto(f"{day.workshop.url}/operations/incidents")
    page.get_by_role("link", name=f"Retry {STUCK}").click()
    page.get_by_role("button", name=f"Retry {STUCK}").click()
    expect(page.locator("#batch")).to_contain_text(f"{STUCK} not begun")
    day.go_on()
    expect(page.locator("#batch")).to_contain_text(f"{STUCK - 1} of {STUCK} passed, 1 failed.", timeout=30_000)
    failed = page.get_by_role("row").filter(has_text="is too long for its vans")
    expect(failed).to_contain_text("Hand it to another carrier.")
    return str(failed.get_by_role("link").first.get_attribute("href"))


def its_token_is_moved_to_a_person(day: Day, page: Page, address: str) -> None:
    """After a look at what that would do, which changes nothing."""
    page.goto(f"{day.workshop.url}{address}")
    page.get_by_role("link", name="Move a step…").click()
    page.get_by_label("To", exact=True).select_option(label="Confirm shipment")
    page.get_by_label("Why").fill("The driver of our own takes it along")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator("#would")).to_contain_text("It waits for")
    assert day.one("SELECT count(*) FROM incident WHERE state = 'open'") == 1
    page.locator("button[name=act][value=do]").click()
    expect(page.locator(".alert-success")).to_contain_text("Moved: it goes on at the other step.")
    assert day.one("SELECT count(*) FROM incident WHERE state = 'open'") == 0


def the_rest_goes_over_to_a_new_version(day: Day, page: Page) -> None:
    """All that are under way go on with it; the page says of each on it that it could."""
    old = day.one("SELECT id FROM process_version WHERE process_key = 'fulfillment-to-invoice' AND latest")
    files = dict(read_bundle(Path(bpmn.__path__[0]) / FOLDERS[1]).files)
    (path,) = [each for each in files if each.endswith("fulfillment-to-invoice.bpmn")]
    files[path] = files[path].replace(b'name="Confirm shipment"', b'name="Confirm the shipment"')
    day.workshop.deploy(Bundle(FOLDERS[1], files))
    day.workshop.sign_in(page, "edith")
    page.goto(f"{day.workshop.url}/processes/fulfillment-to-invoice/take-over/{old}")
    expect(page.locator("#under-way")).to_be_visible()
    page.get_by_label("Why").fill("The step is called otherwise")
    page.get_by_role("button", name="Take the chosen ones over").click()
    expect(page.locator(".alert-success")).to_contain_text(f"{STUCK} of {STUCK} go on with version 2 now.")


def one_is_cancelled_and_what_that_undid_is_seen(day: Day, page: Page) -> None:
    """What it holds is shown before; afterwards the booking and the goods are given back, and its order is promised anew and says so."""
    group = day.all(
        "SELECT i.id, g.order_no, g.group_no FROM instance AS i JOIN fulfil_group AS g ON g.group_no = i.business_key "
        "WHERE i.state = 'waiting' ORDER BY g.group_no DESC LIMIT 1"
    )[0]
    day.workshop.sign_in(page, "olga")
    page.goto(f"{day.workshop.url}/operations/instances/{group.id}")
    page.get_by_role("button", name="Cancel…").click()
    held = page.get_by_role("dialog").get_by_label("What it holds")
    expect(held).to_contain_text("PUMP-40")
    say_why(page, "The customer fetches it at our gate", "End it for good")
    expect(page.locator(".page-head")).to_contain_text("Cancelled")
    expect(page.locator("#instance")).to_contain_text("The customer fetches it at our gate")
    run_until_idle(day.workshop.runtime)
    page.goto(f"{day.workshop.url}/orders/{group.order_no}")
    for said in (
        "1 of FG-000050 to be promised anew",
        "The customer fetches it at our gate",
        "Pick and pack FG-000051 waits for Warehouse",
    ):
        expect(page.get_by_role("main")).to_contain_text(said)


def test_fifty_orders_at_a_carrier_that_has_stopped_are_led_on_and_each_outcome_is_told(day: Day, page: Page):
    fifty_orders_are_packed(day, page)
    they_are_found(day, page)
    the_service_task_is_suspended_and_the_cause_repaired(day, page)
    its_token_is_moved_to_a_person(day, page, all_are_retried_and_one_fails_again(day, page))
    the_rest_goes_over_to_a_new_version(day, page)
    one_is_cancelled_and_what_that_undid_is_seen(day, page)
