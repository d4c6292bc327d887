-- Orders: the buyer's own numbers of lines, and what makes two orders the same.

ALTER TABLE order_line ADD COLUMN buyer_line_no VARCHAR DEFAULT '' NOT NULL;

-- The fingerprint is taken of other fields from now on; what an older one was taken of cannot be known.
UPDATE sales_order SET content_hash = '';

DROP INDEX IF EXISTS sales_order_customer_po_ix;
CREATE INDEX sales_order_customer_po_ix ON sales_order (customer_no, folded(customer_po));
