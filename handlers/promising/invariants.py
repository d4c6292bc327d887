"""What is always true of promises."""

from handlers.invariants import Invariant
from handlers.promising.allocations import OVERSOLD

INVARIANTS = (
    Invariant(
        "INV-43",
        "The shares of an item that are kept in a warehouse come to no more than the whole on any day.",
        OVERSOLD,
    ),
    Invariant(
        "INV-44",
        "What production was asked for is expected, or has come in, and never more than was asked.",
        """
        SELECT request.request_no, request.qty, supply.qty_open, supply.qty_received
        FROM production_request AS request LEFT JOIN supply ON supply.kind = 'WIP' AND supply.reference = request.request_no
          AND supply.sku = request.sku AND supply.warehouse_code = request.warehouse_code
        WHERE supply.id IS NULL OR supply.qty_open + supply.qty_received > request.qty
        """,
    ),
)
