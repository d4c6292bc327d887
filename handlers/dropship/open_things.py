"""What can be open with suppliers who ship to our customers: orders, and the papers they send.

A paper is moved by its own process alone: that of the order waits for the goods and the bills, and may end without it.
"""

from handlers.dropship.claims import OWED
from handlers.dropship.returned import WITH_US
from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "purchase order",
        """
        SELECT ordered.po_no AS number, ARRAY[ordered.po_no, ordered.group_no] AS keys, ordered.order_no, ordered.created_at AS since
        FROM purchase_order AS ordered
        WHERE ordered.cancelled_at IS NULL AND ordered.closed_at IS NULL
        """,
        also=("order_no",),
    ),
    OpenKind(
        "despatch advice",
        """
        SELECT asn.asn_no AS number, ARRAY[asn.asn_no, asn.po_no, ordered.group_no] AS keys, ARRAY[asn.asn_no] AS carriers,
          ordered.order_no, asn.received_at AS since
        FROM asn JOIN purchase_order AS ordered USING (po_no)
        WHERE asn.shipment_no IS NULL AND asn.rejected_at IS NULL
        """,
        also=("carriers", "order_no"),
    ),
    OpenKind(
        "supplier invoice",
        """
        SELECT bill.supplier_invoice_no AS number, ARRAY[bill.supplier_invoice_no, bill.po_no, ordered.group_no] AS keys,
          ARRAY[bill.supplier_invoice_no] AS carriers, ordered.order_no, bill.received_at AS since
        FROM supplier_invoice AS bill JOIN purchase_order AS ordered USING (po_no)
        WHERE bill.paid_at IS NULL AND bill.rejected_at IS NULL
        """,
        also=("carriers", "order_no"),
    ),
    OpenKind(
        "supplier credit note",
        """
        SELECT note.supplier_credit_no AS number, ARRAY[note.supplier_credit_no, note.po_no, ordered.group_no] AS keys,
          ARRAY[note.supplier_credit_no] AS carriers,
          ordered.order_no, note.received_at AS since
        FROM supplier_credit AS note JOIN purchase_order AS ordered USING (po_no)
        WHERE note.approved_at IS NULL AND note.rejected_at IS NULL
        """,
        also=("carriers", "order_no"),
    ),
    OpenKind(
        "return to supplier",
        """
        SELECT back.return_no AS number, ARRAY[back.return_no, back.po_no, ordered.group_no] AS keys, ARRAY[back.return_no] AS carriers,
          ordered.order_no, back.created_at AS since,
          round(back.expected, 2) || ' ' || back.currency AS detail
        FROM supplier_return AS back JOIN purchase_order AS ordered USING (po_no) WHERE back.closed_at IS NULL
        """,
        also=("carriers", "order_no", "detail"),
    ),
    OpenKind(
        "claim on supplier",
        f"""
        SELECT owed.supplier_credit_no AS number, ARRAY[owed.supplier_credit_no, owed.po_no, ordered.group_no] AS keys,
          ARRAY[owed.supplier_credit_no] AS carriers,
          ordered.order_no, owed.approved_at AS since, round(owed.claimed, 2) || ' ' || owed.currency AS detail
        FROM ({OWED}) AS owed JOIN purchase_order AS ordered USING (po_no)
        """,
        also=("carriers", "order_no", "detail"),
    ),
    OpenKind(
        "returned payment",
        f"""
        SELECT reference AS number, ARRAY['returned-' || reference] AS keys, CAST(gl_date AS timestamptz) AS since,
          round(amount, 2) || ' ' || currency AS detail, 'returned-payment-run' AS schedule
        FROM ({WITH_US}) AS back
        """,
        also=("detail", "schedule"),
    ),
)
