"""What an installation of 0001 had of suppliers and bank accounts means the same after the upgrade."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from api.schema import migrate
from engine.store.unit_of_work import Database
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from tests.databases import create_database, run_on_server, url_of
from tests.upgrade.test_upgrade import VERSIONS

D = Decimal
IBAN = "DE89370400440532013000"
#: The books, in euros: 400.00 of stock was received (no supplier bills it), 330.00 by drop-ship, of which 275.00 are billed; a customer
#: owes 100.00 USD at 0.92, of which 60.00 are paid; one supplier's bill of 330.00 is paid, one of 132.00 is owed.
BOOKS = """
INSERT INTO ledger_book (id, currency) VALUES (1, 'EUR');
INSERT INTO account (number, name, kind, needs_party) VALUES
  ('1000', 'Bank', 'ASSET', false), ('1200', 'Trade receivables', 'ASSET', true), ('1250', 'Input VAT', 'ASSET', false),
  ('1400', 'Inventory', 'ASSET', false), ('1500', 'Deferred cost', 'ASSET', false), ('2000', 'Trade payables', 'LIABILITY', true),
  ('2100', 'GRNI', 'LIABILITY', false), ('4000', 'Revenue', 'INCOME', false);
INSERT INTO company (name, country, currency, iban, bic, bank_name)
VALUES ('Ordercraft', 'DE', 'EUR', 'de89 3704 0044 0532 0130 00', 'COBADEFFXXX', 'Commerzbank');
INSERT INTO journal (id, event_type, source_id, sequence, gl_date, currency, fx_rate, narration, digest) VALUES
  (1, 'goods_received', 'GR-1', 1, '2026-01-05', 'EUR', 1, '', 'a'), (2, 'goods_received', 'GR-2', 1, '2026-01-06', 'EUR', 1, '', 'b'),
  (3, 'dropship.received', 'ASN-000001', 1, '2026-01-07', 'EUR', 1, '', 'c'),
  (4, 'supplier_invoice.approved', 'SI-000001', 1, '2026-01-08', 'EUR', 1, '', 'd'),
  (5, 'supplier.paid', 'SI-000001', 1, '2026-01-09', 'EUR', 1, '', 'e'),
  (6, 'invoice.posted', 'INV-000001', 1, '2026-01-07', 'USD', 0.92, '', 'f'),
  (7, 'receipt.applied', 'RC-000001', 1, '2026-01-12', 'USD', 0.92, '', 'g'),
  (8, 'supplier_invoice.approved', 'SI-000002', 1, '2026-01-08', 'EUR', 1, '', 'h');
INSERT INTO journal_line (journal_id, line_no, account, debit, credit, accounted, party_no, reference) VALUES
  (1, 1, '1400', 300, 0, 300, NULL, NULL), (1, 2, '2100', 0, 300, -300, NULL, 'GR-1'),
  (2, 1, '1400', 100, 0, 100, NULL, NULL), (2, 2, '2100', 0, 100, -100, NULL, 'GR-2'),
  (3, 1, '1500', 330, 0, 330, NULL, NULL), (3, 2, '2100', 0, 330, -330, NULL, 'PO-000001'),
  (4, 1, '2100', 275, 0, 275, NULL, 'PO-000001'), (4, 2, '1250', 55, 0, 55, NULL, NULL),
  (4, 3, '2000', 0, 330, -330, 'S-1', 'SI-000001'),
  (5, 1, '2000', 330, 0, 330, 'S-1', 'SI-000001'), (5, 2, '1000', 0, 330, -330, NULL, 'SI-000001'),
  (6, 1, '1200', 100, 0, 92, 'C-1', 'INV-000001'), (6, 2, '4000', 0, 100, -92, NULL, NULL),
  (7, 1, '1000', 60, 0, 55.20, NULL, NULL), (7, 2, '1200', 0, 60, -55.20, 'C-1', 'INV-000001'),
  (8, 1, '2100', 0, 0, 0, NULL, 'PO-000002'), (8, 2, '1250', 132, 0, 132, NULL, NULL), (8, 3, '2000', 0, 132, -132, 'S-1', 'SI-000002');
SELECT setval(pg_get_serial_sequence('journal', 'id'), 8);
INSERT INTO open_item (kind, party_no, document_no, document_date, due_date, original, open_amount, currency, fx_rate) VALUES
  ('AR', 'C-1', 'INV-000001', '2026-01-07', '2026-02-07', 100, 40, 'USD', 0.92),
  ('AP', 'S-1', 'SI-000001', '2026-01-08', '2026-02-08', 330, 0, 'EUR', 1),
  ('AP', 'S-1', 'SI-000002', '2026-01-08', '2026-02-08', 132, 132, 'EUR', 1);
"""
SUPPLIERS = """
INSERT INTO supplier (supplier_no, name, country, currency) VALUES ('S-1', 'Kesselbau Huber KG', 'AT', 'EUR');
INSERT INTO purchase_order (po_no, group_no, order_no, supplier_no, currency, ship_to, neutral_packing, requested_ship, net_total,
  confirmed_at, cancelled_at)
