"""What is always true of quotes."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-20",
        "Nobody approved a quote of their own or above their limit, and what was sent or ordered is what was approved.",
        """
        SELECT approval.quote_no, approval.approver, approval.amount, approval.amount_limit, 'approver' AS what
        FROM quote_approval AS approval JOIN quote USING (quote_no)
        WHERE approval.approver = quote.requester OR approval.amount > approval.amount_limit
        UNION ALL
        SELECT quote.quote_no, quote.requester, quote.net_total, NULL, 'not what was approved'
        FROM quote
        WHERE quote.state IN ('SENT', 'ORDERED', 'PARTIALLY_ORDERED')
          AND (quote.approved_hash = '' OR quote.approved_hash <> quote.snapshot_hash)
        """,
    ),
    Invariant(
        "INV-22",
        "No quote that is ordered, lost, expired or withdrawn is still waited for.",
        """
        SELECT quote.quote_no, quote.state, instance.updated_at
        FROM instance JOIN quote ON quote.quote_no = instance.business_key
        WHERE instance.process_key = 'quote-to-order' AND instance.state = 'waiting' AND instance.wake = instance.done
          AND quote.state IN ('ORDERED', 'PARTIALLY_ORDERED', 'LOST', 'EXPIRED', 'WITHDRAWN')
        """,
    ),
)
