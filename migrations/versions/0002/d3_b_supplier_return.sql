-- Goods that go straight back to the supplier, with our paper and the credit that is expected.

CREATE TABLE supplier_return (
  return_no VARCHAR NOT NULL,
  po_no VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  currency VARCHAR NOT NULL,
  expected NUMERIC(18, 4) NOT NULL,
  created_by VARCHAR DEFAULT '' NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE,
  closed_at TIMESTAMP WITH TIME ZONE,
  close_reason VARCHAR DEFAULT '' NOT NULL,
  CONSTRAINT supplier_return_pkey PRIMARY KEY (return_no),
  CONSTRAINT supplier_return_expected_check CHECK (expected >= 0),
  CONSTRAINT supplier_return_po_no_fkey FOREIGN KEY (po_no) REFERENCES purchase_order (po_no)
);
CREATE INDEX supplier_return_po_ix ON supplier_return (po_no);
CREATE INDEX supplier_return_open_ix ON supplier_return (created_at) WHERE closed_at IS NULL;
CREATE TABLE supplier_return_line (
  return_no VARCHAR NOT NULL,
  po_line_id BIGINT NOT NULL,
  qty NUMERIC(18, 4) NOT NULL,
  unit_price NUMERIC(18, 4) NOT NULL,
  amount NUMERIC(18, 4) NOT NULL,
  CONSTRAINT supplier_return_line_pkey PRIMARY KEY (return_no, po_line_id),
  CONSTRAINT supplier_return_line_numbers_check CHECK (qty > 0 AND unit_price >= 0),
  CONSTRAINT supplier_return_line_return_no_fkey FOREIGN KEY (return_no) REFERENCES supplier_return (return_no),
  CONSTRAINT supplier_return_line_po_line_id_fkey FOREIGN KEY (po_line_id) REFERENCES po_line (id)
);
CREATE INDEX supplier_return_line_po_line_ix ON supplier_return_line (po_line_id);
