"""Tampering with orders."""

from sqlalchemy import text

from handlers.invariants import all_invariants
from tests.integration.invariants.tampering import Tamper, unnoticed, waits

_SHIP = """
INSERT INTO shipment (shipment_no, group_no, order_no, kind, shipped_at)
SELECT 'SH-9', group_no, order_no, kind, now() FROM fulfil_group WHERE kind = 'STOCK' ORDER BY group_no DESC LIMIT 1;
UPDATE fulfil_line SET qty_shipped = 1 WHERE source_type = 'STOCK' AND qty_shipped = 0;
UPDATE fulfil_line SET qty_reserved = 0; UPDATE stock_balance SET reserved = 0; UPDATE reservation SET state = 'CONSUMED';
"""
_HOLD = """
INSERT INTO hold (order_no, hold_code, reason, applied_by, applied_at)
SELECT DISTINCT order_no, 'MANUAL', '', 'me', now() - interval '1 hour' FROM shipment
"""
_MESSAGE = """
INSERT INTO inbound_message (channel, sender, idempotency_key, sha256, raw, status, order_no, order_version)
SELECT 'API', 'coyote', '{key}', '', '', 'ACCEPTED', max(order_no), 1 FROM sales_order
"""
_REJECT = "UPDATE sales_order SET state = 'REJECTED' WHERE order_no NOT IN (SELECT order_no FROM shipment)"
TAMPERED = (
    Tamper("INV-22", f"{waits('order-to-promise', 'SELECT order_no FROM sales_order')}; {_REJECT}"),
    Tamper("INV-24", _REJECT),
    Tamper("INV-04", "UPDATE reservation SET state = 'RELEASED'"),
    Tamper("INV-04", "UPDATE fulfil_line SET qty_reserved = 0"),
    Tamper("INV-06", "UPDATE order_line SET qty_cancelled = 1"),
    Tamper("INV-06", "ALTER TABLE fulfil_line DROP CONSTRAINT fulfil_line_qty_shipped_check; UPDATE fulfil_line SET qty_shipped = qty + 1"),
    Tamper("INV-15", _SHIP + _HOLD),
    Tamper("INV-16", _MESSAGE.format(key="1") + "; UPDATE inbound_message SET order_no = NULL"),
    Tamper("INV-16", _MESSAGE.format(key="1") + ";" + _MESSAGE.format(key="2")),
    Tamper("INV-16", _SHIP + _MESSAGE.format(key="1")),
    Tamper("INV-17", "UPDATE fulfil_line SET supplier_no = 'S-ACME'"),
    Tamper("INV-35", "UPDATE sales_order SET state = 'REJECTED'"),
    Tamper("INV-35", "UPDATE fulfil_group SET cancelled_at = now()"),
    Tamper(
        "INV-35", "UPDATE sales_order SET state = 'REJECTED'; UPDATE fulfil_line SET qty_cancelled = qty - qty_shipped, qty_reserved = 0"
    ),
    Tamper("INV-36", "UPDATE order_line SET unit_net = unit_net + 1"),
    Tamper("INV-36", "UPDATE order_line SET line_net = line_net + 1"),
    Tamper("INV-36", "UPDATE order_line SET header_discount = header_discount + 1"),
    *(Tamper("INV-36", f"UPDATE sales_order SET {total} = {total} + 1") for total in ("net_total", "tax_total", "gross_total", "freight")),
    Tamper("INV-21", "UPDATE order_line SET first_promised = first_promised + 1"),
)


def test_whoever_tampers_with_orders_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []


_LEFT_OVER = """
INSERT INTO purchase_order (po_no, group_no, order_no, supplier_no, currency, ship_to, neutral_packing, requested_ship, net_total)
SELECT 'PO-9', group_no, order_no, supplier_no, 'EUR', '{}', false, current_date, 1 FROM fulfil_group
WHERE kind = 'DROP' ORDER BY group_no DESC LIMIT 1;
INSERT INTO shipment (shipment_no, group_no, order_no, kind) SELECT 'SH-9', group_no, order_no, kind FROM fulfil_group
WHERE kind = 'STOCK' ORDER BY group_no DESC LIMIT 1
"""


def test_everything_that_a_cancelled_order_leaves_behind_is_found_unless_its_process_is_at_it(lived_in):
    (invariant,) = (each for each in all_invariants() if each.id == "INV-24")
    with lived_in.engine.connect() as connection, connection.begin() as transaction:

        def left_over() -> set[str]:
            return {row.what for row in connection.execute(text(invariant.sql))}

        for statement in ("SET LOCAL session_replication_role = replica", _REJECT, *_LEFT_OVER.split(";")):
            connection.execute(text(statement))
        assert left_over() == {"reservation", "demand", "group", "purchase order", "shipment"}
        connection.execute(text("UPDATE reservation SET state = 'RELEASED' WHERE state = 'ACTIVE'"))
        connection.execute(text("UPDATE fulfil_line SET qty_cancelled = qty, qty_reserved = 0 WHERE qty_shipped = 0"))
        connection.execute(text("UPDATE fulfil_group SET cancelled_at = now()"))
        assert left_over() == {"purchase order", "shipment"}
        connection.execute(text(waits("x", "SELECT group_no FROM fulfil_group")))
        assert left_over() == set()
        connection.execute(text("UPDATE instance SET state = 'completed'"))
        connection.execute(text("UPDATE purchase_order SET closed_at = now()"))
        assert left_over() == {"shipment"}, "a supplier that never delivered is asked for nothing any more"
        connection.execute(text("UPDATE purchase_order SET closed_at = NULL, cancelled_at = now()"))
        connection.execute(text("UPDATE shipment SET cancelled_at = now(), tracking_no = 'T1' WHERE shipment_no = 'SH-9'"))
        assert left_over() == {"shipment"}, "the carrier still has its label"
        connection.execute(text("UPDATE shipment SET tracking_no = ''"))
        assert left_over() == set()
        transaction.rollback()
