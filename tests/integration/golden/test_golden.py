"""The golden scenarios of the business, to the cent: every figure is worked out by hand, none is read back from the product."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from handlers.billing import tasks as billing
from handlers.dropship import tasks as dropship
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
from handlers.fulfillment import tasks as fulfillment
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from handlers.receivables import tasks as receivables
from tests.integration.golden.builders import (
    SUPPLIER,
    Sold,
    company,
    context,
    customer,
    effects,
    item,
    on_stock,
    one,
    order,
    stored,
    supplier,
    warehouse,
)
from tests.unit.receivables.statement_files import Credit, camt053

D = Decimal


def figures(tx):
    return {account: amount for account, amount in balances(tx).items() if amount}


def nothing_is_broken(tx):
    return [(checked.id, checked.sentence, checked.examples) for checked in check_all(tx) if not checked.ok] == []


def ship(tx, group, now):
    fulfillment.check_release_gate(fulfillment.ReleaseGate(group), tx)
    fulfillment.reserve(fulfillment.Group(group), tx)
    shipment_no = fulfillment.confirm_pick(fulfillment.PickAndPack(group, 1, D(100)), tx).shipment_no
    fulfillment.ship_confirm(fulfillment.OfShipment(shipment_no), tx, context(now))
    return shipment_no


def bill(tx, shipment_no, now):
    invoice_no = billing.create_invoice(billing.OfShipment(shipment_no), tx, context(now)).invoice_no
    billing.post_invoice(billing.OfInvoice(invoice_no), tx)
    return invoice_no


def receive(tx, credit, opening, *, decision):
    """A statement with one credit that does not pay its invoice exactly."""
    content = camt053([credit], opening=opening, closing=str(D(opening) + D(credit.amount)), statement=f"STMT-{credit.ref}")
    statement = receivables.OfStatement(stored(tx, content)[0])
    receivables.read_statement(statement, tx)
    receivables.record_receipts(statement, tx)
    cases = receivables.propose_applications(receivables.Propose(statement.statement_no), tx).residual_cases
    return cases, receivables.apply_receipts(receivables.Apply(statement.statement_no, cases, [{"action": decision}]), tx)


def test_g1_two_shipments_an_earned_discount_and_a_small_difference(database):
    day1, day2 = datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2026, 3, 17, 9, tzinfo=UTC)
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
        before = balances(tx)
        made = order(tx, [Sold("100", "22.50", ("60", "40"), list_price="25.00")], freight="40.00")

        first = ship(tx, made.groups[0], day1)
        assert balances(tx)["1500"] == D("840.00")
        invoice_1 = bill(tx, first, day1)
        assert figures(tx) == {
            "1200": D("1668.00"), "1400": D("560.00"), "3000": D("-1400.00"), "2200": D("-278.00"), "4000": D("-1350.00"),
            "4100": D("-40.00"), "5000": D("840.00"),
        }  # fmt: skip
        assert one(tx, "SELECT discount_amount, due_date FROM invoice") == (D("33.36"), date(2026, 4, 9))

        invoice_2 = bill(tx, ship(tx, made.groups[1], day2), day2)
        assert one(tx, "SELECT gross_total, net_total, tax_total, freight_total FROM invoice WHERE invoice_no = :no", no=invoice_2) == (
            D("1080.00"), D("900.00"), D("180.00"), D("0.00"),
        )  # fmt: skip

        (case,), done = receive(tx, Credit("1634.64", invoice_1, ref="B1", day="2026-03-18"), "0.00", decision="EARNED_DISCOUNT")
        assert (case.difference, case.discount_available, case.days_after_discount_date) == (D("33.36"), D("33.36"), -2)
        assert done == receivables.Applied([receivables.Settled(invoice_1)], [])
        (case,), done = receive(tx, Credit("1076.80", invoice_2, ref="B2", day="2026-04-15"), "1634.64", decision="WRITE_OFF")
        assert case.difference == D("3.20")
        assert done == receivables.Applied([receivables.Settled(invoice_2)], [])

        # Up to receipt 2, before anything is returned: the figures of the whole scenario less its return of 5 pieces.
        assert figures(tx) == {
            "1000": D("2711.44"), "3000": D("-1400.00"), "2200": D("-452.44"), "4000": D("-2250.00"), "4100": D("-40.00"),
            "4900": D("27.80"), "5000": D("1400.00"), "6300": D("3.20"),
        }  # fmt: skip
        assert before == {"1400": D("1400.00"), "3000": D("-1400.00")}
        assert (balances(tx)["1200"], balances(tx)["1290"], balances(tx)["1500"]) == (0, 0, 0)
        assert nothing_is_broken(tx)


def test_g2_drop_ship_with_a_price_variance_inside_the_tolerance(database):
    now = datetime(2026, 3, 12, 9, tzinfo=UTC)
    with database.transaction() as tx:
        company(tx)
        customer(tx, discount_pct=D(0), discount_days=0)
        item(tx)
        supplier(tx)
        group = order(tx, [Sold("10", "80.00")], kind="DROP", discount_pct=0, discount_days=0).groups[0]
        chosen = dropship.select_supplier(dropship.Group(group), tx, context(now))
        assert (chosen.supplier_no, chosen.margin_pct) == (SUPPLIER, D("31.25"))
        po_no = dropship.create_purchase_order(dropship.GroupFrom(group, SUPPLIER), tx).po_no
        dropship.send_purchase_order(dropship.OfOrder(po_no), tx, effects())
        record_acknowledgement(tx, AcknowledgementDraft(po_no=po_no, document_no="AB-1", code="AP"))
        assert dropship.read_acknowledgement(dropship.OfOrder(po_no), tx).code == "AP"
        dropship.confirm(dropship.Confirm(po_no), tx)
        asn_no = record_asn(
            tx, AsnDraft(po_no=po_no, document_no="LS-1", shipped_on=now.date(), lines=[ShippedDraft(line_no=1, qty=D(10))])
        )
        shipment_no = dropship.receive_asn(dropship.OfAsn(po_no, asn_no), tx).shipment_no
        invoice_no = bill(tx, shipment_no, now)

        billed = BilledDraft(line_no=1, qty=D(10), unit_price=D("55.80"), tax_rate_pct=D(20))
        foot = {"tax_total": D("111.60"), "gross_total": D("669.60")}
        draft = SupplierInvoiceDraft(po_no=po_no, document_no="RE-1", invoice_date=now.date(), currency="EUR", lines=[billed], **foot)
        number = record_supplier_invoice(tx, draft)
        facts = dropship.match_facts(dropship.OfBill(po_no, number), tx)
        assert (facts.price_var_pct, facts.price_var_amount) == (D("1.45"), D("8.00"))
        dropship.approve_supplier_invoice(dropship.OfBill(po_no, number), tx, context(now))
        dropship.pay_supplier(dropship.Bill(number), tx, context(now), effects())

        content = camt053([Credit("960.00", invoice_no, ref="B1")], opening="0.00", closing="960.00")
        statement = receivables.OfStatement(stored(tx, content)[0])
        receivables.read_statement(statement, tx)
        receivables.record_receipts(statement, tx)
        assert receivables.propose_applications(receivables.Propose(statement.statement_no), tx).exact == 1
        receivables.apply_receipts(receivables.Apply(statement.statement_no, [], []), tx)

        booked = balances(tx)
        assert (booked["2100"], booked["1410"], booked["1450"], booked["1500"], booked["1200"], booked["2000"]) == (0, 0, 0, 0, 0, 0)
        assert (booked["5100"], booked["5000"], booked["1000"]) == (D("8.00"), D("550.00"), D("290.40"))
        assert (booked["4000"], booked["2200"], booked["1250"]) == (D("-800.00"), D("-160.00"), D("111.60"))
        assert sum(booked.values()) == 0
        assert nothing_is_broken(tx)


@pytest.mark.parametrize("kind", ["STOCK", "DROP"])
def test_g6_an_invoice_job_that_runs_twice_creates_nothing_the_second_time(database, kind):
    now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        supplier(tx)
        on_stock(tx, "100")
        group = order(tx, [Sold("10", "80.00")], kind=kind, freight="12.00").groups[0]
        if kind == "STOCK":
            shipment_no = ship(tx, group, now)
        else:
            po_no = dropship.create_purchase_order(dropship.GroupFrom(group, SUPPLIER), tx).po_no
            dropship.send_purchase_order(dropship.OfOrder(po_no), tx, effects())
            record_acknowledgement(tx, AcknowledgementDraft(po_no=po_no, document_no="AB-1", code="AP"))
            dropship.confirm(dropship.Confirm(po_no), tx)
            advice = AsnDraft(po_no=po_no, document_no="LS-1", shipped_on=now.date(), lines=[ShippedDraft(line_no=1, qty=D(10))])
            shipment_no = dropship.receive_asn(dropship.OfAsn(po_no, record_asn(tx, advice)), tx).shipment_no
        counts = "SELECT (SELECT count(*) FROM invoice), (SELECT count(*) FROM invoice_line), (SELECT count(*) FROM journal)"
        first = bill(tx, shipment_no, now)
        after_first = one(tx, counts)
        second = billing.create_invoice(billing.OfShipment(shipment_no), tx, context(now))
        billing.post_invoice(billing.OfInvoice(second.invoice_no), tx)
        assert (second.created, second.invoice_no) == (False, first)
        assert one(tx, counts) == after_first
        assert nothing_is_broken(tx)
