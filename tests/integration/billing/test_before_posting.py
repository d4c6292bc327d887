"""What an invoice needs is known before the goods leave and before it is posted, and who can mend it is said by name."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.service_tasks import Refused
from engine.store.unit_of_work import Database
from handlers.billing import tasks
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.ubl import write_ubl
from handlers.documents.store import read_document
from handlers.fulfillment import tasks as fulfillment
from handlers.ledger.books import set_rate
from tests.integration.golden.builders import Sold, company, context, customer, effects, item, on_stock, one, order, warehouse

D = Decimal


@pytest.fixture
def world(database):
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        item(tx, "GIFT-CARD", tax_category="O")
        warehouse(tx)
        on_stock(tx, "100")
        on_stock(tx, "100", sku="GIFT-CARD", reference="PO-CARDS")
    return database


def ship(world, group):
    """Each step in the transaction that the diagram gives it."""
    with world.transaction() as tx:
        fulfillment.reserve(fulfillment.Group(group), tx)
    with world.transaction() as tx:
        shipment_no = fulfillment.confirm_pick(fulfillment.PickAndPack(group, 1, D(10)), tx).shipment_no
    with world.transaction() as tx:
        fulfillment.ship_confirm(fulfillment.OfShipment(shipment_no), tx, context())
    return shipment_no


def outside_vat(tx, *skus):
    tx.execute(text("UPDATE order_line SET tax_category = 'O', tax_rate_pct = 0 WHERE sku = ANY(:skus)"), {"skus": list(skus)})


def bill(world, shipment_no):
    """As the diagram bills: create, prepare, post, again until all is charged. Answers the numbers."""
    numbers, complete = [], False
    while not complete:
        with world.transaction() as tx:
            made = tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context())
        tasks.prepare_invoice(tasks.OfInvoice(made.invoice_no), world)
        with world.transaction() as tx:
            tasks.post_invoice(tasks.OfInvoice(made.invoice_no), tx)
            tasks.deliver_invoice(tasks.OfInvoice(made.invoice_no), tx, effects())
        numbers.append(made.invoice_no)
        complete = made.complete
    return numbers


def test_what_is_not_subject_to_vat_is_invoiced_without_any_vat_number(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("3", "10.00", sku="GIFT-CARD", tax_rate="0")], freight="4.00")
        outside_vat(tx, "GIFT-CARD")
    tasks.check_group(tasks.OfGroup(made.groups[0]), world, context())
    shipment_no = ship(world, made.groups[0])
    (number,) = bill(world, shipment_no)
    with world.transaction() as tx:
        document = write_ubl(read_facts(tx, number))
        assert (b"ATU12345675" in document, b"ATU87654321" in document, validate_invoice(document)) == (False, False, [])
        assert one(tx, "SELECT gross_total, posted_at IS NOT NULL FROM invoice") == (34, True)


def test_goods_outside_vat_are_charged_apart_from_the_others_of_one_shipment(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("3", "10.00", sku="GIFT-CARD", tax_rate="0"), Sold("2", "50.00")], freight="5.00")
        outside_vat(tx, "GIFT-CARD")
    tasks.check_group(tasks.OfGroup(made.groups[0]), world, context())
    shipment_no = ship(world, made.groups[0])
    assert bill(world, shipment_no) == ["INV-000001", "INV-000002"]
    with world.transaction() as tx:
        for number in ("INV-000001", "INV-000002"):
            assert validate_invoice(write_ubl(read_facts(tx, number))) == []
        rows = tx.execute(text("SELECT net_total, freight_total, tax_total FROM invoice ORDER BY invoice_no")).all()
        assert [tuple(row) for row in rows] == [(100, 5, 21), (30, 0, 0)]
        again = tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context())
        assert (again.created, again.complete) == (False, True)


def test_an_invoice_in_a_currency_with_three_decimals_is_made_on_paper_and_says_why(world):
    with world.transaction() as tx:
        tx.execute(text("UPDATE customer SET currency = 'KWD'"))
        set_rate(tx, "KWD", date(2026, 1, 1), D("3.01"))
        made = order(tx, [Sold("3", "1.115")], currency="KWD")
    tasks.check_group(tasks.OfGroup(made.groups[0]), world, context())
    shipment_no = ship(world, made.groups[0])
    (number,) = bill(world, shipment_no)
    with world.transaction() as tx:
        assert one(tx, "SELECT gross_total, ubl_document_id FROM invoice") == (D("4.014"), None)
        paper = read_document(tx, one(tx, "SELECT pdf_document_id FROM invoice WHERE invoice_no = :no", no=number), number, ())
        assert paper.findings == [
            "Amounts in KWD have three decimals, which no e-invoice of EN 16931 can carry: this paper is the invoice."
        ]


def test_amounts_in_dinars_that_fit_two_decimals_are_an_e_invoice(world):
    with world.transaction() as tx:
        set_rate(tx, "KWD", date(2026, 1, 1), D("3.01"))
        made = order(tx, [Sold("2", "1.125", tax_rate="20")], currency="KWD")
    shipment_no = ship(world, made.groups[0])
    (number,) = bill(world, shipment_no)
    with world.transaction() as tx:
        document = write_ubl(read_facts(tx, number))
    assert (b'KWD">2.70<' in document, validate_invoice(document)) == (True, [])


MISSING = {
    "our VAT number": ("UPDATE company SET vat_no = ''", "Our company has no VAT number: an administrator enters it"),
    "the buyer's VAT number": (
        "UPDATE order_line SET tax_category = 'K', tax_rate_pct = 0; UPDATE customer SET vat_no = ''",
        "The VAT number of customer C-MIRROR is missing",
    ),
    "an exchange rate": ("UPDATE sales_order SET currency = 'USD'", "File the rate of USD for 2026-03-10 or earlier"),
    "a code of the unit": ("UPDATE order_line SET uom = 'KILO'", "is kept in 'KILO', which no paper can carry"),
    "our registration": (
        "UPDATE order_line SET tax_category = 'O', tax_rate_pct = 0; UPDATE company SET legal_id = '', gln = ''",
        "Our company has no registration number",
    ),
    "a country that exists": (
        """UPDATE sales_order SET bill_to = bill_to || '{"country": "ZZ"}'""",
        "It breaks rules of EN 16931. BR-CL-14",
    ),
}


@pytest.mark.parametrize(("damage", "says"), MISSING.values(), ids=MISSING.keys())
def test_what_is_missing_stops_the_goods_before_they_leave(world, damage, says):
    with world.transaction() as tx:
        made = order(tx, [Sold("1", "10.00")])
        for statement in damage.split("; "):
            tx.execute(text(statement))
    with pytest.raises(Refused) as refused:
        tasks.check_group(tasks.OfGroup(made.groups[0]), world, context())
    assert refused.value.code == "NOT_BILLABLE"
    assert says in str(refused.value)
    assert str(refused.value).startswith("The invoice of order SO-000001 cannot be sent.")


def test_a_group_that_can_be_invoiced_passes_and_leaves_no_trace(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("60", "22.50", header_discount="1.01")], freight="40.00")
    tasks.check_group(tasks.OfGroup(made.groups[0]), world, context())
    with world.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM invoice") == 0
        assert one(tx, "SELECT count(*) FROM number_series WHERE series = 'INV'") == 0


def test_a_draft_says_what_its_order_says_when_it_is_tried_again_and_is_dated_that_day(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("1", "10.00")])
    shipment_no = ship(world, made.groups[0])
    with world.transaction() as tx:
        first = tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context())
    with world.transaction() as tx:
        tx.execute(text("""UPDATE sales_order SET bill_to = bill_to || '{"city": "Graz"}', customer_po = 'PO-CORRECTED'"""))
        again = tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context(datetime(2026, 3, 16, 9, tzinfo=UTC)))
        assert (again.invoice_no, again.created) == (first.invoice_no, False)
        assert one(tx, "SELECT bill_to ->> 'city', customer_po, invoice_date, due_date, discount_date FROM invoice") == (
            "Graz", "PO-CORRECTED", date(2026, 3, 16), date(2026, 4, 15), date(2026, 3, 26),
        )  # fmt: skip
        tasks.post_invoice(tasks.OfInvoice(first.invoice_no), tx)
        tx.execute(text("UPDATE sales_order SET customer_po = 'PO-TOO-LATE'"))
        tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context(datetime(2026, 3, 17, 9, tzinfo=UTC)))
        assert one(tx, "SELECT customer_po, invoice_date FROM invoice") == ("PO-CORRECTED", date(2026, 3, 16))


def test_a_foreign_order_goes_on_once_its_rate_is_filed(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("1", "10.00")], currency="USD")
    with pytest.raises(Refused, match="No exchange rate for USD"):
        tasks.check_group(tasks.OfGroup(made.groups[0]), world, context())
    with world.transaction() as tx:
        set_rate(tx, "USD", date(2026, 3, 10), D("0.92"))
    tasks.check_group(tasks.OfGroup(made.groups[0]), world, context())


def test_an_invoice_of_half_past_midnight_on_new_year_in_vienna_is_dated_first_of_january(world):
    in_vienna = Database(world.url, time_zone="Europe/Vienna")
    half_past_midnight = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with in_vienna.transaction() as tx:
        made = order(tx, [Sold("1", "10.00")])
    shipment_no = ship(in_vienna, made.groups[0])
    with in_vienna.transaction() as tx:
        tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context(half_past_midnight))
        assert one(tx, "SELECT invoice_date FROM invoice") == date(2027, 1, 1)
    in_vienna.close()


@pytest.mark.parametrize(("nets", "rate", "gross"), [(("3.33", "3.33"), "20", "7.99"), (("0.05", "0.05", "0.05"), "10", "0.17")])
def test_the_invoices_of_split_shipments_come_to_the_gross_of_the_order(world, nets, rate, gross):
    with world.transaction() as tx:
        made = order(tx, [Sold(str(len(nets)), nets[0], ("1",) * len(nets), tax_rate=rate)])
    for group in made.groups:
        bill(world, ship(world, group))
    with world.transaction() as tx:
        assert one(tx, "SELECT sum(gross_total) FROM invoice") == D(gross)


def test_carriage_is_taxed_as_in_the_order_whichever_goods_are_shipped_first(world):
    with world.transaction() as tx:
        made = order(tx, [Sold("3", "2.00", ("2", "1"), tax_rate="10"), Sold("3", "50.00", ("1", "2"))], freight="7.00")
    shipment_no = ship(world, made.groups[0])
    with world.transaction() as tx:
        first = tasks.create_invoice(tasks.OfShipment(shipment_no), tx, context()).invoice_no
        rows = tx.execute(text("SELECT tax_rate_pct FROM invoice_line WHERE charge_code = 'FREIGHT' AND invoice_no = :no"), {"no": first})
        assert rows.scalars().all() == [20]
