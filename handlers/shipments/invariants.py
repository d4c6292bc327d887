"""What is always true of shipments."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-07",
        "No line leaves twice in one shipment, and what it counts as shipped is what its shipments carry, never more than ordered.",
        """
        SELECT line.id AS fulfil_line_id, line.order_no, line.qty - line.qty_cancelled AS to_ship, line.qty_shipped,
          coalesce(sent.qty, 0) AS in_shipments
        FROM fulfil_line AS line LEFT JOIN (
          SELECT packed.fulfil_line_id, sum(packed.qty) AS qty, count(*) - count(DISTINCT packed.shipment_no) AS repeated
          FROM shipment_line AS packed JOIN shipment USING (shipment_no) WHERE shipment.shipped_at IS NOT NULL GROUP BY 1
        ) AS sent ON sent.fulfil_line_id = line.id
        WHERE line.qty_shipped <> coalesce(sent.qty, 0) OR coalesce(sent.repeated, 0) > 0
          OR line.qty_shipped > line.qty - line.qty_cancelled
        """,
    ),
    Invariant(
        "INV-38",
        "No carrier is booked for a shipment that was unpacked.",
        """
        SELECT shipment_no, group_no, carrier, tracking_no, cancelled_at FROM shipment WHERE cancelled_at IS NOT NULL AND tracking_no <> ''
        """,
    ),
    Invariant(
        "INV-13",
        "The deferred cost of every fulfilment line is what was shipped less what was recognised with its invoices.",
        """
        SELECT coalesce(sent.reference, booked.reference) AS line, coalesce(sent.deferred, 0) AS deferred,
          coalesce(booked.amount, 0) AS ledger
        FROM (
          SELECT 'FL-' || packed.fulfil_line_id AS reference, sum(packed.cost - packed.cogs) AS deferred
          FROM shipment_line AS packed JOIN shipment USING (shipment_no) WHERE shipment.shipped_at IS NOT NULL GROUP BY 1
        ) AS sent
        FULL JOIN (
          SELECT reference, sum(accounted) AS amount FROM journal_line WHERE account = '1500' GROUP BY reference
        ) AS booked USING (reference)
        WHERE coalesce(sent.deferred, 0) <> coalesce(booked.amount, 0)
        """,
    ),
)
