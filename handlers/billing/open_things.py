"""What can be open of invoicing: what is not charged yet, before or after its goods, and papers that no customer has yet."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "shipment to invoice",
        """
        SELECT shipment.shipment_no AS number, ARRAY[shipment.shipment_no, shipment.group_no, coalesce(min(asn.asn_no), '')] AS keys,
          shipment.order_no, shipment.shipped_at AS since, CASE WHEN count(left_over.shipment_no) > 0 THEN 'billing-run' END AS schedule
        FROM shipment JOIN shipment_line AS sent USING (shipment_no) LEFT JOIN asn USING (shipment_no)
        LEFT JOIN delivery_to_bill AS left_over ON left_over.shipment_no = shipment.shipment_no AND left_over.billed_at IS NULL
        WHERE shipment.shipped_at IS NOT NULL
          AND sent.qty > coalesce((SELECT sum(charged.qty) FROM invoice_line AS charged
                                   WHERE charged.shipment_line_id = sent.id AND charged.kind = 'INV' AND NOT charged.cancelled), 0)
        GROUP BY shipment.shipment_no
        """,
        also=("order_no", "schedule"),
    ),
    OpenKind(
        "invoice to send",
        """
        SELECT invoice.invoice_no AS number,
          ARRAY[invoice.invoice_no, coalesce(shipment.group_no, invoice.order_no, ''), coalesce(min(asn.asn_no), ''),
            coalesce(invoice.rma_no, invoice.adjustment_no, invoice.billing_run)] AS keys,
          invoice.order_no, invoice.created_at AS since
        FROM invoice LEFT JOIN shipment USING (shipment_no) LEFT JOIN asn USING (shipment_no)
        WHERE invoice.cancelled_at IS NULL AND (invoice.posted_at IS NULL OR invoice.delivered_at IS NULL)
        GROUP BY invoice.invoice_no, shipment.group_no
        """,
        also=("order_no",),
    ),
    OpenKind(
        "step to bill in advance",
        """
        SELECT order_no || ' step ' || step_no AS number, ARRAY[order_no] AS keys, order_no, created_at AS since, name AS detail
        FROM billing_step WHERE invoice_no IS NULL AND dropped_at IS NULL
        """,
        also=("order_no", "detail"),
    ),
    OpenKind(
        "advance to use",
        """
        SELECT advance.invoice_no AS number, ARRAY[advance.order_no, coalesce((
            SELECT min(asked.adjustment_no) FROM billing_adjustment AS asked
            WHERE asked.invoice_no = advance.invoice_no AND asked.refused_at IS NULL), '')] AS keys,
          advance.order_no, advance.posted_at AS since
        FROM invoice AS advance JOIN LATERAL (
          SELECT sum(amount) AS amount FROM (
            SELECT amount FROM invoice_line WHERE invoice_no = advance.invoice_no
            UNION ALL SELECT amount FROM invoice_line WHERE advance_no = advance.invoice_no AND NOT cancelled
            UNION ALL SELECT -line.amount FROM invoice_line AS line JOIN invoice AS memo USING (invoice_no)
              WHERE memo.credits_invoice_no = advance.invoice_no AND memo.kind = 'CM' AND memo.posted_at IS NOT NULL
          ) AS part
        ) AS rest ON rest.amount > 0
        WHERE advance.kind = 'INV' AND advance.billing_policy IN ('DEPOSIT', 'ON_ORDER', 'MILESTONE')
          AND advance.posted_at IS NOT NULL AND advance.cancelled_at IS NULL
        """,
        also=("order_no",),
    ),
)
