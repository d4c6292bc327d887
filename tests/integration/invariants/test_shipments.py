"""Tampering with shipments."""

from tests.integration.invariants.tampering import Tamper, unnoticed

TAMPERED = (
    Tamper("INV-07", "UPDATE fulfil_line SET qty_shipped = qty_shipped - 1, qty_invoiced = 0, qty_credited = 0 WHERE qty_shipped > 0"),
    Tamper("INV-13", "UPDATE shipment_line SET cogs = 0"),
    Tamper("INV-38", "UPDATE shipment SET shipped_at = NULL, cancelled_at = now(), tracking_no = 'OC1' WHERE kind = 'STOCK'"),
)


def test_whoever_tampers_with_shipments_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
