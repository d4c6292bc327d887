"""What is always true of stock."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-04",
        "No balance reserves more than it has, and what it counts as reserved is what its active reservations add up to.",
        """
        SELECT balance.sku, balance.warehouse_code, balance.lot, balance.on_hand, balance.reserved, coalesce(active.qty, 0) AS reservations
        FROM stock_balance AS balance
        LEFT JOIN (SELECT balance_id, sum(qty) AS qty FROM reservation WHERE state = 'ACTIVE' GROUP BY balance_id) AS active
          ON active.balance_id = balance.id
        WHERE balance.reserved < 0 OR balance.reserved > balance.on_hand OR balance.reserved <> coalesce(active.qty, 0)
        """,
    ),
    Invariant(
        "INV-05",
        "Every balance and its value are what the movements add up to.",
        """
        SELECT balance.sku, balance.warehouse_code, balance.lot, balance.on_hand, balance.value, moved.qty, moved.value AS moved_value
        FROM stock_balance AS balance
        LEFT JOIN (SELECT balance_id, sum(qty) AS qty, sum(value) AS value FROM stock_movement GROUP BY balance_id) AS moved
          ON moved.balance_id = balance.id
        WHERE balance.on_hand <> coalesce(moved.qty, 0) OR balance.value <> coalesce(moved.value, 0)
        """,
    ),
    Invariant(
        "INV-23",
        "No movement of stock is booked twice.",
        """
        SELECT kind, reference, balance_id, count(*) AS times FROM stock_movement GROUP BY kind, reference, balance_id HAVING count(*) > 1
        """,
    ),
)
