"""The case of a quote: for whom, what, at which margin, whether it is there, and how each price came about."""

from handlers.cases import CaseKind, Part, Shown
from handlers.parties.cases import WITH_CUSTOMER

_LINES = Part(
    "Lines",
    (
        Shown("sku", "Item", "item", under="description"),
        Shown("qty", "Quantity", "quantity", "uom"),
        Shown("margin_pct", "Margin", "percent", odd="under_floor", under="floor"),
        Shown("manual_discount_pct", "Own discount", "percent", under="discount_reason"),
        Shown("unit_net", "Unit price", "money", "currency"),
        Shown("line_net", "Net", "money", "currency"),
        Shown("free", "Free stock", "quantity", odd="short"),
        Shown("list_price", "List price", "money", "currency"),
    ),
    """
    SELECT priced.*, priced.margin_pct < priced.margin_floor_pct AS under_floor,
      CASE WHEN priced.margin_pct < priced.margin_floor_pct THEN 'floor ' || trim_scale(priced.margin_floor_pct) || ' %' END AS floor,
      priced.sourcing = 'STOCK' AND priced.free < priced.qty AS short
    FROM (
      SELECT line.line_no, line.sku, line.description, line.qty, line.uom, line.list_price, nullif(line.manual_discount_pct, 0)
          AS manual_discount_pct, line.discount_reason, line.unit_net, line.line_net, quote.currency, class.margin_floor_pct, item.sourcing,
        CASE WHEN line.line_net > line.header_discount
          THEN round(100 * (line.line_net - line.header_discount - line.cost * line.qty) / (line.line_net - line.header_discount), 1) END
          AS margin_pct,
        CASE WHEN item.sourcing = 'STOCK' THEN coalesce(stock.free, 0) END AS free
      FROM quote_line AS line JOIN quote ON quote.quote_no = line.quote_no JOIN item ON item.sku = line.sku
      JOIN item_class AS class ON class.code = item.item_class
      LEFT JOIN LATERAL (
        SELECT sum(balance.on_hand - balance.reserved) AS free FROM stock_balance AS balance WHERE balance.sku = line.sku
      ) AS stock ON true
      WHERE line.quote_no = :number
    ) AS priced ORDER BY priced.line_no
    """,
)
_WATERFALL = Part(
    "How each price came about",
    (
        Shown("sku", "Item", "item"),
        Shown("step", "Step", "code", under="source"),
        Shown("pct", "Off", "percent"),
        Shown("unit_price", "Unit price then", "money", "currency"),
    ),
    """
    SELECT line.sku, step.value ->> 'step' AS step, step.value ->> 'source' AS source, CAST(step.value ->> 'pct' AS numeric) AS pct,
      CAST(step.value ->> 'unit_price' AS numeric) AS unit_price, quote.currency
    FROM quote_line AS line JOIN quote ON quote.quote_no = line.quote_no
    CROSS JOIN LATERAL jsonb_array_elements(line.discounts) WITH ORDINALITY AS step(value, place)
    WHERE line.quote_no = :number ORDER BY line.line_no, step.place
    """,
    folded=True,
)

CASES = (
    CaseKind(
        kind="quote",
        noun="Quote",
        named="SELECT quote_no AS known_as, quote_no AS number FROM quote",
        head="""
        SELECT quote.quote_no, quote.state, quote.customer_no, customer.name, customer.name AS customer_name, quote.requester, quote.note,
          quote.ship_to, quote.requested_date, quote.currency, quote.list_total,
          nullif(quote.header_discount_pct, 0) AS header_discount_pct,
          nullif(quote.freight, 0) AS freight, quote.net_total, quote.gross_total, quote.discount_pct, quote.margin_pct,
          quote.margin_pct < 0 OR quote.lowest_margin_gap < 0 AS thin, quote.lowest_margin_gap,
          quote.lowest_margin_gap < 0 AS under_floor, quote.valid_until,
          quote.valid_until < business_now() AND quote.state = 'SENT' AS over,
          nullif(quote.version_no, 1) AS version_no, quote.close_reason, ordered.order_no, ARRAY[quote.quote_no] AS keys,
          ARRAY[quote.quote_no] AS papers
        FROM quote JOIN customer ON customer.customer_no = quote.customer_no
        LEFT JOIN LATERAL (
          SELECT max(order_no) AS order_no FROM sales_order WHERE source = 'QUOTE' AND starts_with(source_ref, quote.quote_no || ':')
        ) AS ordered ON true
        WHERE quote.quote_no = :number
        """,
        facts=(
            Shown("customer_no", "Customer", "customer", under="customer_name"),
            Shown("requester", "Written by"),
            Shown("note", "Note"),
            Shown("version_no", "Version", "quantity"),
            Shown("list_total", "At list prices", "money", "currency"),
            Shown("discount_pct", "Discount", "percent"),
            Shown("header_discount_pct", "Of it on the whole", "percent"),
            Shown("net_total", "Net", "money", "currency"),
            Shown("margin_pct", "Margin", "percent", odd="thin"),
            Shown("lowest_margin_gap", "Worst line over its floor", "points", odd="under_floor"),
            Shown("freight", "Freight", "money", "currency"),
            Shown("gross_total", "Gross", "money", "currency"),
            Shown("requested_date", "Wanted", "day"),
            Shown("valid_until", "Valid until", "day", odd="over"),
            Shown("ship_to", "Ship to", "address"),
            Shown("order_no", "Became", "order"),
            Shown("close_reason", "Closed because"),
        ),
        parts=(_LINES, _WATERFALL, *WITH_CUSTOMER),
    ),
)
