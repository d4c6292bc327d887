"""Receives, reserves, releases and issues stock.

Balances are locked in one stable order, so that two orders never wait for one another in a circle, and the last unit is given once.
Every function costs a constant number of statements, however many lines it is given. What changed for a fulfilment line is answered,
not written: the lines belong to the orders, whose verbs (`handlers/orders/fulfilment_lines.py`) call these and count it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.inventory.model import Reservation, StockMovement
from handlers.inventory.rules import Free, Issue, Kept, Shortage, Taken, Want, average_costs, share_out, use_reserved
from handlers.rowsets import as_json, insert_rows
from handlers.values import not_negative, positive, round_currency

__all__ = ["Issue", "Receipt", "Shortage", "Taken", "Want", "issue", "receive", "release", "reserve"]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Goods that came in. `reference` and item make it once: the same receipt again is refused.

    `kind` says what they come from: OPENING (there when the books were opened), RECEIPT, ADJUSTMENT.
    """

    sku: str
    warehouse_code: str
    qty: Decimal
    unit_cost: Decimal
    reference: str
    lot: str = ""
    kind: str = "RECEIPT"


def receive(tx: Session, receipts: Sequence[Receipt], currency: str) -> Decimal:
    """Put goods on stock at their cost; answer their value, in whole smallest units of `currency`. Raises Invalid, NotFound, Conflict."""
    for receipt in receipts:
        positive(receipt.qty, "qty")
        not_negative(receipt.unit_cost, "unit_cost")
    rows = [{**asdict(receipt), "value": round_currency(receipt.qty * receipt.unit_cost, currency)} for receipt in receipts]
    hold_balances(tx, rows)
    balances = {
        (row["sku"], row["warehouse_code"], row["lot"]): row["id"]
        for row in tx.execute(_ADD_TO_BALANCES, {"rows": as_json(rows)}).mappings()
    }
    unknown = [receipt for receipt in receipts if (receipt.sku, receipt.warehouse_code, receipt.lot) not in balances]
    if unknown:
        raise NotFound(
            f"Item {unknown[0].sku} or warehouse {unknown[0].warehouse_code} is unknown.",
            code="stock_place_unknown",
            next_step="Add the item and the warehouse first.",
        )
    movements = [
        {
            "balance_id": balances[row["sku"], row["warehouse_code"], row["lot"]],
            "kind": row["kind"],
            "reference": row["reference"],
            "qty": row["qty"],
            "value": row["value"],
        }
        for row in rows
    ]
    _move(tx, movements)
    return sum((row["value"] for row in rows), ZERO)


def take_back(tx: Session, reference: str) -> tuple[list[str], bool]:
    """Take what was opened under a reference off its balances again; answer whether anything was.

    Where something else has moved or is reserved of a balance since, the items are answered and nothing is done.
    """
    given = {"reference": reference}
    _lock(tx, tx.execute(_OF_OPENING, given).scalars())
    moved = tx.execute(_OPENED, given).mappings().all()
    obstacles = [f"{row['sku']} in {row['warehouse_code']}" for row in moved if row["is_used"]]
    if obstacles or not moved:
        return obstacles, False
    gone = [{"balance_id": row["balance_id"], "qty": -row["qty"], "value": -row["value"]} for row in moved]
    _move(tx, [{**row, "kind": "ADJUSTMENT", "reference": f"{reference}-UNDONE"} for row in gone])
    tx.execute(_ADD, {"rows": as_json(gone)})
    return [], True


def hold_balances(tx: Session, places: Sequence[Mapping[str, Any]]) -> None:
    """Hold the balances where goods are to come in, each a sku, warehouse_code and lot, to the end of the transaction; open new ones."""
    given = {"rows": as_json([{name: place[name] for name in ("sku", "warehouse_code", "lot")} for place in places])}
    tx.execute(_OPEN_BALANCES, given)
    _lock(tx, tx.execute(_OF_PLACES_AND_LOTS, given).scalars())


def reserve(tx: Session, wants: Sequence[Want]) -> tuple[list[Taken], list[Shortage]]:
    """Reserve what is there, oldest expiry first; answer what was taken and what is missing. A line keeps what it has reserved before."""
    wants = [want for want in wants if want.qty > 0]
    if not wants:
        return [], []
    rows = [{"sku": want.sku, "warehouse_code": want.warehouse_code} for want in wants]
    locked = _lock(tx, tx.execute(_OF_PLACES, {"rows": as_json(rows)}).scalars())
    free = [
        Free(
            balance_id=row["id"],
            sku=row["sku"],
            warehouse_code=row["warehouse_code"],
            qty=row["on_hand"] - row["reserved"],
            expires_on=row["expires_on"] or date.max,
        )
        for row in tx.execute(_BALANCES, {"ids": locked}).mappings()
    ]
    parts, short = share_out(wants, free)
    taken = [{"fulfil_line_id": part.fulfil_line_id, "balance_id": part.balance_id, "qty": part.qty} for part in parts]
    insert_rows(tx, Reservation, taken)
    if taken:
        tx.execute(_COUNT_RESERVED, {"rows": as_json(taken)})
    return parts, short


