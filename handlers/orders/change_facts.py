"""Reads an order as `change_rules` looks at it: each line with its parts, and how far each came. Two statements, however many lines."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from handlers.orders.change_rules import LineNow, OrderNow, PartNow, Stage
from handlers.orders.events import lines_of
from handlers.orders.model import OrderLine, SalesOrder
from handlers.values import total


def read_order(tx: Session, order: SalesOrder) -> OrderNow:
    """The order as it stands; whoever decides on it has locked it with its lines."""
    parts: Mapping[int, list[RowMapping]] = defaultdict(list)
    for row in tx.execute(_PARTS, {"order_no": order.order_no}).mappings():
        parts[row["order_line_id"]].append(row)
    lines = [_line(line, parts[line.id]) for line in lines_of(tx, order.order_no) if line.qty_ordered > line.qty_cancelled]
    return OrderNow(version_no=order.version_no, currency=order.currency, ship_to=order.ship_to, lines=lines)


def _line(line: OrderLine, rows: Sequence[Any]) -> LineNow:
    parts = [
        PartNow(id=row["id"], group_no=row["group_no"], stage=Stage(row["stage"]), qty_open=row["qty_open"])
        for row in rows
        if row["qty_open"] > 0
    ]
    shipped = total(row["qty_shipped"] for row in rows)
    qty: Decimal = line.qty_ordered - line.qty_cancelled
    left = [Stage(row["left_at"]) for row in rows if row["qty_shipped"] > 0]
    return LineNow(
        line_no=line.line_no,
        sku=line.sku or line.item_ref,
        qty=qty,
        qty_shipped=shipped,
        unit_net=line.unit_net,
        requested=line.requested_arrival,
        parts=parts,
        left_at=max(left, key=lambda stage: stage.rank, default=Stage.SHIPPED),
        qty_unplanned=max(Decimal(0), qty - shipped - total(part.qty_open for part in parts)),
    )


#: A supplier who ships for us has been asked, or may be asked at any moment: only the buyer knows what can still be changed.
_PARTS = text("""
SELECT part.order_line_id, part.id, part.group_no, part.qty - part.qty_cancelled - part.qty_shipped AS qty_open, part.qty_shipped,
  CASE WHEN part.group_no IS NULL THEN 'SUBMITTED'
       WHEN part.source_type = 'DROP' THEN 'WITH_SUPPLIER'
       WHEN packed.tracking_no <> '' THEN 'LABELLED'
       WHEN packed.shipment_no IS NOT NULL THEN 'PICKED'
       WHEN team.released_at IS NOT NULL THEN 'RELEASED'
       WHEN part.qty_reserved > 0 THEN 'RESERVED'
       ELSE 'SCHEDULED' END AS stage,
  CASE WHEN part.qty_invoiced > 0 THEN 'INVOICED' WHEN part.qty_delivered > 0 THEN 'DELIVERED' ELSE 'SHIPPED' END AS left_at
FROM fulfil_line AS part
LEFT JOIN fulfil_group AS team ON team.group_no = part.group_no
LEFT JOIN LATERAL (
  SELECT shipment.shipment_no, shipment.tracking_no FROM shipment
  WHERE shipment.group_no = part.group_no AND shipment.shipped_at IS NULL AND shipment.cancelled_at IS NULL
  ORDER BY shipment.shipment_no LIMIT 1
) AS packed ON true
WHERE part.order_no = :order_no ORDER BY part.id
""")
