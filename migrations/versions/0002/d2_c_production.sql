-- Items that are made or assembled to order, and what is to be made for which order.

CREATE SEQUENCE IF NOT EXISTS number_mo;
CREATE TABLE made_item (
  sku VARCHAR NOT NULL,
  warehouse_code VARCHAR NOT NULL,
  lead_days INTEGER NOT NULL,
  per_day NUMERIC(18, 4),
  active BOOLEAN DEFAULT true NOT NULL,
  CONSTRAINT made_item_pkey PRIMARY KEY (sku, warehouse_code),
  CONSTRAINT made_item_numbers_check CHECK (lead_days >= 0 AND per_day > 0),
  CONSTRAINT made_item_sku_fkey FOREIGN KEY (sku) REFERENCES item (sku),
  CONSTRAINT made_item_warehouse_code_fkey FOREIGN KEY (warehouse_code) REFERENCES warehouse (code)
);
CREATE INDEX made_item_warehouse_ix ON made_item (warehouse_code);
CREATE TABLE production_request (
  request_no VARCHAR NOT NULL,
  order_no VARCHAR NOT NULL,
  sku VARCHAR NOT NULL,
  warehouse_code VARCHAR NOT NULL,
  qty NUMERIC(18, 4) NOT NULL,
  ready_on DATE NOT NULL,
  requested_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  CONSTRAINT production_request_pkey PRIMARY KEY (request_no),
  CONSTRAINT production_request_qty_check CHECK (qty > 0),
  CONSTRAINT production_request_order_no_fkey FOREIGN KEY (order_no) REFERENCES sales_order (order_no),
  CONSTRAINT production_request_sku_fkey FOREIGN KEY (sku) REFERENCES item (sku),
  CONSTRAINT production_request_warehouse_code_fkey FOREIGN KEY (warehouse_code) REFERENCES warehouse (code)
);
CREATE INDEX production_request_order_ix ON production_request (order_no);
CREATE INDEX production_request_sku_ix ON production_request (sku, request_no);
CREATE INDEX production_request_warehouse_ix ON production_request (warehouse_code);
