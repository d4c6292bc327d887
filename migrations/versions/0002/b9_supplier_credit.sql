-- What suppliers take back of what they billed, and what they owe us of it.
INSERT INTO account (number, name, kind, needs_party)
SELECT '1296', 'Owed by suppliers', 'ASSET', false FROM ledger_book ON CONFLICT DO NOTHING;

ALTER TABLE supplier_invoice ADD COLUMN credited NUMERIC(18, 4) DEFAULT 0 NOT NULL;

CREATE TABLE supplier_credit (
    supplier_credit_no VARCHAR NOT NULL,
    supplier_invoice_no VARCHAR NOT NULL,
    po_no VARCHAR NOT NULL,
    supplier_no VARCHAR NOT NULL,
    document_no VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    note VARCHAR DEFAULT '' NOT NULL,
    credit_date DATE NOT NULL,
    currency VARCHAR NOT NULL,
    net_total NUMERIC(18, 4) NOT NULL,
    freight NUMERIC(18, 4) DEFAULT 0 NOT NULL,
    tax_total NUMERIC(18, 4) NOT NULL,
    gross_total NUMERIC(18, 4) NOT NULL,
    sha256 VARCHAR NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT business_now() NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE,
    rejected_at TIMESTAMP WITH TIME ZONE,
    reject_reason VARCHAR DEFAULT '' NOT NULL,
    journal_id BIGINT,
    set_off NUMERIC(18, 4) DEFAULT 0 NOT NULL,
    claimed NUMERIC(18, 4) DEFAULT 0 NOT NULL,
    accrual_restored NUMERIC(18, 4) DEFAULT 0 NOT NULL,
    CONSTRAINT supplier_credit_pkey PRIMARY KEY (supplier_credit_no),
    CONSTRAINT supplier_credit_reason_check CHECK (reason IN ('GOODS', 'RETURN', 'PRICE')),
    CONSTRAINT supplier_credit_rejected_check CHECK (rejected_at IS NULL OR approved_at IS NULL),
    CONSTRAINT supplier_credit_totals_check CHECK (gross_total = net_total + tax_total + freight),
    CONSTRAINT supplier_credit_split_check CHECK (set_off >= 0 AND claimed >= 0 AND (approved_at IS NULL OR set_off + claimed = gross_total)),
    CONSTRAINT supplier_credit_supplier_invoice_no_fkey FOREIGN KEY (supplier_invoice_no) REFERENCES supplier_invoice (supplier_invoice_no),
    CONSTRAINT supplier_credit_po_no_fkey FOREIGN KEY (po_no) REFERENCES purchase_order (po_no),
    CONSTRAINT supplier_credit_supplier_no_fkey FOREIGN KEY (supplier_no) REFERENCES supplier (supplier_no),
    CONSTRAINT supplier_credit_journal_id_fkey FOREIGN KEY (journal_id) REFERENCES journal (id)
);
CREATE UNIQUE INDEX supplier_credit_document_ix ON supplier_credit (supplier_no, folded(document_no));
CREATE INDEX supplier_credit_invoice_ix ON supplier_credit (supplier_invoice_no);
CREATE INDEX supplier_credit_po_ix ON supplier_credit (po_no);
CREATE INDEX supplier_credit_journal_ix ON supplier_credit (journal_id);

CREATE TABLE supplier_credit_line (
    supplier_credit_no VARCHAR NOT NULL,
    po_line_id BIGINT NOT NULL,
    qty NUMERIC(18, 4) NOT NULL,
    unit_price NUMERIC(18, 4) NOT NULL,
    amount NUMERIC(18, 4) NOT NULL,
    CONSTRAINT supplier_credit_line_pkey PRIMARY KEY (supplier_credit_no, po_line_id),
    CONSTRAINT supplier_credit_line_numbers_check CHECK (qty > 0 AND unit_price >= 0),
    CONSTRAINT supplier_credit_line_supplier_credit_no_fkey FOREIGN KEY (supplier_credit_no) REFERENCES supplier_credit (supplier_credit_no),
    CONSTRAINT supplier_credit_line_po_line_id_fkey FOREIGN KEY (po_line_id) REFERENCES po_line (id)
);
CREATE INDEX supplier_credit_line_po_line_ix ON supplier_credit_line (po_line_id);
