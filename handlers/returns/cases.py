"""The case of a return: what comes back of which invoice, why, what was found, and what it was credited with."""

from handlers.case_lists import CaseList
from handlers.cases import CaseKind, Part, Shown
from handlers.parties.cases import WITH_CUSTOMER

_STATE = """
CASE WHEN back.refused_at IS NOT NULL THEN 'REFUSED' WHEN back.closed_at IS NOT NULL THEN 'CLOSED'
  WHEN back.inspected_at IS NOT NULL THEN 'INSPECTED' WHEN back.received_at IS NOT NULL THEN 'RECEIVED'
  WHEN back.accepted_at IS NOT NULL THEN 'ACCEPTED' ELSE 'REQUESTED' END
"""
_REASON = """
CASE back.reason WHEN 'DAMAGED' THEN 'Damaged on the way' WHEN 'DEFECTIVE' THEN 'Does not work'
  WHEN 'WRONG_ITEM' THEN 'Something else was sent' WHEN 'NOT_ORDERED' THEN 'More was sent than ordered' ELSE 'Not wanted after all' END
"""

CASES = (
    CaseKind(
        kind="return",
        noun="Return",
        named="SELECT rma_no AS known_as, rma_no AS number FROM return_authorization",
        head=f"""
        SELECT back.rma_no, back.invoice_no, back.order_no, back.customer_no, customer.name, customer.name AS customer_name, back.note,
          {_REASON} AS reason, back.requested_by, back.requested_at, house.name AS place, nullif(back.restocking_fee_pct, 0) AS fee_pct,
          back.accepted_at, back.refused_at, back.refused_because, back.received_at, back.inspected_at, back.closed_at,
          memo.invoice_no AS credit_memo_no, memo.gross_total, memo.currency, nullif(memo.gross_total - memo.settled_total, 0) AS refund,
          refund.paid_at AS refunded_at, {_STATE} AS state, ARRAY[back.rma_no] AS keys,
          ARRAY[back.rma_no, coalesce(memo.invoice_no, '')] AS papers
        FROM return_authorization AS back JOIN customer USING (customer_no) JOIN warehouse AS house ON house.code = back.warehouse_code
        LEFT JOIN invoice AS memo ON memo.rma_no = back.rma_no
        LEFT JOIN refund ON refund.credit_memo_no = memo.invoice_no
        WHERE back.rma_no = :number
        """,
        facts=(
            Shown("invoice_no", "Invoice", "invoice"),
            Shown("order_no", "Order", "order"),
            Shown("customer_no", "Customer", "customer", under="customer_name"),
            Shown("reason", "Reason", under="note"),
            Shown("requested_by", "Asked by"),
            Shown("requested_at", "Asked", "moment"),
            Shown("place", "Comes back to"),
            Shown("fee_pct", "Restocking fee", "percent"),
            Shown("accepted_at", "Accepted", "moment"),
            Shown("refused_at", "Refused", "moment", under="refused_because"),
            Shown("received_at", "Received", "moment"),
            Shown("inspected_at", "Inspected", "moment"),
            Shown("credit_memo_no", "Credit memo", "invoice"),
            Shown("gross_total", "Credited", "money", "currency"),
            Shown("refund", "To refund", "money", "currency"),
            Shown("refunded_at", "Refunded", "moment"),
            Shown("closed_at", "Closed", "moment"),
        ),
        parts=(
            Part(
                "Goods",
                (
                    Shown("line_no", "Line", "quantity"),
                    Shown("sku", "Item", "item", under="description"),
                    Shown("qty", "May come", "quantity", "uom"),
                    Shown("qty_received", "Came", "quantity", "uom"),
                    Shown("qty_restocked", "Sold again", "quantity", "uom"),
                    Shown("qty_scrapped", "Scrapped", "quantity", "uom", odd="scrapped"),
                    Shown("unit_price", "Sold for", "money", "currency"),
                ),
                """
                SELECT line.line_no, line.sku, charged.description, charged.uom, line.qty, line.qty_received, line.qty_restocked,
                  line.qty_scrapped, line.qty_scrapped > 0 AS scrapped, charged.unit_price, sold.currency
                FROM return_line AS line JOIN invoice_line AS charged ON charged.id = line.invoice_line_id
                JOIN invoice AS sold ON sold.invoice_no = charged.invoice_no
                WHERE line.rma_no = :number ORDER BY line.line_no
                """,
            ),
            *WITH_CUSTOMER,
        ),
    ),
)

LISTS = (
    CaseList(
        kind="return",
        title="Returns",
        states=("REQUESTED", "ACCEPTED", "RECEIVED", "INSPECTED", "CLOSED", "REFUSED"),
        shown=(
            Shown("order_no", "Order", "order"),
            Shown("invoice_no", "Invoice", "invoice"),
            Shown("reason", "Reason"),
            Shown("requested_at", "Asked", "day"),
            Shown("credited", "Credited", "money", "currency"),
        ),
        sql=f"""
        SELECT back.rma_no AS number, customer.name, back.order_no, back.invoice_no, {_REASON} AS reason, back.requested_at,
          memo.gross_total AS credited, memo.currency, {_STATE} AS state
        FROM return_authorization AS back JOIN customer USING (customer_no)
        LEFT JOIN invoice AS memo ON memo.rma_no = back.rma_no AND memo.posted_at IS NOT NULL
        """,
        empty="A return begins on the page of the invoice whose goods come back.",
    ),
)
