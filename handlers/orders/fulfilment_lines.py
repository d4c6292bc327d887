"""The owner's verbs of the fulfilment lines: only here are they added, counted, split and dropped.

A verb is one statement, however many lines it is given. Inventory lies below the orders and does not know them: it answers what it
reserved, gave back and issued, and `reserve`, `release` and `issue` here count that on the lines in the same breath.
Whoever decides on what a line says takes its lock first: `lock_lines`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Lock
from handlers.inventory import stock
from handlers.inventory.rules import Issue, Shortage, Want
from handlers.rowsets import Row, as_json

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """By how much the counts of a fulfilment line change, in the unit of its order line; what is given back is negative."""

    line_id: int
    reserved: Decimal = ZERO
    picked: Decimal = ZERO
    shipped: Decimal = ZERO
    delivered: Decimal = ZERO
    invoiced: Decimal = ZERO
    returned: Decimal = ZERO
    credited: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How much of a fulfilment line its group still ships, and on which day where that changes; the rest goes back to promising."""

    line_id: int
    qty: Decimal
    ship: date | None = None


def lock_lines(tx: Session, line_ids: Collection[int]) -> None:
    """Hold the lines to the end of the transaction. Read what you decide on afterwards."""
    locks.take(tx, Lock.FULFIL_LINE, line_ids)


def lock_lines_of_group(tx: Session, group_no: str) -> None:
    """Hold a group, its order and its lines to the end of the transaction."""
    if locks.holds(tx, Lock.FULFIL_GROUP, group_no) and locks.asked(tx, Lock.FULFIL_LINE, "group_no", group_no):
        return
    locks.take(tx, Lock.ORDER, tx.execute(_ORDER_OF, {"group_no": group_no}).scalars())
    locks.take(tx, Lock.FULFIL_GROUP, [group_no])
    locks.take(tx, Lock.FULFIL_LINE, [group_no], by="group_no")


def lock_lines_of_order(tx: Session, order_no: str) -> None:
    """Hold an order, its groups and its lines to the end of the transaction."""
    lock_lines_of_orders(tx, [order_no])


def lock_lines_of_orders(tx: Session, order_nos: Collection[str]) -> None:
    """Hold orders, their groups and their lines to the end of the transaction."""
    locks.take(tx, Lock.ORDER, order_nos)
    locks.take(tx, Lock.FULFIL_GROUP, order_nos, by="order_no")
    locks.take(tx, Lock.FULFIL_LINE, order_nos, by="order_no")


def add_parts(tx: Session, parts: Sequence[Row]) -> None:
    """Add parts of order lines, of several orders at once; one without a group is a backorder.

    A part has order_no, order_line_id, sku, group_no, source_type, warehouse_code, supplier_no, qty, sched_ship and sched_arrive.
    """
    if parts:
        tx.execute(_ADD_PARTS, {"rows": as_json(parts)})


def awaited_items(tx: Session, skus: Collection[str]) -> tuple[str, ...]:
    """Those of the items for which some order waits as a backorder, sorted."""
    return tuple(tx.execute(_AWAITED, {"skus": sorted(set(skus))}).scalars()) if skus else ()


def drop_backorders(tx: Session, order_nos: Collection[str]) -> None:
    """Forget the orders' backorders: each is nothing but a wish, to be planned anew with whatever supply there is."""
    tx.execute(_DROP_BACKORDERS, {"order_nos": list(order_nos)})


def note_promises(tx: Session, order_nos: Collection[str]) -> None:
    """Write on the orders' lines what their parts promise, and keep every promise made; the first one stays (INV-21)."""
    tx.execute(_NOTE_PROMISES, {"order_nos": list(order_nos)})


def reserve(tx: Session, wants: Sequence[Want]) -> list[Shortage]:
    """Reserve for the lines what is there and answer what is missing. The lines are locked first."""
    lock_lines(tx, [want.fulfil_line_id for want in wants])
    taken, short = stock.reserve(tx, wants)
    count(tx, [Change(line_id=part.fulfil_line_id, reserved=part.qty) for part in taken])
    return short


