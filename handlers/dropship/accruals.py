"""Accruals of goods that were received and will never be billed (GRNI): written off, and taken back when a bill comes after all.

What is written off is what the goods cost us when they were received, so that a line that is received and given up leaves nothing behind.
It is income of the price variance: the goods were sold, and their cost stays where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.service_tasks import Refused
from handlers.dropship.purchasing import lock_any_order
from handlers.ledger import posting
from handlers.ledger.accounts import GOODS_RECEIVED_NOT_INVOICED, PURCHASE_PRICE_VARIANCE
from handlers.ledger.books import books_currency
from handlers.rowsets import as_json
from handlers.values import round_currency, total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """What of an order was received and is not billed: how much, and what it cost, in the currency of the books."""

    po_no: str
    supplier_no: str
    qty: Decimal
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Why no bill will come, who said so, and who agreed to it (themselves below the limit)."""

    reason: str
    asked_by: str
    approved_by: str


def read_accrual(tx: Session, po_no: str) -> Accrual:
    """What an order still has to be billed for. Raises NotFound."""
    order = lock_any_order(tx, po_no)
    lines = _open_lines(tx, po_no)
    books = books_currency(tx)
    return Accrual(
        po_no=po_no,
        supplier_no=order.supplier_no,
        qty=total(line.qty for line in lines),
        amount=_worth(tx, po_no, lines, books),
        currency=books,
    )


def write_off(tx: Session, po_no: str, given: WriteOff) -> Decimal:
    """Expect no bill for what was received and not billed, and answer how much was written off, in the currency of the books.

    Raises NotFound, Refused NOTHING_ACCRUED.
    """
    lock_any_order(tx, po_no)
    lines = _open_lines(tx, po_no)
    if not lines:
        raise Refused("NOTHING_ACCRUED", f"All that {po_no} has received is billed.")
    books = books_currency(tx)
    amount = _worth(tx, po_no, lines, books)
    number: int = tx.execute(_KEEP, {"po_no": po_no, "amount": amount, **_told(given)}).scalar_one()
    journal_id = _post(tx, po_no, number, amount, books) if amount else None
    rows = as_json([{"id": line.id, "qty": line.qty} for line in lines])
    tx.execute(_GIVE_UP, {"rows": rows, "number": number, "journal_id": journal_id})
    return amount


def take_back(tx: Session, po_no: str) -> WriteOff | None:
    """Expect bills again for what was written off of an order, by mirrored journals; answer what had been said. The order is held."""
    written = tx.execute(_WRITTEN, {"po_no": po_no}).all()
    if not written:
        return None
    journals = [row.journal_id for row in written if row.journal_id is not None]
    posting.reverse_many(tx, [posting.Reversal(each, narration=f"A bill on {po_no} came after all") for each in journals])
    tx.execute(_TAKE_BACK, {"po_no": po_no})
    last = written[-1]
    return WriteOff(last.reason, last.asked_by, last.approved_by)


def write_off_rest(tx: Session, po_no: str, given: WriteOff) -> None:
    """Write off again what a bill that came after all does not cover; nothing when it covers all. The order is held."""
    if _open_lines(tx, po_no):
        write_off(tx, po_no, given)


def _open_lines(tx: Session, po_no: str) -> Sequence[Row[Any]]:
    return tx.execute(_UNBILLED, {"po_no": po_no}).all()


def _worth(tx: Session, po_no: str, lines: Sequence[Row[Any]], books: str) -> Decimal:
    """What the open quantities cost; all that stands in the accrual when nothing else is open, so that no cent is left of it."""
    if lines and tx.execute(_ALL_ELSE_BILLED, {"po_no": po_no}).scalar_one():
        left: Decimal = tx.execute(ACCRUED, {"po_no": po_no}).scalar_one()
        return max(ZERO, left)
    return total(round_currency(line.cost * line.qty / line.qty_received, books) for line in lines)


def _post(tx: Session, po_no: str, number: int, amount: Decimal, books: str) -> int:
    lines = [
        posting.debit(GOODS_RECEIVED_NOT_INVOICED, amount, reference=po_no),
        posting.credit(PURCHASE_PRICE_VARIANCE, amount, reference=po_no),
    ]
    narration = f"No bill will come for goods of {po_no}"
    return posting.post(tx, posting.Entry("accrual.written_off", f"{po_no}:{number}", books, lines, narration=narration))


def _told(given: WriteOff) -> dict[str, str]:
    return {"reason": given.reason, "asked_by": given.asked_by, "approved_by": given.approved_by}


#: What stands in goods received, not invoiced for an order, in the currency of the books.
ACCRUED = text("SELECT coalesce(-sum(accounted), 0) FROM journal_line WHERE account = '2100' AND reference = :po_no")
_UNBILLED = text("""
SELECT line.id, line.qty_received, line.qty_received - line.qty_billed - line.qty_given_up AS qty,
  coalesce((SELECT sum(shipped.cost) FROM asn JOIN shipment_line AS shipped USING (shipment_no)
            WHERE asn.po_no = line.po_no AND shipped.fulfil_line_id = line.fulfil_line_id), 0) AS cost
FROM po_line AS line WHERE line.po_no = :po_no AND line.qty_received > line.qty_billed + line.qty_given_up ORDER BY line.line_no
""")
#: No line was billed for more than came: what stands in the accrual is then for what is not billed.
_ALL_ELSE_BILLED = text("SELECT bool_and(qty_received >= qty_billed + qty_given_up) FROM po_line WHERE po_no = :po_no")
_KEEP = text("""
INSERT INTO accrual_write_off (po_no, amount, reason, asked_by, approved_by) VALUES (:po_no, :amount, :reason, :asked_by, :approved_by)
RETURNING id
""")
_GIVE_UP = text("""
WITH posted AS (UPDATE accrual_write_off SET journal_id = :journal_id WHERE id = :number)
UPDATE po_line SET qty_given_up = qty_given_up + given.qty
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, qty numeric) WHERE po_line.id = given.id
""")
_WRITTEN = text("SELECT * FROM accrual_write_off WHERE po_no = :po_no AND taken_back_at IS NULL ORDER BY id")
_TAKE_BACK = text("""
WITH taken AS (UPDATE accrual_write_off SET taken_back_at = business_now() WHERE po_no = :po_no AND taken_back_at IS NULL)
UPDATE po_line SET qty_given_up = 0 WHERE po_no = :po_no
""")
