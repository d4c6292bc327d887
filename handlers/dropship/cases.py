"""The case of a purchase order: for which customer, what the supplier says, sends and bills, and what we earn by it."""

from handlers.case_lists import CaseList
from handlers.cases import CaseKind, Part, Shown
from handlers.dropship.claims import OWED

_LINES = Part(
    "Lines",
    (
        Shown("sku", "Item", "item", under="description"),
        Shown("qty", "Ordered", "quantity", "uom"),
        Shown("confirmed_qty", "Confirmed", "quantity", odd="less"),
        Shown("qty_received", "Shipped", "quantity"),
        Shown("qty_billed", "Billed", "quantity", odd="too_many"),
        Shown("unit_price", "Price", "money", "currency"),
        Shown("confirmed_price", "Their price", "money", "currency", odd="dearer"),
        Shown("confirmed_ship", "They ship", "day", odd="later"),
        Shown("sells_at", "We sell at", "money", "sold_in"),
    ),
    """
    SELECT line.sku, line.description, line.uom, line.qty, line.confirmed_qty, line.confirmed_qty < line.qty AS less,
      nullif(line.qty_received, 0) AS qty_received, nullif(line.qty_billed, 0) AS qty_billed,
      line.qty_billed > line.qty_received AS too_many, line.unit_price, line.confirmed_price,
      line.confirmed_price > line.unit_price AS dearer,
      line.confirmed_ship, line.confirmed_ship > ordered.requested_ship AS later, ordered.currency, sold.unit_net AS sells_at,
      orders.currency AS sold_in
    FROM po_line AS line JOIN purchase_order AS ordered ON ordered.po_no = line.po_no
    JOIN fulfil_line AS part ON part.id = line.fulfil_line_id JOIN order_line AS sold ON sold.id = part.order_line_id
    JOIN sales_order AS orders ON orders.order_no = sold.order_no
    WHERE line.po_no = :number ORDER BY line.line_no
    """,
)
_ANSWERS = Part(
    "What the supplier answered",
    (
        Shown("received_at", "When", "moment"),
        Shown("code", "Answer", odd="changed", under="note"),
        Shown("document_no", "Their number"),
    ),
    """
    SELECT received_at, CASE code WHEN 'AP' THEN 'Accepted' WHEN 'CA' THEN 'Accepted with changes' ELSE 'Rejected' END AS code,
      code <> 'AP' AS changed, note, document_no
    FROM po_acknowledgement WHERE po_no = :number ORDER BY id DESC LIMIT 10
    """,
)
_BILLS = Part(
    "Their bills",
    (
        Shown("supplier_invoice_no", "Our number", under="document_no"),
        Shown("invoice_date", "Date", "day"),
        Shown("state", "State", "code", odd="refused", under="reject_reason"),
        Shown("net_total", "Net", "money", "currency"),
        Shown("freight", "Freight", "money", "currency"),
        Shown("tax_total", "Tax", "money", "currency"),
        Shown("gross_total", "Gross", "money", "currency"),
    ),
    """
    SELECT supplier_invoice_no, document_no, invoice_date, currency, net_total, nullif(freight, 0) AS freight, tax_total, gross_total,
      CASE WHEN rejected_at IS NOT NULL THEN 'REFUSED' WHEN paid_at IS NOT NULL THEN 'PAID' WHEN approved_at IS NOT NULL THEN 'OWED'
        ELSE 'NOT_MATCHED' END AS state, rejected_at IS NOT NULL AS refused, reject_reason
    FROM supplier_invoice WHERE po_no = :number ORDER BY received_at DESC LIMIT 20
    """,
)
_CREDITS = Part(
    "Their credit notes",
    (
        Shown("supplier_credit_no", "Our number", under="document_no"),
        Shown("credit_date", "Date", "day"),
        Shown("supplier_invoice_no", "On bill"),
        Shown("state", "State", "code", odd="open", under="reject_reason"),
        Shown("gross_total", "Gross", "money", "currency"),
        Shown("set_off", "Off the bill", "money", "currency"),
        Shown("claimed", "Claimed", "money", "currency"),
    ),
    f"""
    SELECT note.supplier_credit_no, note.document_no, note.credit_date, note.supplier_invoice_no, note.currency, note.gross_total,
      nullif(note.set_off, 0) AS set_off, nullif(note.claimed, 0) AS claimed, note.reject_reason,
      CASE WHEN note.rejected_at IS NOT NULL THEN 'REFUSED' WHEN note.approved_at IS NULL THEN 'NOT_POSTED'
        WHEN owed.supplier_credit_no IS NOT NULL THEN 'OWED_TO_US' ELSE 'SETTLED' END AS state,
      note.approved_at IS NULL OR owed.supplier_credit_no IS NOT NULL AS open
    FROM supplier_credit AS note LEFT JOIN ({OWED}) AS owed USING (supplier_credit_no)
    WHERE note.po_no = :number ORDER BY note.received_at DESC LIMIT 20
    """,
)
_RETURNS = Part(
    "What went back",
    (
        Shown("return_no", "Return", under="reason"),
        Shown("created_at", "Asked for", "moment"),
        Shown("expected", "Credit expected", "money", "currency"),
        Shown("state", "State", "code", odd="open", under="close_reason"),
    ),
    """
    SELECT return_no, reason, created_at, expected, currency, close_reason, closed_at IS NULL AS open,
      CASE WHEN closed_at IS NOT NULL THEN 'CLOSED' WHEN sent_at IS NOT NULL THEN 'SENT' ELSE 'DRAFT' END AS state
    FROM supplier_return WHERE po_no = :number ORDER BY created_at DESC LIMIT 20
    """,
)
_DESPATCHES = Part(
    "What they sent",
    (
        Shown("asn_no", "Despatch advice", under="document_no"),
        Shown("shipped_on", "Left", "day"),
        Shown("carrier", "Carrier", under="tracking_no"),
        Shown("shipment_no", "Booked as", "shipment"),
        Shown("reject_reason", "Sent back because"),
    ),
    """
    SELECT asn_no, document_no, shipped_on, carrier, tracking_no, shipment_no, reject_reason FROM asn WHERE po_no = :number
    ORDER BY received_at DESC LIMIT 20
    """,
)
_SUPPLIER = Part(
    "Orders to this supplier in a year",
    (
        Shown("orders", "Orders", "quantity"),
        Shown("cancelled", "Cancelled", "quantity"),
        Shown("changed", "Not accepted as ordered", "quantity"),
        Shown("late", "Shipped late", "quantity"),
    ),
    """
    SELECT count(*) AS orders, nullif(count(*) FILTER (WHERE ordered.cancelled_at IS NOT NULL), 0) AS cancelled,
      nullif(count(*) FILTER (WHERE answered.changed), 0) AS changed, nullif(count(*) FILTER (WHERE sent.late), 0) AS late
    FROM purchase_order AS ordered
    LEFT JOIN LATERAL (
      SELECT bool_or(answer.code <> 'AP') AS changed FROM po_acknowledgement AS answer WHERE answer.po_no = ordered.po_no
    ) AS answered ON true
    LEFT JOIN LATERAL (SELECT min(asn.shipped_on) > ordered.requested_ship AS late FROM asn WHERE asn.po_no = ordered.po_no) AS sent ON true
    WHERE ordered.supplier_no = :supplier_no AND ordered.created_at > business_now() - interval '1 year'
    """,
    rows=False,
)

