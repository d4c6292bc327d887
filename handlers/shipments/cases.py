"""The case of a shipment: what is in it, where it goes, who carries it."""

from handlers.case_lists import CaseList
from handlers.cases import CaseKind, Part, Shown
from handlers.parties.cases import WITH_CUSTOMER

CASES = (
    CaseKind(
        kind="shipment",
        noun="Shipment",
        named="SELECT shipment_no AS known_as, shipment_no AS number FROM shipment",
        head="""
        SELECT sent.shipment_no, sent.order_no, sent.group_no, orders.customer_no, customer.name, customer.name AS customer_name,
          orders.customer_po, coalesce(house.name, supplier.name) AS place, sent.carrier, sent.service, sent.tracking_no, sent.carrier_cost,
          sent.carrier_currency, nullif(sent.package_count, 0) AS package_count, nullif(sent.weight_kg, 0) AS weight_kg, 'kg' AS kg,
          sent.packed_at, sent.shipped_at, sent.delivered_at, sent.track_status, sent.signed_by, orders.ship_to, promise.promised,
          promise.promised < business_today() AND sent.delivered_at IS NULL AND sent.cancelled_at IS NULL AS late,
          CASE WHEN sent.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN sent.delivered_at IS NOT NULL THEN 'DELIVERED'
            WHEN sent.shipped_at IS NOT NULL THEN 'SHIPPED' WHEN sent.packed_at IS NOT NULL THEN 'PACKED' ELSE 'PLANNED' END AS state,
          ARRAY[sent.shipment_no, sent.group_no] AS keys, ARRAY[sent.shipment_no, sent.group_no] AS papers
        FROM shipment AS sent JOIN sales_order AS orders ON orders.order_no = sent.order_no
        JOIN customer ON customer.customer_no = orders.customer_no
        JOIN fulfil_group AS grouped ON grouped.group_no = sent.group_no
        LEFT JOIN warehouse AS house ON house.code = grouped.warehouse_code
        LEFT JOIN supplier ON supplier.supplier_no = grouped.supplier_no
        CROSS JOIN LATERAL (
          SELECT max(part.sched_arrive) AS promised FROM fulfil_line AS part WHERE part.group_no = sent.group_no
        ) AS promise
        WHERE sent.shipment_no = :number
        """,
        facts=(
            Shown("order_no", "Order", "order"),
            Shown("group_no", "Group", "group"),
            Shown("customer_no", "Customer", "customer", under="customer_name"),
            Shown("customer_po", "Their purchase order"),
            Shown("place", "From"),
            Shown("carrier", "Carrier", under="service"),
            Shown("tracking_no", "Tracking", "mono"),
            Shown("carrier_cost", "Carriage", "money", "carrier_currency"),
            Shown("package_count", "Packages", "quantity"),
            Shown("weight_kg", "Weight", "quantity", "kg"),
            Shown("packed_at", "Packed", "moment"),
            Shown("shipped_at", "Left", "moment"),
            Shown("promised", "Should arrive", "day", odd="late"),
            Shown("delivered_at", "Arrived", "moment"),
            Shown("track_status", "The carrier says"),
            Shown("signed_by", "Signed for by"),
            Shown("ship_to", "Ship to", "address"),
        ),
        parts=(
            Part(
                "Items",
                (Shown("sku", "Item", "item", under="name"), Shown("qty", "Quantity", "quantity", "uom")),
                """
                SELECT part.sku, item.name, line.uom, sum(sent.qty) AS qty
                FROM shipment_line AS sent JOIN fulfil_line AS part ON part.id = sent.fulfil_line_id
                JOIN order_line AS line ON line.id = part.order_line_id JOIN item ON item.sku = part.sku
                WHERE sent.shipment_no = :number GROUP BY part.sku, item.name, line.uom ORDER BY part.sku
                """,
            ),
            Part(
                "Packages",
                (Shown("package_no", "Package", "quantity"), Shown("sscc", "SSCC", "mono"), Shown("weight_kg", "Weight", "quantity", "kg")),
                """
                SELECT package_no, sscc, weight_kg, 'kg' AS kg FROM package WHERE shipment_no = :number ORDER BY package_no
                """,
                folded=True,
            ),
            *WITH_CUSTOMER,
        ),
    ),
)

LISTS = (
    CaseList(
        kind="shipment",
        title="Shipments",
        states=("PLANNED", "PACKED", "SHIPPED", "DELIVERED", "CANCELLED"),
        shown=(
            Shown("order_no", "Order", "order"),
            Shown("place", "From"),
            Shown("carrier", "Carrier", under="tracking_no"),
            Shown("shipped_at", "Left", "day"),
            Shown("delivered_at", "Arrived", "day"),
        ),
        sql="""
        SELECT sent.shipment_no AS number, customer.name, sent.order_no, coalesce(grouped.warehouse_code, grouped.supplier_no) AS place,
          sent.carrier, sent.tracking_no, sent.shipped_at, sent.delivered_at,
          CASE WHEN sent.cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN sent.delivered_at IS NOT NULL THEN 'DELIVERED'
            WHEN sent.shipped_at IS NOT NULL THEN 'SHIPPED' WHEN sent.packed_at IS NOT NULL THEN 'PACKED' ELSE 'PLANNED' END AS state
        FROM shipment AS sent JOIN sales_order AS orders ON orders.order_no = sent.order_no
        JOIN customer ON customer.customer_no = orders.customer_no JOIN fulfil_group AS grouped ON grouped.group_no = sent.group_no
        """,
        empty="A shipment begins when the warehouse picks a group, or when a supplier says that it has sent one.",
    ),
)
