"""Three desks in one company: the order desk mends an order, the clerk gives money to its invoice, an auditor reads it all backwards."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

import bpmn
from api.demo.bank import Payment, statement_of
from engine.models.bundle import read_bundle
from engine.runtime.state.people import Person
from engine.store.clock import business_today
from handlers.inventory.supply import SupplyDraft
from handlers.promising import commands
from tests.browser.accessibility import violations
from tests.browser.workshop import Workshop, serve_workshop
from tests.integration.at_work import do, settle

MARCUS = Person("marcus", frozenset({"sales-manager", "deal-desk"}))
FOLDERS = ("quote-to-order", "order-to-promise", "fulfillment-to-invoice", "invoice-to-receipt")


@pytest.fixture
def workshop(company_database, address) -> Iterator[Workshop]:
    with serve_workshop(company_database, address, people=()) as running:
        for folder in FOLDERS:
            running.deploy(read_bundle(Path(bpmn.__path__[0]) / folder))
        yield running


def ask(workshop: Workshop, page: Page, who: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A program of somebody asks for something, and the house does what follows from it."""
    workshop.sign_in(page, who)
    token = page.request.get(f"{workshop.url}/api/v1/me").json()["csrf_token"]
    answer = page.request.post(f"{workshop.url}/api/v1{path}", data=body, headers={"X-CSRF-Token": token})
    assert answer.ok, answer.text()
    settle(workshop.runtime)
    found: dict[str, Any] = answer.json()
    return found


def one(workshop: Workshop, statement: str, **given: Any) -> Any:
    with workshop.database.transaction() as tx:
        return tx.scalar(text(statement), given)


def sell(workshop: Workshop, page: Page) -> tuple[str, str, str]:
    """A quote with a discount that Marcus allows becomes an order, and what is shipped of it is billed: all their numbers."""
    lines = [{"sku": "PUMP-40", "quantity": "4", "discount_pct": "25"}]
    quote_no = ask(workshop, page, "sara", "/quotes", {"customer_no": "C-1001", "lines": lines})["quote_no"]
    do(workshop.runtime, "Approve quote", person=MARCUS, approved=True, note="A fair discount for a frame order.")
    ask(workshop, page, "sara", f"/quotes/{quote_no}/accept", {"customer_po": "4500-77"})
    order_no = one(workshop, "SELECT max(order_no) FROM sales_order")
    release(workshop, page, order_no)
    do(workshop.runtime, "Pick and pack", packages=1, weight_kg=Decimal(20))
    do(workshop.runtime, "Hand over", handed_over=True)
    return quote_no, order_no, one(workshop, "SELECT invoice_no FROM invoice WHERE order_no = :no", no=order_no)


def release(workshop: Workshop, page: Page, order_no: str) -> None:
    """Let the warehouse pick it, unless its day has come already."""
    group_no = one(workshop, "SELECT group_no FROM fulfil_group WHERE order_no = :no", no=order_no)
    if not one(workshop, "SELECT count(*) FROM user_task WHERE state = 'open' AND title = :title", title=f"Pick and pack {group_no}"):
        ask(workshop, page, "jonas", f"/groups/{group_no}/release", {})


def decide(workshop: Workshop, page: Page, title: str, choice: str, *ticked: str) -> None:
    """Somebody finds a task in the worklist, claims it, decides it, and the house goes on."""
    page.goto(f"{workshop.url}/worklist?q={title.rsplit(maxsplit=1)[-1]}")
    page.get_by_role("link", name=re.compile(title)).first.click()
    page.get_by_role("button", name="Claim", exact=True).click()
    expect(page.locator("task-form[data-ready=true]")).to_be_visible()
    page.get_by_label(choice).check()
    for each in ticked:
        page.get_by_label(each).check()
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#task")).to_contain_text(re.compile("Decided|Done|Completed", re.IGNORECASE))
    settle(workshop.runtime)


