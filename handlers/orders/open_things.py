"""What can be open of orders."""

from handlers.open_things import OpenKind
from handlers.orders.hold_rules import stopping

_STOPPING = ", ".join(f"'{stage}'" for stage in stopping("promise"))

OPEN_THINGS = (
    OpenKind(
        "order",
        """
        SELECT order_no AS number, ARRAY[order_no] AS keys, order_no, created_at AS since
        FROM sales_order WHERE state = 'DRAFT'
          AND EXISTS (SELECT 1 FROM order_line AS line WHERE line.order_no = sales_order.order_no AND line.qty_ordered > line.qty_cancelled)
        """,
        also=("order_no",),
    ),
    OpenKind(
        "backordered order line",
        f"""
        SELECT waits.order_no || '/' || waits.line_no AS number, ARRAY[waits.order_no] AS keys, waits.order_no,
          orders.submitted_at AS since,
          trim_scale(waits.qty) || ' ' || waits.uom || ' of ' || waits.sku AS detail, hold.hold_code AS held_by,
          hold.release_group AS released_by, waits.schedule
        FROM (
          SELECT line.order_no, line.line_no, line.uom, line.sku, sum(part.qty - part.qty_cancelled) AS qty, 'backorder-run' AS schedule
          FROM fulfil_line AS part JOIN order_line AS line ON line.id = part.order_line_id
          WHERE part.group_no IS NULL AND part.qty > part.qty_cancelled GROUP BY line.order_no, line.line_no, line.uom, line.sku
          UNION ALL
          SELECT line.order_no, line.line_no, line.uom, line.sku, line.qty_ordered - line.qty_cancelled, NULL FROM order_line AS line
          WHERE line.qty_ordered > line.qty_cancelled AND NOT EXISTS (SELECT 1 FROM fulfil_line AS part WHERE part.order_line_id = line.id)
        ) AS waits
        JOIN sales_order AS orders ON orders.order_no = waits.order_no AND orders.state = 'SUBMITTED'
        LEFT JOIN LATERAL (
          SELECT hold.hold_code, hold.release_group FROM hold
          WHERE hold.order_no = waits.order_no AND hold.blocks IN ({_STOPPING})
            AND hold.released_at IS NULL AND (hold.until IS NULL OR hold.until > business_now())
          ORDER BY hold.id LIMIT 1
        ) AS hold ON true
        """,
        also=("order_no", "detail", "held_by", "released_by", "schedule"),
    ),
    # Promised and not yet handed to the warehouse or to a supplier, it is still with its order's process; where that has ended, the next
    # backorder run hands it over.
    OpenKind(
        "order line to ship",
        """
        SELECT line.order_no || '/' || line.line_no || ' ' || part.group_no AS number,
          ARRAY[part.group_no] || CASE WHEN EXISTS (SELECT FROM instance WHERE instance.business_key = part.group_no) THEN '{}'
            ELSE ARRAY[line.order_no] END AS keys,
          line.order_no, min(part.created_at) AS since,
          trim_scale(sum(part.qty - part.qty_cancelled - part.qty_shipped)) || ' ' || line.uom || ' of ' || line.sku AS detail,
          CASE WHEN NOT EXISTS (SELECT FROM instance WHERE instance.business_key = part.group_no) THEN 'backorder-run' END AS schedule
        FROM fulfil_line AS part JOIN order_line AS line ON line.id = part.order_line_id
        WHERE part.group_no IS NOT NULL AND part.qty - part.qty_cancelled - part.qty_shipped > 0
        GROUP BY line.order_no, line.line_no, line.uom, line.sku, part.group_no
        """,
        also=("order_no", "detail", "schedule"),
    ),
    OpenKind(
        "order change",
        """
        SELECT change_no AS number, ARRAY[order_no] AS keys, ARRAY['change-order', 'cancelled-instance'] AS carried_by, order_no,
          created_at AS since
        FROM order_change WHERE settled_at IS NULL
        """,
        also=("carried_by", "order_no"),
    ),
    OpenKind(
        "inbound message",
        """
        SELECT 'message ' || id AS number, ARRAY[coalesce(order_no, ''), 'message ' || id] AS keys, order_no, received_at AS since
        FROM inbound_message WHERE status NOT IN ('ACCEPTED', 'REJECTED', 'DUPLICATE') OR status = 'ACCEPTED' AND order_no IS NULL
        """,
        also=("order_no",),
    ),
)
