"""Takes back what was prepared for a group that will not leave: its shipment, its reservation, its place in the plan.

Every step may come twice, and after whoever prepared the group went on or went away: each looks under the lock at what is there.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.orders import fulfilment_lines
from handlers.orders.events import note
from handlers.orders.fulfilment_groups import close_empty_groups
from handlers.orders.fulfilment_lines import Kept, lock_lines_of_group, open_lines, return_to_promising
from handlers.shipments.records import lock_shipment, mark_unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a group came. `packed` is a shipment that has not left, `shipped` one that has and whose invoice is not with the customer.

    `has_label` says whether a carrier is booked for what is packed, `qty_open` how much has not left and is not cancelled.
    """

    order_no: str
    packed: str
    has_label: bool
    shipped: str
    qty_open: Decimal


def standing(tx: Session, group_no: str) -> Standing:
    """How far a group came, cancelled or not. Raises NotFound."""
    lock_lines_of_group(tx, group_no)
    row = tx.execute(_STANDING, {"group_no": group_no}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no group {group_no}.", code="group_unknown", next_step="Look the group up on the page of its order.")
    return Standing(**row)


def undo_preparation(tx: Session, group_no: str) -> Decimal:
    """Put what is packed back to the shelf and give back what is reserved; answer how much that was. Again: nothing happens."""
    lock_lines_of_group(tx, group_no)
    for shipment_no in tx.execute(_SHIPMENTS, {"group_no": group_no}).scalars().all():
        shipment = lock_shipment(tx, shipment_no)
        if shipment.shipped_at is None and shipment.cancelled_at is None:
            mark_unpacked(tx, shipment_no)
    return fulfilment_lines.release(tx, tx.execute(_LINE_IDS, {"group_no": group_no}).scalars().all())


def give_back(tx: Session, group_no: str, reason: str, *, actor: str = "system") -> Decimal:
    """Let what a group has not shipped be promised anew; answer how much. What is reserved stays with the group. Again: nothing."""
    lock_lines_of_group(tx, group_no)
    lines = [line for line in open_lines(tx, group_no) if line.open_qty > line.reserved]
    returned = return_to_promising(tx, [Kept(line_id=line.id, qty=line.shipped + line.reserved) for line in lines])
    if returned:
        order_no = standing(tx, group_no).order_no
        close_empty_groups(tx, order_no)
        note(tx, order_no, "lines_returned", actor=actor, detail={"group_no": group_no, "qty": returned, "reason": reason})
    return returned


_STANDING = text("""
SELECT team.order_no, coalesce(packed.shipment_no, '') AS packed, coalesce(packed.tracking_no, '') <> '' AS has_label,
  coalesce(sent.shipment_no, '') AS shipped,
  (SELECT coalesce(sum(qty - qty_cancelled - qty_shipped), 0) FROM fulfil_line WHERE fulfil_line.group_no = team.group_no) AS qty_open
FROM fulfil_group AS team
LEFT JOIN LATERAL (
  SELECT shipment_no, tracking_no FROM shipment
  WHERE shipment.group_no = team.group_no AND shipment.shipped_at IS NULL AND shipment.cancelled_at IS NULL
  ORDER BY shipment_no LIMIT 1
) AS packed ON true
LEFT JOIN LATERAL (
  SELECT shipment.shipment_no FROM shipment
  JOIN shipment_line AS inside USING (shipment_no) JOIN fulfil_line AS line ON line.id = inside.fulfil_line_id
  WHERE shipment.group_no = team.group_no AND shipment.shipped_at IS NOT NULL AND (
    line.qty_invoiced < line.qty_shipped OR EXISTS (
      SELECT 1 FROM invoice
      WHERE invoice.shipment_no = shipment.shipment_no AND invoice.cancelled_at IS NULL AND invoice.delivered_at IS NULL))
  ORDER BY shipment_no LIMIT 1
) AS sent ON true
WHERE team.group_no = :group_no
""")
_SHIPMENTS = text("SELECT shipment_no FROM shipment WHERE group_no = :group_no ORDER BY 1")
_LINE_IDS = text("SELECT id FROM fulfil_line WHERE group_no = :group_no ORDER BY id")
