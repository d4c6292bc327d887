-- Who gave a receipt to an invoice; nobody where it was done by rule.

ALTER TABLE application ADD COLUMN applied_by VARCHAR DEFAULT '' NOT NULL;