SELECT po_no, 'FG-' || po_no, 'SO-000001', 'S-1', 'EUR', '{}', false, '2026-01-07', 330, confirmed::timestamptz, cancelled::timestamptz
FROM (VALUES ('PO-000001', '2026-01-06', NULL), ('PO-000002', '2026-01-06', NULL), ('PO-000003', '2026-01-06', NULL),
  ('PO-000004', '2026-01-06', '2026-01-07'), ('PO-000005', NULL, NULL)) AS given(po_no, confirmed, cancelled);
INSERT INTO po_line (po_no, line_no, fulfil_line_id, sku, uom, qty, unit_price, confirmed_qty, qty_received, qty_billed)
SELECT po_no, 1, row_number() OVER (), 'PUMP-40', 'EA', 6, 55, confirmed, received, billed
FROM (VALUES ('PO-000001', 6, 6, 5), ('PO-000002', 6, 6, 6), ('PO-000003', 4, 4, 4), ('PO-000004', 6, 6, 6), ('PO-000005', NULL, 6, 6))
  AS given(po_no, confirmed, received, billed);
INSERT INTO po_acknowledgement (po_no, document_no, code, sha256) VALUES
  ('PO-000001', 'AB-1', 'CA', 'x'), ('PO-000001', 'ab-1', 'AP', 'y'), ('PO-000002', 'AB-1', 'AP', 'z');
INSERT INTO asn (asn_no, po_no, supplier_no, document_no, shipped_on, sha256) VALUES
  ('ASN-000001', 'PO-000001', 'S-1', 'LS-1', '2026-01-07', 'x'), ('ASN-000002', 'PO-000002', 'S-1', 'ls-1', '2026-01-07', 'y');
INSERT INTO supplier_invoice (supplier_invoice_no, po_no, supplier_no, document_no, invoice_date, currency, net_total, tax_total,
  gross_total, sha256, approved_at, journal_id, paid_at) VALUES
  ('SI-000001', 'PO-000001', 'S-1', 'RE-1', '2026-01-08', 'EUR', 275, 55, 330, 'x', '2026-01-08', 4, '2026-01-09'),
  ('SI-000002', 'PO-000002', 'S-1', 're-1', '2026-01-08', 'EUR', 110, 22, 132, 'y', '2026-01-08', 8, NULL);
"""
BANK = f"""
INSERT INTO bank_statement (statement_no, sha256, content, account, bank_ref, currency, opening, closing, opened_on, closed_on, read_at)
VALUES
  ('BS-000001', 'one', 'first file', '{IBAN}', 'N-1', 'EUR', 0, 60, '2026-01-12', '2026-01-12', '2026-01-12'),
  ('BS-000002', 'two', 'second file', '{IBAN}', 'N-2', 'EUR', 60, 99, '2026-01-13', '2026-01-13', NULL),
  ('BS-000003', 'three', 'third file', '{IBAN}', 'N-3', 'EUR', 60, 99, '2026-01-13', '2026-01-13', NULL);
INSERT INTO bank_line (id, statement_no, account, bank_ref, amount, currency, booked_on, value_on) VALUES
  (11, 'BS-000001', '{IBAN}', 'R-1', 60, 'USD', '2026-01-12', '2026-01-12'),
  (12, 'BS-000001', '{IBAN}', 'R-2', -5, 'EUR', '2026-01-12', '2026-01-12'),
  (13, 'BS-000002', '{IBAN}', 'R-3', 39, 'EUR', '2026-01-13', '2026-01-13');
INSERT INTO receipt (receipt_no, statement_no, bank_line_id, amount, currency, received_on, journal_id)
VALUES ('RC-000001', 'BS-000001', 11, 60, 'USD', '2026-01-12', 7);
INSERT INTO instance (id, process_version_id, process_key, business_key, state) VALUES
  ('00000000-0000-0000-0000-000000000001', 1, 'statement-intake', 'BS-000002', 'completed'),
  ('00000000-0000-0000-0000-000000000002', 1, 'statement-intake', 'BS-000003', 'waiting');
"""


@pytest.fixture(scope="module")
def upgraded(server_url):
    """A database of 0001 with business in it, brought to today's schema."""
    create_database(server_url, "ordercraft_moved")
    database = Database(url_of(server_url, "ordercraft_moved"))
    with database.engine.connect() as connection:
        connection.exec_driver_sql((VERSIONS / "0001_initial.sql").read_text(encoding="utf-8"))
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
        # Orders and items behind these rows do not matter here.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for filled in (BOOKS, SUPPLIERS, BANK):
            connection.exec_driver_sql(filled)
        connection.commit()
    migrate(database)
    yield database
    database.close()
    run_on_server(server_url, 'DROP DATABASE "ordercraft_moved" WITH (FORCE)')


