-- Orders that one document made for several places know each other by the number of the first.
ALTER TABLE sales_order ADD COLUMN split_of VARCHAR DEFAULT '' NOT NULL;
CREATE INDEX sales_order_split_ix ON sales_order (split_of) WHERE split_of <> '';
