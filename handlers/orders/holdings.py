"""What an instance holds of an order."""

from handlers.holdings import Holding

HOLDINGS = (
    Holding(
        "order",
        """
        SELECT sales_order.order_no AS number, sales_order.currency AS unit, sales_order.gross_total AS amount,
          'Order of ' || customer.name || ', ' || lower(status.status) || ': ' || trim_scale(status.qty_ordered - status.qty_cancelled
          - status.qty_shipped) || ' not shipped' AS sentence
        FROM sales_order JOIN customer USING (customer_no) JOIN order_status AS status USING (order_no)
        WHERE sales_order.order_no = :business_key
          AND status.status NOT IN ('REJECTED', 'CANCELLED', 'SHIPPED', 'PARTIALLY_BILLED', 'CLOSED')
        """,
    ),
    Holding(
        "fulfilment lines",
        """
        SELECT coalesce(line.group_no, min(line.order_no)) AS number, sold.uom AS unit,
          sum(line.qty - line.qty_cancelled - line.qty_shipped) AS amount,
          'To ship: ' || trim_scale(sum(line.qty - line.qty_cancelled - line.qty_shipped)) || ' ' || sold.uom || ' of ' || line.sku
            AS sentence
        FROM fulfil_line AS line JOIN order_line AS sold ON sold.id = line.order_line_id
        WHERE (line.group_no = :business_key OR line.order_no = :business_key) AND line.qty - line.qty_cancelled - line.qty_shipped > 0
        GROUP BY line.group_no, sold.uom, line.sku ORDER BY line.group_no, line.sku
        """,
    ),
)
