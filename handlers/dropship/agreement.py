"""What becomes of a purchase order: agreed as the supplier answered, changed later, closed short, or cancelled.

What a supplier will not deliver goes back to promising at once, as a backorder; the diagram then says so to the promising process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.service_tasks import Refused
from handlers.dropship.purchasing import hold_group, lock_any_order, lock_order
from handlers.dropship.rules import AckFacts, Agreed, Answered, ack_facts, least_agreed
from handlers.orders.events import note
from handlers.orders.fulfilment_groups import close_empty_groups
from handlers.orders.fulfilment_lines import Kept, open_lines, return_to_promising
from handlers.rowsets import as_json

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Answer:
    """A supplier's answer and what it changes of what stands: what was ordered, or what was agreed."""

    acknowledgement_id: int
    code: str
    days_late: int
    price_change_pct: Decimal
    qty_short: Decimal


@dataclass(frozen=True, slots=True)
class Agreement:
    """How an order stands: how much went back to promising just now, and whether a despatch advice came before the agreement."""

    po_no: str
    agreed: bool
    returned_qty: Decimal
    goods_on_the_way: bool


def read_acknowledgement(tx: Session, po_no: str, acknowledgement_id: int | None = None) -> Answer:
    """What an answer of the supplier changes, the latest one unless said otherwise. Raises NotFound, Conflict when there is none."""
    order = lock_order(tx, po_no)
    said = _acknowledgement(tx, po_no, acknowledgement_id)
    lines = [
        Answered(row.qty, row.unit_price, row.said_qty, row.said_price, row.said_ship)
        for row in tx.execute(_SAID, {"po_no": po_no, "id": said.id})
    ]
    facts: AckFacts = ack_facts(said.code, lines, order.requested_ship)
    return Answer(said.id, facts.code, facts.days_late, facts.price_change_pct, facts.qty_short)


def is_over(tx: Session, po_no: str) -> bool:
    """Whether an order was cancelled or closed; it is held to the end of the transaction. Raises NotFound."""
    order = lock_any_order(tx, po_no)
    return order.cancelled_at is not None or order.closed_at is not None


def refuse_over(tx: Session, po_no: str) -> None:
    """Raises Refused ORDER_OVER for an order that was cancelled or closed, NotFound."""
    if is_over(tx, po_no):
        raise Refused("ORDER_OVER", f"{po_no} was cancelled or closed meanwhile.")


def confirm(tx: Session, po_no: str, acknowledgement_id: int | None = None) -> Agreement:
    """Agree to what the supplier acknowledged, once: quantities, prices and dates. What it will not deliver goes back to promising.

    The answer to agree to is the one that was decided on; without one it is the latest. Raises NotFound, Conflict.
    """
    order = lock_order(tx, po_no)
    returned = ZERO
    if order.confirmed_at is None:
        said = _acknowledgement(tx, po_no, acknowledgement_id)
        rows = tx.execute(_SAID, {"po_no": po_no, "id": said.id}).all()
        lines = [
            {"id": row.id, "qty": row.said_qty, "unit_price": row.said_price, "ship_date": row.said_ship or order.requested_ship}
            for row in rows
        ]
        returned = _agree(tx, order, rows, lines)
    return Agreement(
        po_no, agreed=True, returned_qty=returned, goods_on_the_way=tx.execute(_ON_THE_WAY, {"po_no": po_no}).first() is not None
    )


def apply_answer(tx: Session, po_no: str, acknowledgement_id: int) -> Agreement:
    """Agree to a change of an order that was agreed before. What is on its way, delivered or billed stays as it was agreed.

    Raises NotFound, Conflict when the order is cancelled or closed.
    """
    return _change(tx, po_no, lambda row: (row.said_qty, row.said_price, row.said_ship), acknowledgement_id)


def close_short(tx: Session, po_no: str) -> Agreement:
    """Want no more of an agreed order than is on its way, delivered or billed; the rest goes back to promising.

    Raises NotFound, Conflict.
    """
    return _change(tx, po_no, lambda _row: (ZERO, None, None))


