"""Tampering with what is kept for whom, and with what production is asked for."""

from tests.integration.invariants.tampering import Tamper, unnoticed

_REQUESTED = """
INSERT INTO production_request (request_no, order_no, sku, warehouse_code, qty, ready_on)
SELECT 'MO-999999', min(sales_order.order_no), min(item.sku), min(warehouse.code), 1, '2026-01-01' FROM sales_order, item, warehouse
"""
TAMPERED = (
    Tamper(
        "INV-43",
        """
        INSERT INTO supply_allocation (sku, warehouse_code, customer_class, channel, valid_from, valid_until, share_pct)
        SELECT min(item.sku), min(warehouse.code), class, '', '2026-01-01', '2026-12-31', 60
        FROM item, warehouse, unnest(ARRAY['A', 'B']) AS class GROUP BY class
        """,
    ),
    Tamper("INV-44", _REQUESTED),
    Tamper(
        "INV-44",
        f"""
        {_REQUESTED};
        INSERT INTO supply (kind, reference, sku, warehouse_code, due_date, qty_open, qty_received)
        SELECT 'WIP', request_no, sku, warehouse_code, ready_on, 1, 1 FROM production_request
        """,
    ),
)


def test_whoever_tampers_with_promising_is_noticed(lived_in):
    assert unnoticed(lived_in, TAMPERED) == []
