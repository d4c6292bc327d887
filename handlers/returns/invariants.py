"""What is always true of goods that come back."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-42",
        "What counts as returned on a line of an order is what the returns received of it.",
        """
        SELECT line.id AS fulfil_line_id, line.order_no, line.qty_returned, coalesce(back.qty, 0) AS received
        FROM fulfil_line AS line LEFT JOIN (
          SELECT fulfil_line_id, sum(qty_received) AS qty FROM return_line GROUP BY fulfil_line_id
        ) AS back ON back.fulfil_line_id = line.id
        WHERE line.qty_returned <> coalesce(back.qty, 0)
        """,
    ),
    Invariant(
        "INV-42",
        "Goods in inspection stand in the ledger at what they cost, each return by itself.",
        """
        SELECT coalesce(held.rma_no, booked.reference) AS rma_no, held.value, booked.amount AS ledger
        FROM (
          SELECT line.rma_no, sum(CASE WHEN back.inspected_at IS NULL THEN line.value ELSE 0 END) AS value
          FROM return_line AS line JOIN return_authorization AS back USING (rma_no) GROUP BY line.rma_no
        ) AS held
        FULL JOIN (SELECT reference, sum(accounted) AS amount FROM journal_line WHERE account = '1480' GROUP BY reference) AS booked
          ON booked.reference = held.rma_no
        WHERE coalesce(held.value, 0) <> coalesce(booked.amount, 0)
        """,
    ),
    Invariant(
        "INV-42",
        "What was inspected is all of what was received, put on stock again or scrapped.",
        """
        SELECT line.rma_no, line.line_no, line.qty_received, line.qty_restocked, line.qty_scrapped
        FROM return_line AS line JOIN return_authorization AS back USING (rma_no)
        WHERE back.inspected_at IS NOT NULL AND line.qty_received <> line.qty_restocked + line.qty_scrapped
        """,
    ),
)
