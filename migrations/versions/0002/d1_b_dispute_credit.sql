-- A dispute that the customer wins about an invoice ends by a credit memo: the request for it.

ALTER TABLE dispute ADD COLUMN credit_request VARCHAR DEFAULT '' NOT NULL;
