"""From plan to packed: gate, hard reservation, picking. Each step costs a constant number of statements, however many lines there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.service_tasks import Refused
from handlers.documents.numbers import next_number, next_numbers
from handlers.fulfillment import rules
from handlers.inventory import stock
from handlers.orders.holds import blocking
from handlers.parties.register import company
from handlers.rowsets import insert_rows
from handlers.shipments.model import Package, Shipment, ShipmentLine
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
    """When to release a group. Raises NotFound."""
    row = tx.execute(_PLAN, {"group_no": group_no}).mappings().one_or_none()
    if row is None:
        raise _unknown(group_no)
    release_at = rules.release_moment(row["ship_date"], row["handling_days"], row["time_zone"])
    return Plan(release_at, row["ship_date"], row["line_count"])


def check_gate(tx: Session, group_no: str) -> list[str]:
    """The holds that keep a group from being released; without any it is marked released. Raises NotFound, Conflict when cancelled."""
    order_no = _live_order(tx, group_no)
    holds = blocking(tx, order_no, "release")
    if not holds:
        tx.execute(text("UPDATE fulfil_group SET released_at = coalesce(released_at, now()) WHERE group_no = :no"), {"no": group_no})
    return holds


def reserve(tx: Session, group_no: str) -> Decimal:
    """Reserve everything a group still has to ship; answer how much is reserved now. Raises Refused SHORT, keeping nothing."""
    _live_order(tx, group_no)
    lines = _open_lines(tx, group_no)
    wants = [
        stock.Want(
            fulfil_line_id=line["id"], sku=line["sku"], warehouse_code=line["warehouse_code"], qty=line["open_qty"] - line["reserved"]
        )
        for line in lines
    ]
    short = stock.reserve(tx, wants)
    if short:
        missing = ", ".join(f"{one.missing.normalize():f} of {one.sku} in {one.warehouse_code}" for one in short[:5])
        raise Refused("SHORT", f"Group {group_no} lacks {missing}.")
    return sum((line["open_qty"] for line in lines), Decimal(0))


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
    lines = [line for line in _open_lines(tx, group_no) if line["reserved"] > 0]
    if not lines:
        raise Conflict(
            f"Nothing is reserved for group {group_no}.", code="nothing_reserved", next_step="Reserve the group before picking it."
        )
    shipment_no = _write_shipment(tx, {"group_no": group_no, "order_no": order_no, "package_count": packages, "weight_kg": weight_kg})
    insert_rows(
        tx,
        ShipmentLine,
        [{"shipment_no": shipment_no, "fulfil_line_id": line["id"], "qty": line["reserved"]} for line in lines],
    )
    tx.execute(_COUNT_PICKED, {"shipment_no": shipment_no})
    _write_packages(tx, shipment_no, packages, weight_kg)
    return shipment_no


def unpick(tx: Session, shipment_no: str) -> None:
    """Put the goods of a packed shipment back to the shelf; they stay reserved. Again: nothing happens. Raises Conflict once it left."""
    row = tx.execute(
        text("SELECT shipped_at, cancelled_at FROM shipment WHERE shipment_no = :no FOR UPDATE"), {"no": shipment_no}
    ).one_or_none()
    if row is None or row.cancelled_at is not None:
        return
    if row.shipped_at is not None:
        raise Conflict(
            f"Shipment {shipment_no} left the house.", code="already_shipped", next_step="Agree a return with the customer instead."
        )
    tx.execute(_UNPICK, {"shipment_no": shipment_no})


def release_reservation(tx: Session, group_no: str) -> None:
    """Give back what is reserved for a group and has not left."""
    stock.release(tx, tx.execute(_LINE_IDS, {"group_no": group_no}).scalars().all())


def _write_shipment(tx: Session, values: dict[str, object]) -> str:
    shipment_no = next_number(tx, "SH")
    at = tx.execute(text("SELECT now()")).scalar_one()
    insert_rows(tx, Shipment, [{"shipment_no": shipment_no, "kind": "STOCK", "packed_at": at, **values}])
    return shipment_no


def _write_packages(tx: Session, shipment_no: str, packages: int, weight_kg: Decimal) -> None:
    gln = company(tx).gln
    serials = [int(number.rpartition("-")[2]) for number in next_numbers(tx, "SSCC", packages)]
    rows = [
        {"sscc": rules.sscc(gln, serial), "shipment_no": shipment_no, "package_no": number, "weight_kg": weight}
        for number, (serial, weight) in enumerate(zip(serials, rules.weights(weight_kg, packages), strict=True), start=1)
    ]
    insert_rows(tx, Package, rows)


def _live_order(tx: Session, group_no: str) -> str:
    row = tx.execute(
        text("SELECT order_no, cancelled_at FROM fulfil_group WHERE group_no = :no AND kind = 'STOCK' FOR UPDATE"), {"no": group_no}
    ).one_or_none()
    if row is None:
        raise _unknown(group_no)
    if row.cancelled_at is not None:
        raise Conflict(
            f"Group {group_no} was cancelled at {row.cancelled_at}.", code="group_cancelled", next_step="Cancel this instance as well."
        )
    return str(row.order_no)


def _open_lines(tx: Session, group_no: str) -> Sequence[RowMapping]:
    return tx.execute(_OPEN_LINES, {"group_no": group_no}).mappings().all()


def _unknown(group_no: str) -> NotFound:
    return NotFound(f"There is no stock group {group_no}.", code="group_unknown", next_step="Look the group up on the page of its order.")


_PLAN = text("""
SELECT grp.ship_date, warehouse.handling_days, warehouse.time_zone,
  (SELECT count(*) FROM fulfil_line WHERE fulfil_line.group_no = grp.group_no AND qty > qty_cancelled) AS line_count
