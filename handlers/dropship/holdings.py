"""What an instance holds with a supplier."""

from handlers.holdings import Holding

HOLDINGS = (
    Holding(
        "purchase order",
        """
        SELECT ordered.po_no AS number, ordered.currency AS unit, ordered.net_total AS amount,
          'On order with ' || supplier.name || CASE WHEN ordered.confirmed_at IS NULL THEN ', not confirmed' ELSE ', confirmed' END
            AS sentence
        FROM purchase_order AS ordered JOIN supplier USING (supplier_no)
        WHERE (ordered.group_no = :business_key OR ordered.order_no = :business_key) AND ordered.cancelled_at IS NULL
          AND EXISTS (SELECT 1 FROM po_line WHERE po_line.po_no = ordered.po_no AND po_line.qty_received < po_line.qty)
        ORDER BY ordered.po_no
        """,
    ),
)
