"""What became of the history: counted in the product's own tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.invariants import check_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is printed. Amounts are in dollars, before tax: `net` without carriage, `list_value` before the lines' discounts.

    `price_discrepancies` are lines whose price was not that of the list; `touchless` are orders that nobody had to decide about: they were
    picked, packed and handed over, or wait for it, and nothing else was asked of a person.
    """

    orders: int
    lines: int
    net: Decimal
    freight: Decimal
    list_value: Decimal
    price_discrepancies: int
    touchless: int
    orders_per_s: float
    invariants_ok: bool


def count(tx: Session, seconds: float) -> tuple[Figures, Sequence[str]]:
    """The figures, and the invariants that do not hold."""
    sums = tx.execute(_SUMS).one()
    broken = [f"{each.id}: {each.sentence} {each.examples[:3]}" for each in check_all(tx) if not each.ok]
    figures = Figures(
        **dict(sums._mapping),  # noqa: SLF001  # the public name of a row's mapping
        touchless=tx.execute(_TOUCHLESS).scalar_one(),
        orders_per_s=round(sums.orders / seconds, 2),
        invariants_ok=not broken,
    )
    return figures, broken


#: Before its discount a line costs what is left of it after, divided by what is left of one; both are exact to four decimals.
_SUMS = text("""
WITH sold AS (
  SELECT line.*, round(line.unit_net / (1 - line.manual_discount_pct / 100), 4) AS price FROM order_line AS line
)
SELECT (SELECT count(*) FROM sales_order) AS orders, count(*) AS lines, sum(line_net) AS net,
  (SELECT sum(freight) FROM sales_order) AS freight, round(sum(price * qty_ordered), 2) AS list_value,
  count(*) FILTER (WHERE price <> list_price) AS price_discrepancies
FROM sold
""")
_TOUCHLESS = text("""
SELECT count(*) FROM sales_order WHERE NOT EXISTS (
  SELECT FROM user_task JOIN instance ON instance.id = user_task.instance_id
  WHERE instance.business_key = sales_order.order_no
) AND NOT EXISTS (
  SELECT FROM user_task JOIN instance ON instance.id = user_task.instance_id
  JOIN fulfil_group AS team ON team.group_no = instance.business_key
  WHERE team.order_no = sales_order.order_no AND user_task.element_id NOT IN ('pick_and_pack', 'confirm_shipment')
)
""")
