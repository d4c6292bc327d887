"""What can be open of invoicing: goods that left and are not charged, invoices that have not reached their customer."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "shipment to invoice",
        """
        SELECT shipment.shipment_no AS number, ARRAY[shipment.shipment_no, shipment.group_no, coalesce(min(asn.asn_no), '')] AS keys,
          shipment.order_no, shipment.shipped_at AS since
        FROM shipment JOIN shipment_line AS sent USING (shipment_no) LEFT JOIN asn USING (shipment_no)
        WHERE shipment.shipped_at IS NOT NULL
          AND sent.qty > coalesce((SELECT sum(charged.qty) FROM invoice_line AS charged
                                   WHERE charged.shipment_line_id = sent.id AND charged.kind = 'INV' AND NOT charged.cancelled), 0)
        GROUP BY shipment.shipment_no
        """,
        also=("order_no",),
    ),
    OpenKind(
        "invoice to send",
        """
        SELECT invoice.invoice_no AS number,
          ARRAY[invoice.invoice_no, shipment.group_no, coalesce(min(asn.asn_no), ''), coalesce(invoice.rma_no, '')] AS keys,
          invoice.order_no, invoice.created_at AS since
        FROM invoice JOIN shipment USING (shipment_no) LEFT JOIN asn USING (shipment_no)
        WHERE invoice.cancelled_at IS NULL AND (invoice.posted_at IS NULL OR invoice.delivered_at IS NULL)
        GROUP BY invoice.invoice_no, shipment.group_no
        """,
        also=("order_no",),
    ),
)