def release(tx: Session, fulfil_line_ids: Collection[int]) -> dict[int, Decimal]:
    """Give back everything reserved for the fulfilment lines; answer how much it was of each. Again: nothing happens."""
    if not fulfil_line_ids:
        return {}
    ids = sorted(fulfil_line_ids)
    _lock(tx, tx.execute(_OF_LINES, {"ids": ids}).scalars())
    return {row.fulfil_line_id: row.qty for row in tx.execute(_RELEASE, {"ids": ids})}


def issue(tx: Session, issues: Sequence[Issue], reference: str, currency: str, *, kind: str = "ISSUE") -> dict[int, Decimal]:
    """Take reserved goods off the stock at their average cost: answer the cost by fulfilment line. Raises Conflict when not reserved.

    `kind` is ISSUE where they leave the house, ADJUSTMENT where they turn out not to be there.
    """
    wanted: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for one in issues:
        wanted[one.fulfil_line_id] += positive(one.qty, "qty")
    ids = sorted(wanted)
    _lock(tx, tx.execute(_OF_LINES, {"ids": ids}).scalars())
    reserved: dict[int, list[Kept]] = defaultdict(list)
    balances: dict[int, tuple[Decimal, Decimal]] = {}
    for row in tx.execute(_RESERVED_OF_LINES, {"ids": ids}).mappings():
        reserved[row["fulfil_line_id"]].append(Kept(reservation_id=row["id"], balance_id=row["balance_id"], qty=row["qty"]))
        balances[row["balance_id"]] = (row["on_hand"], row["value"])
    used = [part for line_id in ids for part in use_reserved(line_id, wanted[line_id], reserved[line_id])]
    costs = average_costs(used, balances, currency)
    parts = [{"id": part.reservation_id, "qty": part.qty} for part in used]
    moved: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for part, cost in zip(used, costs, strict=True):
        moved[part.balance_id][0] += part.qty
        moved[part.balance_id][1] += cost
    tx.execute(_CONSUME, {"rows": as_json(parts)})
    _move(
        tx,
        [
            {"balance_id": balance_id, "kind": kind, "reference": reference, "qty": -qty, "value": -value}
            for balance_id, (qty, value) in sorted(moved.items())
        ],
    )
    by_line: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for part, cost in zip(used, costs, strict=True):
        by_line[part.fulfil_line_id] += cost
    tx.execute(
        _TAKE_OFF,
        {"rows": as_json([{"balance_id": key, "qty": qty, "value": value} for key, (qty, value) in moved.items()])},
    )
    return dict(by_line)


def _lock(tx: Session, balance_ids: Iterable[int]) -> list[int]:
    """Hold balances to the end of the transaction; what is decided on is read afterwards."""
    return locks.take(tx, Lock.STOCK, balance_ids)


def _move(tx: Session, movements: Sequence[Mapping[str, Any]]) -> None:
    given = sorted({(row["kind"], row["reference"], row["balance_id"]) for row in movements})
    rows = [{"kind": kind, "reference": reference, "balance_id": balance_id} for kind, reference, balance_id in given]
    repeated = tx.execute(_REPEATED, {"rows": as_json(rows)}).first()
    if repeated is not None or len(given) < len(movements):
        raise Conflict(
            f"{movements[0]['kind'].capitalize()} {movements[0]['reference']} has been booked already.",
            code="movement_repeated",
            next_step="Use another reference for another movement.",
        )
    insert_rows(tx, StockMovement, movements)


