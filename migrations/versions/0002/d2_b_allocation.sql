-- Supply that is kept for a class of customers or a channel.

CREATE TABLE supply_allocation (
  sku VARCHAR NOT NULL,
  warehouse_code VARCHAR NOT NULL,
  customer_class VARCHAR NOT NULL,
  channel VARCHAR NOT NULL,
  valid_from DATE NOT NULL,
  valid_until DATE NOT NULL,
  qty NUMERIC(18, 4),
  share_pct NUMERIC(9, 4),
  release_days INTEGER DEFAULT 0 NOT NULL,
  priority INTEGER DEFAULT 1 NOT NULL,
  CONSTRAINT supply_allocation_pkey PRIMARY KEY (sku, warehouse_code, customer_class, channel, valid_from),
  CONSTRAINT supply_allocation_for_whom_check CHECK (customer_class <> '' OR channel <> ''),
  CONSTRAINT supply_allocation_how_much_check CHECK (num_nonnulls(qty, share_pct) = 1),
  CONSTRAINT supply_allocation_numbers_check
    CHECK (qty > 0 AND share_pct > 0 AND share_pct <= 100 AND release_days >= 0 AND priority > 0),
  CONSTRAINT supply_allocation_validity_check CHECK (valid_from <= valid_until),
  CONSTRAINT supply_allocation_sku_fkey FOREIGN KEY (sku) REFERENCES item (sku),
  CONSTRAINT supply_allocation_warehouse_code_fkey FOREIGN KEY (warehouse_code) REFERENCES warehouse (code)
);
CREATE INDEX supply_allocation_warehouse_ix ON supply_allocation (warehouse_code);
