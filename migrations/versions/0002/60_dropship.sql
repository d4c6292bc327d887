-- Goods that no supplier will bill do not stand in goods received, not invoiced: opening stock stands against equity.
ALTER TABLE stock_movement DROP CONSTRAINT stock_movement_kind_check;
ALTER TABLE stock_movement ADD CONSTRAINT stock_movement_kind_check
  CHECK (kind IN ('OPENING', 'RECEIPT', 'ISSUE', 'RETURN', 'ADJUSTMENT', 'TRANSFER'));

INSERT INTO account (number, name, kind, needs_party)
SELECT '3000', 'Opening balance equity', 'EQUITY', false FROM ledger_book ON CONFLICT DO NOTHING;

-- What was received on stock before stands there still: it goes over in one journal.
WITH stuck AS (
  SELECT line.reference, sum(line.accounted) AS accounted FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
  WHERE line.account = '2100' AND journal.event_type = 'goods_received' GROUP BY line.reference HAVING sum(line.accounted) < 0
), posted AS (
  INSERT INTO journal (event_type, source_id, sequence, gl_date, currency, fx_rate, narration, digest)
  SELECT 'goods_received.reclassified', 'release-2', 1, business_today(), currency, 1, 'Stock that no supplier will bill', 'release-2'
  FROM ledger_book WHERE EXISTS (SELECT 1 FROM stuck) RETURNING id
)
INSERT INTO journal_line (journal_id, line_no, account, debit, credit, accounted, reference)
SELECT posted.id, row_number() OVER (ORDER BY part.reference, part.account), part.account, part.debit, part.credit, part.accounted,
  part.reference
FROM posted CROSS JOIN (
  SELECT reference, '2100' AS account, -accounted AS debit, 0 AS credit, -accounted AS accounted FROM stuck
  UNION ALL SELECT reference, '3000', 0, -accounted, accounted FROM stuck
) AS part;

ALTER TABLE supplier ADD COLUMN discount_pct NUMERIC(9, 4) DEFAULT 0 NOT NULL;
ALTER TABLE supplier ADD COLUMN discount_days INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE supplier ADD CONSTRAINT supplier_discount_check
  CHECK (0 <= discount_pct AND discount_pct <= 100 AND 0 <= discount_days);

-- An order is closed once all that was agreed was delivered, and all that was delivered was billed.
ALTER TABLE purchase_order ADD COLUMN closed_at TIMESTAMP WITH TIME ZONE;
UPDATE purchase_order AS ordered SET closed_at = business_now()
WHERE ordered.cancelled_at IS NULL AND ordered.confirmed_at IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM po_line AS line
  WHERE line.po_no = ordered.po_no
    AND (line.qty_received < coalesce(line.confirmed_qty, line.qty) OR line.qty_billed < line.qty_received));

-- A supplier's number is one number, however it is spelt. Of spellings taken apart before, the later ones say so.
UPDATE po_acknowledgement AS later SET document_no = document_no || ' (sent again ' || id || ')'
WHERE EXISTS (SELECT 1 FROM po_acknowledgement AS first
              WHERE first.po_no = later.po_no AND folded(first.document_no) = folded(later.document_no) AND first.id < later.id);
UPDATE asn AS later SET document_no = document_no || ' (sent again ' || asn_no || ')'
WHERE EXISTS (SELECT 1 FROM asn AS first
              WHERE first.supplier_no = later.supplier_no AND folded(first.document_no) = folded(later.document_no)
                AND first.asn_no < later.asn_no);
UPDATE supplier_invoice AS later SET document_no = document_no || ' (sent again ' || supplier_invoice_no || ')'
WHERE EXISTS (SELECT 1 FROM supplier_invoice AS first
              WHERE first.supplier_no = later.supplier_no AND folded(first.document_no) = folded(later.document_no)
                AND first.supplier_invoice_no < later.supplier_invoice_no);
ALTER TABLE po_acknowledgement DROP CONSTRAINT po_acknowledgement_po_no_document_no_key;
CREATE UNIQUE INDEX po_acknowledgement_document_ix ON po_acknowledgement (po_no, folded(document_no));
ALTER TABLE asn DROP CONSTRAINT asn_supplier_no_document_no_key;
CREATE UNIQUE INDEX asn_document_ix ON asn (supplier_no, folded(document_no));
ALTER TABLE supplier_invoice DROP CONSTRAINT supplier_invoice_supplier_no_document_no_key;
CREATE UNIQUE INDEX supplier_invoice_document_ix ON supplier_invoice (supplier_no, folded(document_no));

ALTER TABLE asn ADD COLUMN accrual_cleared NUMERIC(18, 4) DEFAULT 0 NOT NULL;
ALTER TABLE asn ADD COLUMN rejected_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE asn ADD COLUMN reject_reason VARCHAR DEFAULT '' NOT NULL;
ALTER TABLE asn ADD CONSTRAINT asn_rejected_check CHECK (rejected_at IS NULL OR shipment_no IS NULL);

ALTER TABLE supplier_invoice ADD COLUMN rejected_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE supplier_invoice ADD COLUMN reject_reason VARCHAR DEFAULT '' NOT NULL;
ALTER TABLE supplier_invoice ADD CONSTRAINT supplier_invoice_rejected_check CHECK (rejected_at IS NULL OR approved_at IS NULL);
ALTER TABLE supplier_invoice ADD COLUMN paid_amount NUMERIC(18, 4) DEFAULT 0 NOT NULL;
UPDATE supplier_invoice SET paid_amount = gross_total WHERE paid_at IS NOT NULL;
ALTER TABLE supplier_invoice ADD COLUMN accrual_cleared NUMERIC(18, 4) DEFAULT 0 NOT NULL;
UPDATE supplier_invoice SET accrual_cleared = booked.amount
FROM (SELECT journal_id, sum(accounted) AS amount FROM journal_line WHERE account = '2100' GROUP BY 1) AS booked
WHERE supplier_invoice.journal_id = booked.journal_id;

INSERT INTO account (number, name, kind, needs_party)
SELECT '5150', 'Purchase payment discount', 'EXPENSE', false FROM ledger_book ON CONFLICT DO NOTHING;
