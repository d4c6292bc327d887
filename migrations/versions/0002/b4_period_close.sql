-- Closing a month as a process, and what was posted in a closed period added up once.
INSERT INTO account (number, name, kind, needs_party) SELECT number, name, kind, false FROM (VALUES
  ('1080', 'Bank, exchange valuation', 'ASSET'),
  ('1208', 'Trade receivables, exchange valuation', 'ASSET'),
  ('1298', 'Unapplied cash, exchange valuation', 'ASSET'),
  ('2008', 'Trade payables, exchange valuation', 'LIABILITY')
) AS added (number, name, kind) WHERE EXISTS (SELECT FROM ledger_book) ON CONFLICT DO NOTHING;

CREATE TABLE period_balance (
  starts_on DATE NOT NULL,
  account VARCHAR(8) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  party_no VARCHAR NOT NULL,
  debits NUMERIC(18, 4) NOT NULL,
  credits NUMERIC(18, 4) NOT NULL,
  entered NUMERIC(18, 4) NOT NULL,
  CONSTRAINT period_balance_pkey PRIMARY KEY (starts_on, account, currency, party_no),
  CONSTRAINT period_balance_starts_on_fkey FOREIGN KEY (starts_on) REFERENCES ledger_period (starts_on) ON DELETE CASCADE,
  CONSTRAINT period_balance_account_fkey FOREIGN KEY (account) REFERENCES account (number)
);
INSERT INTO period_balance (starts_on, account, currency, party_no, debits, credits, entered)
SELECT period.starts_on, line.account, journal.currency, coalesce(line.party_no, ''),
  sum(greatest(line.accounted, 0)), sum(greatest(-line.accounted, 0)), sum(line.debit - line.credit)
FROM ledger_period AS period
JOIN journal ON journal.gl_date BETWEEN period.starts_on AND period.ends_on
JOIN journal_line AS line ON line.journal_id = journal.id
GROUP BY period.starts_on, line.account, journal.currency, coalesce(line.party_no, '');

CREATE FUNCTION refuse_closed_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added JOIN ledger_period ON added.gl_date BETWEEN starts_on AND ends_on) THEN
    RAISE EXCEPTION 'The period is closed: post on a day that is open.' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER journal_stays_out_of_closed_periods AFTER INSERT ON journal REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_period();

CREATE TABLE period_close (
  period VARCHAR(7) NOT NULL,
  starts_on DATE NOT NULL,
  ends_on DATE NOT NULL,
  state VARCHAR DEFAULT 'OPEN' NOT NULL,
  round INTEGER DEFAULT 1 NOT NULL,
  begun_by VARCHAR NOT NULL,
  begun_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  findings JSONB DEFAULT '[]' NOT NULL,
  exchange_difference NUMERIC(18, 4),
  accrued_revenue NUMERIC(18, 4),
  closed_by VARCHAR,
  closed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT period_close_pkey PRIMARY KEY (period),
  CONSTRAINT period_close_state_check CHECK (state IN ('OPEN', 'CLOSED', 'GIVEN_UP')),
  CONSTRAINT period_close_closed_check CHECK ((state = 'CLOSED') = (closed_at IS NOT NULL)),
  CONSTRAINT period_close_order_check CHECK (starts_on <= ends_on)
);
