"""What is always true of what we tell others."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-23",
        "No invoice, despatch advice, reminder or payment leaves twice; a payment that failed leaves anew.",
        """
        SELECT kind, payload->>'invoice_no' AS invoice_no, payload->>'shipment_no' AS shipment_no, payload->>'level' AS level,
          payload->>'supplier_invoice_no' AS supplier_invoice_no, payload->>'credit_memo_no' AS credit_memo_no,
          payload->>'attempt' AS attempt, count(*) AS times
        FROM effect WHERE kind IN ('invoice', 'despatch_advice', 'reminder', 'payment')
        GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING count(*) > 1
        """,
    ),
)