CASES = (
    CaseKind(
        kind="purchase-order",
        noun="Purchase order",
        named="""
        SELECT po_no AS known_as, po_no AS number FROM purchase_order
        UNION ALL SELECT supplier_invoice_no, po_no FROM supplier_invoice UNION ALL SELECT asn_no, po_no FROM asn
        UNION ALL SELECT supplier_credit_no, po_no FROM supplier_credit UNION ALL SELECT return_no, po_no FROM supplier_return
        """,
        head="""
        SELECT ordered.po_no, supplier.name, supplier.name AS supplier_name, ordered.supplier_no, ordered.order_no, ordered.group_no,
          orders.customer_no, customer.name AS customer_name, ordered.currency, ordered.net_total, ordered.requested_ship,
          ordered.requested_ship < business_today() AND NOT done.received AND ordered.cancelled_at IS NULL AS late, ordered.sent_at,
          ordered.confirmed_at, nullif(ordered.reminders, 0) AS reminders, ordered.reminders > 0 AS silent, ordered.ship_to,
          ordered.cancel_reason,
          CASE WHEN ordered.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN ordered.closed_at IS NOT NULL THEN 'CLOSED'
            WHEN done.received THEN 'RECEIVED' WHEN ordered.confirmed_at IS NOT NULL THEN 'CONFIRMED'
            WHEN ordered.sent_at IS NOT NULL THEN 'SENT' ELSE 'DRAFT' END AS state,
          ARRAY[ordered.po_no, ordered.group_no] || ARRAY(SELECT supplier_invoice_no FROM supplier_invoice AS bill
            WHERE bill.po_no = ordered.po_no)
            || ARRAY(SELECT return_no FROM supplier_return AS back WHERE back.po_no = ordered.po_no) AS keys,
          ARRAY[ordered.po_no] || ARRAY(SELECT supplier_invoice_no FROM supplier_invoice AS bill WHERE bill.po_no = ordered.po_no)
            || ARRAY(SELECT return_no FROM supplier_return AS back WHERE back.po_no = ordered.po_no) AS papers
        FROM purchase_order AS ordered JOIN supplier ON supplier.supplier_no = ordered.supplier_no
        JOIN sales_order AS orders ON orders.order_no = ordered.order_no JOIN customer ON customer.customer_no = orders.customer_no
        CROSS JOIN LATERAL (
          SELECT coalesce(bool_and(line.qty_received >= coalesce(line.confirmed_qty, line.qty)), false) AS received
          FROM po_line AS line WHERE line.po_no = ordered.po_no
        ) AS done
        WHERE ordered.po_no = :number
        """,
        facts=(
            Shown("supplier_no", "Supplier", "supplier", under="supplier_name"),
            Shown("order_no", "For order", "order"),
            Shown("customer_no", "Of customer", "customer", under="customer_name"),
            Shown("group_no", "Group", "group"),
            Shown("net_total", "Net", "money", "currency"),
            Shown("requested_ship", "Should ship", "day", odd="late"),
            Shown("sent_at", "Sent", "moment"),
            Shown("confirmed_at", "Confirmed", "moment"),
            Shown("reminders", "Reminders", "quantity", odd="silent"),
            Shown("ship_to", "Ship to", "address"),
            Shown("cancel_reason", "Cancelled because"),
        ),
        parts=(_LINES, _ANSWERS, _DESPATCHES, _BILLS, _RETURNS, _CREDITS, _SUPPLIER),
    ),
)

