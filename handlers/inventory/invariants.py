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
    Invariant(
        "INV-37",
        "Nothing is reserved for an order that is not submitted, nor for a group that is cancelled.",
        """
        SELECT reservation.id AS reservation_id, line.order_no, line.group_no, sales_order.state, team.cancelled_at
        FROM reservation JOIN fulfil_line AS line ON line.id = reservation.fulfil_line_id JOIN sales_order USING (order_no)
        LEFT JOIN fulfil_group AS team ON team.group_no = line.group_no
        WHERE reservation.state = 'ACTIVE' AND (sales_order.state <> 'SUBMITTED' OR team.cancelled_at IS NOT NULL)
        """,
    ),
    Invariant(
        "INV-37",
        "What is reserved is with a living instance that will ship it or give it back, or with a message or a run that begins one.",
        # Once there are processes at all: a company can be kept by hand, without any.
        """
        SELECT reservation.id AS reservation_id, line.order_no, line.group_no, reservation.qty
        FROM reservation JOIN fulfil_line AS line ON line.id = reservation.fulfil_line_id
        WHERE reservation.state = 'ACTIVE' AND EXISTS (SELECT FROM process_version)
          AND NOT EXISTS (
            SELECT FROM instance
            WHERE instance.business_key IN (line.group_no, line.order_no) AND instance.state NOT IN ('completed', 'cancelled'))
          AND NOT EXISTS (
            SELECT FROM message
            WHERE message.name LIKE 'fulfillment.%' AND message.state = 'buffered' AND message.business_key = line.group_no)
          AND (line.group_no IS NULL OR EXISTS (SELECT FROM instance WHERE instance.business_key = line.group_no) OR NOT EXISTS (
            SELECT FROM schedule JOIN process_version ON process_version.id = schedule.process_version_id AND NOT process_version.retired
            WHERE process_version.process_key = 'backorder-run' AND schedule.next_due_at IS NOT NULL))
        """,
    ),
)
