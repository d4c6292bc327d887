-- What customers do not pay and why, and what was given away when that ended.
CREATE TABLE dispute (
  dispute_no VARCHAR NOT NULL,
  invoice_no VARCHAR NOT NULL,
  customer_no VARCHAR NOT NULL,
  receipt_no VARCHAR,
  amount NUMERIC(18, 4) NOT NULL,
  currency VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  description VARCHAR DEFAULT '' NOT NULL,
  owner_group VARCHAR DEFAULT '' NOT NULL,
  due_on DATE,
  opened_by VARCHAR NOT NULL,
  opened_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  resolution VARCHAR DEFAULT '' NOT NULL,
  note VARCHAR DEFAULT '' NOT NULL,
  resolved_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT dispute_pkey PRIMARY KEY (dispute_no),
  CONSTRAINT dispute_amount_check CHECK (amount > 0),
  CONSTRAINT dispute_resolved_check CHECK ((resolved_at IS NULL) = (resolution = '')),
  CONSTRAINT dispute_customer_no_fkey FOREIGN KEY(customer_no) REFERENCES customer (customer_no),
  CONSTRAINT dispute_receipt_no_fkey FOREIGN KEY(receipt_no) REFERENCES receipt (receipt_no)
);
CREATE INDEX dispute_invoice_ix ON dispute (invoice_no);
CREATE INDEX dispute_customer_ix ON dispute (customer_no);
CREATE INDEX dispute_receipt_ix ON dispute (receipt_no);
CREATE INDEX dispute_open_ix ON dispute (due_on, dispute_no) WHERE resolved_at IS NULL;
CREATE TABLE adjustment (
  adjustment_no VARCHAR NOT NULL,
  dispute_no VARCHAR NOT NULL,
  invoice_no VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  amount NUMERIC(18, 4) NOT NULL,
  tax_amount NUMERIC(18, 4) DEFAULT 0 NOT NULL,
  currency VARCHAR NOT NULL,
  journal_id BIGINT,
  made_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  CONSTRAINT adjustment_pkey PRIMARY KEY (adjustment_no),
  CONSTRAINT adjustment_dispute_no_key UNIQUE (dispute_no),
  CONSTRAINT adjustment_kind_check CHECK (kind IN ('CREDIT', 'WRITE_OFF')),
  CONSTRAINT adjustment_numbers_check CHECK (amount > 0 AND tax_amount >= 0),
  CONSTRAINT adjustment_dispute_no_fkey FOREIGN KEY(dispute_no) REFERENCES dispute (dispute_no),
  CONSTRAINT adjustment_journal_id_fkey FOREIGN KEY(journal_id) REFERENCES journal (id)
);
CREATE INDEX adjustment_invoice_ix ON adjustment (invoice_no);
CREATE INDEX adjustment_journal_ix ON adjustment (journal_id);
