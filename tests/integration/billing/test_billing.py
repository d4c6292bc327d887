from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound
from engine.service_tasks import NotYet, Refused
from engine.store import json_text
from handlers.billing import tasks
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.ubl import write_ubl
from handlers.documents.model import Document
from handlers.fulfillment import tasks as fulfillment
from handlers.fulfillment.papers import save_delivery_papers
from handlers.ledger.books import close_period
from handlers.ledger.posting import balances
from handlers.orders.model import Hold
from handlers.rowsets import insert_rows
from tests.integration.golden.builders import (
    CUSTOMER,
    Sold,
    context,
    count_statements,
    effects,
    item,
    on_stock,
    one,
    order,
)

D = Decimal


def ship(tx, group):
    fulfillment.reserve(fulfillment.Group(group), tx)
    shipment_no = fulfillment.confirm_pick(fulfillment.PickAndPack(group, 1, D(10)), tx).shipment_no
    fulfillment.ship_confirm(fulfillment.OfShipment(shipment_no), tx, context())
    return shipment_no


def invoice(tx, shipment_no):
    return tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context())


def invoiced(database, sold, **changes):
    with database.transaction() as tx:
        made = invoice(tx, ship(tx, order(tx, sold, **changes).groups[0]))
        tasks.post_invoice(tasks.OfInvoice(made.invoice_no), tx)
        return made.invoice_no


def test_an_invoice_charges_the_shipment_once(world):
    with world.transaction() as tx:
        shipment_no = ship(tx, order(tx, [Sold("60", "22.50")], freight="40.00").groups[0])
        first = invoice(tx, shipment_no)
    with world.transaction() as tx:
        again = invoice(tx, shipment_no)
        assert (first.created, again.created, again.invoice_no) == (True, False, first.invoice_no)
        assert one(tx, "SELECT count(*) FROM invoice") == 1
        assert one(tx, "SELECT net_total, freight_total, tax_total, gross_total FROM invoice") == (1350, 40, 278, 1668)
        assert one(tx, "SELECT qty_invoiced FROM fulfil_line") == 60
        assert one(tx, "SELECT due_date, discount_date, discount_amount FROM invoice") == (date(2026, 4, 9), date(2026, 3, 20), D("33.36"))


def test_two_workers_invoicing_one_shipment_make_one_invoice(world):
    with world.transaction() as tx:
        shipment_no = ship(tx, order(tx, [Sold("10", "1.00")]).groups[0])

    def work(_):
        with world.transaction() as tx:
            return invoice(tx, shipment_no)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(work, range(4)))
    assert sorted(each.created for each in made) == [False, False, False, True]
    assert {each.invoice_no for each in made} == {"INV-000001"}


def test_posting_books_revenue_tax_and_cost_once(world):
    number = invoiced(world, [Sold("60", "22.50")], freight="40.00")
    with world.transaction() as tx:
        assert tasks.post_invoice(tasks.OfInvoice(number), tx) == tasks.Posted(date(2026, 4, 9), D(1668))
        assert balances(tx) == {"1200": 1668, "1400": 560, "1500": 0, "3000": -1400, "2200": -278, "4000": -1350, "4100": -40, "5000": 840}
        assert one(tx, "SELECT party_no, open_amount, tax_amount FROM open_item") == (CUSTOMER, 1668, 278)


def test_a_shipment_that_has_not_left_cannot_be_invoiced(world):
    with world.transaction() as tx:
        group = order(tx, [Sold("10", "1.00")]).groups[0]
        fulfillment.reserve(fulfillment.Group(group), tx)
        shipment_no = fulfillment.confirm_pick(fulfillment.PickAndPack(group, 1, D(1)), tx).shipment_no
        with pytest.raises(Conflict, match="has not left"):
            invoice(tx, shipment_no)
        with pytest.raises(NotFound):
            invoice(tx, "SH-404404")
        with pytest.raises(NotFound):
            tasks.post_invoice(tasks.OfInvoice("INV-404404"), tx)
        assert one(tx, "SELECT count(*) FROM invoice") == 0


@pytest.mark.parametrize(
    ("code", "blocks", "stopped"), [("TAX", "invoice", True), ("BILLING", "invoice", True), ("CREDIT_CHECK_FAILURE", "promise", False)]
)
def test_only_a_hold_about_the_invoice_stops_it(world, code, blocks, stopped):
    with world.transaction() as tx:
        shipment_no = ship(tx, order(tx, [Sold("1", "10.00")]).groups[0])
        row = {
            "order_no": "SO-000001",
            "hold_code": code,
            "blocks": blocks,
            "reason": "check",
            "applied_at": "2026-01-01",
            "applied_by": "x",
        }
        insert_rows(tx, Hold, [row])
        if stopped:
            with pytest.raises(NotYet, match=code):
                invoice(tx, shipment_no)
        else:
            assert invoice(tx, shipment_no).created


