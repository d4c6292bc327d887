"""What an instance holds of shipments."""

from handlers.holdings import Holding

HOLDINGS = (
    Holding(
        "packed shipment",
        """
        SELECT shipment_no AS number, 'kg' AS unit, weight_kg AS amount,
          'Packed and not handed over: ' || package_count || CASE package_count WHEN 1 THEN ' package' ELSE ' packages' END AS sentence
        FROM shipment WHERE (group_no = :business_key OR order_no = :business_key) AND shipped_at IS NULL AND cancelled_at IS NULL
        ORDER BY shipment_no
        """,
    ),
    Holding(
        "label",
        """
        SELECT tracking_no AS number, carrier_currency AS unit, carrier_cost AS amount,
          'Label of ' || carrier || ' for ' || shipment_no AS sentence
        FROM shipment WHERE (group_no = :business_key OR order_no = :business_key) AND tracking_no <> ''
          AND shipped_at IS NULL AND kind = 'STOCK'
        ORDER BY shipment_no
        """,
    ),
    Holding(
        "unbilled shipment",
        """
        SELECT shipment.shipment_no AS number, sales_order.currency AS unit,
          round(sum((line.qty_shipped - line.qty_invoiced) * sold.unit_net), 2) AS amount,
          'Left on ' || shipment.shipped_at::date || ' and is not billed' AS sentence
        FROM shipment JOIN shipment_line AS inside USING (shipment_no) JOIN fulfil_line AS line ON line.id = inside.fulfil_line_id
        JOIN order_line AS sold ON sold.id = line.order_line_id JOIN sales_order ON sales_order.order_no = shipment.order_no
        WHERE (shipment.group_no = :business_key OR shipment.order_no = :business_key) AND shipment.shipped_at IS NOT NULL
          AND line.qty_shipped > line.qty_invoiced
        GROUP BY shipment.shipment_no, shipment.shipped_at, sales_order.currency ORDER BY shipment.shipment_no
        """,
    ),
)