LISTS = (
    CaseList(
        kind="purchase-order",
        title="Purchase orders",
        states=("DRAFT", "SENT", "CONFIRMED", "RECEIVED", "CLOSED", "CANCELLED"),
        shown=(
            Shown("order_no", "For order", "order"),
            Shown("requested_ship", "Should ship", "day", odd="late"),
            Shown("reminders", "Reminders", "quantity", odd="silent"),
            Shown("net_total", "Net", "money", "currency"),
        ),
        sql="""
        SELECT ordered.po_no AS number, supplier.name, ordered.order_no, ordered.requested_ship, ordered.currency, ordered.net_total,
          nullif(ordered.reminders, 0) AS reminders, ordered.reminders > 0 AS silent,
          ordered.requested_ship < business_today() AND NOT done.received AND ordered.cancelled_at IS NULL AS late,
          CASE WHEN ordered.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN ordered.closed_at IS NOT NULL THEN 'CLOSED'
            WHEN done.received THEN 'RECEIVED' WHEN ordered.confirmed_at IS NOT NULL THEN 'CONFIRMED'
            WHEN ordered.sent_at IS NOT NULL THEN 'SENT' ELSE 'DRAFT' END AS state
        FROM purchase_order AS ordered JOIN supplier ON supplier.supplier_no = ordered.supplier_no
        CROSS JOIN LATERAL (
          SELECT coalesce(bool_and(line.qty_received >= coalesce(line.confirmed_qty, line.qty)), false) AS received
          FROM po_line AS line WHERE line.po_no = ordered.po_no
        ) AS done
        """,
        empty="What a supplier ships to a customer of ours is ordered by a purchase order. It begins when an order is promised that way.",
    ),
)