FROM fulfil_group AS grp JOIN warehouse ON warehouse.code = grp.warehouse_code WHERE grp.group_no = :group_no
""")
_OPEN_LINES = text("""
SELECT id, sku, warehouse_code, qty - qty_cancelled - qty_shipped AS open_qty, qty_reserved AS reserved
FROM fulfil_line WHERE group_no = :group_no AND qty - qty_cancelled - qty_shipped > 0 ORDER BY id FOR UPDATE
""")
_PICK_LINES = text("""
SELECT line.sku, item.name, item.uom, item.gtin, balance.lot, balance.expires_on, sum(reservation.qty) AS qty
FROM fulfil_line AS line JOIN reservation ON reservation.fulfil_line_id = line.id AND reservation.state = 'ACTIVE'
JOIN stock_balance AS balance ON balance.id = reservation.balance_id JOIN item ON item.sku = line.sku
WHERE line.group_no = :group_no GROUP BY line.sku, item.name, item.uom, item.gtin, balance.lot, balance.expires_on
ORDER BY line.sku, balance.expires_on NULLS LAST, balance.lot
""")
_PACKED = text("SELECT shipment_no FROM shipment WHERE group_no = :group_no AND shipped_at IS NULL AND cancelled_at IS NULL")
_COUNT_PICKED = text("""
UPDATE fulfil_line AS line SET qty_picked = line.qty_picked + packed.qty
FROM shipment_line AS packed WHERE packed.shipment_no = :shipment_no AND packed.fulfil_line_id = line.id
""")
_UNPICK = text("""
WITH cancelled AS (
  UPDATE shipment SET cancelled_at = now() WHERE shipment_no = :shipment_no
)
UPDATE fulfil_line AS line SET qty_picked = line.qty_picked - packed.qty
FROM shipment_line AS packed WHERE packed.shipment_no = :shipment_no AND packed.fulfil_line_id = line.id
""")
_LINE_IDS = text("SELECT id FROM fulfil_line WHERE group_no = :group_no ORDER BY id")
