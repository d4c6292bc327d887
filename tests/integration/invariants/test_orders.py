"""Tampering with orders."""

from tests.integration.invariants.tampering import Tamper, unnoticed

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
TAMPERED = (
    Tamper("INV-04", "UPDATE reservation SET state = 'RELEASED'"),
    Tamper("INV-04", "UPDATE fulfil_line SET qty_reserved = 0"),
    Tamper("INV-06", "UPDATE order_line SET qty_cancelled = 1"),
    Tamper("INV-06", "ALTER TABLE fulfil_line DROP CONSTRAINT fulfil_line_qty_shipped_check; UPDATE fulfil_line SET qty_shipped = qty + 1"),
    Tamper("INV-15", _SHIP + _HOLD),
    Tamper("INV-16", _MESSAGE.format(key="1") + "; UPDATE inbound_message SET order_no = NULL"),
    Tamper("INV-16", _MESSAGE.format(key="1") + ";" + _MESSAGE.format(key="2")),
    Tamper("INV-16", _SHIP + _MESSAGE.format(key="1")),
    Tamper("INV-17", "UPDATE fulfil_line SET supplier_no = 'S-ACME'"),
    Tamper("INV-21", "UPDATE order_line SET first_promised = first_promised + 1"),
)


def test_whoever_tampers_with_orders_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
