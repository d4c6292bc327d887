"""What can be open of goods that come back."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "return",
        """
        SELECT rma_no AS number, ARRAY[rma_no] AS keys, order_no, requested_at AS since
        FROM return_authorization WHERE closed_at IS NULL
        """,
        also=("order_no",),
    ),
    OpenKind(
        "refund",
        """
        SELECT memo.invoice_no AS number, ARRAY[coalesce(memo.rma_no, memo.adjustment_no)] AS keys, memo.order_no, memo.posted_at AS since,
          trim_scale(memo.gross_total - memo.settled_total) || ' ' || memo.currency AS detail
        FROM invoice AS memo LEFT JOIN refund ON refund.credit_memo_no = memo.invoice_no
        WHERE memo.kind = 'CM' AND memo.posted_at IS NOT NULL AND memo.gross_total > memo.settled_total AND refund.paid_at IS NULL
        """,
        also=("order_no", "detail"),
    ),
)
