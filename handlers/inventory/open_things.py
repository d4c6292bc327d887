"""What can be open of the stock: goods that were to come in and did not."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "overdue supply",
        """
        SELECT 'supply-' || id AS number, ARRAY['supply-' || id] AS keys, CAST(due_date AS timestamptz) AS since,
          trim_scale(qty_open) || ' of ' || sku || ', ' || kind || ' ' || reference AS detail, 'overdue-supply-run' AS schedule
        FROM supply WHERE qty_open > 0 AND due_date < business_today()
        """,
        also=("detail", "schedule"),
    ),
)
