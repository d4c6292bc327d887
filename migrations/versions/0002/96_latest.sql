-- The lists of all invoices and purchase orders, the latest first.
CREATE INDEX invoice_latest_ix ON invoice (created_at, invoice_no);
CREATE INDEX purchase_order_latest_ix ON purchase_order (created_at, po_no);
