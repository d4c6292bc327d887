"""What leaves is a little more or less than was ordered, and that is agreed: the order's lines become what leaves, at their own prices."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from handlers.catalog.rules import tax_groups
from handlers.orders.events import find_order, lines_of, note
from handlers.orders.model import OrderLine, SalesOrder
from handlers.rowsets import as_json, update_rows
from handlers.values import round_currency

ZERO: Final = Decimal(0)


def ship_more(tx: Session, order_no: str, more: Mapping[int, Decimal], *, actor: str) -> None:
    """Let fulfilment lines ship more than was ordered, by how much each, at the price of their order lines; the order comes to more.

    Order and lines are held by the caller. What is shipped so is reserved by the caller too.
    """
    if not more:
        return
    grown: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in tx.execute(_GROW, {"rows": as_json([{"id": line_id, "qty": qty} for line_id, qty in more.items()])}):
        grown[row.order_line_id] += row.qty
    order, lines = find_order(tx, order_no), lines_of(tx, order_no)
    rows = [_grown(line, grown[line.id], order.currency) for line in lines if line.id in grown]
    update_rows(tx, OrderLine, rows)
    _write_totals(tx, order)
    note(tx, order_no, "shipped_over", actor=actor, detail={"qty": sum(more.values(), ZERO)})


def close_short(tx: Session, order_no: str, less: Mapping[int, Decimal], *, actor: str) -> None:
    """Close what is missing of fulfilment lines, by how much each: it is not delivered any more, and not charged.

    Order and lines are held by the caller, and nothing of it is reserved.
    """
    if less:
        tx.execute(_CLOSE, {"rows": as_json([{"id": line_id, "qty": qty} for line_id, qty in less.items()])})
        note(tx, order_no, "closed_short", actor=actor, detail={"qty": sum(less.values(), ZERO)})


def _grown(line: OrderLine, more: Decimal, currency: str) -> dict[str, Any]:
    qty = line.qty_ordered + more
    discount = round_currency(line.header_discount * qty / line.qty_ordered, currency)
    return {"id": line.id, "qty_ordered": qty, "line_net": round_currency(line.unit_net * qty, currency), "header_discount": discount}


def _write_totals(tx: Session, order: SalesOrder) -> None:
    lines = lines_of(tx, order.order_no)
    nets = [(line.tax_category, line.tax_rate_pct, line.line_net - line.header_discount) for line in lines]
    taxes = tax_groups(nets, freight=order.freight, currency=order.currency)
    net, tax = sum((each[2] for each in nets), ZERO), sum((group.tax for group in taxes), ZERO)
    totals = {
        "list_total": sum((round_currency(line.list_price * line.qty_ordered, order.currency) for line in lines), ZERO),
        "header_discount": sum((line.header_discount for line in lines), ZERO),
        "net_total": net,
        "tax_total": tax,
        "gross_total": net + order.freight + tax,
        "taxes": [asdict(group) for group in taxes],
    }
    tx.execute(update(SalesOrder).where(SalesOrder.order_no == order.order_no).values(totals).execution_options(synchronize_session=False))


_GIVEN = "WITH given AS (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(id bigint, qty numeric))"
_GROW = text(f"""
{_GIVEN}
UPDATE fulfil_line AS line SET qty = line.qty + given.qty FROM given WHERE line.id = given.id
RETURNING line.order_line_id, given.qty
""")
_CLOSE = text(f"""
{_GIVEN}, parts AS (
  UPDATE fulfil_line AS line SET qty_cancelled = line.qty_cancelled + given.qty FROM given WHERE line.id = given.id
  RETURNING line.order_line_id, given.qty
)
UPDATE order_line AS line SET qty_cancelled = line.qty_cancelled + gone.qty
FROM (SELECT order_line_id, sum(qty) AS qty FROM parts GROUP BY order_line_id) AS gone WHERE line.id = gone.order_line_id
""")
