"""Promises the lines of an order: plans them against what is free, writes fulfilment lines and groups, and reserves what ships soon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from handlers.documents.numbers import next_numbers
from handlers.inventory.rules import Want
from handlers.orders.events import find_order, note
from handlers.orders.fulfilment_groups import open_groups
from handlers.orders.fulfilment_lines import add_parts, drop_backorders, note_promises, reserve
from handlers.orders.holds import refuse_when_held
from handlers.orders.rules import HOLDS, blocks
from handlers.promising.availability import Supplies, lock_items, look, sources_of
from handlers.promising.rules import Demand, Market, Part, align, plan_line
from handlers.promising.sourcing import Case, Sourcing, read_answers

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one warehouse ships on one day, or one supplier drop-ships."""

    group_no: str
    kind: str
    supplier_no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What came of it."""

    groups: tuple[Group, ...]
    backordered_lines: int
    arrival: date | None


def sourcing_cases(tx: Session, order_no: str) -> list[Case]:
    """The cases the sourcing decision is to be asked for, in a stable order."""
    find_order(tx, order_no)
    return _cases(tx.execute(_OPEN_LINES, {"order_no": order_no}).mappings().all())


def backordered_orders(tx: Session) -> list[str]:
    """The orders with backordered lines and no hold that stops promising: by customer class, wanted date, order date and number."""
    return list(tx.scalars(_BACKORDERED, {"stopping": [code for code in HOLDS if blocks(code, "promise")]}))


def promise_lines(tx: Session, order_no: str, rules: Sequence[Any], now: datetime) -> Promised:
    """Promise what is not promised yet: what is missing, and backorders anew. `rules` are the answers to the cases, in their order.

    Raises NotFound, Conflict (on hold), Invalid (no rule for a line).
    """
    order = find_order(tx, order_no, lock=True)
    refuse_when_held(tx, order_no, "promise")
    rows = tx.execute(_OPEN_LINES, {"order_no": order_no}).mappings().all()
    answers = read_answers(rules, _cases(rows))
    lock_items(tx, [row["sku"] for row in rows])
    drop_backorders(tx, order_no)
    supplies = look(tx, [row["sku"] for row in rows], now)
    parts = [part for row in rows for part in _plan(row, answers.get(_case(row)), supplies, ship_complete=order.ship_complete)]
    if order.ship_complete and parts:
        parts = align(parts)
    groups = _write(tx, order_no, parts)
    _reserve(tx, order_no, supplies)
    note_promises(tx, order_no)
    backordered = len({part.order_line_id for part in parts if part.source is None})
    arrival = max((part.arrive for part in parts if part.arrive is not None), default=None)
    note(tx, order_no, "order_promised", detail={"arrival": arrival, "backordered_lines": backordered, "groups": len(groups)})
    return Promised(groups=tuple(groups), backordered_lines=backordered, arrival=arrival)


def _plan(row: RowMapping, sourcing: Sourcing | None, supplies: Supplies, *, ship_complete: bool) -> list[Part]:
    if sourcing is None and row["sourcing"] != "DROP":
        raise Invalid(
            f"The sourcing decision has no answer for {row['sku']} ({row['item_class']}, region {row['region']!r}, "
            f"customer class {row['customer_class']}).",
            code="no_source",
            next_step="Add a rule for this case to the sourcing decision, then retry.",
        )
    chosen = sourcing or Sourcing(places=())
    sources = sources_of(chosen.places, row["sku"], row["sourcing"], supplies)
    demand = Demand(
        order_line_id=row["id"],
        sku=row["sku"],
        qty=row["qty"],
        wanted=row["requested_arrival"],
        ship_complete=ship_complete or not chosen.may_split,
        pack_size=row["pack_size"],
        fence=None if row["time_fence_days"] is None else supplies.horizon.today + timedelta(days=row["time_fence_days"]),
    )
    return plan_line(demand, Market(sources, supplies.stock.get(row["sku"], {}), supplies.horizon))


def _write(tx: Session, order_no: str, parts: Sequence[Part]) -> list[Group]:
    keys = sorted({_group_key(part) for part in parts if part.source is not None})
    ships: dict[tuple[str, str, str], date] = {}
    for part in parts:
        if part.ship is not None:
            key = _group_key(part)
            ships[key] = max(part.ship, ships.get(key, part.ship))
    numbers = dict(zip(keys, next_numbers(tx, "FG", len(keys)), strict=True))
    open_groups(
        tx,
        [
            {
                "group_no": numbers[key],
                "order_no": order_no,
                "kind": key[0],
                "warehouse_code": key[1] if key[0] == "STOCK" else None,
                "supplier_no": key[1] if key[0] == "DROP" else None,
                "ship_date": ships[key],
            }
            for key in keys
        ],
    )
    add_parts(tx, order_no, [_part_row(part, numbers) for part in parts])
    return [Group(group_no=numbers[key], kind=key[0], supplier_no=key[1] if key[0] == "DROP" else None) for key in keys]


def _group_key(part: Part) -> tuple[str, str, str]:
    """Stock leaves by warehouse and day; a supplier gets one purchase order for all its lines."""
    if part.source is None:
        return ("", "", "")
    if part.source.source_type == "DROP":
        return ("DROP", part.source.source, "")
    return ("STOCK", part.source.source, part.ship.isoformat() if part.ship is not None else "")


def _part_row(part: Part, numbers: Mapping[tuple[str, str, str], str]) -> dict[str, Any]:
    kind, place, _ = _group_key(part)
    return {
        "order_line_id": part.order_line_id,
        "sku": part.sku,
        "group_no": numbers.get(_group_key(part)),
        "source_type": kind or "STOCK",
        "warehouse_code": place if kind == "STOCK" else None,
        "supplier_no": place if kind == "DROP" else None,
        "qty": part.qty,
        "sched_ship": part.ship,
        "sched_arrive": part.arrive,
    }


def _reserve(tx: Session, order_no: str, supplies: Supplies) -> None:
    """Reserve what ships soon. What is short here stays promised on the supply it counts on; fulfilment reserves it when it is there."""
    due = tx.execute(_DUE_LINES, {"order_no": order_no, "until": supplies.reserve_until}).mappings()
    reserve(
        tx,
        [Want(fulfil_line_id=row["id"], sku=row["sku"], warehouse_code=row["warehouse_code"], qty=row["qty"]) for row in due],
    )


def _case(row: RowMapping) -> Case:
    return Case(item_class=row["item_class"], region=row["region"], customer_class=row["customer_class"])


def _cases(rows: Sequence[RowMapping]) -> list[Case]:
    return sorted({_case(row) for row in rows}, key=lambda case: (case.item_class, case.region, case.customer_class))


_BACKORDERED = text("""
SELECT orders.order_no FROM sales_order AS orders JOIN customer USING (customer_no)
WHERE orders.state = 'SUBMITTED'
  AND EXISTS (
    SELECT 1 FROM fulfil_line AS line WHERE line.order_no = orders.order_no AND line.group_no IS NULL AND line.qty > line.qty_cancelled)
  AND NOT EXISTS (
    SELECT 1 FROM hold WHERE hold.order_no = orders.order_no AND hold.released_at IS NULL AND hold.hold_code = ANY(:stopping))
