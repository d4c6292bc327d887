-- Orders: the buyer's own numbers of lines, and what makes two orders the same.

ALTER TABLE order_line ADD COLUMN buyer_line_no VARCHAR DEFAULT '' NOT NULL;

-- The fingerprint is taken of other fields from now on; what an older one was taken of cannot be known.
UPDATE sales_order SET content_hash = '';

DROP INDEX IF EXISTS sales_order_customer_po_ix;
CREATE INDEX sales_order_customer_po_ix ON sales_order (customer_no, folded(customer_po));

-- Credit is asked again at release, for a group; what a check was decided on cannot be changed unseen.
ALTER TABLE credit_check ADD COLUMN group_no VARCHAR;
ALTER TABLE credit_check ADD CONSTRAINT credit_check_group_no_fkey FOREIGN KEY (group_no) REFERENCES fulfil_group (group_no);
ALTER TABLE credit_check ADD COLUMN tolerance_pct NUMERIC(9, 4) DEFAULT 0 NOT NULL;
ALTER TABLE credit_check ADD COLUMN overdue NUMERIC(18, 4) DEFAULT 0 NOT NULL;
ALTER TABLE credit_check ADD COLUMN horizon_days INTEGER DEFAULT 30 NOT NULL;
ALTER TABLE credit_check ADD COLUMN fingerprint VARCHAR DEFAULT '' NOT NULL;
CREATE INDEX credit_check_group_ix ON credit_check (group_no);

CREATE OR REPLACE FUNCTION credit_check_fingerprint(checked credit_check) RETURNS text LANGUAGE sql STABLE AS $$
SELECT encode(sha256(convert_to(concat_ws('|',
  checked.order_no, checked.order_version, coalesce(checked.group_no, ''), checked.customer_no, checked.currency, checked.credit_limit,
  checked.tolerance_pct, checked.order_limit, checked.open_ar, checked.overdue, checked.unapplied, checked.shipped_not_invoiced,
  checked.booked_not_shipped, checked.secured, checked.exposure, checked.available, checked.order_total, checked.horizon_days,
  checked.oldest_overdue_days, checked.overdue_share_pct, checked.dunning_level, checked.account_hold, checked.decision, checked.reason,
  checked.decided_by, extract(epoch FROM checked.checked_at), coalesce(extract(epoch FROM checked.decided_at)::text, '')), 'UTF8')), 'hex')
$$;

-- A hold that ends by itself ends by the business clock.
CREATE OR REPLACE VIEW order_status AS
SELECT sales_order.order_no,
       CASE
         WHEN sales_order.state = 'REJECTED' THEN 'REJECTED'
         WHEN line.ordered = line.cancelled THEN 'CANCELLED'
         WHEN sales_order.state = 'DRAFT' THEN 'DRAFT'
         WHEN part.invoiced >= line.ordered - line.cancelled THEN 'CLOSED'
         WHEN part.invoiced > 0 AND part.shipped >= line.ordered - line.cancelled THEN 'PARTIALLY_BILLED'
         WHEN part.shipped >= line.ordered - line.cancelled THEN 'SHIPPED'
         WHEN part.shipped > 0 THEN 'PARTIALLY_SHIPPED'
         WHEN part.planned > 0 THEN 'PROCESSING'
         ELSE 'SUBMITTED'
       END AS status,
       coalesce(active.holds, '{}') AS holds,
       active.holds IS NOT NULL AS on_hold,
       line.ordered AS qty_ordered, line.cancelled AS qty_cancelled,
       part.planned AS qty_planned, part.shipped AS qty_shipped, part.invoiced AS qty_invoiced, part.backordered AS qty_backordered
FROM sales_order
CROSS JOIN LATERAL (
  SELECT coalesce(sum(order_line.qty_ordered), 0) AS ordered, coalesce(sum(order_line.qty_cancelled), 0) AS cancelled
  FROM order_line WHERE order_line.order_no = sales_order.order_no
) AS line
CROSS JOIN LATERAL (
  SELECT coalesce(sum(fulfil_line.qty - fulfil_line.qty_cancelled), 0) AS planned,
         coalesce(sum(fulfil_line.qty_shipped), 0) AS shipped,
         coalesce(sum(fulfil_line.qty_invoiced), 0) AS invoiced,
         coalesce(sum(fulfil_line.qty - fulfil_line.qty_cancelled) FILTER (WHERE fulfil_line.group_no IS NULL), 0) AS backordered
  FROM fulfil_line WHERE fulfil_line.order_no = sales_order.order_no
) AS part
CROSS JOIN LATERAL (
  SELECT array_agg(DISTINCT hold.hold_code ORDER BY hold.hold_code) AS holds
  FROM hold WHERE hold.order_no = sales_order.order_no AND hold.released_at IS NULL AND (hold.until IS NULL OR hold.until > business_now())
) AS active;
