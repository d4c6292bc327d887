-- A quote is ordered in parts: what the customer has accepted of a line and is not ordered yet.

ALTER TABLE quote_line ADD COLUMN qty_accepted NUMERIC(18, 4) DEFAULT 0 NOT NULL;
ALTER TABLE quote_line DROP CONSTRAINT quote_line_qty_check;
ALTER TABLE quote_line ADD CONSTRAINT quote_line_qty_check
  CHECK (qty > 0 AND qty_ordered >= 0 AND qty_accepted >= 0 AND qty_ordered + qty_accepted <= qty);
