"""The owner's verbs of the shipments: only here are they written. A verb is one statement, however many lines and packages.

Whoever decides on what a shipment says takes its lock first: `lock_shipment`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store import locks
from engine.store.locks import Lock
from engine.store.memo import read_once
from handlers import rowsets
from handlers.orders.fulfilment_lines import Change, count
from handlers.rowsets import as_json, insert_rows
from handlers.shipments.model import Package, Shipment, ShipmentLine


def shipment_of(tx: Session, shipment_no: str) -> Row[Any]:
    """A shipment as it is now. Raises NotFound."""
    row = read_once(
        tx,
        (Shipment, shipment_no),
        lambda: tx.execute(_SHIPMENT, {"shipment_no": shipment_no}).one_or_none(),
        of=[Shipment.__tablename__],
    )
    if row is None:
        raise NotFound(
            f"There is no shipment {shipment_no}.", code="shipment_unknown", next_step="Look the shipment up on the page of its order."
        )
    return row


def lock_shipment(tx: Session, shipment_no: str) -> Row[Any]:
    """A shipment, held to the end of the transaction with its order and its lines. Raises NotFound."""
    row = shipment_of(tx, shipment_no)
    if locks.holds(tx, Lock.SHIPMENT, shipment_no):
        return row
    locks.take(tx, Lock.ORDER, [row.order_no])
    locks.take(tx, Lock.FULFIL_LINE, tx.execute(_LINE_IDS, {"shipment_no": shipment_no}).scalars())
    locks.take(tx, Lock.SHIPMENT, [shipment_no])
    return shipment_of(tx, shipment_no)


def lock_shipments(tx: Session, shipment_nos: Collection[str], order_nos: Collection[str] = ()) -> None:
    """Shipments, held to the end of the transaction with their orders (and others) and their lines. Two statements, and the locks."""
    given = {"shipments": sorted(set(shipment_nos))}
    locks.take(tx, Lock.ORDER, {*order_nos, *tx.execute(_ORDERS_OF, given).scalars()})
    locks.take(tx, Lock.FULFIL_LINE, tx.execute(_LINE_IDS_OF, given).scalars())
    locks.take(tx, Lock.SHIPMENT, given["shipments"])


def add_shipment(tx: Session, head: rowsets.Row, lines: Sequence[rowsets.Row], packages: Sequence[rowsets.Row] = ()) -> None:
    """Write a shipment, what is in it (fulfil_line_id, qty, cost) and its packages (sscc, package_no, weight_kg)."""
    shipment_no = head["shipment_no"]
    insert_rows(tx, Shipment, [head])
    insert_rows(tx, ShipmentLine, [{"shipment_no": shipment_no, **line} for line in lines])
    insert_rows(tx, Package, [{"shipment_no": shipment_no, **package} for package in packages])


def quantities(tx: Session, shipment_no: str) -> dict[int, Decimal]:
    """How much of which fulfilment line is in a shipment."""
    return {row.fulfil_line_id: row.qty for row in tx.execute(_QUANTITIES, {"shipment_no": shipment_no})}


def mark_unpacked(tx: Session, shipment_no: str) -> None:
    """The goods went back to the shelf: the shipment is cancelled, and nothing of its lines counts as picked."""
    tx.execute(_CANCEL, {"shipment_no": shipment_no})
    count(tx, [Change(line_id=line_id, picked=-qty) for line_id, qty in quantities(tx, shipment_no).items()])


def mark_booked(tx: Session, shipment_no: str, booking: Mapping[str, Any]) -> None:
    """Write the carrier's answer (carrier, service, tracking_no, cost, currency, label); the first answer stays."""
    tx.execute(_BOOK, {"shipment_no": shipment_no, **booking})


def forget_booking(tx: Session, shipment_no: str) -> None:
    """The carrier's booking was given back; its label stays among the documents."""
    tx.execute(_FORGET, {"shipment_no": shipment_no})


