-- Invoices that are paid in instalments: each due on its day, money pays what is due first.

ALTER TABLE customer ADD COLUMN payment_term VARCHAR DEFAULT '' NOT NULL;
ALTER TABLE invoice ADD COLUMN instalments JSONB DEFAULT '[]' NOT NULL;

CREATE TABLE open_item_part (
  item_id BIGINT NOT NULL,
  part_no INTEGER NOT NULL,
  due_date DATE NOT NULL,
  amount NUMERIC(18, 4) NOT NULL,
  later NUMERIC(18, 4) NOT NULL,
  CONSTRAINT open_item_part_pkey PRIMARY KEY (item_id, part_no),
  CONSTRAINT open_item_part_amount_check CHECK (amount > 0 AND later >= 0),
  CONSTRAINT open_item_part_item_id_fkey FOREIGN KEY (item_id) REFERENCES open_item (id)
);

CREATE OR REPLACE VIEW open_due AS
SELECT item.id AS item_id, item.kind, item.party_no, item.document_no, item.currency, coalesce(part.due_date, item.due_date) AS due_date,
  coalesce(part.later, 0) AS later, CASE WHEN part.item_id IS NULL THEN item.open_amount
    ELSE least(part.amount, item.open_amount - part.later) END AS open_amount
FROM open_item AS item LEFT JOIN open_item_part AS part ON part.item_id = item.id
WHERE item.open_amount > coalesce(part.later, 0);
