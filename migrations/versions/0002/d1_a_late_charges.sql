-- What late payment costs: a fee and interest by reminder, each a receivable of its own, and the days the interest is for.

CREATE TABLE late_charge (
  charge_no VARCHAR NOT NULL,
  invoice_no VARCHAR NOT NULL,
  level INTEGER NOT NULL,
  customer_no VARCHAR NOT NULL,
  currency VARCHAR NOT NULL,
  fee NUMERIC(18, 4) NOT NULL,
  interest NUMERIC(18, 4) NOT NULL,
  basis VARCHAR DEFAULT '' NOT NULL,
  journal_id BIGINT NOT NULL,
  document_id BIGINT,
  charged_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  waived NUMERIC(18, 4) DEFAULT 0 NOT NULL,
  waived_at TIMESTAMP WITH TIME ZONE,
  waived_by VARCHAR DEFAULT '' NOT NULL,
  waived_because VARCHAR DEFAULT '' NOT NULL,
  waiver_journal_id BIGINT,
  CONSTRAINT late_charge_pkey PRIMARY KEY (charge_no),
  CONSTRAINT late_charge_invoice_no_level_key UNIQUE (invoice_no, level),
  CONSTRAINT late_charge_amount_check CHECK (fee >= 0 AND interest >= 0 AND fee + interest > 0),
  CONSTRAINT late_charge_waived_check CHECK (0 <= waived AND waived <= fee + interest AND (waived = 0) = (waived_at IS NULL)),
  CONSTRAINT late_charge_customer_no_fkey FOREIGN KEY (customer_no) REFERENCES customer (customer_no),
  CONSTRAINT late_charge_journal_id_fkey FOREIGN KEY (journal_id) REFERENCES journal (id),
  CONSTRAINT late_charge_document_id_fkey FOREIGN KEY (document_id) REFERENCES document (id),
  CONSTRAINT late_charge_waiver_journal_id_fkey FOREIGN KEY (waiver_journal_id) REFERENCES journal (id)
);
CREATE INDEX late_charge_customer_ix ON late_charge (customer_no);
CREATE INDEX late_charge_journal_ix ON late_charge (journal_id);
CREATE INDEX late_charge_waiver_journal_ix ON late_charge (waiver_journal_id);
CREATE INDEX late_charge_document_ix ON late_charge (document_id);

CREATE TABLE late_charge_days (
  charge_no VARCHAR NOT NULL,
  position INTEGER NOT NULL,
  invoice_no VARCHAR NOT NULL,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  principal NUMERIC(18, 4) NOT NULL,
  rate_pct NUMERIC(9, 4) NOT NULL,
  interest NUMERIC(18, 4) NOT NULL,
  CONSTRAINT late_charge_days_pkey PRIMARY KEY (charge_no, position),
  CONSTRAINT late_charge_days_invoice_no_first_day_key UNIQUE (invoice_no, first_day),
  CONSTRAINT late_charge_days_numbers_check CHECK (first_day <= last_day AND principal > 0 AND rate_pct > 0 AND interest >= 0),
  CONSTRAINT late_charge_days_charge_no_fkey FOREIGN KEY (charge_no) REFERENCES late_charge (charge_no)
);