def release(tx: Session, line_ids: Collection[int]) -> Decimal:
    """Give back everything reserved for the lines and answer how much it was; again: nothing happens. The lines are locked first."""
    lock_lines(tx, line_ids)
    freed = stock.release(tx, line_ids)
    count(tx, [Change(line_id=line_id, reserved=-qty) for line_id, qty in freed.items()])
    return sum(freed.values(), ZERO)


def issue(tx: Session, issues: Sequence[Issue], reference: str, currency: str) -> dict[int, Decimal]:
    """Let reserved goods leave for the lines and answer the cost of each, in `currency`. Raises Conflict when less is reserved."""
    lock_lines(tx, [one.fulfil_line_id for one in issues])
    costs = stock.issue(tx, issues, reference, currency)
    count(tx, [Change(line_id=one.fulfil_line_id, reserved=-one.qty, shipped=one.qty) for one in issues])
    return costs


def write_off(tx: Session, missing: Sequence[Issue], reference: str, currency: str) -> Decimal:
    """Take what was reserved for the lines and is not there off the stock; answer what it was worth, in `currency`. Raises Conflict."""
    lock_lines(tx, [one.fulfil_line_id for one in missing])
    costs = stock.issue(tx, missing, reference, currency, kind="ADJUSTMENT")
    count(tx, [Change(line_id=one.fulfil_line_id, reserved=-one.qty) for one in missing])
    return sum(costs.values(), ZERO)


def count(tx: Session, changes: Iterable[Change]) -> None:
    """Add to what is counted on the lines. A line never counts more than it is: the table refuses it."""
    rows = list(changes)
    if rows:
        tx.execute(_COUNT, {"rows": as_json(rows)})


def give_to_supplier(tx: Session, group_no: str, supplier_no: str) -> None:
    """Let another supplier ship a drop-ship group with all its lines."""
    tx.execute(_GIVE_TO_SUPPLIER, {"group_no": group_no, "supplier_no": supplier_no})


def return_to_promising(tx: Session, kept: Sequence[Kept]) -> Decimal:
    """Let the lines' group ship what is kept, never less than has left; the rest becomes a backorder. Answer how much that is.

    A line stays in its group with what it no longer ships as cancelled, because papers name it; the backorder is a line of its own. The
    order's lines promise what their parts promise from then on: nothing, while a part waits.
    """
    rows = [{"id": one.line_id, "qty": one.qty, "ship": one.ship} for one in kept]
    if not rows:
        return ZERO
    returned: Decimal = tx.execute(_RETURN, {"rows": as_json(rows)}).scalar_one()
    note_promises(tx, tx.execute(_ORDERS_OF, {"ids": [one.line_id for one in kept]}).scalars().all())
    return returned


def cut_parts(tx: Session, less: Mapping[int, Decimal]) -> None:
    """Let lines ship less, by how much each; what was reserved for them is given back before. Their order lines are the caller's."""
    if less:
        tx.execute(_CUT, {"rows": as_json([{"id": line_id, "qty": qty} for line_id, qty in less.items()])})


def cancel_open(tx: Session, order_no: str) -> Decimal:
    """Cancel what has not left of an order and no supplier ships, on its lines and their parts; answer how much.

    What was reserved is given back before.
    """
    cancelled: Decimal | None = tx.execute(_CANCEL_OPEN, {"order_no": order_no}).scalar_one()
    return cancelled or ZERO


def cancel_open_of_group(tx: Session, group_no: str) -> Decimal:
    """Cancel what has not left of a group, on its lines and the lines they were sold in; answer how much."""
    cancelled: Decimal | None = tx.execute(_CANCEL_OPEN_OF_GROUP, {"group_no": group_no}).scalar_one()
    return cancelled or ZERO


def open_lines(tx: Session, group_no: str) -> list[Any]:
    """What a group has still to ship: id, sku, warehouse_code, open_qty, reserved, shipped."""
    return list(tx.execute(_OPEN_LINES, {"group_no": group_no}).all())


