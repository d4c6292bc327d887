"""The case of an item: what it costs, where it lies, what is coming, and who waits for it."""

from handlers.cases import CaseKind, Part, Shown

_STOCK = Part(
    "Stock",
    (
        Shown("warehouse_code", "Warehouse"),
        Shown("on_hand", "On the shelf", "quantity"),
        Shown("reserved", "Reserved", "quantity"),
        Shown("free", "Free", "quantity", odd="low"),
        Shown("safety_stock", "Safety stock", "quantity"),
    ),
    """
    SELECT warehouse_code, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(on_hand - reserved) AS free,
      nullif(sum(safety_stock), 0) AS safety_stock, sum(on_hand - reserved) < sum(safety_stock) AS low
    FROM stock_balance WHERE sku = :number GROUP BY warehouse_code ORDER BY warehouse_code
    """,
)
_COMING = Part(
    "Expected",
    (
        Shown("reference", "From", under="kind"),
        Shown("warehouse_code", "To"),
        Shown("due_date", "Due", "day", odd="late"),
        Shown("qty_open", "Quantity", "quantity"),
    ),
    """
    SELECT reference, kind, warehouse_code, due_date, due_date < business_today() AS late, qty_open FROM supply
    WHERE sku = :number AND qty_open > 0 ORDER BY due_date, reference LIMIT 20
    """,
)
_WAITING = Part(
    "Who waits for it",
    (
        Shown("order_no", "Order", "order"),
        Shown("customer_name", "Customer"),
        Shown("qty", "Quantity", "quantity"),
        Shown("reserved", "Reserved", "quantity"),
        Shown("sched_ship", "Ships", "day", odd="late"),
    ),
    """
    SELECT part.order_no, customer.name AS customer_name, part.qty - part.qty_cancelled - part.qty_shipped AS qty,
      nullif(part.qty_reserved, 0) AS reserved, part.sched_ship, part.sched_ship < business_today() OR part.sched_ship IS NULL AS late
    FROM fulfil_line AS part JOIN sales_order AS orders ON orders.order_no = part.order_no
    JOIN customer ON customer.customer_no = orders.customer_no
    WHERE part.sku = :number AND part.qty - part.qty_cancelled - part.qty_shipped > 0 ORDER BY part.sched_ship NULLS FIRST, part.id LIMIT 20
    """,
)

CASES = (
    CaseKind(
        kind="item",
        noun="Item",
        named="SELECT sku AS known_as, sku AS number FROM item",
        head="""
        SELECT item.sku, item.name, CAST(NULL AS text) AS customer_no, CASE WHEN item.sellable THEN '' ELSE 'NOT_SOLD' END AS state,
          item.item_class, item.uom, nullif(item.cost, 0) AS cost, company.currency, item.sourcing, item.substitute_sku,
          class.margin_floor_pct, CAST('{}' AS text[]) AS keys, CAST('{}' AS text[]) AS papers
        FROM item JOIN item_class AS class ON class.code = item.item_class LEFT JOIN company ON true WHERE item.sku = :number
        """,
        facts=(
            Shown("item_class", "Class", "code"),
            Shown("uom", "Unit"),
            Shown("cost", "Standard cost", "money", "currency"),
            Shown("margin_floor_pct", "Margin floor", "percent"),
            Shown("sourcing", "Comes from", "code"),
            Shown("substitute_sku", "Replaced by", "item"),
        ),
        parts=(_STOCK, _COMING, _WAITING),
    ),
)
