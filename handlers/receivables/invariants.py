"""What is always true of bank accounts, their statements, and receipts."""

from handlers.invariants import Invariant
from handlers.receivables.bank_ledger import BANK_POSITION
from handlers.receivables.statements import LINES_SHA256

INVARIANTS = (
    Invariant(
        "INV-03",
        "Cash that is not applied is what the receipts still hold, for each of them.",
        """
        SELECT coalesce(held.receipt_no, booked.reference) AS receipt_no, coalesce(held.rest, 0) AS rest,
          coalesce(booked.amount, 0) AS ledger
        FROM (
          SELECT receipt.receipt_no, CASE WHEN receipt.reversed_at IS NULL THEN
            receipt.amount - receipt.written_off - coalesce((SELECT sum(cash) FROM application
              WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL), 0) ELSE 0 END AS rest FROM receipt
        ) AS held
        FULL JOIN (SELECT reference, sum(credit - debit) AS amount FROM journal_line WHERE account = '1290' GROUP BY 1) AS booked
          ON booked.reference = held.receipt_no
        WHERE coalesce(held.rest, 0) <> coalesce(booked.amount, 0)
        """,
    ),
    Invariant(
        "INV-03",
        "Every receipt stands on the bank account with its amount, unless it was reversed.",
        """
        SELECT receipt.receipt_no, receipt.amount, coalesce(booked.amount, 0) AS ledger
        FROM receipt LEFT JOIN (
          SELECT reference, sum(debit - credit) AS amount FROM journal_line
          WHERE account IN (SELECT '1000' UNION SELECT ledger_account FROM house_bank_account) GROUP BY reference
        ) AS booked ON booked.reference = receipt.receipt_no
        WHERE coalesce(booked.amount, 0) <> CASE WHEN receipt.reversed_at IS NULL THEN receipt.amount ELSE 0 END
        """,
    ),
    Invariant(
        "INV-10",
        "No more of a receipt is applied, kept on account or taken as income than came in.",
        """
        SELECT receipt.receipt_no, receipt.amount, receipt.on_account, receipt.written_off, coalesce(sum(application.cash), 0) AS applied
        FROM receipt LEFT JOIN application ON application.receipt_no = receipt.receipt_no AND application.unapplied_at IS NULL
        GROUP BY receipt.receipt_no
        HAVING coalesce(sum(application.cash), 0) + receipt.on_account + receipt.written_off > receipt.amount
        """,
    ),
    Invariant(
        "INV-11",
        "What is open on an invoice is its amount less everything applied to it, credited on it and given away.",
        """
        SELECT item.document_no, item.original, item.open_amount, coalesce(used.amount, 0) AS applied
        FROM open_item AS item LEFT JOIN (
          SELECT invoice_no, sum(amount) AS amount FROM (
            SELECT invoice_no, cash + discount + discount_tax + written_off AS amount FROM application WHERE unapplied_at IS NULL
            UNION ALL
            SELECT credits_invoice_no, settled_total FROM invoice WHERE kind = 'CM' AND posted_at IS NOT NULL
            UNION ALL
            SELECT invoice_no, amount FROM adjustment
            UNION ALL
            SELECT charge_no, waived FROM late_charge
          ) AS each GROUP BY invoice_no
        ) AS used ON used.invoice_no = item.document_no
        WHERE item.kind = 'AR' AND item.open_amount <> item.original - coalesce(used.amount, 0)
        """,
    ),
    Invariant(
        "INV-03",
        "A receipt that is used up holds nothing in the currency of the books either.",
        """
        SELECT held.receipt_no, booked.amount AS in_books
        FROM (
          SELECT receipt.receipt_no, CASE WHEN receipt.reversed_at IS NULL THEN
            receipt.amount - receipt.written_off - coalesce((SELECT sum(cash) FROM application
              WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL), 0) ELSE 0 END AS rest FROM receipt
        ) AS held
        JOIN (SELECT reference, sum(accounted) AS amount FROM journal_line WHERE account = '1290' GROUP BY 1) AS booked
          ON booked.reference = held.receipt_no
        WHERE held.rest = 0 AND booked.amount <> 0
        """,
    ),
    Invariant(
        "INV-30",
        "Each bank account's ledger account stands at its last closing balance, less what waits for a person or for the bank.",
        f"SELECT * FROM ({BANK_POSITION}) AS position WHERE expected <> ledger",
    ),
    Invariant(
        "INV-31",
        "The lines of each statement lead from its opening to its closing balance.",
        """
        SELECT statement.statement_no, statement.opening, statement.closing, coalesce(sum(line.amount), 0) AS lines
        FROM bank_statement AS statement LEFT JOIN bank_line AS line USING (statement_no)
        WHERE statement.read_at IS NOT NULL GROUP BY statement.statement_no
        HAVING statement.opening + coalesce(sum(line.amount), 0) <> statement.closing
        """,
    ),
    Invariant(
        "INV-31",
        "The lines of each statement are those that came in the bank's file.",
        f"SELECT statement_no FROM bank_statement WHERE lines_sha256 <> {LINES_SHA256}",
    ),
    Invariant(
        "INV-31",
        "Each statement opens where the one before closed, but for entries that it repeats.",
        """
        SELECT statement_no, opening, repeated, before AS closed_with FROM (
          SELECT statement.statement_no, statement.opening,
            coalesce((SELECT sum(line.amount) FROM bank_line AS line
                      WHERE line.statement_no = statement.statement_no AND line.duplicate_of IS NOT NULL), 0) AS repeated,
            lag(statement.closing) OVER (PARTITION BY account, currency ORDER BY closed_on, statement_no) AS before
          FROM bank_statement AS statement WHERE statement.read_at IS NOT NULL
        ) AS chained WHERE opening + repeated <> before
        """,
    ),
    Invariant(
        "INV-32",
        "Every line of a statement is booked, repeated, or with a person.",
        """
        SELECT line.statement_no, line.position, line.amount, line.outcome
        FROM bank_line AS line JOIN bank_statement AS statement USING (statement_no)
        WHERE statement.refused_at IS NULL AND line.outcome = '' AND NOT EXISTS (
          SELECT FROM instance WHERE instance.business_key = line.statement_no AND instance.state NOT IN ('completed', 'cancelled'))
        """,
    ),
    Invariant(
        "INV-32",
        "What became of a line is there: its receipt, its journal, its payment, or the line it repeats.",
        """
        SELECT line.statement_no, line.position, line.outcome, line.document_no FROM bank_line AS line
        WHERE CASE line.outcome
          WHEN '' THEN line.journal_id IS NOT NULL
          WHEN 'RECEIPT' THEN NOT EXISTS (SELECT FROM receipt WHERE receipt.bank_line_id = line.id AND receipt.amount = line.amount)
          WHEN 'RETURN' THEN NOT EXISTS (
            SELECT FROM receipt WHERE receipt.receipt_no = line.document_no AND receipt.reversed_at IS NOT NULL)
          WHEN 'PAYMENT' THEN NOT EXISTS (
            SELECT FROM supplier_invoice AS bill WHERE bill.supplier_invoice_no = line.document_no AND bill.paid_at IS NOT NULL)
          WHEN 'REFUND' THEN NOT EXISTS (
            SELECT FROM refund WHERE refund.credit_memo_no = line.document_no AND refund.amount = -line.amount)
          WHEN 'ACCOUNT' THEN NOT EXISTS (
            SELECT FROM journal_line AS booked WHERE booked.journal_id = line.journal_id AND booked.account = line.document_no)
          WHEN 'NOTHING' THEN line.amount <> 0
          WHEN 'DUPLICATE' THEN line.duplicate_of IS NULL
          ELSE true END
        """,
    ),
    Invariant(
        "INV-41",
        "What stands as owed back to customers is what each posted credit memo left over and no refund has paid.",
        """
        SELECT coalesce(owed.number, booked.reference) AS credit_memo_no, owed.amount, booked.amount AS ledger
        FROM (
          SELECT memo.invoice_no AS number,
            memo.gross_total - memo.settled_total - CASE WHEN refund.paid_at IS NULL THEN 0 ELSE refund.amount END AS amount
          FROM invoice AS memo LEFT JOIN refund ON refund.credit_memo_no = memo.invoice_no
          WHERE memo.kind = 'CM' AND memo.posted_at IS NOT NULL
        ) AS owed
        FULL JOIN (
          SELECT line.reference, sum(line.credit - line.debit) AS amount
          FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
          WHERE line.account = '2350' AND journal.event_type IN ('credit_memo.posted', 'refund.paid') GROUP BY line.reference
        ) AS booked ON booked.reference = owed.number
        WHERE coalesce(owed.amount, 0) <> coalesce(booked.amount, 0)
        """,
    ),
    Invariant(
        "INV-33",
        "What came in as a receipt is applied, kept on account, written off, or still free, and none of these is below zero.",
        """
        SELECT receipt.receipt_no, receipt.amount, used.cash AS applied, receipt.on_account, receipt.written_off, held.amount AS unapplied
        FROM receipt
        CROSS JOIN LATERAL (SELECT coalesce(sum(cash), 0) AS cash FROM application
                            WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL) AS used
        CROSS JOIN LATERAL (SELECT coalesce(sum(credit - debit), 0) AS amount FROM journal_line
                            WHERE account = '1290' AND reference = receipt.receipt_no) AS held
        WHERE CASE WHEN receipt.reversed_at IS NULL
          THEN receipt.amount <> used.cash + receipt.written_off + held.amount OR held.amount < receipt.on_account
          ELSE used.cash <> 0 OR receipt.on_account <> 0 OR receipt.written_off <> 0 OR held.amount <> 0 END
        """,
    ),
    Invariant(
        "INV-42",
        "An invoice is marked as disputed when something is open on it and in dispute, and only then.",
        """
        SELECT item.document_no, item.open_amount, item.disputed FROM open_item AS item
        WHERE item.kind = 'AR' AND item.disputed <> EXISTS (
          SELECT FROM dispute WHERE dispute.invoice_no = item.document_no AND dispute.resolved_at IS NULL)
          AND (item.open_amount > 0 OR item.disputed AND NOT EXISTS (
            SELECT FROM dispute WHERE dispute.invoice_no = item.document_no))
        """,
    ),
    Invariant(
        "INV-42",
        "A dispute that ended by a credit memo has one that is posted against its invoice.",
        """
        SELECT dispute.dispute_no, dispute.credit_request FROM dispute
        WHERE dispute.credit_request <> '' AND NOT EXISTS (
          SELECT FROM invoice AS memo WHERE memo.adjustment_no = dispute.credit_request AND memo.kind = 'CM'
            AND memo.posted_at IS NOT NULL AND memo.credits_invoice_no = dispute.invoice_no)
        """,
    ),
    Invariant(
        "INV-42",
        "What was given away to end a dispute stands in the journal of its adjustment.",
        """
        SELECT adjustment.adjustment_no, adjustment.amount, coalesce(sum(line.credit), 0) AS booked
        FROM adjustment LEFT JOIN journal_line AS line ON line.journal_id = adjustment.journal_id AND line.account = '1200'
        GROUP BY adjustment.adjustment_no HAVING adjustment.amount <> coalesce(sum(line.credit), 0)
        """,
    ),
    Invariant(
        "INV-22",
        "No invoice that is paid is still being collected.",
        """
        SELECT item.document_no AS invoice_no, instance.id AS instance_id, instance.updated_at
        FROM instance JOIN open_item AS item ON item.document_no = instance.business_key AND item.kind = 'AR'
        WHERE instance.process_key = 'invoice-to-receipt' AND instance.state = 'waiting' AND instance.wake = instance.done
          AND item.open_amount = 0
        """,
    ),
    Invariant(
        "INV-48",
        "A late charge is its fee and the interest of its days, and stands so in the books and among what is owed.",
        """
        SELECT charge.charge_no, charge.fee, charge.interest, days.interest AS of_days, given.amount AS given_back,
          booked.amount AS booked, item.original
        FROM late_charge AS charge
        CROSS JOIN LATERAL (SELECT coalesce(sum(interest), 0) AS interest FROM late_charge_days AS each
                            WHERE each.charge_no = charge.charge_no) AS days
        CROSS JOIN LATERAL (SELECT coalesce(sum(credit - debit), 0) AS amount FROM journal_line AS line
                            WHERE line.account = '4300' AND line.reference = charge.charge_no) AS booked
        CROSS JOIN LATERAL (SELECT charge.waived + coalesce(sum(amount), 0) AS amount FROM adjustment
                            WHERE invoice_no = charge.charge_no AND kind = 'CREDIT') AS given
        LEFT JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = charge.charge_no
        WHERE charge.interest <> days.interest OR booked.amount <> charge.fee + charge.interest - given.amount
          OR item.original IS DISTINCT FROM charge.fee + charge.interest
        """,
    ),
    Invariant(
        "INV-48",
        "No day of a late invoice is charged twice, and none before it was due.",
        """
        SELECT days.invoice_no, days.charge_no, days.first_day, days.last_day
        FROM late_charge_days AS days JOIN late_charge AS charge USING (charge_no)
        WHERE charge.invoice_no <> days.invoice_no OR EXISTS (
          SELECT FROM late_charge_days AS other WHERE other.invoice_no = days.invoice_no
            AND (other.charge_no, other.position) <> (days.charge_no, days.position)
            AND other.first_day <= days.last_day AND days.first_day <= other.last_day)
          OR days.first_day <= (
            SELECT coalesce(min(part.due_date), min(item.due_date)) FROM open_item AS item
            LEFT JOIN open_item_part AS part ON part.item_id = item.id
            WHERE item.kind = 'AR' AND item.document_no = days.invoice_no)
        """,
    ),
)
