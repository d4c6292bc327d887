-- What a receipt could pay, with how sure that is and why; payers by the names that people told us; customers whose oldest invoices go first.
ALTER TABLE receipt_proposal ADD COLUMN rank INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE receipt_proposal ADD COLUMN score NUMERIC(18, 4) DEFAULT 0 NOT NULL;
ALTER TABLE receipt_proposal ADD COLUMN why VARCHAR DEFAULT '' NOT NULL;
ALTER TABLE receipt_proposal DROP CONSTRAINT receipt_proposal_pkey;
ALTER TABLE receipt_proposal ADD CONSTRAINT receipt_proposal_pkey PRIMARY KEY (receipt_no, rank, invoice_no);
CREATE TABLE payer_alias (
  name VARCHAR NOT NULL,
  customer_no VARCHAR NOT NULL,
  learned_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  CONSTRAINT payer_alias_pkey PRIMARY KEY (name),
  CONSTRAINT payer_alias_customer_no_fkey FOREIGN KEY(customer_no) REFERENCES customer (customer_no)
);
CREATE INDEX payer_alias_customer_ix ON payer_alias (customer_no);
ALTER TABLE customer ADD COLUMN oldest_first BOOLEAN DEFAULT false NOT NULL;
