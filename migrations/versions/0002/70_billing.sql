-- Billing, the ledger and papers.

ALTER TABLE document ADD COLUMN findings JSONB DEFAULT '[]' NOT NULL;
