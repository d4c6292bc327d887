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