ORDER BY customer.customer_class, orders.requested_date NULLS LAST, orders.ordered_on, orders.order_no
""")
_OPEN_LINES = text("""
SELECT line.id, line.line_no, line.sku, line.requested_arrival, item.item_class, item.sourcing, item.pack_size, class.time_fence_days,
       coalesce(nullif(sales_order.ship_to->>'region', ''), nullif(customer.region, ''), sales_order.ship_to->>'country', '') AS region,
       customer.customer_class,
       line.qty_ordered - line.qty_cancelled - coalesce(part.qty, 0) AS qty
FROM order_line AS line
JOIN sales_order USING (order_no) JOIN customer USING (customer_no)
JOIN item ON item.sku = line.sku JOIN item_class AS class ON class.code = item.item_class
LEFT JOIN (
  SELECT order_line_id, sum(qty - qty_cancelled) AS qty FROM fulfil_line
  WHERE order_no = :order_no AND group_no IS NOT NULL GROUP BY order_line_id
) AS part ON part.order_line_id = line.id
WHERE line.order_no = :order_no AND line.qty_ordered - line.qty_cancelled - coalesce(part.qty, 0) > 0
ORDER BY line.line_no
""")
_DUE_LINES = text("""
SELECT id, sku, warehouse_code, qty - qty_cancelled - qty_shipped - qty_reserved AS qty FROM fulfil_line
WHERE order_no = :order_no AND group_no IS NOT NULL AND source_type = 'STOCK' AND sched_ship <= :until
  AND qty - qty_cancelled - qty_shipped - qty_reserved > 0
""")
