"""The cases of an order and of one of its fulfilment groups."""

from handlers.case_lists import CaseList
from handlers.cases import CaseKind, Part, Shown
from handlers.parties.cases import WITH_CUSTOMER

_LINES = Part(
    "Lines",
    (
        Shown("sku", "Item", "item", under="description"),
        Shown("qty", "Ordered", "quantity", "uom"),
        Shown("unit_net", "Unit price", "money", "currency"),
        Shown("stated_price", "They say", "money", "currency", odd="differs"),
        Shown("margin_pct", "Margin", "percent", odd="under_floor"),
        Shown("line_net", "Net", "money", "currency"),
        Shown("promised_arrival", "Arrives", "day", odd="late"),
        Shown("shipped", "Shipped", "quantity"),
        Shown("free", "Free stock", "quantity", odd="short"),
    ),
    """
    SELECT line.sku, coalesce(nullif(line.description, ''), item.name, line.item_ref) AS description, line.uom, line.line_no,
      line.qty_ordered - line.qty_cancelled AS qty, nullif(sent.shipped, 0) AS shipped, line.promised_arrival,
      line.promised_arrival > line.first_promised OR line.promised_arrival < business_today() AND sent.shipped < line.qty_ordered
        - line.qty_cancelled AS late,
      line.unit_net, line.stated_price, line.stated_price <> line.unit_net AS differs, line.line_net, orders.currency,
      CASE WHEN sent.shipped < line.qty_ordered - line.qty_cancelled AND item.sourcing = 'STOCK' THEN coalesce(stock.free, 0) END AS free,
      stock.free < line.qty_ordered - line.qty_cancelled - sent.shipped - sent.reserved AS short, margin.pct AS margin_pct,
      margin.pct < class.margin_floor_pct AS under_floor
    FROM order_line AS line JOIN sales_order AS orders ON orders.order_no = line.order_no
    LEFT JOIN item ON item.sku = line.sku LEFT JOIN item_class AS class ON class.code = item.item_class
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(part.qty_shipped), 0) AS shipped, coalesce(sum(part.qty_reserved), 0) AS reserved
      FROM fulfil_line AS part WHERE part.order_line_id = line.id
    ) AS sent
    CROSS JOIN LATERAL (
      SELECT sum(balance.on_hand - balance.reserved) AS free FROM stock_balance AS balance WHERE balance.sku = line.sku
    ) AS stock
    CROSS JOIN LATERAL (
      SELECT CASE WHEN line.line_net > line.header_discount THEN round(100 * (line.line_net - line.header_discount - line.cost
        * line.qty_ordered) / (line.line_net - line.header_discount), 1) END AS pct
    ) AS margin
    WHERE line.order_no = :order_no ORDER BY line.line_no
    """,
)
_CREDIT = Part(
    "Credit, as it was checked last",
    (
        Shown("decision", "Decided", "code", odd="refused", under="reason"),
        Shown("decided_by", "By", "decider"),
        Shown("checked_at", "Checked", "moment"),
        Shown("order_total", "Asked for", "money", "currency", odd="too_much"),
        Shown("available", "Available", "money", "currency", odd="too_much"),
        Shown("credit_limit", "Credit limit", "money", "currency"),
        Shown("exposure", "Exposure", "money", "currency"),
        Shown("open_ar", "Of it invoiced", "money", "currency"),
        Shown("overdue", "Of that overdue", "money", "currency", odd="late"),
        Shown("shipped_not_invoiced", "Shipped, not invoiced", "money", "currency"),
        Shown("booked_not_shipped", "Ordered, not shipped", "money", "currency"),
        Shown("unapplied", "Paid, not applied", "money", "currency"),
        Shown("secured", "Secured", "money", "currency"),
        Shown("oldest_overdue_days", "Oldest overdue", "days", odd="late"),
        Shown("overdue_share_pct", "Overdue share", "percent", odd="late"),
        Shown("dunning_level", "Reminder level", "quantity", odd="dunned"),
    ),
    """
    SELECT checked.decision, checked.reason, checked.decided_by, checked.checked_at, checked.order_total, checked.available,
      checked.credit_limit, checked.exposure, checked.open_ar, checked.shipped_not_invoiced, checked.booked_not_shipped, checked.currency,
      nullif(checked.overdue, 0) AS overdue, nullif(checked.unapplied, 0) AS unapplied, nullif(checked.secured, 0) AS secured,
      nullif(checked.oldest_overdue_days, 0) AS oldest_overdue_days, nullif(checked.overdue_share_pct, 0) AS overdue_share_pct,
      nullif(checked.dunning_level, 0) AS dunning_level, checked.order_total > checked.available AS too_much, checked.overdue > 0 AS late,
      checked.dunning_level > 0 AS dunned, checked.decision NOT IN ('APPROVED', '') AS refused
    FROM credit_check AS checked WHERE checked.order_no = :order_no ORDER BY checked.id DESC LIMIT 1
    """,
    rows=False,
)
_HOLDS = Part(
    "Holds",
    (
        Shown("hold_code", "Hold", "code", odd="active", under="reason"),
        Shown("applied_at", "Since", "moment"),
        Shown("applied_by", "By", "decider"),
        Shown("released_at", "Released", "moment", under="release_reason"),
        Shown("released_by", "By", "decider"),
    ),
    """
    SELECT hold_code, reason, applied_at, applied_by, released_at, release_reason, released_by, released_at IS NULL AS active
    FROM hold WHERE order_no = :order_no ORDER BY released_at IS NOT NULL, applied_at DESC LIMIT 20
    """,
)
_GROUPS = Part(
    "Fulfilment",
    (
        Shown("group_no", "Group", "group"),
        Shown("place", "From"),
        Shown("ship_date", "Ships", "day", odd="late"),
        Shown("shipment_no", "Shipment", "shipment"),
        Shown("shipped_at", "Left", "day"),
        Shown("delivered_at", "Arrived", "day"),
        Shown("invoice_no", "Invoice", "invoice"),
        Shown("open_amount", "Open", "money", "currency", odd="overdue"),
    ),
    """
    SELECT grouped.group_no, coalesce(grouped.warehouse_code, grouped.supplier_no) AS place, grouped.ship_date,
      grouped.ship_date < business_today() AND sent.shipped_at IS NULL AND grouped.cancelled_at IS NULL AS late, sent.shipment_no,
      sent.shipped_at, sent.delivered_at, billed.invoice_no, owed.open_amount, owed.currency,
      owed.open_amount > 0 AND owed.due_date < business_today() AS overdue
    FROM fulfil_group AS grouped
    LEFT JOIN shipment AS sent ON sent.group_no = grouped.group_no AND sent.cancelled_at IS NULL
    LEFT JOIN invoice AS billed ON billed.kind = 'INV' AND billed.cancelled_at IS NULL AND billed.invoice_no IN (
      SELECT charged.invoice_no FROM invoice_line AS charged JOIN shipment_line AS packed ON packed.id = charged.shipment_line_id
      WHERE packed.shipment_no = sent.shipment_no)
    LEFT JOIN open_item AS owed ON owed.kind = 'AR' AND owed.document_no = billed.invoice_no AND owed.party_no = billed.customer_no
    WHERE grouped.order_no = :order_no ORDER BY grouped.group_no, sent.shipment_no LIMIT 50
    """,
)
_HEAD = (
    Shown("customer_no", "Customer", "customer", under="customer_name"),
    Shown("customer_po", "Their purchase order"),
    Shown("source", "Came by", "code"),
    Shown("ordered_on", "Ordered", "day"),
    Shown("requested_date", "Wanted", "day"),
    Shown("promised", "Promised", "day", odd="too_late"),
)
_MONEY = (
    Shown("net_total", "Net", "money", "currency"),
    Shown("gross_total", "Gross", "money", "currency"),
    Shown("stated_total", "They say", "money", "currency", odd="differs"),
)
_TERMS = (
    Shown("net_days", "Pays within", "days"),
    Shown("ship_complete", "Ships only when complete", "flag"),
    Shown("ship_to", "Ship to", "address"),
)
_ORDER = """
orders.order_no, orders.customer_no, customer.name, customer.name AS customer_name, orders.customer_po, orders.source, orders.ordered_on,
orders.requested_date, orders.currency, orders.net_total, orders.gross_total, orders.stated_total, orders.stated_total <> orders.net_total
AND orders.stated_total <> orders.gross_total AS differs, orders.net_days, orders.ship_complete, orders.ship_to
"""
_TO_PICK = Part(
    "Items",
    (
        Shown("sku", "Item", "item", under="name"),
        Shown("qty", "To ship", "quantity", "uom"),
        Shown("reserved", "Reserved", "quantity", odd="short"),
        Shown("on_hand", "On the shelf", "quantity", odd="missing"),
        Shown("lots", "Lots"),
        Shown("picked", "Picked", "quantity"),
        Shown("shipped", "Shipped", "quantity"),
        Shown("weight_kg", "Weight", "quantity", "kg"),
    ),
    """
    SELECT part.sku, item.name, line.uom, sum(part.qty - part.qty_cancelled) AS qty, nullif(sum(part.qty_reserved), 0) AS reserved,
      sum(part.qty_reserved) < sum(part.qty - part.qty_cancelled - part.qty_shipped) AND bool_and(part.source_type = 'STOCK') AS short,
      max(shelf.on_hand) AS on_hand, max(shelf.on_hand) < sum(part.qty - part.qty_cancelled - part.qty_shipped) AS missing,
      max(shelf.lots) AS lots, nullif(sum(part.qty_picked), 0) AS picked, nullif(sum(part.qty_shipped), 0) AS shipped,
      nullif(max(item.weight_kg) * sum(part.qty - part.qty_cancelled), 0) AS weight_kg, 'kg' AS kg
    FROM fulfil_line AS part JOIN order_line AS line ON line.id = part.order_line_id JOIN item ON item.sku = part.sku
    LEFT JOIN LATERAL (
      SELECT sum(balance.on_hand) AS on_hand, string_agg(nullif(balance.lot, ''), ', ' ORDER BY balance.expires_on, balance.lot)
          FILTER (WHERE balance.on_hand > 0) AS lots
      FROM stock_balance AS balance WHERE balance.sku = part.sku AND balance.warehouse_code = part.warehouse_code
    ) AS shelf ON true
    WHERE part.group_no = :number GROUP BY part.sku, item.name, line.uom ORDER BY part.sku
    """,
)