def cancel(tx: Session, po_no: str, reason: str) -> bool:
    """Cancel a purchase order of which nothing was delivered; answer whether this run did. Raises NotFound, Conflict once goods came."""
    order = lock_any_order(tx, po_no)
    if order.cancelled_at is not None:
        return False
    if tx.execute(_DELIVERED, {"po_no": po_no}).first():
        raise Conflict(
            f"The supplier has shipped on {po_no}.",
            code="already_shipped",
            next_step="Close the order short, or agree a return with the supplier and the customer.",
        )
    tx.execute(_CANCEL, {"po_no": po_no, "reason": reason})
    return True


@dataclass(frozen=True, slots=True)
class CancelledGroup:
    """What was done about a group's purchase order: NONE there was none, CANCELLED by this run, AGREED with the supplier and left alone."""

    outcome: str
    po_no: str


def cancel_of_group(tx: Session, group_no: str, reason: str) -> CancelledGroup:
    """Cancel the purchase order of a group unless the supplier has agreed to it. Again: NONE."""
    hold_group(tx, group_no)
    po_no = tx.execute(_OF_GROUP, {"group_no": group_no}).scalar_one_or_none()
    if po_no is None:
        return CancelledGroup("NONE", "")
    if lock_order(tx, po_no).confirmed_at is not None:
        return CancelledGroup("AGREED", po_no)
    cancel(tx, po_no, reason)
    return CancelledGroup("CANCELLED", po_no)


def give_back(tx: Session, group_no: str, order_no: str, reason: str) -> Decimal:
    """Send what a group has still to ship back to promising, and close it if nothing is left; answer how much.

    Raises Conflict while the group is on order.
    """
    hold_group(tx, group_no)
    po_no = tx.execute(_OF_GROUP, {"group_no": group_no}).scalar_one_or_none()
    if po_no is not None:
        raise Conflict(
            f"Group {group_no} is on order under {po_no}.", code="on_order", next_step=f"Cancel {po_no} or close it short first."
        )
    returned = return_to_promising(tx, [Kept(line_id=row.id, qty=ZERO) for row in open_lines(tx, group_no)])
    close_empty_groups(tx, order_no)
    if returned:
        note(tx, order_no, "returned_to_promising", detail={"group_no": group_no, "qty": returned, "reason": reason})
    return returned


def agreed_lines(tx: Session, po_no: str) -> list[Agreed]:
    """How far each line of an agreed order is."""
    return [_how_far(row) for row in tx.execute(_HOW_FAR, {"po_no": po_no, "id": None})]


def _change(
    tx: Session, po_no: str, wanted: Callable[[Row[Any]], tuple[Decimal, Any, Any]], acknowledgement_id: int | None = None
) -> Agreement:
    order = lock_order(tx, po_no)
    if order.confirmed_at is None or order.closed_at is not None:
        state = "is closed" if order.closed_at is not None else "is not agreed yet"
        raise Conflict(f"{po_no} {state}.", code="po_state", next_step="Look at the purchase order: there is nothing to change any more.")
    rows = tx.execute(_HOW_FAR, {"po_no": po_no, "id": acknowledgement_id}).all()
    lines = []
    for row in rows:
        (qty, price, ship), line = wanted(row), _how_far(row)
        untouched = not (line.despatched or line.billed)
        lines.append(
            {
                "id": row.id,
                "qty": least_agreed(line, qty),
                "unit_price": row.price if price is None or not untouched else price,
                "ship_date": ship or line.ship,
            }
        )
    return Agreement(po_no, agreed=True, returned_qty=_agree(tx, order, rows, lines), goods_on_the_way=False)


def _how_far(row: Row[Any]) -> Agreed:
    return Agreed(row.agreed, row.despatched, row.qty_received, row.qty_billed + row.qty_given_up, row.ship)


def _agree(tx: Session, order: Row[Any], rows: Sequence[Row[Any]], lines: Sequence[dict[str, Any]]) -> Decimal:
    fulfil_lines = {row.id: row.fulfil_line_id for row in rows}
    tx.execute(_AGREE, {"rows": as_json(lines), "po_no": order.po_no})
    kept = [Kept(line_id=fulfil_lines[line["id"]], qty=line["qty"], ship=line["ship_date"]) for line in lines]
    returned = return_to_promising(tx, kept)
    if returned:
        close_empty_groups(tx, order.order_no)
        detail = {"po_no": order.po_no, "supplier_no": order.supplier_no, "qty": returned}
        note(tx, order.order_no, "returned_to_promising", detail=detail)
    return returned


