"""Whatever is open is found with what will move it: each kind without its instance is ownerless, and with it is not."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.paging import Asked
from handlers.invariants import all_invariants
from handlers.open_things import Filter, all_kinds, list_open_things, of_order, under_key
from tests.integration.invariants.tampering import DEPLOYED, Tamper, noticed_by

_LOSE = "UPDATE fulfil_line SET group_no = NULL WHERE qty_shipped = 0"
#: How a thing of each kind comes to be open in a company in which nothing runs.
OPENED = {
    "EDI transaction": """
        WITH came AS (
          INSERT INTO edi_interchange (direction, sha256, raw, status) VALUES ('IN', '', '', 'ACCEPTED') RETURNING id
        )
        INSERT INTO edi_transaction (interchange_id, position, raw, state) SELECT id, 1, '', 'RECEIVED' FROM came
    """,
    "advance to use": "UPDATE invoice_line SET cancelled = true WHERE charge_code = 'ADVANCE_USED'",
    "announced entry": """
        INSERT INTO bank_file (sha256, content) VALUES ('told', '');
        INSERT INTO bank_notice (notice_no, file_id, file_position, account, message)
        SELECT 'BN-9', id, 1, 'X', 'camt.054' FROM bank_file WHERE sha256 = 'told';
        INSERT INTO bank_notice_line (notice_no, position, amount, currency, booked_on, value_on)
        VALUES ('BN-9', 1, 5, 'EUR', current_date, current_date)
    """,
    "backordered order line": _LOSE,
    "bank line": "UPDATE bank_line SET outcome = '' WHERE position = 1",
    "bank statement": "UPDATE bank_statement SET applied_at = NULL",
    "claim on supplier": "UPDATE supplier_credit SET claimed = 0.6, set_off = gross_total - 0.6 WHERE reason = 'PRICE'",
    "despatch advice": "UPDATE asn SET shipment_no = NULL",
    "dispute": """
        INSERT INTO dispute (dispute_no, invoice_no, customer_no, amount, currency, reason, opened_by)
        SELECT 'DP-9', 'INV-000001', customer_no, 5, 'EUR', 'PRICE', 'rita' FROM customer LIMIT 1
    """,
    "inbound message": """
        INSERT INTO inbound_message (channel, sender, idempotency_key, sha256, raw, status) VALUES ('UBL', 'coyote', '1', '', '', 'REPAIR')
    """,
    "invoice to collect": "UPDATE open_item SET open_amount = 1 WHERE kind = 'AR'",
    "invoice to send": "UPDATE invoice SET delivered_at = NULL",
    "kept message": """
        INSERT INTO message (name, correlation, payload, payload_hash, state, expires_at, unheard_at)
        VALUES ('supplier.shipped', '{}', '{}', '', 'expired', now(), now())
    """,
    "manual entry": """
        INSERT INTO manual_entry (reference, currency, gl_date, narration, authors)
        VALUES ('ACCRUAL-1', 'EUR', current_date, 'x', '["ines"]')
    """,
    "order": "UPDATE sales_order SET state = 'DRAFT'",
    "order change": """
        INSERT INTO order_change (change_no, order_no, channel, requested_by, base_version)
        SELECT 'CO-9', order_no, 'WEB', 'tom', 1 FROM sales_order LIMIT 1
    """,
    "order line to ship": "UPDATE fulfil_line SET qty_cancelled = 0 WHERE qty_shipped = 0",
    "overdue supply": """
        INSERT INTO supply (kind, reference, sku, warehouse_code, due_date, qty_open)
        SELECT 'PO', 'PO-9', sku, warehouse_code, business_today() - 1, 5 FROM stock_balance LIMIT 1
    """,
    "period close": "INSERT INTO period_close (period, starts_on, ends_on, begun_by) VALUES ('2026-02', '2026-02-01', '2026-02-28', "
    "'ines')",
    "purchase order": "UPDATE po_line SET qty_received = 0",
    "quote": "UPDATE quote SET state = 'SENT'",
    "receipt to apply": "UPDATE receipt SET amount = amount + 1",
    "refund": "UPDATE invoice SET settled_total = 0 WHERE kind = 'CM'",
    "return": "UPDATE return_authorization SET closed_at = NULL",
    "return to supplier": """
        INSERT INTO supplier_return (return_no, po_no, reason, currency, expected) SELECT 'RTS-9', po_no, 'Scratched', 'EUR', 0
        FROM purchase_order LIMIT 1
    """,
    "returned payment": """
        WITH back AS (
          INSERT INTO journal (event_type, source_id, sequence, gl_date, currency, fx_rate, narration, digest)
          VALUES ('bank.entry', 'BS-9/1', 1, current_date, 'EUR', 1, '', '') RETURNING id
        )
        INSERT INTO journal_line (journal_id, line_no, account, debit, credit, accounted, reference)
        SELECT id, 1, '1000', 660, 0, 660, 'BS-9/1' FROM back UNION ALL SELECT id, 2, '2360', 0, 660, -660, 'BS-9/1' FROM back
    """,
    "shipment to hand over": "UPDATE shipment SET shipped_at = NULL",
    "shipment to invoice": "UPDATE invoice_line SET cancelled = true",
    "step to bill in advance": """
        INSERT INTO billing_step (order_no, step_no, name, policy, percent, due)
        SELECT order_no, 9, 'Drawing approved', 'MILESTONE', 10, 'CONFIRMED' FROM sales_order LIMIT 1
    """,
    "supplier credit note": """
        INSERT INTO supplier_credit (supplier_credit_no, supplier_invoice_no, po_no, supplier_no, document_no, reason, credit_date,
          currency, net_total, tax_total, gross_total, sha256)
        SELECT 'SCN-9', supplier_invoice_no, po_no, supplier_no, 'G-9', 'PRICE', current_date, 'EUR', 1, 0, 1, ''
        FROM supplier_invoice LIMIT 1
    """,
    "supplier invoice": """
        INSERT INTO supplier_invoice (supplier_invoice_no, po_no, supplier_no, document_no, invoice_date, currency, net_total, tax_total,
          gross_total, sha256) SELECT 'SI-9', po_no, supplier_no, 'R-9', current_date, 'EUR', 1, 0, 1, '' FROM purchase_order
    """,
}
#: What a supplier sends has a process of its own.
PAPERS = frozenset({"claim on supplier", "despatch advice", "return to supplier", "supplier credit note", "supplier invoice"})
TAMPERED = tuple(Tamper("INV-40", f"{DEPLOYED}; {sql}") for sql in OPENED.values())


#: A change has the key of its order, and the order's own process does not move it.
ITS_OWN = {"order change": "change-order"}
#: Each of these names who has it by itself, so none can be without an owner (`tests/integration/webhooks` show them with the operators).
ALWAYS_HELD = frozenset({"webhook message given up", "webhook that came"})


def test_there_is_a_tampering_for_each_kind_of_open_thing():
    assert sorted(OPENED.keys() | ALWAYS_HELD) == [kind.kind for kind in all_kinds()]


@pytest.mark.parametrize("kind", sorted(OPENED))
def test_an_open_thing_that_nothing_moves_is_ownerless_and_one_with_an_instance_is_not(lived_in, kind):
    with lived_in.engine.connect() as connection, connection.begin() as transaction:
        tx = Session(connection)
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        tx.execute(text(OPENED[kind]))
        wanted = Filter(kind=kind, ownerless=True)
        found = list_open_things(tx, wanted, Asked()).rows
        assert found
        assert {thing.mover for thing in found} == {"none"}
        for thing in found:
            tx.execute(text(_CARRIER), {"key": thing.keys[0 if kind in PAPERS else -1], "process": ITS_OWN.get(kind, "x")})
        assert list_open_things(tx, wanted, Asked()).rows == []
        (carried, *_) = list_open_things(tx, Filter(key=found[0].number, kind=kind), Asked()).rows
        assert (carried.mover, carried.process_key) == ("running", ITS_OWN.get(kind, "x"))
        tx.execute(text("UPDATE instance SET state = 'cancelled'"))
        assert len(list_open_things(tx, wanted, Asked()).rows) == len(found)
        transaction.rollback()


@pytest.mark.parametrize("kind", sorted(PAPERS))
def test_the_process_of_an_order_does_not_move_the_papers_of_its_supplier(lived_in, kind):
    with lived_in.engine.connect() as connection, connection.begin() as transaction:
        tx = Session(connection)
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        tx.execute(text(OPENED[kind]))
        (*_, found) = list_open_things(tx, Filter(kind=kind, ownerless=True), Asked()).rows
        number, po_no, group_no = found.keys
        for key in (po_no, group_no):
            tx.execute(text(_CARRIER), {"key": key, "process": "x"})
        assert [thing.mover for thing in under_key(tx, po_no) if thing.number == number] == ["none"], "and it is still found by its order"
        tx.execute(text(_CARRIER), {"key": number, "process": "x"})
        assert [thing.mover for thing in under_key(tx, po_no) if thing.number == number] == ["running"]
        transaction.rollback()


def test_what_is_promised_is_with_its_order_s_process_until_its_group_has_one_of_its_own(lived_in):
    with lived_in.engine.connect() as connection, connection.begin() as transaction:
        tx = Session(connection)
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        tx.execute(text(OPENED["order line to ship"]))
        group_no, order_no = list_open_things(tx, Filter(kind="order line to ship", ownerless=True), Asked()).rows[0].keys

        def movers():
            return {thing.mover for thing in under_key(tx, group_no) if thing.kind == "order line to ship"}

        tx.execute(text(_CARRIER), {"key": order_no, "process": "order-to-promise"})
        assert movers() == {"running"}
        tx.execute(text(_CARRIER), {"key": group_no, "process": "fulfillment-to-invoice"})
        tx.execute(text("UPDATE instance SET state = 'completed' WHERE business_key = :key"), {"key": group_no})
        assert movers() == {"none"}, "the order's process does not begin it again"
        transaction.rollback()


def test_nothing_is_called_ownerless_where_no_process_is_deployed(lived_in):
    (invariant,) = (each for each in all_invariants() if each.id == "INV-40")
    with lived_in.transaction() as tx:
        assert list_open_things(tx, Filter(ownerless=True), Asked()).rows
        assert tx.execute(text(invariant.sql)).all() == []
    assert noticed_by(lived_in, Tamper("INV-40", DEPLOYED)) == {invariant}


def test_a_backorder_is_with_the_run_by_the_clock_unless_a_hold_stops_it(lived_in):
    with lived_in.engine.connect() as connection, connection.begin() as transaction:
        tx = Session(connection)
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        tx.execute(text(_LOSE))
        (order_no,) = tx.scalars(text("SELECT DISTINCT order_no FROM fulfil_line WHERE group_no IS NULL"))

        def movers():
            return {(thing.mover, thing.what, thing.who) for thing in of_order(tx, order_no) if thing.kind == "backordered order line"}

        assert movers() == {("none", None, None)}
        version_id = tx.execute(text(f"{DEPLOYED} RETURNING id")).scalar_one()
        schedule = {"version_id": version_id}
        tx.execute(text("INSERT INTO schedule (process_version_id, element_id, expression) VALUES (:version_id, 'x', '')"), schedule)
        assert movers() == {("none", None, None)}, "a schedule that never fires again moves nothing"
        tx.execute(text("UPDATE schedule SET next_due_at = now()"))
        assert movers() == {("schedule", "backorder-run", None)}
        tx.execute(text("UPDATE process_version SET retired = true"))
        assert movers() == {("none", None, None)}
        hold = (
            "INSERT INTO hold (order_no, hold_code, blocks, release_group, reason, applied_by) VALUES (:no, :code, :blocks, :by, '', 'me')"
        )
        tx.execute(text(hold), {"no": order_no, "code": "MANUAL", "blocks": "release", "by": "order-desk"})
        assert movers() == {("none", None, None)}, "this hold stops the release, not the promise"
        tx.execute(text(hold), {"no": order_no, "code": "CREDIT_CHECK_FAILURE", "blocks": "promise", "by": "credit"})
        assert movers() == {("hold", "CREDIT_CHECK_FAILURE", "credit")}
        tx.execute(text("UPDATE hold SET until = now() - interval '1 second'"))
        assert movers() == {("none", None, None)}
        tx.execute(text("UPDATE hold SET until = NULL, released_at = now(), released_by = 'me'"))
        assert movers() == {("none", None, None)}
        transaction.rollback()


_CARRIER = """
INSERT INTO instance (id, process_version_id, process_key, business_key, state) VALUES (gen_random_uuid(), 1, :process, :key, 'running')
ON CONFLICT DO NOTHING
"""
