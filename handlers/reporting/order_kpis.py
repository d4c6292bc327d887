"""Key figures of orders, goods and quotes."""

from handlers.ledger.movements import in_books
from handlers.reporting.kpi import COUNT, MEAN_DAYS, MIDDLE_DAYS, MONEY, SHARE, Kpi

_ORDER = "/orders/{number}"


def week(day: str) -> str:
    """SQL of the week a day lies in, as place and bucket (its first day): twelve weeks until `as_of`."""
    first = "(CAST(:as_of AS date) - 83)"
    return f"({day} - {first}) / 7 AS place, to_char({first} + ({day} - {first}) / 7 * 7, 'YYYY-MM-DD') AS bucket"


WINDOW = "BETWEEN CAST(:as_of AS date) - 83 AND CAST(:as_of AS date)"


def _in_full(basis: str, key: str, title: str, says: str) -> Kpi:
    return Kpi(
        key,
        title,
        says,
        SHARE,
        ("order-desk", "sales-manager", "warehouse", "executive"),
        f"""
        SELECT {week(f"line.{basis}")}, line.order_no || '/' || line.line_no AS number, line.order_no, sold.customer_no AS party_no,
          line.{basis} AS due_on, came.last_on AS done_on,
          CASE WHEN came.in_time >= line.qty_ordered - line.qty_cancelled THEN 1 ELSE 0 END AS part, 1 AS whole
        FROM order_line AS line JOIN sales_order AS sold USING (order_no)
        LEFT JOIN LATERAL (
          SELECT coalesce(sum(part.qty) FILTER (WHERE shipment.delivered_at::date <= line.{basis}), 0) AS in_time,
            max(shipment.delivered_at)::date AS last_on
          FROM fulfil_line JOIN shipment_line AS part ON part.fulfil_line_id = fulfil_line.id JOIN shipment USING (shipment_no)
          WHERE fulfil_line.order_line_id = line.id AND shipment.delivered_at IS NOT NULL
        ) AS came ON true
        WHERE line.{basis} {WINDOW} AND line.qty_ordered > line.qty_cancelled AND sold.submitted_at IS NOT NULL
        """,
    )


