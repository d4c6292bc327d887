"""What can be open of orders."""

from handlers.open_things import OpenKind
from handlers.orders.rules import HOLDS, blocks

_STOPPING = ", ".join(f"('{code}', '{HOLDS[code].release_group}')" for code in sorted(HOLDS) if blocks(code, "promise"))

OPEN_THINGS = (
    OpenKind(
        "order",
        """
        SELECT order_no AS number, ARRAY[order_no] AS keys, created_at AS since
        FROM sales_order WHERE state = 'DRAFT'
          AND EXISTS (SELECT 1 FROM order_line AS line WHERE line.order_no = sales_order.order_no AND line.qty_ordered > line.qty_cancelled)
        """,
    ),
    OpenKind(
        "backordered order line",
        f"""
        SELECT line.order_no || '/' || line.line_no AS number, ARRAY[line.order_no] AS keys, orders.submitted_at AS since,
          hold.hold_code AS held_by, hold.release_group AS released_by,
          CASE WHEN planned.is_backorder THEN 'backorder-run' END AS schedule
        FROM order_line AS line JOIN sales_order AS orders USING (order_no)
        CROSS JOIN LATERAL (
          SELECT coalesce(sum(part.qty - part.qty_cancelled) FILTER (WHERE part.group_no IS NOT NULL), 0) AS qty,
            coalesce(bool_or(part.group_no IS NULL AND part.qty > part.qty_cancelled), false) AS is_backorder
          FROM fulfil_line AS part WHERE part.order_line_id = line.id
        ) AS planned
        LEFT JOIN LATERAL (
          SELECT hold.hold_code, stopping.release_group
          FROM hold JOIN (VALUES {_STOPPING}) AS stopping(code, release_group) ON stopping.code = hold.hold_code
          WHERE hold.order_no = line.order_no AND hold.released_at IS NULL AND (hold.until IS NULL OR hold.until > business_now())
          ORDER BY hold.id LIMIT 1
        ) AS hold ON true
        WHERE orders.state = 'SUBMITTED' AND line.qty_ordered - line.qty_cancelled > planned.qty
        """,
        also=("held_by", "released_by", "schedule"),
    ),
    OpenKind(
        "order line to ship",
        """
        SELECT line.order_no || '/' || line.line_no || ' ' || part.group_no AS number, ARRAY[part.group_no] AS keys,
          min(part.created_at) AS since
        FROM fulfil_line AS part JOIN order_line AS line ON line.id = part.order_line_id
        WHERE part.group_no IS NOT NULL AND part.qty - part.qty_cancelled - part.qty_shipped > 0
        GROUP BY line.order_no, line.line_no, part.group_no
        """,
    ),
    OpenKind(
        "inbound message",
        """
        SELECT 'message ' || id AS number, ARRAY[coalesce(order_no, ''), 'message ' || id] AS keys, received_at AS since
        FROM inbound_message WHERE status NOT IN ('ACCEPTED', 'REJECTED', 'DUPLICATE') OR status = 'ACCEPTED' AND order_no IS NULL
        """,
    ),
)
