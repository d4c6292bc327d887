"""What is always true of drop-ship."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-48",
        "No more of a purchase order goes back than was received, and a return expects what its lines come to.",
        """
        SELECT line.po_no, line.line_no::text AS what, line.qty_received AS there, sum(back.qty) AS returned
        FROM po_line AS line JOIN supplier_return_line AS back ON back.po_line_id = line.id
        GROUP BY line.id HAVING sum(back.qty) > line.qty_received
        UNION ALL
        SELECT head.po_no, head.return_no, head.expected, sum(back.amount)
        FROM supplier_return AS head JOIN supplier_return_line AS back USING (return_no)
        GROUP BY head.return_no HAVING head.expected <> sum(back.amount)
        """,
    ),
    Invariant(
        "INV-03",
        "Goods of a purchase order that were received and not billed are what its accrual says.",
        """
        SELECT owed.po_no, owed.amount AS received_not_billed, coalesce(booked.amount, 0) AS ledger
        FROM (
          SELECT line.po_no, count(*) AS lines,
            sum((line.qty_received - line.qty_given_up - least(line.qty_billed, coalesce(line.confirmed_qty, line.qty)))
              * coalesce(line.confirmed_price, line.unit_price)) AS amount
          FROM po_line AS line JOIN purchase_order USING (po_no)
          WHERE purchase_order.currency = (SELECT currency FROM ledger_book) GROUP BY line.po_no
        ) AS owed
        LEFT JOIN (SELECT reference, sum(credit - debit) AS amount FROM journal_line WHERE account = '2100' GROUP BY 1) AS booked
          ON booked.reference = owed.po_no
        WHERE abs(owed.amount - coalesce(booked.amount, 0)) > 0.01 * owed.lines
        """,
    ),
    Invariant(
        "INV-03",
        "The drop-ship inventory and the receiving inspection are empty: what a supplier ships was sold before.",
        """
        SELECT account, sum(accounted) AS balance FROM journal_line
        WHERE account IN ('1410', '1450') GROUP BY account HAVING sum(accounted) <> 0
        """,
    ),
    Invariant(
        "INV-39",
        "Goods received, not invoiced is, for each purchase order to the cent, what was received less what was billed or written off.",
        """
        SELECT coalesce(booked.reference, owed.po_no) AS reference, coalesce(booked.amount, 0) AS ledger,
          coalesce(owed.amount, 0) AS outstanding
        FROM (SELECT reference, -sum(accounted) AS amount FROM journal_line WHERE account = '2100' GROUP BY reference) AS booked
        FULL JOIN (
          SELECT po_no, sum(amount) AS amount FROM (
            SELECT asn.po_no, coalesce(sum(line.cost), 0) - asn.accrual_cleared AS amount
            FROM asn JOIN shipment_line AS line USING (shipment_no) GROUP BY asn.asn_no
            UNION ALL SELECT po_no, -accrual_cleared FROM supplier_invoice WHERE approved_at IS NOT NULL
            UNION ALL SELECT po_no, -amount FROM accrual_write_off WHERE taken_back_at IS NULL
            UNION ALL SELECT po_no, accrual_restored FROM supplier_credit WHERE approved_at IS NOT NULL
          ) AS part GROUP BY po_no
        ) AS owed ON owed.po_no = booked.reference
        WHERE coalesce(booked.amount, 0) <> coalesce(owed.amount, 0)
        """,
    ),
    Invariant(
        "INV-39",
        "Of a purchase order whose deliveries are billed, no more and no less, nothing stands in goods received, not invoiced.",
        """
        SELECT line.po_no, booked.amount FROM po_line AS line
        JOIN (SELECT reference, sum(accounted) AS amount FROM journal_line WHERE account = '2100' GROUP BY reference) AS booked
          ON booked.reference = line.po_no
        GROUP BY line.po_no, booked.amount HAVING bool_and(line.qty_received = line.qty_billed + line.qty_given_up) AND booked.amount <> 0
        """,
    ),
    Invariant(
        "INV-39",
        "What was written off of goods that will never be billed is in the books as it was agreed, and no bill is waited for.",
        """
        SELECT coalesce(kept.po_no, booked.reference) AS po_no, coalesce(kept.amount, 0) AS agreed, coalesce(booked.amount, 0) AS ledger,
          (SELECT sum(qty_given_up) FROM po_line WHERE po_line.po_no = kept.po_no) AS given_up
        FROM (SELECT po_no, sum(amount) AS amount FROM accrual_write_off WHERE taken_back_at IS NULL GROUP BY po_no) AS kept
        FULL JOIN (
          SELECT line.reference, sum(line.accounted) AS amount FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE journal.event_type IN ('accrual.written_off', 'accrual.written_off.reversed') AND line.account = '2100'
          GROUP BY line.reference HAVING sum(line.accounted) <> 0
        ) AS booked ON booked.reference = kept.po_no
        WHERE coalesce(kept.amount, 0) <> coalesce(booked.amount, 0)
          OR kept.po_no IS NOT NULL AND NOT EXISTS (SELECT FROM po_line WHERE po_line.po_no = kept.po_no AND qty_given_up > 0)
        UNION ALL
        SELECT line.po_no, 0, 0, sum(line.qty_given_up) FROM po_line AS line WHERE line.qty_given_up > 0 AND NOT EXISTS (
          SELECT FROM accrual_write_off AS kept WHERE kept.po_no = line.po_no AND kept.taken_back_at IS NULL)
        GROUP BY line.po_no
        """,
    ),
    Invariant(
        "INV-26",
        "What was paid to a supplier is what left the bank for its bill, and nothing left for a bill that is not paid.",
        """
        SELECT bill.supplier_invoice_no, bill.paid_amount, coalesce(left_bank.amount, 0) AS off_the_bank
        FROM supplier_invoice AS bill
        LEFT JOIN (SELECT reference, sum(credit - debit) AS amount FROM journal_line WHERE account = '1000' GROUP BY reference) AS left_bank
          ON left_bank.reference = bill.supplier_invoice_no
        WHERE coalesce(left_bank.amount, 0) <> bill.paid_amount OR (bill.paid_at IS NULL AND bill.paid_amount <> 0)
        """,
    ),
    Invariant(
        "INV-26",
        "Every bill that was approved is an open item, open to the cent, less what was credited, until it is paid; no other bill is one.",
        """
        SELECT bill.supplier_invoice_no, bill.gross_total, bill.credited, bill.paid_at, item.open_amount
        FROM supplier_invoice AS bill LEFT JOIN open_item AS item ON item.kind = 'AP' AND item.document_no = bill.supplier_invoice_no
        WHERE (bill.approved_at IS NULL) <> (item.id IS NULL)
          OR item.open_amount <> CASE WHEN bill.paid_at IS NULL THEN bill.gross_total - bill.credited ELSE 0 END
        """,
    ),
    Invariant(
        "INV-12",
        "A purchase order line counts as received what was advised, and as billed what was approved less what was credited of it.",
        """
        SELECT line.po_no, line.line_no, line.qty_received, coalesce(advised.qty, 0) AS advised, line.qty_billed,
          coalesce(billed.qty, 0) AS approved
        FROM po_line AS line
        LEFT JOIN (SELECT po_line_id, sum(qty) AS qty FROM asn_line JOIN asn USING (asn_no)
                   WHERE shipment_no IS NOT NULL GROUP BY 1) AS advised ON advised.po_line_id = line.id
        LEFT JOIN (
          SELECT po_line_id, sum(qty) AS qty FROM (
            SELECT po_line_id, qty FROM supplier_invoice_line JOIN supplier_invoice USING (supplier_invoice_no)
            WHERE approved_at IS NOT NULL
            UNION ALL SELECT po_line_id, -qty FROM supplier_credit_line JOIN supplier_credit USING (supplier_credit_no)
            WHERE approved_at IS NOT NULL AND reason = 'GOODS'
          ) AS paper GROUP BY 1
        ) AS billed ON billed.po_line_id = line.id
        WHERE line.qty_received <> coalesce(advised.qty, 0) OR line.qty_billed <> coalesce(billed.qty, 0)
        """,
    ),
    Invariant(
        "INV-22",
        "No drop-ship group waits of which nothing is left to deliver, to invoice or to buy.",
        """
        SELECT grp.group_no, instance.id AS instance_id, instance.updated_at
        FROM instance JOIN fulfil_group AS grp ON grp.group_no = instance.business_key
        WHERE instance.process_key = 'dropship' AND instance.state = 'waiting' AND instance.wake = instance.done
          AND NOT EXISTS (SELECT 1 FROM user_task WHERE user_task.instance_id = instance.id AND user_task.state = 'open')
          AND NOT EXISTS (
            SELECT 1 FROM fulfil_line AS line WHERE line.group_no = grp.group_no AND line.qty - line.qty_cancelled > line.qty_invoiced)
          AND NOT EXISTS (
            SELECT 1 FROM purchase_order AS ordered JOIN po_line AS line USING (po_no)
            WHERE ordered.group_no = grp.group_no AND ordered.cancelled_at IS NULL
              AND (line.qty_received < coalesce(line.confirmed_qty, line.qty) OR line.qty_billed + line.qty_given_up < line.qty_received))
        """,
    ),
    Invariant(
        "INV-23",
        "No paper of a supplier was taken twice, however its number is spelt.",
        """
        SELECT 'despatch advice' AS paper, supplier_no, folded(document_no) AS document_no, count(*) AS times FROM asn
        GROUP BY supplier_no, folded(document_no) HAVING count(*) > 1
        UNION ALL
        SELECT 'supplier invoice', supplier_no, folded(document_no), count(*) FROM supplier_invoice
        GROUP BY supplier_no, folded(document_no) HAVING count(*) > 1
        UNION ALL
        SELECT 'supplier credit note', supplier_no, folded(document_no), count(*) FROM supplier_credit
        GROUP BY supplier_no, folded(document_no) HAVING count(*) > 1
        """,
    ),
    Invariant(
        "INV-47",
        "What credit notes took off bills is what those bills are owed less, and of no bill more was credited than it came to.",
        """
        SELECT bill.supplier_invoice_no, bill.credited, coalesce(booked.amount, 0) AS ledger
        FROM supplier_invoice AS bill LEFT JOIN (
          SELECT line.reference, sum(line.debit - line.credit) AS amount
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE journal.event_type IN ('supplier_credit.approved', 'supplier_credit.set_off') AND line.account = '2000' GROUP BY 1
        ) AS booked ON booked.reference = bill.supplier_invoice_no
        WHERE bill.credited <> coalesce(booked.amount, 0) OR bill.credited > bill.gross_total
        """,
    ),
    Invariant(
        "INV-47",
        "Cost of sales is lower by what suppliers credited of goods that went back to them, and by nothing else they credited.",
        """
        SELECT coalesce(note.supplier_credit_no, booked.reference) AS supplier_credit_no, note.net_total, booked.amount AS ledger
        FROM (SELECT supplier_credit_no, net_total FROM supplier_credit
              WHERE approved_at IS NOT NULL AND reason = 'RETURN' AND net_total <> 0) AS note
        FULL JOIN (
          SELECT line.reference, sum(line.credit - line.debit) AS amount
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE journal.event_type = 'supplier_credit.approved' AND line.account = '5000' GROUP BY 1
        ) AS booked ON booked.reference = note.supplier_credit_no
        WHERE coalesce(note.net_total, 0) <> coalesce(booked.amount, 0)
        """,
    ),
    Invariant(
        "INV-47",
        "What suppliers owe of credit notes was claimed to the cent.",
        """
        SELECT coalesce(note.currency, booked.currency) AS currency, coalesce(note.claimed, 0) AS claimed,
          coalesce(booked.claimed, 0) AS ledger
        FROM (SELECT currency, sum(claimed) AS claimed FROM supplier_credit GROUP BY 1) AS note
        FULL JOIN (
          SELECT journal.currency, sum(line.debit) AS claimed FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account = '1296' AND journal.event_type = 'supplier_credit.approved' GROUP BY 1
        ) AS booked ON booked.currency = note.currency
        WHERE coalesce(note.claimed, 0) <> coalesce(booked.claimed, 0)
        """,
    ),
    Invariant(
        "INV-47",
        "No money is taken off what suppliers owe that no credit note claimed: it would be nobody's.",
        """
        SELECT journal.currency, greatest(line.debit, line.credit) AS amount, count(*) FILTER (WHERE line.credit > 0) AS taken,
          count(*) FILTER (WHERE line.debit > 0) AS claimed
        FROM journal_line AS line JOIN journal ON journal.id = line.journal_id WHERE line.account = '1296' GROUP BY 1, 2
        HAVING count(*) FILTER (WHERE line.credit > 0) > count(*) FILTER (WHERE line.debit > 0)
        """,
    ),
)
