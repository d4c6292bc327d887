"""An order that could not be invoiced waits for a person before its goods leave, and goes on by itself once that is mended."""

from datetime import date
from decimal import Decimal

from sqlalchemy import text

from handlers.ledger.books import set_rate
from tests.integration.at_work import do, say
from tests.integration.golden.builders import Sold, item, on_stock, one, order
from tests.integration.golden.test_diagrams import runtime

D = Decimal
__all__ = ["runtime"]


def start(runtime, made):
    say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)


def test_a_foreign_order_waits_for_its_exchange_rate_before_anything_is_picked(runtime):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("2", "10.00")], currency="USD")
    start(runtime, made)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM shipment") == 0
        assert one(tx, "SELECT sum(reserved) FROM stock_balance") == 0
        set_rate(tx, "USD", date(2020, 1, 1), D("0.92"))
    do(runtime, "Complete what the invoice of SO-000001 needs", completed=True)
    do(runtime, "Pick", packages=1, weight_kg=D(6))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT gross_total, currency, posted_at IS NOT NULL, fx_rate FROM invoice") == (24, "USD", True, D("0.92"))


def test_what_came_to_be_missing_after_the_goods_left_is_completed_before_the_invoice_is_posted(runtime):
    with runtime.database.transaction() as tx:
        made = order(tx, [Sold("2", "10.00")])
    start(runtime, made)
    do(runtime, "Pick", packages=1, weight_kg=D(6))
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE company SET vat_no = ''"))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT posted_at IS NULL, pdf_document_id IS NULL FROM invoice") == (True, True)
        assert one(tx, "SELECT count(*) FROM open_item") == 0
        tx.execute(text("UPDATE company SET vat_no = 'ATU12345675'"))
    do(runtime, "Complete what invoice INV-000001 needs", completed=True)
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT count(*), min(invoice_no) FROM invoice WHERE posted_at IS NOT NULL") == (1, "INV-000001")


def test_a_shipment_of_goods_within_and_outside_vat_gets_two_invoices(runtime):
    with runtime.database.transaction() as tx:
        item(tx, "GIFT-CARD", tax_category="O")
        on_stock(tx, "9", sku="GIFT-CARD", reference="PO-CARDS")
        made = order(tx, [Sold("2", "10.00"), Sold("1", "25.00", sku="GIFT-CARD", tax_rate="0")])
        tx.execute(text("UPDATE order_line SET tax_category = 'O' WHERE sku = 'GIFT-CARD'"))
    start(runtime, made)
    do(runtime, "Pick", packages=1, weight_kg=D(6))
    do(runtime, "Hand over", handed_over=True)
    with runtime.database.transaction() as tx:
        rows = tx.execute(
            text("SELECT gross_total FROM invoice WHERE posted_at IS NOT NULL AND delivered_at IS NOT NULL ORDER BY invoice_no")
        )
        assert rows.scalars().all() == [24, 25]
        assert one(tx, "SELECT count(*) FROM instance WHERE process_key = 'invoice-to-receipt' AND state = 'waiting'") == 2
        assert one(tx, "SELECT state FROM instance WHERE process_key = 'fulfillment-to-invoice'") == "completed"