CASES = (
    CaseKind(
        kind="order",
        noun="Order",
        named="SELECT order_no AS known_as, order_no AS number FROM sales_order",
        head=f"""
        SELECT {_ORDER}, CASE WHEN derived.on_hold THEN 'ON_HOLD' ELSE derived.status END AS state, promise.promised,
          promise.promised > orders.requested_date OR promise.promised > promise.first AS too_late, orders.state_reason,
          made.keys || CASE WHEN orders.source = 'QUOTE' THEN ARRAY[split_part(orders.source_ref, ':', 1)] ELSE '{{}}' END AS keys,
          made.keys || made.papers AS papers,
          CASE WHEN orders.source = 'QUOTE' THEN split_part(orders.source_ref, ':', 1) END AS quote_no
        FROM sales_order AS orders JOIN customer ON customer.customer_no = orders.customer_no
        JOIN order_status AS derived ON derived.order_no = orders.order_no
        CROSS JOIN LATERAL (
          SELECT max(promised_arrival) AS promised, max(first_promised) AS first FROM order_line WHERE order_line.order_no = orders.order_no
        ) AS promise
        CROSS JOIN LATERAL (
          SELECT orders.order_no || ARRAY(SELECT group_no FROM fulfil_group WHERE fulfil_group.order_no = orders.order_no) AS keys,
            ARRAY(SELECT shipment_no FROM shipment WHERE shipment.order_no = orders.order_no
                  UNION ALL SELECT DISTINCT invoice_no FROM invoice_line WHERE invoice_line.order_no = orders.order_no
                  UNION ALL SELECT po_no FROM purchase_order WHERE purchase_order.order_no = orders.order_no) AS papers
        ) AS made
        WHERE orders.order_no = :number
        """,
        facts=(*_HEAD, Shown("quote_no", "From quote", "quote"), *_MONEY, *_TERMS, Shown("state_reason", "Because")),
        parts=(_LINES, _CREDIT, _HOLDS, _GROUPS, *WITH_CUSTOMER),
    ),
    CaseKind(
        kind="group",
        noun="Fulfilment group",
        named="SELECT group_no AS known_as, group_no AS number FROM fulfil_group",
        head=f"""
        SELECT {_ORDER}, grouped.group_no, coalesce(house.name, supplier.name) AS place, grouped.ship_date,
          grouped.ship_date < business_today() AND left_us.at IS NULL AS too_late,
          CASE WHEN grouped.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN left_us.at IS NOT NULL THEN 'SHIPPED'
            WHEN grouped.released_at IS NOT NULL THEN 'RELEASED' ELSE 'PLANNED' END AS state,
          ordered.po_no, ARRAY[grouped.group_no, grouped.order_no] AS keys,
          ARRAY[grouped.group_no] || ARRAY(SELECT shipment_no FROM shipment WHERE shipment.group_no = grouped.group_no) AS papers
        FROM fulfil_group AS grouped JOIN sales_order AS orders ON orders.order_no = grouped.order_no
        JOIN customer ON customer.customer_no = orders.customer_no
        LEFT JOIN warehouse AS house ON house.code = grouped.warehouse_code
        LEFT JOIN supplier ON supplier.supplier_no = grouped.supplier_no
        LEFT JOIN LATERAL (
          SELECT max(shipped_at) AS at FROM shipment WHERE shipment.group_no = grouped.group_no AND shipment.cancelled_at IS NULL
        ) AS left_us ON true
        LEFT JOIN LATERAL (
          SELECT max(po_no) AS po_no FROM purchase_order AS bought
          WHERE bought.group_no = grouped.group_no AND bought.cancelled_at IS NULL
        ) AS ordered ON true
        WHERE grouped.group_no = :number
        """,
        facts=(
            Shown("order_no", "Order", "order"),
            Shown("customer_no", "Customer", "customer", under="customer_name"),
            Shown("customer_po", "Their purchase order"),
            Shown("place", "From"),
            Shown("ship_date", "Ships", "day", odd="too_late"),
            Shown("requested_date", "Wanted", "day"),
            Shown("po_no", "Purchase order", "purchase-order"),
            *_TERMS[1:],
        ),
        parts=(_TO_PICK, _HOLDS, *WITH_CUSTOMER),
    ),
)

