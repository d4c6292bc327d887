"""Revenue of what customers had by the month's last day and were not billed for, with its cost: accrued, and taken back on the next day."""

from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.closing.last_day import LastDay, Wanted, post_last_day
from handlers.closing.revaluing import known_rates
from handlers.closing.rules import Month
from handlers.ledger.accounts import COGS, DEFERRED_COGS, REVENUE
from handlers.ledger.accounts import UNBILLED as UNBILLED_RECEIVABLES
from handlers.shipments.unbilled import UNBILLED

EVENT = "period.revenue_accrued"


def post_accrual(tx: Session, month: Month, round_: int) -> Decimal:
    """Post the revenue of what was delivered and not billed, by order, with its cost; answers how much revenue."""
    rows = tx.execute(_DELIVERED, {"ends_on": month.ends_on}).all()
    known_rates(tx, {currency for row in rows for currency in row.currencies}, month)
    revenue, cost = (sum((getattr(row, name) for row in rows), Decimal(0)) for name in ("revenue", "cost"))
    wanted: Wanted = {(UNBILLED_RECEIVABLES, row.order_no): row.revenue for row in rows}
    wanted.update({(REVENUE, ""): -revenue, (COGS, ""): cost, (DEFERRED_COGS, ""): -cost})
    post_last_day(tx, LastDay(EVENT, month, round_, f"Delivered and not billed by {month.ends_on}"), wanted)
    return revenue


_DELIVERED = text(f"""
SELECT order_no, sum(in_books) AS revenue, sum(cost) AS cost, array_agg(DISTINCT currency) AS currencies
FROM ({UNBILLED}) AS line WHERE delivered GROUP BY order_no ORDER BY order_no
""")
