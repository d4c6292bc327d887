"""What is always true of orders."""

from handlers.invariants import Invariant
from handlers.orders.hold_rules import stopping
from handlers.orders.status import OVER

_OVER = ", ".join(f"'{status}'" for status in sorted(OVER))
_STOPPING = ", ".join(f"'{stage}'" for stage in stopping("ship"))
_WHOLLY_CANCELLED = """
SELECT order_status.order_no FROM order_status
WHERE order_status.status IN ('REJECTED', 'CANCELLED') AND order_status.qty_shipped = 0
"""
#: While its process lives, it calls back what is out with others: the carrier's label, the supplier's order.
_IN_HAND = """EXISTS (
  SELECT 1 FROM instance WHERE instance.business_key = {} AND instance.state NOT IN ('completed', 'cancelled'))"""

INVARIANTS = (
    Invariant(
        "INV-04",
        "What a fulfilment line counts as reserved is what its active reservations add up to, and never more than what is open of it.",
        """
        SELECT line.order_no, line.id AS fulfil_line_id, line.qty_reserved, coalesce(active.qty, 0) AS reservations
        FROM fulfil_line AS line
        LEFT JOIN (SELECT fulfil_line_id, sum(qty) AS qty FROM reservation WHERE state = 'ACTIVE' GROUP BY fulfil_line_id) AS active
          ON active.fulfil_line_id = line.id
        WHERE line.qty_reserved <> coalesce(active.qty, 0) OR line.qty_reserved > line.qty - line.qty_cancelled - line.qty_shipped
        """,
    ),
    Invariant(
        "INV-06",
        "Invoiced is at most shipped, shipped at most ordered less cancelled, and fulfilment lines add up to their order line.",
        """
        SELECT line.order_no, line.line_no, line.qty_ordered, line.qty_cancelled, part.planned, part.shipped, part.invoiced
        FROM order_line AS line JOIN (
          SELECT order_line_id, sum(qty - qty_cancelled) AS planned, sum(qty_shipped) AS shipped, sum(qty_invoiced) AS invoiced,
                 bool_or(qty_invoiced > qty_shipped OR qty_shipped > qty - qty_cancelled) AS is_wrong
          FROM fulfil_line GROUP BY order_line_id
        ) AS part ON part.order_line_id = line.id
        WHERE part.is_wrong OR part.planned <> line.qty_ordered - line.qty_cancelled OR part.shipped > line.qty_ordered - line.qty_cancelled
        """,
    ),
    Invariant(
        "INV-15",
        "Nothing left our warehouses while a hold that stops shipping was active.",
        f"""
        SELECT shipment.shipment_no, shipment.order_no, shipment.shipped_at, hold.hold_code, hold.applied_at, hold.released_at
        FROM shipment JOIN hold USING (order_no)
        -- A supplier that ships for us does not know of our holds: what it has sent is taken in all the same.
        WHERE shipment.kind = 'STOCK' AND hold.blocks IN ({_STOPPING}) AND shipment.shipped_at > hold.applied_at
          AND CASE WHEN hold.released_at IS NOT NULL THEN shipment.shipped_at < hold.released_at
                   ELSE hold.until IS NULL OR shipment.shipped_at < hold.until END
        """,
    ),
    Invariant(
        "INV-16",
        "Every accepted message made exactly one order version, and what was shipped of it was answered exactly once.",
        """
        SELECT message.id, message.order_no, message.order_version, 'no order' AS what
        FROM inbound_message AS message WHERE message.status = 'ACCEPTED' AND message.order_no IS NULL
        UNION ALL
        SELECT min(message.id), message.order_no, message.order_version, 'several messages for one version'
        FROM inbound_message AS message
        WHERE message.status = 'ACCEPTED' AND message.order_no IS NOT NULL AND message.order_version IS NOT NULL
        GROUP BY message.order_no, message.order_version HAVING count(*) > 1
        UNION ALL
        SELECT message.id, message.order_no, message.order_version, 'shipped without a reply'
        FROM inbound_message AS message
        WHERE message.status = 'ACCEPTED'
          AND EXISTS (SELECT 1 FROM fulfil_line AS line WHERE line.order_no = message.order_no AND line.qty_shipped > 0)
          AND NOT EXISTS (SELECT 1 FROM order_reply AS reply WHERE reply.order_no = message.order_no)
        """,
    ),
    Invariant(
        "INV-17",
        "No unit is both reserved from stock and on a drop-ship purchase order.",
        """
        SELECT line.order_no, line.id AS fulfil_line_id, reservation.id AS reservation_id
        FROM fulfil_line AS line JOIN reservation ON reservation.fulfil_line_id = line.id AND reservation.state = 'ACTIVE'
        WHERE line.source_type = 'DROP' OR line.supplier_no IS NOT NULL
        """,
    ),
    Invariant(
        "INV-21",
        "The first promise of a line is never overwritten.",
        """
        SELECT line.order_no, line.line_no, line.first_promised, earliest.promised_arrival
        FROM order_line AS line LEFT JOIN LATERAL (
          SELECT promise.promised_arrival FROM line_promise AS promise
          WHERE promise.order_line_id = line.id AND promise.promised_arrival IS NOT NULL ORDER BY promise.id LIMIT 1
        ) AS earliest ON true
        WHERE line.first_promised IS DISTINCT FROM earliest.promised_arrival
        """,
    ),
    Invariant(
        "INV-22",
        "No order on its way to a promise waits when it was rejected, cancelled or delivered.",
        f"""
        SELECT instance.business_key AS order_no, instance.process_key, status.status, instance.updated_at
        FROM instance JOIN order_status AS status ON status.order_no = instance.business_key
        WHERE instance.process_key = 'order-to-promise' AND instance.state = 'waiting' AND instance.wake = instance.done
          AND status.status IN ({_OVER})
        """,
    ),
    Invariant(
        "INV-24",
        "Of an order that was cancelled before it left, nothing is reserved, wanted, bought, packed or labelled.",
        f"""
        SELECT orders.order_no, 'reservation' AS what, reservation.id::text AS number FROM ({_WHOLLY_CANCELLED}) AS orders
        JOIN fulfil_line AS line USING (order_no) JOIN reservation ON reservation.fulfil_line_id = line.id
        WHERE reservation.state = 'ACTIVE'
        UNION ALL
        SELECT orders.order_no, 'demand', line.id::text FROM ({_WHOLLY_CANCELLED}) AS orders JOIN fulfil_line AS line USING (order_no)
        WHERE line.qty > line.qty_cancelled
        UNION ALL
        SELECT orders.order_no, 'group', grp.group_no FROM ({_WHOLLY_CANCELLED}) AS orders JOIN fulfil_group AS grp USING (order_no)
        WHERE grp.cancelled_at IS NULL
        UNION ALL
        SELECT orders.order_no, 'purchase order', ordered.po_no FROM ({_WHOLLY_CANCELLED}) AS orders
        JOIN purchase_order AS ordered USING (order_no)
        WHERE ordered.cancelled_at IS NULL AND ordered.closed_at IS NULL AND NOT {_IN_HAND.format("ordered.group_no")}
        UNION ALL
        SELECT orders.order_no, 'shipment', shipment.shipment_no FROM ({_WHOLLY_CANCELLED}) AS orders JOIN shipment USING (order_no)
        WHERE (shipment.cancelled_at IS NULL OR shipment.tracking_no <> '') AND NOT {_IN_HAND.format("shipment.group_no")}
        """,
    ),
    Invariant(
        "INV-35",
        "A rejected order and a cancelled group keep nothing: no stock, and nothing that is still to ship.",
        """
        SELECT line.order_no, line.id AS fulfil_line_id, line.group_no, line.qty_reserved,
               line.qty - line.qty_cancelled - line.qty_shipped AS qty_open
        FROM fulfil_line AS line JOIN sales_order AS orders USING (order_no) LEFT JOIN fulfil_group AS team USING (group_no)
        WHERE (orders.state = 'REJECTED' OR team.cancelled_at IS NOT NULL)
          AND (line.qty_reserved > 0 OR line.qty - line.qty_cancelled - line.qty_shipped > 0
               OR EXISTS (SELECT 1 FROM reservation WHERE reservation.fulfil_line_id = line.id AND reservation.state = 'ACTIVE'))
        """,
    ),
    Invariant(
        "INV-36",
        "An order comes to what its lines come to, and what was invoiced keeps the price it was invoiced at.",
        """
        SELECT orders.order_no, orders.net_total, line.net AS lines, orders.freight, orders.tax_total, orders.gross_total
        FROM sales_order AS orders JOIN (
          SELECT order_no, sum(line_net - header_discount) AS net FROM order_line GROUP BY order_no
        ) AS line USING (order_no)
        WHERE orders.state = 'SUBMITTED'
          AND (orders.net_total <> line.net OR orders.gross_total <> orders.net_total + orders.freight + orders.tax_total)
        """,
    ),
    Invariant(
        "INV-36",
        "An order comes to what its lines come to, and what was invoiced keeps the price it was invoiced at.",
        """
        SELECT line.order_no, line.line_no, line.unit_net, charged.invoice_no, charged.unit_price
        FROM order_line AS line JOIN invoice_line AS charged ON charged.order_line_id = line.id
        WHERE charged.charge_code = 'ITEM' AND NOT charged.cancelled AND charged.unit_price <> line.unit_net
        """,
    ),
)
