"""What is said of the subject of an event: one query for each kind of thing, found by its number."""

from typing import Final

from sqlalchemy import text

#: Of an order's number.
ORDER: Final = text("""
SELECT order_no, customer_no, customer_po, currency, gross_total, version_no,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('line_no', line.line_no, 'sku', part.sku, 'qty', (part.qty - part.qty_cancelled)::text,
      'arrives_on', part.sched_arrive) ORDER BY line.line_no, part.id), '[]')
    FROM fulfil_line AS part JOIN order_line AS line ON line.id = part.order_line_id
    WHERE part.order_no = sales_order.order_no AND part.qty > part.qty_cancelled) AS promised
FROM sales_order WHERE order_no = :key
""")
#: Of a shipment's number.
SHIPMENT: Final = text("""
SELECT shipment_no, order_no, orders.customer_no, orders.customer_po, carrier, tracking_no, package_count, shipped_at, delivered_at,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('line_no', sold.line_no, 'sku', line.sku, 'qty', packed.qty::text)
      ORDER BY sold.line_no, line.id), '[]')
    FROM shipment_line AS packed JOIN fulfil_line AS line ON line.id = packed.fulfil_line_id
    JOIN order_line AS sold ON sold.id = line.order_line_id WHERE packed.shipment_no = shipment.shipment_no) AS lines
FROM shipment JOIN sales_order AS orders USING (order_no) WHERE shipment_no = :key
""")
#: Of the number of an invoice, credit memo or debit note.
INVOICE: Final = text("""
SELECT invoice_no, kind, order_no, customer_no, customer_po, currency, net_total, tax_total, gross_total, settled_total, invoice_date,
  due_date, credits_invoice_no
FROM invoice WHERE invoice_no = :key
""")
#: Of a receipt's number.
RECEIPT: Final = text("SELECT receipt_no, customer_no, amount, currency, received_on FROM receipt WHERE receipt_no = :key")
#: Of a return's number.
RETURN: Final = text("""
SELECT rma_no, order_no, invoice_no, customer_no, reason, received_at FROM return_authorization WHERE rma_no = :key
""")
#: Of a quote's number.
QUOTE: Final = text("SELECT quote_no, version_no, state, customer_no, currency, gross_total FROM quote WHERE quote_no = :key")
#: Of a user task's id.
TASK: Final = text("""
SELECT task.id::text AS task_id, task.title, task.process_key AS process, instance.business_key, task.candidate_groups, task.assignee,
  task.due_at, task.completed_by
FROM user_task AS task JOIN instance ON instance.id = task.instance_id WHERE task.id = CAST(:key AS uuid)
""")
#: Of an incident's number.
INCIDENT: Final = text("""
SELECT incident.id::text AS incident_id, instance.process_key AS process, instance.business_key, incident.element_id, incident.kind,
  incident.fingerprint, incident.next_step, incident.owner
FROM incident JOIN instance ON instance.id = incident.instance_id WHERE incident.id = CAST(:key AS bigint)
""")
