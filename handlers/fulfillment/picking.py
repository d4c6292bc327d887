"""From plan to packed: gate, hard reservation, picking. Each step costs a constant number of statements, however many lines there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.service_tasks import Refused
from engine.store.clock import business_now
from handlers.documents.numbers import next_number
from handlers.fulfillment import rules
from handlers.fulfillment.packing import packages_of
from handlers.inventory.rules import Want
from handlers.orders import fulfilment_lines
from handlers.orders.fulfilment_groups import live_group, release_group
from handlers.orders.fulfilment_lines import Change, count, lock_lines_of_group, open_lines
from handlers.orders.holds import blocking
from handlers.shipments.records import add_shipment, lock_shipment, mark_unpacked
from handlers.values import not_negative

#: A shipment of more packages than this is a typing error.
MOST_PACKAGES = 999


@dataclass(frozen=True, slots=True)
class Plan:
    """When the warehouse starts on a group, and when it leaves."""

    release_at: datetime
    scheduled_ship: date
    line_count: int


def plan(tx: Session, group_no: str) -> Plan:
    """When to release a group. Raises NotFound, Refused CANCELLED.

    An order may be cancelled while the message to begin is on its way, and of a group that is begun anew all may have left.
    """
    _live_order(tx, group_no)
    if not open_lines(tx, group_no):
        raise Refused("CANCELLED", f"Nothing of group {group_no} is left to ship.")
    row = tx.execute(_PLAN, {"group_no": group_no}).mappings().one_or_none()
    if row is None:
        raise _unknown(group_no)
    release_at = rules.release_moment(row["ship_date"], row["handling_days"], row["time_zone"])
    return Plan(release_at, row["ship_date"], row["line_count"])


def check_gate(tx: Session, group_no: str, *, credit_stands: bool = True) -> list[str]:
    """The holds that keep a group from being released; without any, and with credit, it is marked released.

    Raises NotFound, Refused CANCELLED.
    """
    order_no = _live_order(tx, group_no)
    holds = blocking(tx, order_no, "release")
    if not holds and credit_stands:
        release_group(tx, group_no)
    return holds


def reserve(tx: Session, group_no: str) -> Decimal:
    """Reserve everything a group still has to ship; answer how much is reserved now. Raises Refused SHORT (keeping nothing), CANCELLED."""
    _live_order(tx, group_no)
    lines = open_lines(tx, group_no)
    short = fulfilment_lines.reserve(tx, _wants(lines))
    if short:
        missing = ", ".join(f"{one.missing.normalize():f} of {one.sku} in {one.warehouse_code}" for one in short[:5])
        raise Refused("SHORT", f"Group {group_no} lacks {missing}.")
    return sum((line.open_qty for line in lines), Decimal(0))


def reserve_available(tx: Session, group_no: str) -> Decimal:
    """Reserve what is there of what a group still has to ship; answer how much is reserved now. Raises Refused CANCELLED."""
    _live_order(tx, group_no)
    fulfilment_lines.reserve(tx, _wants(open_lines(tx, group_no)))
    return sum((line.reserved for line in open_lines(tx, group_no)), Decimal(0))


def pick_lines(tx: Session, group_no: str) -> Sequence[RowMapping]:
    """What to take from which lot, the one that expires first before the others. Raises Conflict when nothing is reserved."""
    _live_order(tx, group_no)
    rows = tx.execute(_PICK_LINES, {"group_no": group_no}).mappings().all()
    if not rows:
        raise Conflict(
            f"Nothing is reserved for group {group_no}.", code="nothing_reserved", next_step="Reserve the group before picking it."
        )
    return rows


def confirm_pick(tx: Session, group_no: str, packages: int, weight_kg: Decimal) -> str:
    """Pack what is reserved for a group into a shipment and answer its number; again: the same one. Raises Invalid, NotFound, Conflict."""
    if not 1 <= packages <= MOST_PACKAGES:
        raise Invalid(
            f"{packages} is no number of packages.",
            code="packages",
            next_step=f"Give between 1 and {MOST_PACKAGES}.",
            errors={"packages": [f"must be between 1 and {MOST_PACKAGES}"]},
        )
    not_negative(weight_kg, "weight_kg")
    order_no = _live_order(tx, group_no)
    packed = tx.execute(_PACKED, {"group_no": group_no}).scalar_one_or_none()
    if packed is not None:
        return str(packed)
    lines = [line for line in open_lines(tx, group_no) if line.reserved > 0]
    if not lines:
        raise Conflict(
            f"Nothing is reserved for group {group_no}.", code="nothing_reserved", next_step="Reserve the group before picking it."
        )
    shipment_no = next_number(tx, "SH")
    head = {
        "shipment_no": shipment_no,
        "group_no": group_no,
        "order_no": order_no,
        "kind": "STOCK",
        "package_count": packages,
        "weight_kg": weight_kg,
        "packed_at": business_now(tx),
    }
    inside = [{"fulfil_line_id": line.id, "qty": line.reserved} for line in lines]
    add_shipment(tx, head, inside, packages_of(tx, group_no, packages, weight_kg))
    count(tx, [Change(line_id=line.id, picked=line.reserved) for line in lines])
    return shipment_no


def unpick(tx: Session, shipment_no: str) -> None:
    """Put the goods of a packed shipment back to the shelf; they stay reserved. Again: nothing happens. Raises Conflict once it left."""
    row = lock_shipment(tx, shipment_no)
    if row.cancelled_at is not None:
        return
    if row.shipped_at is not None:
        raise Conflict(
            f"Shipment {shipment_no} left the house.", code="already_shipped", next_step="Agree a return with the customer instead."
        )
    mark_unpacked(tx, shipment_no)


def release_reservation(tx: Session, group_no: str) -> None:
    """Give back what is reserved for a group and has not left."""
    lock_lines_of_group(tx, group_no)
    fulfilment_lines.release(tx, tx.execute(_LINE_IDS, {"group_no": group_no}).scalars().all())


def _live_order(tx: Session, group_no: str) -> str:
    """The order of a group that is not cancelled; the group and its lines are held. Raises NotFound, Refused CANCELLED."""
    return str(live_group(tx, group_no, "STOCK").order_no)


def _wants(lines: Sequence[Any]) -> list[Want]:
    return [
        Want(fulfil_line_id=line.id, sku=line.sku, warehouse_code=line.warehouse_code, qty=line.open_qty - line.reserved) for line in lines
    ]


def _unknown(group_no: str) -> NotFound:
    return NotFound(f"There is no stock group {group_no}.", code="group_unknown", next_step="Look the group up on the page of its order.")


_PLAN = text("""
SELECT grp.ship_date, warehouse.handling_days, warehouse.time_zone,
  (SELECT count(*) FROM fulfil_line WHERE fulfil_line.group_no = grp.group_no AND qty > qty_cancelled) AS line_count
FROM fulfil_group AS grp JOIN warehouse ON warehouse.code = grp.warehouse_code WHERE grp.group_no = :group_no
""")
_PICK_LINES = text("""
SELECT line.sku, item.name, item.uom, item.gtin, balance.lot, balance.expires_on, sum(reservation.qty) AS qty
FROM fulfil_line AS line JOIN reservation ON reservation.fulfil_line_id = line.id AND reservation.state = 'ACTIVE'
JOIN stock_balance AS balance ON balance.id = reservation.balance_id JOIN item ON item.sku = line.sku
WHERE line.group_no = :group_no GROUP BY line.sku, item.name, item.uom, item.gtin, balance.lot, balance.expires_on
ORDER BY line.sku, balance.expires_on NULLS LAST, balance.lot
""")
_PACKED = text("SELECT shipment_no FROM shipment WHERE group_no = :group_no AND shipped_at IS NULL AND cancelled_at IS NULL")
_LINE_IDS = text("SELECT id FROM fulfil_line WHERE group_no = :group_no ORDER BY id")
