"""Every invariant notices the one row that was tampered with: a watchman that never barks watches nothing."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from handlers.billing import invariants as billing_rules
from handlers.billing import tasks as billing
from handlers.dropship import invariants as purchases
from handlers.dropship import tasks as dropship
from handlers.dropship.inbound import AsnDraft, ShippedDraft, record_asn
from handlers.fulfillment import tasks as fulfillment
from handlers.invariants import check_all
from handlers.ledger import invariants as ledger
from handlers.ledger.books import close_period
from handlers.receivables import invariants as receipts
from handlers.receivables import tasks as receivables
from handlers.receivables.statements import store_statement
from handlers.shipments import invariants as shipments
from tests.integration.golden.builders import (
    SUPPLIER,
    Sold,
    company,
    context,
    customer,
    effects,
    item,
    on_stock,
    order,
    supplier,
    warehouse,
)
from tests.unit.receivables.statement_files import Credit, camt053

D = Decimal
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
def lived_in(database):
    """A database in which something of everything has happened."""
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        supplier(tx)
        on_stock(tx, "100")
        stocked = order(tx, [Sold("60", "22.50")], freight="40.00").groups[0]
        fulfillment.reserve(fulfillment.Group(stocked), tx)
        shipment_no = fulfillment.confirm_pick(fulfillment.PickAndPack(stocked, 1, D(1)), tx).shipment_no
        fulfillment.ship_confirm(fulfillment.OfShipment(shipment_no), tx, context(NOW))
        dropped = order(tx, [Sold("10", "80.00")], kind="DROP").groups[0]
        po_no = dropship.create_purchase_order(dropship.GroupFrom(dropped, SUPPLIER), tx).po_no
        dropship.send_purchase_order(dropship.OfOrder(po_no), tx, effects())
        asn_no = record_asn(tx, AsnDraft(po_no=po_no, document_no="L1", shipped_on=NOW.date(), lines=[ShippedDraft(line_no=1, qty=D(10))]))
        second = dropship.receive_asn(dropship.OfAsn(po_no, asn_no), tx).shipment_no
        for number in (shipment_no, second):
            made = billing.create_invoice(billing.OfShipment(number), tx, context(NOW))
            billing.post_invoice(billing.OfInvoice(made.invoice_no), tx)
        credits_ = [Credit("1668.00", "INV-000001", ref="B1"), Credit("7.00", "?", ref="B2")]
        statement = receivables.OfStatement(store_statement(tx, camt053(credits_, closing="2675.00")))
        receivables.record_receipts(statement, tx)
        receivables.propose_applications(statement, tx)
        receivables.apply_receipts(receivables.Apply(statement.statement_no, [], []), tx)
        close_period(tx, date(2025, 1, 1), date(2025, 12, 31), "freddie")
    return database


OURS = tuple(invariant for room in (ledger, shipments, billing_rules, receipts, purchases) for invariant in room.INVARIANTS)


def broken(tx):
    """The invariants of these rooms that are broken, part by part."""
    return {invariant for invariant in OURS if tx.execute(text(invariant.sql)).first() is not None}


def test_a_database_that_was_only_used_breaks_no_invariant(lived_in):
    with lived_in.transaction() as tx:
        assert broken(tx) == set()
        assert [checked.id for checked in check_all(tx) if not checked.ok] == []


OWED_TWICE = (
    "INSERT INTO open_item (kind, party_no, document_no, document_date, due_date, original, open_amount, currency) "
    "VALUES ('AP', 'S-1', 'SI-9', now(), now(), 5, 5, 'EUR')"
)
CARRIED_TWICE = (
    "DROP INDEX invoice_line_freight_once; "
    "INSERT INTO invoice_line (invoice_no, kind, line_no, charge_code, order_no, description, qty, uom, unit_price, amount, tax_category) "
    "VALUES ('INV-000001', 'INV', 99, 'FREIGHT', 'SO-000001', 'again', 1, 'EA', 40, 40, 'S')"
)
TAMPERED = [
    ("INV-01", "UPDATE journal_line SET debit = debit + 1 WHERE account = '1500' AND debit > 0"),
    ("INV-01", "DELETE FROM journal_line WHERE journal_id = (SELECT min(id) FROM journal)"),
    ("INV-02", "UPDATE journal_line SET accounted = accounted + 1 WHERE account = '5000'"),
    ("INV-03", "UPDATE open_item SET open_amount = open_amount - 1 WHERE open_amount > 0"),
    ("INV-03", "UPDATE journal_line SET party_no = 'C-OTHER' WHERE account = '1200'"),
    ("INV-03", "UPDATE stock_balance SET value = value + 1"),
    ("INV-03", "UPDATE po_line SET qty_received = qty_received + 1"),
    ("INV-03", "UPDATE journal_line SET account = '1410' WHERE account = '1450' AND debit > 0"),
    ("INV-03", "UPDATE invoice SET tax_total = tax_total + 1, gross_total = gross_total + 1"),
    ("INV-03", "UPDATE receipt SET amount = amount + 1"),
    ("INV-03", "DELETE FROM application"),
    ("INV-03", OWED_TWICE),
    ("INV-07", "UPDATE fulfil_line SET qty_shipped = qty_shipped - 1, qty_invoiced = 0"),
    ("INV-08", CARRIED_TWICE),
    ("INV-09", "UPDATE invoice_line SET amount = amount + 0.01 WHERE charge_code = 'ITEM'"),
    ("INV-09", "UPDATE invoice_tax SET tax = tax + 0.01"),
    ("INV-10", "UPDATE receipt SET on_account = 1 WHERE receipt_no = 'RC-000001'"),
    ("INV-11", "UPDATE open_item SET closed_at = now()"),
    ("INV-11", "UPDATE open_item SET original = original + 1 WHERE document_no = 'INV-000001'"),
    ("INV-12", "UPDATE fulfil_line SET qty_invoiced = qty_invoiced - 1"),
    ("INV-12", "UPDATE po_line SET qty_billed = 1"),
    ("INV-13", "UPDATE shipment_line SET cogs = 0"),
    ("INV-18", "UPDATE ledger_period SET starts_on = '2026-03-01', ends_on = '2026-03-31', closed_at = '2026-03-31'"),
    ("INV-19", "UPDATE number_series SET last_value = last_value + 1 WHERE series = 'INV'"),
    ("INV-19", "UPDATE invoice SET invoice_no = 'INV-000007' WHERE invoice_no = 'INV-000002'"),
]


def test_every_invariant_notices_the_row_that_was_tampered_with(lived_in):
    silent, barked = [], set()
    for invariant_id, statement in TAMPERED:
        with lived_in.engine.connect() as connection, connection.begin() as transaction:
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # a tamperer does not ask the triggers
            for part in statement.split("; "):
                assert connection.execute(text(part)).rowcount != 0, part
            found = broken(connection)
            barked |= found
            if invariant_id not in {invariant.id for invariant in found}:
                silent.append((invariant_id, statement))
            transaction.rollback()
    assert silent == []
    assert [invariant.sentence for invariant in OURS if invariant not in barked] == []
