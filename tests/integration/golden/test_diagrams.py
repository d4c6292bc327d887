"""Goods, invoice and money run through the real diagrams, in the real runtime: from a promised group to a closed receivable."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.runtime.post import timers
from handlers.dropship.inbound import (
    AcknowledgementDraft,
    AsnDraft,
    BilledDraft,
    ShippedDraft,
    SupplierInvoiceDraft,
    record_acknowledgement,
    record_asn,
    record_supplier_invoice,
)
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from handlers.receivables.bank_files import take_in_file
from handlers.receivables.commands import reverse
from tests.integration.at_work import at_work, do, say, settle
from tests.integration.golden.builders import SUPPLIER, Sold, company, customer, item, on_stock, one, order, supplier, warehouse
from tests.unit.receivables.statement_files import Credit, camt053

D = Decimal
FOLDERS = ("fulfillment-to-invoice", "dropship", "supplier-despatch-advice", "supplier-invoice", "invoice-to-receipt")


@pytest.fixture
def runtime(database):
    made = at_work(database, *FOLDERS)
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        supplier(tx)
        on_stock(tx, "100")
    return made


def pay(runtime, invoice_no, amount):
    content = camt053([Credit(amount, f"Invoice {invoice_no}", ref="B1")], opening="0.00", closing=amount)
    with runtime.database.transaction() as tx:
        number = take_in_file(tx, content).statement_nos[0]
    say(runtime, "statement.received", number, statement_no=number)


def finished(tx):
    rows = tx.execute(text("SELECT process_key, string_agg(DISTINCT state, ',') AS states FROM instance GROUP BY process_key"))
    return {row.process_key: row.states for row in rows}


def test_a_stock_group_is_shipped_invoiced_and_paid_with_discount(runtime):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")], freight="40.00")
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
    do(runtime, "Pick", packages=2, weight_kg=D("181.5"))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT gross_total, posted_at IS NOT NULL, delivered_at IS NOT NULL FROM invoice") == (1668, True, True)
        assert one(tx, "SELECT count(*) FROM effect WHERE kind IN ('despatch_advice', 'invoice')") == 2
        assert one(tx, "SELECT state FROM instance WHERE process_key = 'invoice-to-receipt'") == "waiting"
    pay(runtime, "INV-000001", "1634.64")
    with runtime.database.transaction() as tx:
        assert set(finished(tx).values()) == {"completed"}
        booked = balances(tx)
        assert (booked["1000"], booked["1200"], booked["1290"], booked["4900"]) == (D("1634.64"), 0, 0, D("27.80"))
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_a_returned_payment_begins_the_collection_anew(runtime):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")], freight="40.00")
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
    do(runtime, "Pick", packages=2, weight_kg=D("181.5"))
    do(runtime, "Hand over", handed_over=True)
    pay(runtime, "INV-000001", "1668.00")
    for reopened in (["INV-000001"], []):
        with runtime.database.transaction() as tx:
            assert reverse(runtime, tx, "RC-000001", "insufficient funds", "amina") == reopened
        settle(runtime)
        with runtime.database.transaction() as tx:
            states = "SELECT array_agg(state ORDER BY started_at) FROM instance WHERE process_key = 'invoice-to-receipt'"
            assert one(tx, states) == ["completed", "waiting"]
            assert [each.id for each in check_all(tx) if not each.ok] == []


def test_a_delivery_that_nobody_confirmed_is_traced_recorded_and_billed(runtime):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("60", "22.50")], incoterm="DAP")
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
    do(runtime, "Pick", packages=2, weight_kg=D("181.5"))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE timer SET due_at = now() - interval '1 minute'"))
        timers.tick(runtime, tx)
    settle(runtime)
    do(runtime, "Trace", outcome="arrived", proof="Signed by K. Braun")
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT delivered_at IS NOT NULL FROM shipment")
        assert one(tx, "SELECT qty_delivered, qty_invoiced FROM fulfil_line") == (60, 60)
        assert one(tx, "SELECT gross_total FROM invoice") == 1620
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_a_drop_ship_group_is_ordered_invoiced_matched_and_paid(runtime):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("10", "80.00")], kind="DROP")
    group = made.groups[0]
    say(runtime, "dropship.requested", group, group_no=group, order_no=made.order_no, supplier_no=SUPPLIER)
    with runtime.database.transaction() as tx:
        record_acknowledgement(tx, AcknowledgementDraft(po_no="PO-000001", document_no="AB-1", code="AP"))
    say(runtime, "supplier.acknowledged", group, po_no="PO-000001")
    with runtime.database.transaction() as tx:
        today = one(tx, "SELECT current_date")
        shipped = [ShippedDraft(line_no=1, qty=D(10))]
        asn_no = record_asn(tx, AsnDraft(po_no="PO-000001", document_no="LS-1", shipped_on=today, lines=shipped))
    say(runtime, "supplier.shipped", group, po_no="PO-000001", asn_no=asn_no)
    with runtime.database.transaction() as tx:
        billed = [BilledDraft(line_no=1, qty=D(10), unit_price=D("55.80"), tax_rate_pct=D(20))]
        foot = {"tax_total": D("111.60"), "gross_total": D("669.60")}
        draft = SupplierInvoiceDraft(po_no="PO-000001", document_no="RE-1", invoice_date=today, currency="EUR", lines=billed, **foot)
        number = record_supplier_invoice(tx, draft)
    say(runtime, "supplier.invoiced", group, po_no="PO-000001", supplier_invoice_no=number)
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE timer SET due_at = now() - interval '1 minute' WHERE element_id = 'payment_day'"))
        timers.tick(runtime, tx)
    settle(runtime)
    pay(runtime, "INV-000001", "960.00")
    with runtime.database.transaction() as tx:
        assert {key: state for key, state in finished(tx).items() if state != "completed"} == {"supplier-invoice": "waiting"}
        assert one(tx, "SELECT element_id FROM timer") == "statement_due"
        booked = balances(tx)
        # What was bought for the shelf is still there; nothing of the drop-ship is left.
        assert (booked["1400"], booked["2100"], booked["1410"], booked["1500"]) == (1400, 0, 0, 0)
        assert (booked["5100"], booked["5000"], booked["1000"]) == (8, 550, D("290.40"))
        assert [each.id for each in check_all(tx) if not each.ok] == []