def test_a_header_discount_is_spread_over_partial_invoices_to_the_cent(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("9", "3.33", ("2", "3", "4"), header_discount="1.00")])
        for group in made.groups:
            invoice(tx, ship(tx, group))
        assert one(tx, "SELECT sum(net_total) FROM invoice") == D("28.97")
        assert one(tx, "SELECT count(*), max(invoice_no) FROM invoice") == (3, "INV-000003")


def test_an_invoice_dated_in_a_closed_period_is_posted_on_the_next_open_day(world):
    with world.transaction() as tx:
        close_period(tx, date(2026, 3, 1), date(2026, 3, 31), "freddie")
    invoiced(world, [Sold("1", "10.00")])
    with world.transaction() as tx:
        assert one(tx, "SELECT min(gl_date) FROM journal WHERE event_type = 'invoice.posted'") == date(2026, 4, 1)


def test_a_foreign_invoice_needs_a_rate_and_changes_nothing_without(world):
    with world.transaction() as tx:
        shipment_no = ship(tx, order(tx, [Sold("1", "10.00")], currency="USD").groups[0])
        number = invoice(tx, shipment_no).invoice_no
    with pytest.raises(Refused, match="No exchange rate for USD") as refused:
        tasks.prepare_invoice(tasks.OfInvoice(number), world)
    assert refused.value.code == "NOT_BILLABLE"
    with pytest.raises(Invalid, match="No exchange rate for USD"), world.transaction() as tx:
        tasks.post_invoice(tasks.OfInvoice(number), tx)
    with world.transaction() as tx:
        assert one(tx, "SELECT posted_at IS NULL FROM invoice")
        assert one(tx, "SELECT count(*) FROM open_item") == 0


def test_goods_given_away_are_invoiced_at_nothing_and_still_cost_something(world):
    invoiced(world, [Sold("2", "0.00")])
    with world.transaction() as tx:
        assert one(tx, "SELECT gross_total FROM invoice") == 0
        assert balances(tx)["5000"] == 28


def test_rendering_gives_a_pdf_and_a_valid_e_invoice_and_the_same_ones_again(world):
    number = invoiced(world, [Sold("60", "22.50", header_discount="1.01"), Sold("3", "9.9999", tax_rate="10")], freight="40.00")
    first = tasks.prepare_invoice(tasks.OfInvoice(number), world)
    assert tasks.prepare_invoice(tasks.OfInvoice(number), world) == first
    ledger = effects()
    with world.transaction() as tx:
        assert tx.get(Document, first.pdf_document_id).content.startswith(b"%PDF-")
        assert validate_invoice(tx.get(Document, first.ubl_document_id).content) == []
        tasks.deliver_invoice(tasks.OfInvoice(number), tx, ledger)
        (effect,) = ledger.recorded
        assert (effect.kind, effect.target, effect.payload["channel"]) == ("invoice", "ap@mirror.example", "mail")


def test_an_invoice_that_was_not_printed_is_not_sent(world):
    number = invoiced(world, [Sold("1", "10.00")])
    with world.transaction() as tx, pytest.raises(Conflict, match="was not printed"):
        tasks.deliver_invoice(tasks.OfInvoice(number), tx, effects())


def test_an_invalid_e_invoice_is_refused_with_the_rule_and_never_kept(world):
    number = invoiced(world, [Sold("1", "10.00")])
    with world.transaction() as tx:
        tx.execute(text("UPDATE company SET vat_no = ''"))
    with pytest.raises(Refused, match=r"Our company has no VAT number: an administrator enters it") as refused:
        tasks.prepare_invoice(tasks.OfInvoice(number), world)
    assert refused.value.code == "NOT_BILLABLE"
    with world.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM document WHERE kind LIKE 'INVOICE%'") == 0


DOCTORED = {
    "another amount to pay": (b'PayableAmount currencyID="EUR">1668.00', b'PayableAmount currencyID="EUR">1667.00', "BR-CO-16"),
    "another sum of taxes": (b'<cbc:TaxAmount currencyID="EUR">278.00', b'<cbc:TaxAmount currencyID="EUR">270.00', "BR-CO-15"),
    "another line": (b'EUR">1350.00</cbc:LineExtensionAmount>\n    <cac', b'EUR">1.00</cbc:LineExtensionAmount>\n    <cac', "BR-CO-10"),
    "no currency of ours": (b"<cbc:DocumentCurrencyCode>EUR", b"<cbc:DocumentCurrencyCode>EUX", "BR-CL-04"),
    "an element the schema does not know": (b"<cbc:DueDate>", b"<cbc:Bribe>1</cbc:Bribe><cbc:DueDate>", "UBL-XSD"),
    "cut off": (b"</Invoice>", b"", "XML"),
}  # fmt: skip