_OPEN_BALANCES = text("""
INSERT INTO stock_balance (sku, warehouse_code, lot)
SELECT DISTINCT given.sku, given.warehouse_code, given.lot
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(sku text, warehouse_code text, lot text)
JOIN item ON item.sku = given.sku JOIN warehouse ON warehouse.code = given.warehouse_code
ORDER BY given.sku, given.warehouse_code, given.lot
ON CONFLICT DO NOTHING
""")
_OF_PLACES_AND_LOTS = text("""
SELECT balance.id FROM stock_balance AS balance
WHERE (balance.sku, balance.warehouse_code, balance.lot) IN (
  SELECT sku, warehouse_code, lot FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(sku text, warehouse_code text, lot text))
""")
_ADD_TO_BALANCES = text("""
UPDATE stock_balance AS balance
SET on_hand = balance.on_hand + given.qty, value = balance.value + given.value, version = balance.version + 1
FROM (SELECT sku, warehouse_code, lot, sum(qty) AS qty, sum(value) AS value
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(sku text, warehouse_code text, lot text, qty numeric, value numeric)
      GROUP BY sku, warehouse_code, lot) AS given
WHERE balance.sku = given.sku AND balance.warehouse_code = given.warehouse_code AND balance.lot = given.lot
RETURNING balance.id, balance.sku, balance.warehouse_code, balance.lot
""")
_OF_OPENING = text("SELECT balance_id FROM stock_movement WHERE kind = 'OPENING' AND reference = :reference")
#: `is_used`: another movement came after, or more is reserved than would be left.
_OPENED = text("""
SELECT moved.balance_id, moved.qty, moved.value, balance.sku, balance.warehouse_code,
  balance.reserved > balance.on_hand - moved.qty OR EXISTS (
    SELECT FROM stock_movement AS later WHERE later.balance_id = moved.balance_id AND later.id > moved.id) AS is_used
FROM stock_movement AS moved JOIN stock_balance AS balance ON balance.id = moved.balance_id
WHERE moved.kind = 'OPENING' AND moved.reference = :reference ORDER BY moved.balance_id
""")
_ADD = text("""
UPDATE stock_balance AS balance
SET on_hand = balance.on_hand + given.qty, value = balance.value + given.value, version = balance.version + 1
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(balance_id bigint, qty numeric, value numeric) WHERE balance.id = given.balance_id
""")
_OF_PLACES = text("""
SELECT balance.id FROM stock_balance AS balance
WHERE (balance.sku, balance.warehouse_code) IN (
  SELECT sku, warehouse_code FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(sku text, warehouse_code text))
""")
_BALANCES = text("""
SELECT id, sku, warehouse_code, on_hand, reserved, expires_on FROM stock_balance WHERE id = ANY(:ids)
""")
_COUNT_RESERVED = text("""
WITH given AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(balance_id bigint, qty numeric)
)
UPDATE stock_balance AS balance SET reserved = balance.reserved + wanted.qty, version = balance.version + 1
FROM (SELECT balance_id, sum(qty) AS qty FROM given GROUP BY balance_id) AS wanted WHERE balance.id = wanted.balance_id
""")
_OF_LINES = text("""
SELECT DISTINCT balance_id FROM reservation WHERE fulfil_line_id = ANY(:ids) AND state = 'ACTIVE'
""")
_RELEASE = text("""
WITH ended AS (
  UPDATE reservation SET state = 'RELEASED', ended_at = business_now()
  WHERE fulfil_line_id = ANY(:ids) AND state = 'ACTIVE' RETURNING fulfil_line_id, balance_id, qty
), given_back AS (
  UPDATE stock_balance AS balance SET reserved = balance.reserved - freed.qty, version = balance.version + 1
  FROM (SELECT balance_id, sum(qty) AS qty FROM ended GROUP BY balance_id) AS freed WHERE balance.id = freed.balance_id
)
SELECT fulfil_line_id, sum(qty) AS qty FROM ended GROUP BY fulfil_line_id ORDER BY fulfil_line_id
""")
_RESERVED_OF_LINES = text("""
SELECT reservation.id, reservation.fulfil_line_id, reservation.balance_id, reservation.qty, balance.on_hand, balance.value
FROM reservation JOIN stock_balance AS balance ON balance.id = reservation.balance_id
WHERE reservation.fulfil_line_id = ANY(:ids) AND reservation.state = 'ACTIVE'
ORDER BY reservation.fulfil_line_id, reservation.id
""")
_CONSUME = text("""
WITH given AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(id bigint, qty numeric)
), consumed AS (
  UPDATE reservation SET state = 'CONSUMED', ended_at = business_now(), qty = given.qty
  FROM given WHERE reservation.id = given.id
)
INSERT INTO reservation (fulfil_line_id, balance_id, qty, kind)
SELECT reservation.fulfil_line_id, reservation.balance_id, reservation.qty - given.qty, reservation.kind
FROM given JOIN reservation ON reservation.id = given.id WHERE reservation.qty > given.qty
""")
_TAKE_OFF = text("""
UPDATE stock_balance AS balance
SET on_hand = balance.on_hand - gone.qty, reserved = balance.reserved - gone.qty, value = balance.value - gone.value,
    version = balance.version + 1
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS gone(balance_id bigint, qty numeric, value numeric) WHERE balance.id = gone.balance_id
""")
_REPEATED = text("""
SELECT 1 FROM stock_movement AS movement
JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(kind text, reference text, balance_id bigint)
  USING (kind, reference, balance_id) LIMIT 1
""")