def _acknowledgement(tx: Session, po_no: str, acknowledgement_id: int | None) -> Row[Any]:
    row = tx.execute(_ACKNOWLEDGEMENT, {"po_no": po_no, "id": acknowledgement_id}).one_or_none()
    if row is None:
        raise Conflict(f"{po_no} was not acknowledged yet.", code="not_acknowledged", next_step="Record the supplier's answer first.")
    return row


_ACKNOWLEDGEMENT = text("""
SELECT id, code FROM po_acknowledgement WHERE po_no = :po_no AND (CAST(:id AS bigint) IS NULL OR id = :id) ORDER BY id DESC LIMIT 1
""")
#: What an answer says of each line, beside what stands: what was agreed, else what was ordered. A rejection wants nothing.
_SAID = text("""
SELECT line.id, line.fulfil_line_id,
  coalesce(line.confirmed_qty, line.qty) AS qty, coalesce(line.confirmed_price, line.unit_price) AS unit_price,
  CASE WHEN given.code = 'RE' THEN 0 ELSE coalesce(said.qty, line.confirmed_qty, line.qty) END AS said_qty,
  coalesce(said.unit_price, line.confirmed_price, line.unit_price) AS said_price, said.ship_date AS said_ship
FROM po_line AS line JOIN po_acknowledgement AS given ON given.id = :id
LEFT JOIN po_acknowledged_line AS said ON said.acknowledgement_id = given.id AND said.line_no = line.line_no
WHERE line.po_no = :po_no ORDER BY line.line_no
""")
_HOW_FAR = text("""
SELECT line.id, line.fulfil_line_id, coalesce(line.confirmed_qty, line.qty) AS agreed, line.qty_received, line.qty_billed,
  line.qty_given_up,
  coalesce(line.confirmed_price, line.unit_price) AS price, coalesce(line.confirmed_ship, ordered.requested_ship) AS ship,
  coalesce((SELECT sum(shipped.qty) FROM asn_line AS shipped JOIN asn USING (asn_no)
            WHERE shipped.po_line_id = line.id AND asn.rejected_at IS NULL), 0) AS despatched,
  CASE WHEN given.code = 'RE' THEN 0 ELSE coalesce(said.qty, line.confirmed_qty, line.qty) END AS said_qty,
  said.unit_price AS said_price, said.ship_date AS said_ship
FROM po_line AS line JOIN purchase_order AS ordered USING (po_no)
LEFT JOIN po_acknowledgement AS given ON given.id = CAST(:id AS bigint) AND given.po_no = line.po_no
LEFT JOIN po_acknowledged_line AS said ON said.acknowledgement_id = given.id AND said.line_no = line.line_no
WHERE line.po_no = :po_no ORDER BY line.line_no
""")
_AGREE = text("""
WITH agreed AS (
  UPDATE po_line AS line SET confirmed_qty = given.qty, confirmed_price = given.unit_price, confirmed_ship = given.ship_date
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, qty numeric, unit_price numeric, ship_date date)
  WHERE line.id = given.id
)
UPDATE purchase_order SET confirmed_at = coalesce(confirmed_at, business_now()) WHERE po_no = :po_no
""")
_ON_THE_WAY = text("SELECT 1 FROM asn WHERE po_no = :po_no AND shipment_no IS NULL AND rejected_at IS NULL LIMIT 1")
_DELIVERED = text("SELECT 1 FROM asn WHERE po_no = :po_no AND shipment_no IS NOT NULL LIMIT 1")
_CANCEL = text("UPDATE purchase_order SET cancelled_at = business_now(), cancel_reason = :reason WHERE po_no = :po_no")
_OF_GROUP = text("SELECT po_no FROM purchase_order WHERE group_no = :group_no AND cancelled_at IS NULL AND closed_at IS NULL")
