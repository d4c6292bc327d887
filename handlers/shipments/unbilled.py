"""What left and is on no invoice, as of a day."""

from handlers.ledger.movements import in_books

_NET = "line.qty * (ordered.line_net - ordered.header_discount) / ordered.qty_ordered"

#: Lines that left until the day `ends_on` and are on no posted invoice of that time; `delivered` says that the customer has them by then.
UNBILLED = f"""
SELECT line.id AS shipment_line_id, shipment.shipment_no, shipment.order_no, sold.customer_no, sold.currency, ordered.sku, line.qty,
  (shipment.shipped_at)::date AS shipped_on, line.cost - line.cogs AS cost, round({_NET}, 2) AS net,
  {in_books(_NET, "sold.currency")} AS in_books,
  shipment.delivered_at IS NOT NULL AND shipment.delivered_at < (CAST(:ends_on AS date) + 1)::timestamptz AS delivered
FROM shipment JOIN shipment_line AS line USING (shipment_no) JOIN fulfil_line ON fulfil_line.id = line.fulfil_line_id
JOIN order_line AS ordered ON ordered.id = fulfil_line.order_line_id JOIN sales_order AS sold ON sold.order_no = shipment.order_no
WHERE shipment.shipped_at < (CAST(:ends_on AS date) + 1)::timestamptz AND shipment.cancelled_at IS NULL
  AND ordered.line_net - ordered.header_discount > 0
  AND NOT EXISTS (
    SELECT FROM invoice_line JOIN invoice USING (invoice_no) LEFT JOIN journal ON journal.id = invoice.journal_id
    WHERE invoice_line.shipment_line_id = line.id AND NOT invoice_line.cancelled AND invoice.kind = 'INV'
      AND invoice.posted_at IS NOT NULL AND coalesce(journal.gl_date, invoice.invoice_date) <= :ends_on)
"""
