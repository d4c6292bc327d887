"""Tampering with the stock."""

from tests.integration.invariants.tampering import Tamper, unnoticed

TAMPERED = (
    Tamper("INV-03", "UPDATE stock_balance SET value = value + 1"),
    Tamper("INV-04", "UPDATE stock_balance SET reserved = reserved - 1 WHERE reserved > 0"),
    Tamper("INV-05", "UPDATE stock_balance SET on_hand = on_hand + 1"),
    Tamper(
        "INV-23", "ALTER TABLE stock_movement DROP CONSTRAINT stock_movement_once; UPDATE stock_movement SET kind = 'ISSUE', reference = ''"
    ),
    Tamper("INV-05", "UPDATE stock_movement SET value = value + 0.01"),
)


def test_whoever_tampers_with_inventory_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
