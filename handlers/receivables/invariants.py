"""What is always true of receipts."""

from handlers.invariants import Invariant

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
          SELECT reference, sum(debit - credit) AS amount FROM journal_line WHERE account = '1000' GROUP BY reference
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
        "What is open on an invoice is its amount less everything applied to it.",
        """
        SELECT item.document_no, item.original, item.open_amount, coalesce(used.amount, 0) AS applied
        FROM open_item AS item LEFT JOIN (
          SELECT invoice_no, sum(cash + discount + discount_tax + written_off) AS amount FROM application
          WHERE unapplied_at IS NULL GROUP BY invoice_no
        ) AS used ON used.invoice_no = item.document_no
        WHERE item.kind = 'AR' AND item.open_amount <> item.original - coalesce(used.amount, 0)
        """,
    ),
)