def mark_shipped(tx: Session, shipment_no: str, costs: Mapping[int, Decimal]) -> datetime:
    """The goods left, at the cost of each fulfilment line in the currency of the books; answer when."""
    tx.execute(_COST, {"shipment_no": shipment_no, "rows": as_json([{"line": line, "cost": cost} for line, cost in costs.items()])})
    shipped_at: datetime = tx.execute(_SHIP, {"shipment_no": shipment_no}).scalar_one()
    return shipped_at


def mark_delivered(tx: Session, shipment_no: str, delivered_at: datetime | None = None) -> None:
    """The customer has the goods, now or since a given time; its lines count as delivered."""
    tx.execute(_DELIVER, {"shipment_no": shipment_no, "at": delivered_at})
    count(tx, [Change(line_id=line_id, delivered=qty) for line_id, qty in quantities(tx, shipment_no).items()])


def mark_tracked(tx: Session, shipment_no: str, status: str) -> None:
    """The carrier was asked where it is; nothing said leaves what it said before."""
    tx.execute(_TRACK, {"shipment_no": shipment_no, "status": status})


def signed(tx: Session, shipment_no: str, by: str) -> None:
    """Somebody signed for the goods."""
    tx.execute(_SIGN, {"shipment_no": shipment_no, "by": by})


def recognise_costs(tx: Session, shipment_line_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """What was deferred of these shipment lines became cost of sales: answer it as fulfil_line_id and cost; again: nothing."""
    return tx.execute(_RECOGNISE, {"ids": sorted(shipment_line_ids)}).all()


_SHIPMENT = text("SELECT * FROM shipment WHERE shipment_no = :shipment_no")
_LINE_IDS = text("SELECT fulfil_line_id FROM shipment_line WHERE shipment_no = :shipment_no")
_ORDERS_OF = text("SELECT DISTINCT order_no FROM shipment WHERE shipment_no = ANY(:shipments)")
_LINE_IDS_OF = text("SELECT fulfil_line_id FROM shipment_line WHERE shipment_no = ANY(:shipments)")
_QUANTITIES = text("SELECT fulfil_line_id, qty FROM shipment_line WHERE shipment_no = :shipment_no ORDER BY fulfil_line_id")
_CANCEL = text("UPDATE shipment SET cancelled_at = business_now() WHERE shipment_no = :shipment_no")
_BOOK = text("""
UPDATE shipment SET carrier = :carrier, service = :service, tracking_no = :tracking_no, carrier_cost = :cost, carrier_currency = :currency,
  label_document_id = :label
WHERE shipment_no = :shipment_no AND tracking_no = ''
""")
_FORGET = text("""
UPDATE shipment SET carrier = '', service = '', tracking_no = '', carrier_cost = NULL, carrier_currency = '', label_document_id = NULL
WHERE shipment_no = :shipment_no AND shipped_at IS NULL
""")
_COST = text("""
UPDATE shipment_line SET cost = given.cost
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(line bigint, cost numeric)
WHERE shipment_line.shipment_no = :shipment_no AND shipment_line.fulfil_line_id = given.line
""")
_RECOGNISE = text("""
WITH charged AS (
  SELECT id, fulfil_line_id, cost - cogs AS cost FROM shipment_line WHERE id = ANY(:ids) AND cost > cogs
), recognised AS (
  UPDATE shipment_line SET cogs = shipment_line.cost FROM charged WHERE shipment_line.id = charged.id
)
SELECT fulfil_line_id, cost FROM charged ORDER BY id
""")
_TRACK = text("""
UPDATE shipment SET tracked_at = now(), track_status = coalesce(nullif(CAST(:status AS text), ''), track_status)
WHERE shipment_no = :shipment_no
""")
_SIGN = text("UPDATE shipment SET signed_by = :by WHERE shipment_no = :shipment_no")
_SHIP = text("UPDATE shipment SET shipped_at = business_now() WHERE shipment_no = :shipment_no RETURNING shipped_at")
_DELIVER = text("""
UPDATE shipment SET delivered_at = coalesce(CAST(:at AS timestamptz), business_now()) WHERE shipment_no = :shipment_no
""")