def rows(database, sql):
    with database.transaction() as tx:
        return [tuple(row) for row in tx.execute(text(sql))]


def test_opening_stock_leaves_goods_received_not_invoiced_and_what_suppliers_will_bill_stays(upgraded):
    with upgraded.transaction() as tx:
        booked = balances(tx)
    assert (booked["2100"], booked["3000"], booked["1400"]) == (D(-55), D(-400), D(400))
    assert sum(booked.values()) == 0
    moved = "SELECT reference, account, accounted FROM journal_line JOIN journal ON id = journal_id WHERE event_type LIKE '%.reclassified'"
    assert sorted(rows(upgraded, moved)) == [("GR-1", "2100", 300), ("GR-1", "3000", -300), ("GR-2", "2100", 100), ("GR-2", "3000", -100)]


def test_an_order_that_was_delivered_and_billed_is_closed_and_no_other(upgraded):
    assert rows(upgraded, "SELECT po_no FROM purchase_order WHERE closed_at IS NOT NULL ORDER BY 1") == [("PO-000002",), ("PO-000003",)]


@pytest.mark.parametrize(
    ("table", "numbers"),
    [
        ("po_acknowledgement", [("AB-1",), ("ab-1 (sent again 2)",), ("AB-1",)]),
        ("asn", [("LS-1",), ("ls-1 (sent again ASN-000002)",)]),
        ("supplier_invoice", [("RE-1",), ("re-1 (sent again SI-000002)",)]),
    ],
)
def test_another_spelling_of_a_supplier_s_number_says_so(upgraded, table, numbers):
    assert rows(upgraded, f"SELECT document_no FROM {table} ORDER BY sha256") == numbers


def test_a_bill_knows_what_was_paid_and_what_of_the_accrual_it_cleared(upgraded):
    said = "SELECT supplier_invoice_no, paid_amount, accrual_cleared, rejected_at FROM supplier_invoice ORDER BY 1"
    assert rows(upgraded, said) == [("SI-000001", 330, 275, None), ("SI-000002", 0, 0, None)]


def test_the_account_on_the_letterhead_is_the_bank_account_that_was_used(upgraded):
    said = "SELECT iban, currency, ledger_account, bic, name FROM house_bank_account"
    assert rows(upgraded, said) == [(IBAN, "EUR", "1000", "COBADEFFXXX", "Commerzbank")]


def test_a_statement_is_the_only_one_of_its_file(upgraded):
    said = "SELECT statement_no, file.sha256, file.content, file_position FROM bank_statement JOIN bank_file AS file ON file.id = file_id"
    assert [(no, sha, bytes(content), place) for no, sha, content, place in sorted(rows(upgraded, said))] == [
        ("BS-000001", "one", b"first file", 1),
        ("BS-000002", "two", b"second file", 1),
        ("BS-000003", "three", b"third file", 1),
    ]


def test_a_statement_that_was_refused_stands_in_nobody_s_way_and_one_that_is_being_looked_at_does(upgraded):
    said = "SELECT statement_no, refused_at IS NOT NULL, refused_because FROM bank_statement ORDER BY 1"
    assert rows(upgraded, said) == [
        ("BS-000001", False, ""),
        ("BS-000002", True, "Refused before version 0002"),
        ("BS-000003", False, ""),
    ]


def test_the_lines_of_a_statement_have_their_places_and_what_became_of_them_and_are_sealed(upgraded):
    said = "SELECT id, position, outcome, document_no, journal_id FROM bank_line ORDER BY id"
    assert rows(upgraded, said) == [(11, 1, "RECEIPT", "RC-000001", 7), (12, 2, "", "", None), (13, 1, "", "", None)]
    assert rows(upgraded, "SELECT length(lines_sha256) FROM bank_statement ORDER BY statement_no") == [(64,), (64,), (0,)]


def test_what_is_open_in_the_books_is_what_the_control_accounts_say(upgraded):
    said = "SELECT document_no, open_amount, open_in_books FROM open_item ORDER BY 1"
    assert rows(upgraded, said) == [("INV-000001", 40, D("36.80")), ("SI-000001", 0, 0), ("SI-000002", 132, 132)]


@pytest.mark.parametrize("number", ["INV-02", "INV-07", "INV-18", "INV-23", "INV-26"])
def test_the_books_hold_after_the_upgrade(upgraded, number):
    with upgraded.transaction() as tx:
        assert [each.violations for each in check_all(tx) if each.id == number and not each.ok] == []


def test_accounts_that_the_release_brings_are_in_the_chart(upgraded):
    wanted = ("1001", "1004", "2360", "3000", "5150", "6410", "6900", "7300")
    assert [each for (each,) in rows(upgraded, f"SELECT number FROM account WHERE number IN {wanted} ORDER BY 1")] == list(wanted)
    assert rows(upgraded, "SELECT gl_date = business_today() FROM journal WHERE event_type = 'goods_received.reclassified'") == [(True,)]