_ADD_PARTS = text("""
WITH given AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(order_no text, order_line_id bigint, group_no text, sku text,
    source_type text, warehouse_code text, supplier_no text, qty numeric, sched_ship date, sched_arrive date)
)
INSERT INTO fulfil_line (
  order_no, order_line_id, seq, group_no, sku, source_type, warehouse_code, supplier_no, qty, sched_ship, sched_arrive)
SELECT given.order_no, given.order_line_id,
       coalesce(before.seq, 0) + row_number() OVER (PARTITION BY given.order_line_id ORDER BY given.sched_ship NULLS LAST),
       given.group_no, given.sku, given.source_type, given.warehouse_code, given.supplier_no, given.qty,
       given.sched_ship, given.sched_arrive
FROM given
LEFT JOIN (
  SELECT order_line_id, max(seq) AS seq FROM fulfil_line WHERE order_no IN (SELECT order_no FROM given) GROUP BY order_line_id
) AS before ON before.order_line_id = given.order_line_id
""")
_AWAITED = text("""
SELECT DISTINCT sku FROM fulfil_line WHERE sku = ANY(:skus) AND group_no IS NULL AND qty > qty_cancelled ORDER BY sku
""")
_DROP_BACKORDERS = text("""
DELETE FROM fulfil_line
WHERE order_no = ANY(:order_nos) AND group_no IS NULL AND qty > qty_cancelled AND qty_shipped = 0 AND qty_reserved = 0
""")
_NOTE_PROMISES = text("""
WITH part AS (
  SELECT order_line_id, max(sched_ship) AS ship, max(sched_arrive) AS arrive, bool_or(group_no IS NULL) AS is_open
  FROM fulfil_line WHERE order_no = ANY(:order_nos) AND qty > qty_cancelled GROUP BY order_line_id
), promised AS (
  SELECT order_line_id, CASE WHEN NOT is_open THEN ship END AS ship, CASE WHEN NOT is_open THEN arrive END AS arrive FROM part
), kept AS (
  INSERT INTO line_promise (order_line_id, promised_ship, promised_arrival)
  SELECT promised.order_line_id, promised.ship, promised.arrive
  FROM promised JOIN order_line AS line ON line.id = promised.order_line_id
  WHERE (promised.ship, promised.arrive) IS DISTINCT FROM (line.promised_ship, line.promised_arrival) ORDER BY promised.order_line_id
)
UPDATE order_line AS line
SET promised_ship = promised.ship, promised_arrival = promised.arrive, first_promised = coalesce(line.first_promised, promised.arrive)
FROM promised WHERE line.id = promised.order_line_id
""")
_COUNT = text("""
WITH given AS (
  SELECT line_id, sum(reserved) AS reserved, sum(picked) AS picked, sum(shipped) AS shipped, sum(delivered) AS delivered,
         sum(invoiced) AS invoiced, sum(returned) AS returned, sum(credited) AS credited
  FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS one(line_id bigint, reserved numeric, picked numeric, shipped numeric, delivered numeric, invoiced numeric, returned numeric,
           credited numeric)
  GROUP BY line_id
)
UPDATE fulfil_line AS line
SET qty_reserved = line.qty_reserved + given.reserved, qty_picked = line.qty_picked + given.picked,
    qty_shipped = line.qty_shipped + given.shipped, qty_delivered = line.qty_delivered + given.delivered,
    qty_invoiced = line.qty_invoiced + given.invoiced, qty_returned = line.qty_returned + given.returned,
    qty_credited = line.qty_credited + given.credited
FROM given WHERE line.id = given.line_id
""")
_GIVE_TO_SUPPLIER = text("""
WITH given AS (UPDATE fulfil_group SET supplier_no = :supplier_no WHERE group_no = :group_no)
UPDATE fulfil_line SET supplier_no = :supplier_no WHERE group_no = :group_no
""")
_RETURN = text("""
WITH given AS (
  SELECT line.id, greatest(one.qty, line.qty_shipped) AS keeps, one.ship,
         line.qty - line.qty_cancelled - greatest(one.qty, line.qty_shipped) AS rest
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(id bigint, qty numeric, ship date) JOIN fulfil_line AS line ON line.id = one.id
), kept AS (
  UPDATE fulfil_line AS line
  SET qty_cancelled = line.qty_cancelled + greatest(given.rest, 0), sched_ship = coalesce(given.ship, line.sched_ship),
      sched_arrive = coalesce(line.sched_arrive + (given.ship - line.sched_ship), line.sched_arrive)
  FROM given WHERE line.id = given.id
), returned AS (
  INSERT INTO fulfil_line (order_no, order_line_id, seq, sku, source_type, qty, split_from_id)
  SELECT old.order_no, old.order_line_id,
    (SELECT max(seq) FROM fulfil_line AS any_seq WHERE any_seq.order_line_id = old.order_line_id)
      + row_number() OVER (PARTITION BY old.order_line_id ORDER BY old.id),
    old.sku, 'STOCK', given.rest, old.id
  FROM fulfil_line AS old JOIN given USING (id) WHERE given.rest > 0
  RETURNING qty
)
SELECT coalesce(sum(qty), 0) FROM returned
""")
_CUT = text("""
UPDATE fulfil_line AS line SET qty_cancelled = line.qty_cancelled + given.qty
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, qty numeric) WHERE line.id = given.id
""")
_CANCEL_OPEN = text("""
WITH kept AS (
  SELECT part.id FROM fulfil_line AS part JOIN fulfil_group AS team USING (group_no)
  WHERE part.order_no = :order_no AND team.kind = 'DROP'
), parts AS (
  UPDATE fulfil_line SET qty_cancelled = qty - qty_shipped
  WHERE order_no = :order_no AND id NOT IN (SELECT id FROM kept)
), staying AS (
  SELECT order_line_id, sum(CASE WHEN id IN (SELECT id FROM kept) THEN qty - qty_cancelled ELSE qty_shipped END) AS qty
  FROM fulfil_line AS part WHERE part.order_no = :order_no GROUP BY order_line_id
), lines AS (
  SELECT line.id, line.qty_ordered - coalesce(staying.qty, 0) AS gone, line.qty_cancelled AS before
  FROM order_line AS line LEFT JOIN staying ON staying.order_line_id = line.id WHERE line.order_no = :order_no
), cancelled AS (
  UPDATE order_line AS line SET qty_cancelled = lines.gone FROM lines
  WHERE line.id = lines.id AND lines.gone > lines.before RETURNING lines.gone - lines.before AS qty
)
SELECT sum(qty) FROM cancelled
""")
_CANCEL_OPEN_OF_GROUP = text("""
WITH open AS (
  SELECT id, order_line_id, qty - qty_cancelled - qty_shipped AS qty FROM fulfil_line WHERE group_no = :group_no
), parts AS (
  UPDATE fulfil_line AS line SET qty_cancelled = line.qty - line.qty_shipped FROM open WHERE line.id = open.id
), sold AS (
  UPDATE order_line AS line SET qty_cancelled = line.qty_cancelled + gone.qty
  FROM (SELECT order_line_id, sum(qty) AS qty FROM open GROUP BY order_line_id) AS gone WHERE line.id = gone.order_line_id
)
SELECT sum(qty) FROM open
""")
_ORDERS_OF = text("SELECT DISTINCT order_no FROM fulfil_line WHERE id = ANY(:ids)")
_ORDER_OF = text("SELECT order_no FROM fulfil_group WHERE group_no = :group_no")
_OPEN_LINES = text("""
SELECT id, sku, warehouse_code, qty - qty_cancelled - qty_shipped AS open_qty, qty_reserved AS reserved, qty_shipped AS shipped
FROM fulfil_line WHERE group_no = :group_no AND qty - qty_cancelled - qty_shipped > 0 ORDER BY id
""")
