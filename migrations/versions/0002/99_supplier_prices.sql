-- What a supplier asks for an item holds from a day on, as prices of ours do; what was on file holds always.
ALTER TABLE supplier_item ADD COLUMN valid_from DATE DEFAULT '1900-01-01' NOT NULL;
ALTER TABLE supplier_item ADD COLUMN valid_until DATE DEFAULT '9999-12-31' NOT NULL;
ALTER TABLE supplier_item DROP CONSTRAINT supplier_item_pkey;
ALTER TABLE supplier_item ADD CONSTRAINT supplier_item_pkey PRIMARY KEY (supplier_no, sku, valid_from);
ALTER TABLE supplier_item ADD CONSTRAINT supplier_item_validity_check CHECK (valid_from <= valid_until);