OTIF_PROMISED = _in_full(
    "first_promised",
    "otif-promised",
    "On time in full, by the first promise",
    "Order lines that came by the day promised first and in full, of all lines promised for that week. A part is a miss, and so is a "
    "day that was "
    "promised later: the first promise is never overwritten.",
)
OTIF_REQUESTED = _in_full(
    "requested_arrival",
    "otif-requested",
    "On time in full, by the day asked for",
    "Order lines that came by the day the customer asked for and in full, of all lines asked for in that week. A part is a miss.",
)
CYCLE_TIME = Kpi(
    "cycle-time",
    "From order to delivery",
    "Days from the order to its last delivery, of orders all of which was delivered that week: the middle, and what nine of ten stay "
    "within. The time "
    "before the goods were released does not count for orders that were asked for more than a week ahead.",
    MIDDLE_DAYS,
    ("order-desk", "warehouse", "executive"),
    f"""
    SELECT {week("came.last_on")}, came.order_no AS number, sold.customer_no AS party_no, sold.requested_date AS due_on, came.last_on
      AS done_on,
      greatest(0, came.last_on - CASE WHEN sold.requested_date > sold.submitted_at::date + 7
        THEN greatest(sold.submitted_at::date, least(coalesce(came.released_on, sold.submitted_at::date), came.last_on))
        ELSE sold.submitted_at::date END) AS part, 1 AS whole
    FROM (
      SELECT shipment.order_no, max(shipment.delivered_at)::date AS last_on, min(fulfil_group.released_at)::date AS released_on
      FROM shipment JOIN fulfil_group USING (group_no)
      WHERE shipment.order_no IN (SELECT order_no FROM shipment WHERE delivered_at >= CAST(:as_of AS date) - 83) AND
        shipment.cancelled_at IS NULL
      GROUP BY shipment.order_no HAVING bool_and(shipment.delivered_at IS NOT NULL)
    ) AS came JOIN sales_order AS sold USING (order_no)
    WHERE came.last_on {WINDOW} AND sold.submitted_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM fulfil_line WHERE fulfil_line.order_no = came.order_no AND qty - qty_cancelled > qty_shipped)
    """,
    _ORDER,
)
FILL_RATE = Kpi(
    "fill-rate",
    "Lines complete at the first attempt",
    "Order lines whose first shipment was the whole line, of all lines that shipped for the first time that week.",
    SHARE,
    ("warehouse", "order-desk"),
    f"""
    SELECT {week("first.shipped_on")}, line.order_no || '/' || line.line_no AS number, NULL::text AS party_no, line.promised_ship AS due_on,
      first.shipped_on AS done_on, CASE WHEN first.qty >= line.qty_ordered - line.qty_cancelled THEN 1 ELSE 0 END AS part, 1 AS whole
    FROM (
      SELECT DISTINCT ON (fulfil_line.order_line_id) fulfil_line.order_line_id, shipment.shipped_at::date AS shipped_on,
        sum(part.qty) OVER (PARTITION BY fulfil_line.order_line_id, shipment.shipped_at::date) AS qty
      FROM shipment JOIN shipment_line AS part USING (shipment_no) JOIN fulfil_line ON fulfil_line.id = part.fulfil_line_id
      WHERE shipment.shipped_at >= CAST(:as_of AS date) - 83 AND shipment.cancelled_at IS NULL
      ORDER BY fulfil_line.order_line_id, shipment.shipped_at
    ) AS first JOIN order_line AS line ON line.id = first.order_line_id WHERE first.shipped_on {WINDOW}
    """,
)
_OPEN = "fulfil_line.qty - fulfil_line.qty_cancelled - fulfil_line.qty_shipped"
_VALUE = f"({_OPEN}) * (line.line_net - line.header_discount) / line.qty_ordered"
BACKLOG = Kpi(
    "backlog",
    "Backlog by promise",
    "What is ordered and not shipped, at its net price in the currency of the books, by when it is promised to leave. What is past its "
    "day stands by itself.",
    MONEY,
    ("order-desk", "sales-manager", "executive", "buyer"),
    f"""
    SELECT CASE WHEN promise IS NULL THEN 5 WHEN promise < :as_of THEN 1 WHEN promise < CAST(:as_of AS date) + 7 THEN 2
        WHEN promise < CAST(:as_of AS date) + 28 THEN 3 ELSE 4 END AS place,
      CASE WHEN promise IS NULL THEN 'Not promised' WHEN promise < :as_of THEN 'Past due' WHEN promise < CAST(:as_of AS date) + 7 THEN
        '7 days'
        WHEN promise < CAST(:as_of AS date) + 28 THEN '28 days' ELSE 'Later' END AS bucket,
      order_no || '/' || line_no || '/' || seq AS number, party_no, promise AS due_on, NULL::date AS done_on, part, NULL::numeric AS whole
    FROM (
      SELECT coalesce(fulfil_line.sched_ship, line.promised_ship) AS promise, line.order_no, line.line_no, fulfil_line.seq,
        sold.customer_no AS party_no,
        {in_books(_VALUE, "sold.currency", "as_of")} AS part
      FROM fulfil_line JOIN order_line AS line ON line.id = fulfil_line.order_line_id JOIN sales_order AS sold ON sold.order_no =
        line.order_no
      WHERE {_OPEN} > 0 AND sold.state NOT IN ('CANCELLED', 'REJECTED', 'DRAFT')
    ) AS open
    """,
    in_time=False,
)
TOUCHLESS = Kpi(
    "touchless",
    "Orders without a touch",
    "Orders that nobody had to look at before they were promised, of all orders of that week: no task of a person in the processes of "
    "the order itself. "
    "Picking, packing and matching are work, not a touch.",
    SHARE,
    ("order-desk", "executive"),
    f"""
    SELECT {week("sold.created_at::date")}, sold.order_no AS number, sold.customer_no AS party_no, NULL::date AS due_on,
      sold.created_at::date AS done_on,
      CASE WHEN EXISTS (SELECT FROM instance JOIN user_task ON user_task.instance_id = instance.id WHERE instance.business_key =
        sold.order_no)
        THEN 0 ELSE 1 END AS part, 1 AS whole
    FROM sales_order AS sold WHERE sold.created_at >= CAST(:as_of AS date) - 83 AND sold.created_at::date {WINDOW}
    """,
    _ORDER,
)
JEOPARDY = Kpi(
    "jeopardy",
    "To ship, by how urgent",
    "Groups of lines that are to leave and have not, by their ship date.",
    COUNT,
    ("warehouse", "order-desk", "operator"),
    """
    SELECT CASE WHEN ship_date < :as_of THEN 1 WHEN ship_date = :as_of THEN 2 WHEN ship_date <= CAST(:as_of AS date) + 2 THEN 3 ELSE 4
      END AS place,
      CASE WHEN ship_date < :as_of THEN 'Late' WHEN ship_date = :as_of THEN 'Today' WHEN ship_date <= CAST(:as_of AS date) + 2 THEN
        'In two days'
        ELSE 'Later' END AS bucket,
      grouped.group_no AS number, sold.customer_no AS party_no, grouped.ship_date AS due_on, NULL::date AS done_on, 1 AS part, 1 AS whole
    FROM fulfil_group AS grouped JOIN sales_order AS sold USING (order_no)
    WHERE grouped.cancelled_at IS NULL AND grouped.group_no IN (SELECT group_no FROM fulfil_line WHERE qty - qty_cancelled -
      qty_shipped > 0)
    """,
    "/fulfillment/groups/{number}",
    in_time=False,
)
HOLD_DWELL = Kpi(
    "hold-dwell",
    "Days on hold, by hold",
    "How long holds that were released in the last twelve weeks had stood, on average, by their code.",
    MEAN_DAYS,
    ("order-desk", "credit", "executive"),
    f"""
    SELECT 1 AS place, hold_code AS bucket, order_no || '/' || id AS number, NULL::text AS party_no, applied_at::date AS due_on,
      released_at::date AS done_on,
      round((extract(epoch FROM released_at - applied_at) / 86400)::numeric, 2) AS part, 1 AS whole
    FROM hold WHERE released_at >= CAST(:as_of AS date) - 83 AND released_at::date {WINDOW}
    """,
    in_time=False,
)
QUOTE_WIN = Kpi(
    "quote-win",
    "Quotes won",
    "Quotes that became an order, of all that were closed that week: ordered, lost, rejected or expired. What was withdrawn or replaced "
    "does not count.",
    SHARE,
    ("sales", "sales-manager", "deal-desk", "executive"),
    f"""
    SELECT {week("closed_at::date")}, quote_no AS number, customer_no AS party_no, NULL::date AS due_on, closed_at::date AS done_on,
      CASE WHEN state IN ('ORDERED', 'PARTIALLY_ORDERED') THEN 1 ELSE 0 END AS part, 1 AS whole
    FROM quote WHERE closed_at >= CAST(:as_of AS date) - 83 AND closed_at::date {WINDOW} AND state IN ('ORDERED', 'PARTIALLY_ORDERED',
      'LOST', 'REJECTED', 'EXPIRED')
    """,
    "/quotes/{number}",
)
KPIS = (OTIF_PROMISED, OTIF_REQUESTED, CYCLE_TIME, FILL_RATE, BACKLOG, TOUCHLESS, JEOPARDY, HOLD_DWELL, QUOTE_WIN)
