"""Plans the open lines of orders in memory, in the order in which the orders are served; writes and locks nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.store.memo import read_once
from handlers.promising.availability import Supplies, sources_of
from handlers.promising.rules import Demand, Market, Part, plan_order
from handlers.promising.sourcing import Case, Sourcing


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an order could get."""

    order_no: str
    parts: Sequence[Part]

    @property
    def gains(self) -> bool:
        """Whether anything of it has a source; the rest waits."""
        return any(part.source is not None for part in self.parts)


def open_lines(tx: Session, order_nos: Sequence[str]) -> Sequence[RowMapping]:
    """The lines of the orders of which something is not promised, by order and line number."""
    asked = sorted(order_nos)
    return read_once(tx, ("open_lines", *asked), lambda: tx.execute(_OPEN_LINES, {"order_nos": asked}).mappings().all())


def cases_of(rows: Sequence[RowMapping]) -> list[Case]:
    """The cases that the sourcing decision is to be asked for, in a stable order."""
    return sorted({_case(row) for row in rows}, key=lambda case: (case.item_class, case.region, case.customer_class))


def plan_orders(order_nos: Sequence[str], rows: Sequence[RowMapping], answers: Mapping[Case, Sourcing], supplies: Supplies) -> list[Plan]:
    """Plan one order after the other: what an earlier one takes is gone for the next. Raises Invalid for a line without an answer."""
    lines: dict[str, list[RowMapping]] = {order_no: [] for order_no in order_nos}
    for row in rows:
        lines[row["order_no"]].append(row)
    return [Plan(order_no=order_no, parts=_plan(lines[order_no], answers, supplies)) for order_no in order_nos]


def _plan(rows: Sequence[RowMapping], answers: Mapping[Case, Sourcing], supplies: Supplies) -> list[Part]:
    together = any(row["ship_complete"] for row in rows)
    return plan_order([_asked(row, answers.get(_case(row)), supplies) for row in rows], together=together)


def _asked(row: RowMapping, sourcing: Sourcing | None, supplies: Supplies) -> tuple[Demand, Market]:
    if sourcing is None and row["sourcing"] != "DROP":
        raise Invalid(
            f"The sourcing decision has no answer for {row['sku']} ({row['item_class']}, region {row['region']!r}, "
            f"customer class {row['customer_class']}).",
            code="no_source",
            next_step="Add a rule for this case to the sourcing decision, then retry.",
        )
    chosen = sourcing or Sourcing(places=())
    demand = Demand(
        order_line_id=row["id"],
        sku=row["sku"],
        qty=row["qty"],
        wanted=row["requested_arrival"],
        ship_complete=row["ship_complete"] or not chosen.may_split,
        pack_size=row["pack_size"],
        fence=None if row["time_fence_days"] is None else supplies.horizon.today + timedelta(days=row["time_fence_days"]),
    )
    sources = sources_of(chosen.places, row["sku"], row["sourcing"], supplies)
    return demand, supplies.market(sources, row["sku"], row["customer_class"], row["channel"])


def _case(row: RowMapping) -> Case:
    return Case(item_class=row["item_class"], region=row["region"], customer_class=row["customer_class"])


_OPEN_LINES = text("""
SELECT line.order_no, line.id, line.line_no, line.sku, line.requested_arrival, sales_order.ship_complete,
       item.item_class, item.sourcing, item.pack_size, class.time_fence_days,
       coalesce(nullif(sales_order.ship_to->>'region', ''), nullif(customer.region, ''), sales_order.ship_to->>'country', '') AS region,
       customer.customer_class, sales_order.channel,
       line.qty_ordered - line.qty_cancelled - coalesce(part.qty, 0) AS qty
FROM order_line AS line
JOIN sales_order USING (order_no) JOIN customer USING (customer_no)
JOIN item ON item.sku = line.sku JOIN item_class AS class ON class.code = item.item_class
LEFT JOIN (
  SELECT order_line_id, sum(qty - qty_cancelled) AS qty FROM fulfil_line
  WHERE order_no = ANY(:order_nos) AND group_no IS NOT NULL GROUP BY order_line_id
) AS part ON part.order_line_id = line.id
WHERE line.order_no = ANY(:order_nos) AND line.qty_ordered - line.qty_cancelled - coalesce(part.qty, 0) > 0
ORDER BY line.order_no, line.line_no
""")