LISTS = (
    CaseList(
        kind="group",
        title="To ship",
        states=("PLANNED", "RELEASED", "SHIPPED", "CANCELLED"),
        shown=(
            Shown("order_no", "Order", "order"),
            Shown("place", "From"),
            Shown("ship_date", "Ships", "day", odd="late"),
            Shown("lines", "Lines", "quantity"),
        ),
        sql="""
        SELECT grouped.group_no AS number, customer.name, grouped.order_no, coalesce(grouped.warehouse_code, grouped.supplier_no) AS place,
          grouped.ship_date, part.lines,
          part.left_over > 0 AND grouped.cancelled_at IS NULL AND grouped.ship_date < business_today() AS late,
          CASE WHEN grouped.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN part.left_over <= 0 THEN 'SHIPPED'
            WHEN grouped.released_at IS NOT NULL THEN 'RELEASED' ELSE 'PLANNED' END AS state
        FROM fulfil_group AS grouped JOIN sales_order AS orders ON orders.order_no = grouped.order_no
        JOIN customer ON customer.customer_no = orders.customer_no
        CROSS JOIN LATERAL (
          SELECT count(*) AS lines, coalesce(sum(part.qty - part.qty_cancelled - part.qty_shipped), 0) AS left_over
          FROM fulfil_line AS part WHERE part.group_no = grouped.group_no
        ) AS part
        """,
        empty="What one warehouse or supplier ships of an order on one day is a group. Groups appear as soon as an order is promised.",
    ),
)
