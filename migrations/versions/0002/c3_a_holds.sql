-- The catalogue of holds: what the company changed or added; each hold keeps what its kind said when it was put on.

CREATE TABLE hold_kind (
  code VARCHAR NOT NULL,
  sentence VARCHAR NOT NULL,
  blocks VARCHAR NOT NULL,
  applied_by JSONB DEFAULT '[]' NOT NULL,
  release_group VARCHAR NOT NULL,
  by_another BOOLEAN DEFAULT false NOT NULL,
  ends_after_days INTEGER,
  ask_again_days INTEGER NOT NULL,
  has_task BOOLEAN DEFAULT false NOT NULL,
  version_no INTEGER DEFAULT 1 NOT NULL,
  CONSTRAINT hold_kind_pkey PRIMARY KEY (code),
  CONSTRAINT hold_kind_blocks_check CHECK (blocks IN ('submit', 'promise', 'release', 'ship', 'invoice')),
  CONSTRAINT hold_kind_ends_after_days_check CHECK (ends_after_days > 0),
  CONSTRAINT hold_kind_ask_again_days_check CHECK (ask_again_days > 0)
);
ALTER TABLE hold ADD COLUMN blocks VARCHAR DEFAULT 'release' NOT NULL;
ALTER TABLE hold ADD COLUMN release_group VARCHAR DEFAULT 'order-desk' NOT NULL;
ALTER TABLE hold ADD COLUMN by_another BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE hold ADD CONSTRAINT hold_blocks_check CHECK (blocks IN ('submit', 'promise', 'release', 'ship', 'invoice'));
UPDATE hold SET
  blocks = CASE WHEN hold_code IN ('ACCOUNT_HOLD', 'FRAUD', 'DENIED_PARTY') THEN 'submit'
    WHEN hold_code = 'CREDIT_CHECK_FAILURE' THEN 'promise' WHEN hold_code IN ('ADDRESS', 'EXPORT_LICENSE') THEN 'ship'
    WHEN hold_code IN ('TAX', 'BILLING') THEN 'invoice' ELSE 'release' END,
  release_group = CASE WHEN hold_code IN ('ACCOUNT_HOLD', 'CREDIT_CHECK_FAILURE', 'PREPAYMENT_DUE') THEN 'credit'
    WHEN hold_code IN ('FRAUD', 'DENIED_PARTY', 'EXPORT_LICENSE') THEN 'compliance' WHEN hold_code = 'PRICE_DISCREPANCY' THEN 'deal-desk'
    WHEN hold_code = 'BILLING' THEN 'accounts-receivable' ELSE 'order-desk' END,
  by_another = hold_code IN ('FRAUD', 'DENIED_PARTY', 'EXPORT_LICENSE');
CREATE INDEX hold_owner_ix ON hold (release_group, id) WHERE released_at IS NULL;
