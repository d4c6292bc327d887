"""Makes a change of an order: what was planned for it is given back, its lines are written and priced, it has a new version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.service_tasks import Refused
from engine.store import locks
from engine.store.locks import Lock
from handlers.inventory.rules import Want
from handlers.orders.change_orders import as_kept, differences_now, find_change, reprice_after, said, told, write_change
from handlers.orders.change_pricing import rows_after
from handlers.orders.change_rules import Cut, Delta, OrderNow, Wish, cut, wish_of
from handlers.orders.events import find_order, note
from handlers.orders.fulfilment_groups import close_empty_groups
from handlers.orders.fulfilment_lines import Kept, awaited_items, cut_parts, release, reserve, return_to_promising
from handlers.orders.holds import blocking
from handlers.orders.model import OrderLine, SalesOrder
from handlers.rowsets import insert_rows, update_rows

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a change undid and left to do: groups whose work ends, whether anything is to be promised now, items others wait for."""

    version_no: int
    groups: tuple[str, ...]
    to_promise: bool
    awaited_skus: tuple[str, ...]


def apply_change(tx: Session, change_no: str, actor: str) -> Applied:
    """Make the change: undo what was planned for it, write the lines, price them, make a new version of the order. Again: nothing more.

    Raises NotFound, Refused STALE when the order is not what was assessed any more, Refused IMPOSSIBLE.
    """
    change = find_change(tx, change_no)
    order, wish = find_order(tx, change.order_no), wish_of(change.asked)
    try:
        now, deltas = differences_now(tx, order, wish)
    except Problem as problem:
        raise Refused("IMPOSSIBLE", said(problem)) from problem
    if [_shape(as_kept(delta)) for delta in deltas] != [_shape(each) for each in change.deltas]:
        raise Refused("STALE", f"Order {order.order_no} went on while its change was decided.")
    locks.take(tx, Lock.ITEM, {*(line.sku for line in now.lines), *(each.sku for each in wish.lines if each.sku)})
    freed = _undo(tx, cut(now, deltas))
    _write_lines(tx, order, now, deltas, wish)
    groups = close_empty_groups(tx, order.order_no)
    version_no = _new_version(tx, order, wish)
    write_change(tx, change_no, state="COMPENSATING", version_no=version_no)
    detail = {"change_no": change_no, "version_no": version_no, "changes": [told(delta) for delta in deltas]}
    note(tx, order.order_no, "order_changed", actor=actor, detail=detail)
    is_open: bool = tx.execute(_TO_PROMISE, {"order_no": order.order_no}).scalar_one()
    to_promise = is_open and not blocking(tx, order.order_no, "promise")
    return Applied(version_no=version_no, groups=tuple(groups), to_promise=to_promise, awaited_skus=tuple(awaited_items(tx, freed)))


def _undo(tx: Session, undone: Cut) -> list[str]:
    """Give back what was planned for what changes; answer the items that are free for others. What goes on keeps its stock."""
    groups = sorted(undone.groups)
    of_groups = tx.execute(_LINES_OF_GROUPS, {"groups": groups}).scalars().all() if groups else []
    back = {*undone.anew, *of_groups}
    touched = sorted({*undone.less, *back})
    held = tx.execute(_RESERVED, {"ids": touched}).all()
    release(tx, touched)
    cut_parts(tx, undone.less)
    return_to_promising(tx, [Kept(line_id=line_id, qty=ZERO) for line_id in sorted(back)])
    staying = ((row, min(row.qty_reserved, row.qty_open - undone.less.get(row.id, ZERO))) for row in held if row.id not in back)
    reserve(tx, [Want(fulfil_line_id=row.id, sku=row.sku, warehouse_code=row.warehouse_code, qty=qty) for row, qty in staying if qty > 0])
    return sorted({row.sku for row in held})


def _write_lines(tx: Session, order: SalesOrder, now: OrderNow, deltas: Sequence[Delta], wish: Wish) -> None:
    repriced = reprice_after(tx, order, now, deltas, wish)
    kept, new = rows_after(repriced, wish)
    update_rows(tx, OrderLine, kept)
    units = {row.sku: row for row in tx.execute(_UNITS, {"skus": [row["sku"] for row in new]})}
    insert_rows(
        tx,
        OrderLine,
        [
            {**row, "order_no": order.order_no, "uom": units[row["sku"]].uom, "description": row["description"] or units[row["sku"]].name}
            for row in new
        ],
    )
    changed = update(SalesOrder).where(SalesOrder.order_no == order.order_no)
    tx.execute(changed.values(**repriced.totals).execution_options(synchronize_session=False))


def _new_version(tx: Session, order: SalesOrder, wish: Wish) -> int:
    version_no = order.version_no + 1
    values: dict[str, Any] = {"version_no": version_no}
    if wish.ship_to is not None:
        values["ship_to"] = {**order.ship_to, **wish.ship_to}
    if wish.requested is not None:
        values["requested_date"] = wish.requested
    tx.execute(update(SalesOrder).where(SalesOrder.order_no == order.order_no).values(values).execution_options(synchronize_session=False))
    return version_no


def _shape(kept: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two differences the same: what was assessed still holds."""
    return tuple(kept[name] for name in ("kind", "stage", "line_no", "before", "after", "qty"))


_LINES_OF_GROUPS = text("SELECT id FROM fulfil_line WHERE group_no = ANY(:groups) AND qty > qty_cancelled ORDER BY id")
_RESERVED = text("""
SELECT id, sku, warehouse_code, qty_reserved, qty - qty_cancelled - qty_shipped AS qty_open
FROM fulfil_line WHERE id = ANY(:ids) ORDER BY id
""")
_UNITS = text("SELECT sku, uom, name FROM item WHERE sku = ANY(:skus)")
_TO_PROMISE = text("""
SELECT EXISTS (
  SELECT 1 FROM order_line AS line WHERE line.order_no = :order_no
    AND line.qty_ordered - line.qty_cancelled > (
      SELECT coalesce(sum(part.qty - part.qty_cancelled), 0) FROM fulfil_line AS part
      WHERE part.order_line_id = line.id AND part.group_no IS NOT NULL))
""")
