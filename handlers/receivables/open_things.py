"""What can be open of the money that customers owe and pay."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "invoice to collect",
        """
        SELECT item.document_no AS number, ARRAY[item.document_no] AS keys, invoice.order_no, item.document_date::timestamptz AS since,
          trim_scale(item.open_amount) || ' ' || item.currency AS detail
        FROM open_item AS item LEFT JOIN invoice ON invoice.invoice_no = item.document_no
        WHERE item.kind = 'AR' AND item.open_amount > 0
        """,
        also=("order_no", "detail"),
    ),
    OpenKind(
        "bank statement",
        """
        SELECT statement_no AS number, ARRAY[statement_no] AS keys, received_at AS since
        FROM bank_statement WHERE applied_at IS NULL AND refused_at IS NULL
        """,
    ),
    OpenKind(
        "dispute",
        """
        SELECT dispute_no AS number, ARRAY[dispute_no] AS keys, opened_at AS since,
          trim_scale(amount) || ' ' || currency || ', ' || reason AS detail
        FROM dispute WHERE resolved_at IS NULL
        """,
        also=("detail",),
    ),
    OpenKind(
        "announced entry",
        """
        SELECT told.notice_no || '/' || told.position AS number, ARRAY[told.notice_no] AS keys, notice.received_at AS since
        FROM bank_notice_line AS told JOIN bank_notice AS notice USING (notice_no)
        WHERE told.bank_line_id IS NULL AND notice.given_up_at IS NULL
        """,
    ),
    OpenKind(
        "bank line",
        """
        SELECT line.statement_no || '/' || line.position AS number, ARRAY[line.statement_no] AS keys, statement.received_at AS since
        FROM bank_line AS line JOIN bank_statement AS statement USING (statement_no)
        WHERE line.outcome = '' AND statement.refused_at IS NULL
        """,
    ),
    OpenKind(
        "receipt to apply",
        """
        SELECT receipt.receipt_no AS number, ARRAY[receipt.receipt_no, receipt.statement_no] AS keys, receipt.created_at AS since
        FROM receipt
        WHERE receipt.reversed_at IS NULL
          AND receipt.amount > receipt.on_account + receipt.written_off + coalesce((
            SELECT sum(used.cash) FROM application AS used WHERE used.receipt_no = receipt.receipt_no AND used.unapplied_at IS NULL), 0)
        """,
    ),
)
