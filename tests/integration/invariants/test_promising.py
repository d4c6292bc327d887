"""Tampering with what is kept for whom."""

from tests.integration.invariants.tampering import Tamper, unnoticed

TAMPERED = (
    Tamper(
        "INV-43",
        """
        INSERT INTO supply_allocation (sku, warehouse_code, customer_class, channel, valid_from, valid_until, share_pct)
        SELECT min(item.sku), min(warehouse.code), class, '', '2026-01-01', '2026-12-31', 60
        FROM item, warehouse, unnest(ARRAY['A', 'B']) AS class GROUP BY class
        """,
    ),
)


def test_whoever_tampers_with_promising_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
