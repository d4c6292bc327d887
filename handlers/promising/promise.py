"""Promises the lines of orders: plans them against what is free, writes fulfilment lines and groups, and reserves what ships soon.

However many orders are promised at once, it costs the same number of statements.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.documents.numbers import next_numbers
from handlers.inventory.rules import Want
from handlers.orders.events import find_order, note_all
from handlers.orders.fulfilment_groups import open_groups
from handlers.orders.fulfilment_lines import add_parts, drop_backorders, lock_lines_of_orders, note_promises, reserve
from handlers.orders.holds import refuse_when_held
from handlers.promising.availability import Supplies, lock_items, look
from handlers.promising.planning import Plan, cases_of, open_lines, plan_orders
from handlers.promising.production import Asked, ask_production
from handlers.promising.rules import Part
from handlers.promising.sourcing import Case, Sourcing, read_answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one warehouse ships on one day, or one supplier drop-ships."""

    group_no: str
    order_no: str
    kind: str
    supplier_no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What came of an order. `arrival` is the latest day of what was promised now."""

    order_no: str
    groups: tuple[Group, ...]
    backordered_lines: int
    arrival: date | None
    #: The numbers of what production is asked for.
    production: tuple[str, ...] = ()


def sourcing_cases(tx: Session, order_no: str) -> list[Case]:
    """The cases the sourcing decision is to be asked for, in a stable order. Raises NotFound."""
    find_order(tx, order_no)
    return cases_of(open_lines(tx, [order_no]))


def promise_lines(tx: Session, order_no: str, rules: Sequence[Any], now: datetime) -> Promised:
    """Promise what is not promised yet of one order, backorders anew. `rules` are the answers to the cases, in their order.

    Raises NotFound, Conflict (on hold), Invalid (no rule for a line).
    """
    lock_lines_of_orders(tx, [order_no])
    find_order(tx, order_no)
    refuse_when_held(tx, order_no, "promise")
    answers = read_answers(rules, cases_of(open_lines(tx, [order_no])))
    return promise_orders(tx, [order_no], answers, now)[0]


def promise_orders(tx: Session, order_nos: Sequence[str], answers: Mapping[Case, Sourcing], now: datetime) -> list[Promised]:
    """Promise what is open of the orders, the first before the others. Whoever calls it has locked them and seen to their holds.

    Raises Invalid (no rule for a line).
    """
    rows = open_lines(tx, order_nos)
    skus = [row["sku"] for row in rows]
    lock_items(tx, skus)
    supplies = look(tx, skus, now)
    plans = plan_orders(order_nos, rows, answers, supplies)
    drop_backorders(tx, order_nos)
    groups = write_plans(tx, plans)
    asked = ask_production(tx, [(plan.order_no, part) for plan in plans for part in plan.parts])
    reserve_soon(tx, order_nos, supplies)
    note_promises(tx, order_nos)
    promised = [_outcome(plan, groups[plan.order_no], asked) for plan in plans]
    note_all(
        tx,
        "order_promised",
        {
            each.order_no: {"arrival": each.arrival, "backordered_lines": each.backordered_lines, "groups": len(each.groups)}
            for each in promised
        },
    )
    return promised


def _outcome(plan: Plan, groups: Sequence[Group], asked: Sequence[Asked]) -> Promised:
    return Promised(
        order_no=plan.order_no,
        groups=tuple(groups),
        backordered_lines=len({part.order_line_id for part in plan.parts if part.source is None}),
        arrival=max((part.arrive for part in plan.parts if part.arrive is not None), default=None),
        production=tuple(each.request_no for each in asked if each.order_no == plan.order_no),
    )


#: A group is known by its order, its kind, its warehouse or supplier, and the day it ships.
_GroupKey = tuple[str, str, str, str]


def write_plans(tx: Session, plans: Sequence[Plan]) -> Mapping[str, Sequence[Group]]:
    """Write the parts of the plans with a group for each place and day; answer the new groups of each order."""
    parts = [(plan.order_no, part) for plan in plans for part in plan.parts]
    ships: dict[_GroupKey, date] = {}
    for order_no, part in parts:
        if part.ship is not None:
            key = _group_key(order_no, part)
            ships[key] = max(part.ship, ships.get(key, part.ship))
    numbers = dict(zip(sorted(ships), next_numbers(tx, "FG", len(ships)), strict=True))
    open_groups(tx, [_group_row(key, number, ships[key]) for key, number in numbers.items()])
    add_parts(tx, [_part_row(order_no, part, numbers) for order_no, part in parts])
    groups: dict[str, list[Group]] = defaultdict(list)
    for (order_no, kind, place, _), number in numbers.items():
        groups[order_no].append(Group(group_no=number, order_no=order_no, kind=kind, supplier_no=place if kind == "DROP" else None))
    return groups


def _group_key(order_no: str, part: Part) -> _GroupKey:
    """Stock leaves by warehouse and day; a supplier gets one purchase order for all its lines."""
    if part.source is None:
        return (order_no, "", "", "")
    if part.source.source_type == "DROP":
        return (order_no, "DROP", part.source.source, "")
    return (order_no, "STOCK", part.source.source, part.ship.isoformat() if part.ship is not None else "")


def _group_row(key: _GroupKey, group_no: str, ship_date: date) -> dict[str, Any]:
    order_no, kind, place, _ = key
    return {
        "group_no": group_no,
        "order_no": order_no,
        "kind": kind,
        "warehouse_code": place if kind == "STOCK" else None,
        "supplier_no": place if kind == "DROP" else None,
        "ship_date": ship_date,
    }


def _part_row(order_no: str, part: Part, numbers: Mapping[_GroupKey, str]) -> dict[str, Any]:
    _, kind, place, _ = key = _group_key(order_no, part)
    return {
        "order_no": order_no,
        "order_line_id": part.order_line_id,
        "sku": part.sku,
        "group_no": numbers.get(key),
        "source_type": kind or "STOCK",
        "warehouse_code": place if kind == "STOCK" else None,
        "supplier_no": place if kind == "DROP" else None,
        "qty": part.qty,
        "sched_ship": part.ship,
        "sched_arrive": part.arrive,
    }


def reserve_soon(tx: Session, order_nos: Sequence[str], supplies: Supplies) -> None:
    """Reserve what ships soon. What is short here stays promised on the supply it counts on; fulfilment reserves it when it is there."""
    due = tx.execute(_DUE_LINES, {"order_nos": list(order_nos), "until": supplies.reserve_until}).mappings()
    reserve(
        tx,
        [Want(fulfil_line_id=row["id"], sku=row["sku"], warehouse_code=row["warehouse_code"], qty=row["qty"]) for row in due],
    )


_DUE_LINES = text("""
SELECT id, sku, warehouse_code, qty - qty_cancelled - qty_shipped - qty_reserved AS qty FROM fulfil_line
WHERE order_no = ANY(:order_nos) AND source_type = 'STOCK' AND sched_ship <= :until
""")