def the_order_desk(workshop: Workshop, page: Page) -> None:
    """An order whose customer added up wrongly is repaired, its address corrected, and what the shelf does not have yet is answered."""
    with workshop.database.transaction() as tx:
        soon = SupplyDraft(
            reference="PO-88", sku="VALVE-3W", warehouse_code="VIE", due_date=business_today(tx) + timedelta(days=9), qty_open=Decimal(50)
        )
        commands.expect_supply(workshop.runtime, tx, soon, "petra")
    lines = [{"sku": "VALVE-3W", "quantity": str(free_of(workshop, "VALVE-3W") + 8)}]
    asked = {"customer_no": "C-1002", "customer_po": "PO-9", "lines": lines, "stated_total": "1.00"}
    order_no = ask(workshop, page, "tom", "/orders", asked)["order_no"]
    decide(workshop, page, f"Repair order {order_no}", "Yes: write what is entered below", "Ignore the total that the customer states")
    page.goto(f"{workshop.url}/orders/{order_no}")
    page.get_by_role("button", name="Correct address…").click()
    page.get_by_role("dialog").get_by_label("Street").fill("Hafenstraße 12")
    page.get_by_role("dialog").get_by_label("Why").fill("They have moved their store")
    page.get_by_role("dialog").get_by_role("button", name="Save the address").click()
    expect(page.locator(".alert-success")).to_contain_text("The address is corrected.")
    assert one(workshop, "SELECT ship_to->>'street' FROM sales_order WHERE order_no = :no", no=order_no) == "Hafenstraße 12"
    settle(workshop.runtime)
    later = "SELECT group_no FROM fulfil_group WHERE order_no = :no ORDER BY ship_date DESC LIMIT 1"
    ask(workshop, page, "jonas", f"/groups/{one(workshop, later, no=order_no)}/release", {})
    workshop.sign_in(page, "tom")
    decide(workshop, page, f"Shortage in .* of {order_no}", "Ship what is there")
    page.goto(f"{workshop.url}/orders/{order_no}")
    for said in ("Order repaired", "Shortage in", "Hafenstraße 12"):
        expect(page.get_by_role("main")).to_contain_text(said)


def free_of(workshop: Workshop, sku: str) -> Decimal:
    return Decimal(one(workshop, "SELECT sum(on_hand - reserved - safety_stock) FROM stock_balance WHERE sku = :sku", sku=sku))


def the_clerk(workshop: Workshop, page: Page, invoice_no: str) -> str:
    """A customer pays without saying what: the statement is taken in, and the receipt given to the invoice that it fits."""
    workshop.sign_in(page, "amina")
    amount = one(workshop, "SELECT open_amount FROM open_item WHERE document_no = :no", no=invoice_no)
    with workshop.database.transaction() as tx:
        day = business_today(tx)
        payer = tx.scalar(text("SELECT name FROM customer WHERE customer_no = 'C-1001'"))
    content = statement_of("CAMT-77", [Payment("thank you", amount, "EUR", payer=payer)], day=day)
    page.goto(f"{workshop.url}/finance/bank-files")
    page.get_by_label("File of the bank").set_input_files({"name": "camt.xml", "mimeType": "application/xml", "buffer": content})
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_role("status", name="What became of the file")).to_be_visible()
    settle(workshop.runtime)
    page.goto(f"{workshop.url}/finance/receipts")
    row = page.get_by_role("row").filter(has_text="thank you")
    expect(row).to_contain_text(invoice_no)
    row.get_by_role("button", name="Apply").first.click()
    expect(page.get_by_role("row").filter(has_text="thank you")).to_have_count(0)
    settle(workshop.runtime)
    assert one(workshop, "SELECT open_amount FROM open_item WHERE document_no = :no", no=invoice_no) == 0
    return str(one(workshop, "SELECT max(receipt_no) FROM receipt"))


def the_auditor(workshop: Workshop, page: Page, quote_no: str, order_no: str, invoice_no: str) -> None:
    """From the invoice, by links alone: who paid it, the order behind it, the quote behind that, and who decided what at each."""
    workshop.sign_in(page, "ines")
    main = page.get_by_role("main")
    page.goto(f"{workshop.url}/finance/invoices/{invoice_no}")
    expect(main).to_contain_text("Settled")
    main.get_by_role("link", name=re.compile("^RC-")).first.click()
    expect(main).to_contain_text("amina")
    page.go_back()
    main.get_by_role("link", name=order_no).first.click()
    story = main.locator(".timeline").first
    for said in ("Credit approved", "the rule Credit check", "Priced at 747.00 EUR net", f"from quote {quote_no}", f"{invoice_no} posted"):
        expect(story).to_contain_text(said)
    main.get_by_role("link", name=quote_no, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(quote_no)
    expect(main).to_contain_text("marcus")
    expect(main).to_contain_text("A fair discount for a frame order.")
    assert violations(page) == []


def test_what_is_sold_mended_and_paid_is_followed_back_from_the_invoice_to_the_quote(page: Page, workshop: Workshop):
    numbers = sell(workshop, page)
    the_clerk(workshop, page, numbers[2])
    the_auditor(workshop, page, *numbers)
    the_order_desk(workshop, page)