@pytest.mark.parametrize(("original", "doctored", "rule"), DOCTORED.values(), ids=DOCTORED.keys())
def test_a_doctored_e_invoice_fails_the_validator(world, original, doctored, rule):
    number = invoiced(world, [Sold("60", "22.50")], freight="40.00")
    with world.transaction() as tx:
        document = write_ubl(read_facts(tx, number))
    assert validate_invoice(document) == []
    assert original in document
    assert rule in {finding.rule for finding in validate_invoice(document.replace(original, doctored))}


def test_many_threads_may_validate_at_once(world):
    number = invoiced(world, [Sold("60", "22.50")])
    with world.transaction() as tx:
        document = write_ubl(read_facts(tx, number))
    broken = document.replace(b'PayableAmount currencyID="EUR">1620.00', b'PayableAmount currencyID="EUR">1.00')
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(validate_invoice, [document, broken] * 8))
    assert [bool(findings) for findings in results] == [False, True] * 8


@pytest.mark.parametrize(("category", "country"), [("K", "DE"), ("G", "US"), ("Z", "AT"), ("E", "AT")])
def test_e_invoices_without_tax_name_their_reason_and_are_valid(world, category, country):
    with world.transaction() as tx:
        made = order(tx, [Sold("10", "12.34", tax_rate="0")], freight="5.00")
        tx.execute(text("UPDATE order_line SET tax_category = :category"), {"category": category})
        place = json_text.encode({"country": country}).decode()
        tx.execute(text("UPDATE sales_order SET ship_to = ship_to || CAST(:place AS jsonb)"), {"place": place})
        number = invoice(tx, ship(tx, made.groups[0])).invoice_no
        assert validate_invoice(write_ubl(read_facts(tx, number))) == []


def test_the_number_of_statements_does_not_grow_with_the_lines(world):
    sent = count_statements(world)

    def bill(lines: int) -> int:
        with world.transaction() as tx:
            shipment_no = ship(tx, order(tx, [Sold("1", "10.00")] * lines).groups[0])
        sent.clear()
        with world.transaction() as tx:
            made = tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context(datetime(2026, 3, 11, tzinfo=UTC)))
            tasks.post_invoice(tasks.OfInvoice(made.invoice_no), tx)
        return len(sent)

    assert bill(1) == bill(50) < 45


@pytest.mark.parametrize(("uom", "code"), [("KG", "KGM"), ("KGM", "KGM"), ("BOX", "XBX"), ("EA", "EA")])
def test_all_papers_of_an_order_name_a_unit_by_one_code(world, uom, code):
    with world.transaction() as tx:
        item(tx, "FLOUR", uom=uom)
        on_stock(tx, "5", sku="FLOUR", reference="PO-FLOUR")
        made = order(tx, [Sold("3", "2.00", sku="FLOUR")])
        tx.execute(text("UPDATE order_line SET uom = :uom"), {"uom": uom})
        shipment_no = ship(tx, made.groups[0])
        number = invoice(tx, shipment_no).invoice_no
        advice = tx.get(Document, save_delivery_papers(tx, shipment_no)["despatch_advice_id"]).content
        assert f'InvoicedQuantity unitCode="{code}">3<'.encode() in write_ubl(read_facts(tx, number))
        assert f'DeliveredQuantity unitCode="{code}">3<'.encode() in advice


def test_an_item_in_a_unit_that_no_paper_can_carry_is_refused_when_it_is_added(world):
    with world.transaction() as tx, pytest.raises(Invalid, match="'KILO' is no unit"):
        item(tx, "FLOUR", uom="KILO")


def test_a_letter_that_no_font_has_is_reported_with_the_document(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("1", "2.00")])
        tx.execute(text("UPDATE order_line SET description = :name"), {"name": "Tablet \U00012000"})
        number = invoice(tx, ship(tx, made.groups[0])).invoice_no
    rendered = tasks.prepare_invoice(tasks.OfInvoice(number), world)
    with world.transaction() as tx:
        (finding,) = tx.get(Document, rendered.pdf_document_id).findings
    assert finding == "No font has the letter \U00012000 (U+12000); its number is printed in its place."
