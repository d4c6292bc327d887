-- Invoices over several shipments and orders of a customer who is billed by the week or by the month.

ALTER TABLE customer ADD COLUMN invoice_cycle VARCHAR DEFAULT 'SHIPMENT' NOT NULL;
ALTER TABLE customer ADD CONSTRAINT customer_invoice_cycle_check CHECK (invoice_cycle IN ('SHIPMENT', 'WEEKLY', 'MONTHLY'));

ALTER TABLE invoice ALTER COLUMN order_no DROP NOT NULL;
ALTER TABLE invoice ADD COLUMN billing_run VARCHAR DEFAULT '' NOT NULL;
ALTER TABLE invoice ADD COLUMN delivered_from DATE;
ALTER TABLE invoice DROP CONSTRAINT invoice_billing_policy_check;
ALTER TABLE invoice ADD CONSTRAINT invoice_billing_policy_check
  CHECK (billing_policy IN ('ON_SHIP', 'ON_DELIVERY', 'CONSOLIDATED', 'DEPOSIT', 'ON_ORDER', 'MILESTONE'));
ALTER TABLE invoice DROP CONSTRAINT invoice_shipment_check;
ALTER TABLE invoice ADD CONSTRAINT invoice_shipment_check
  CHECK ((shipment_no IS NULL) = (billing_policy IN ('CONSOLIDATED', 'DEPOSIT', 'ON_ORDER', 'MILESTONE')));
ALTER TABLE invoice ADD CONSTRAINT invoice_order_check CHECK (order_no IS NOT NULL OR billing_policy = 'CONSOLIDATED');
ALTER TABLE invoice ADD CONSTRAINT invoice_billing_run_check
  CHECK ((billing_run = '') = (kind <> 'INV' OR billing_policy <> 'CONSOLIDATED'));
CREATE INDEX invoice_billing_run_ix ON invoice (billing_run) WHERE billing_run <> '';

ALTER TABLE invoice_tax ADD COLUMN order_no VARCHAR;
UPDATE invoice_tax SET order_no = invoice.order_no FROM invoice WHERE invoice.invoice_no = invoice_tax.invoice_no;
ALTER TABLE invoice_tax ALTER COLUMN order_no SET NOT NULL;
ALTER TABLE invoice_tax ADD CONSTRAINT invoice_tax_order_no_fkey FOREIGN KEY (order_no) REFERENCES sales_order (order_no);
ALTER TABLE invoice_tax DROP CONSTRAINT invoice_tax_invoice_no_category_rate_pct_key;
ALTER TABLE invoice_tax ADD CONSTRAINT invoice_tax_invoice_no_order_no_category_rate_pct_key UNIQUE (invoice_no, order_no, category, rate_pct);
CREATE INDEX invoice_tax_order_ix ON invoice_tax (order_no);

CREATE TABLE delivery_to_bill (
  shipment_no VARCHAR NOT NULL,
  customer_no VARCHAR NOT NULL,
  billing_policy VARCHAR NOT NULL,
  billable_on DATE NOT NULL,
  billed_at TIMESTAMP WITH TIME ZONE,
  left_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  CONSTRAINT delivery_to_bill_pkey PRIMARY KEY (shipment_no),
  CONSTRAINT delivery_to_bill_billing_policy_check CHECK (billing_policy IN ('ON_SHIP', 'ON_DELIVERY')),
  CONSTRAINT delivery_to_bill_shipment_no_fkey FOREIGN KEY (shipment_no) REFERENCES shipment (shipment_no),
  CONSTRAINT delivery_to_bill_customer_no_fkey FOREIGN KEY (customer_no) REFERENCES customer (customer_no)
);
CREATE INDEX delivery_to_bill_open_ix ON delivery_to_bill (customer_no, billable_on) WHERE billed_at IS NULL;
CREATE INDEX invoice_line_order_ix ON invoice_line (order_no);
