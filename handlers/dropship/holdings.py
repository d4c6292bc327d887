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
          AND EXISTS (SELECT 1 FROM po_line WHERE po_line.po_no = ordered.po_no
            AND po_line.qty_received < coalesce(po_line.confirmed_qty, po_line.qty))
        ORDER BY ordered.po_no
        """,
    ),
    Holding(
        "despatch advice",
        """
        SELECT asn.asn_no AS number, '' AS unit, CAST(NULL AS numeric) AS amount,
          'Goods of ' || supplier.name || ' on ' || asn.po_no || ', not booked' AS sentence
        FROM asn JOIN supplier USING (supplier_no) WHERE asn.asn_no = :business_key AND asn.shipment_no IS NULL AND asn.rejected_at IS NULL
        """,
    ),
    Holding(
        "supplier invoice",
        """
        SELECT bill.supplier_invoice_no AS number, bill.currency AS unit, bill.gross_total AS amount,
          'Bill ' || bill.document_no || ' of ' || supplier.name
            || CASE WHEN bill.approved_at IS NULL THEN ', not matched' ELSE ', owed' END AS sentence
        FROM supplier_invoice AS bill JOIN supplier USING (supplier_no)
        WHERE bill.supplier_invoice_no = :business_key AND bill.rejected_at IS NULL AND bill.paid_at IS NULL
        """,
    ),
    Holding(
        "supplier credit note",
        """
        SELECT note.supplier_credit_no AS number, note.currency AS unit, note.gross_total AS amount,
          'Credit note ' || note.document_no || ' of ' || supplier.name
            || CASE WHEN note.approved_at IS NULL THEN ', not posted' ELSE ', owed to us' END AS sentence
        FROM supplier_credit AS note JOIN supplier USING (supplier_no)
        WHERE note.supplier_credit_no = :business_key AND note.rejected_at IS NULL AND (note.approved_at IS NULL OR note.claimed > 0)
        """,
    ),
)
