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
