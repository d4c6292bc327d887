"""What an instance holds of the stock."""

from handlers.holdings import Holding

HOLDINGS = (
    Holding(
        "reservation",
        """
        SELECT balance.sku AS number, item.uom AS unit, sum(reservation.qty) AS amount,
          'Reserved: ' || trim_scale(sum(reservation.qty)) || ' ' || item.uom || ' of ' || balance.sku || ' in ' || balance.warehouse_code
            AS sentence
        FROM reservation JOIN stock_balance AS balance ON balance.id = reservation.balance_id JOIN item ON item.sku = balance.sku
        JOIN fulfil_line AS line ON line.id = reservation.fulfil_line_id
        WHERE reservation.state = 'ACTIVE' AND (line.group_no = :business_key OR line.order_no = :business_key)
        GROUP BY balance.sku, item.uom, balance.warehouse_code ORDER BY balance.sku
        """,
    ),
)
