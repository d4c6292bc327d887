"""What happens to goods that come back: received at what they cost when they were sold, then put on stock again or scrapped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.service_tasks import Refused
from handlers.inventory.stock import Receipt
from handlers.inventory.stock import receive as put_on_stock
from handlers.ledger import posting
from handlers.ledger.accounts import COGS, INVENTORY, INVENTORY_ADJUSTMENT, RETURN_INSPECTION
from handlers.ledger.books import books_currency
from handlers.orders.fulfilment_lines import Change, count
from handlers.returns.requests import lock_return
from handlers.returns.rules import worth
from handlers.rowsets import as_json

ZERO = Decimal(0)
#: What was counted does not fit what was sent, or what came back: whoever counted it looks again.
COUNT_DIFFERS: Final = "COUNT_DIFFERS"


@dataclass(frozen=True, slots=True)
class Counted:
    """How much of a line of the invoice came back."""

    line_no: int
    qty: Decimal


@dataclass(frozen=True, slots=True)
class Judged:
    """How much of a line that came back can be sold again; the rest is scrapped."""

    line_no: int
    restocked: Decimal


def receive(tx: Session, rma_no: str, counted: Sequence[Counted]) -> Decimal:
    """Book what came back, and answer how much it is in all; a line that is not named did not come. Again: the same answer.

    Its cost leaves the cost of sales until it is inspected. Raises NotFound, Conflict, Refused COUNT_DIFFERS.
    """
    found = lock_return(tx, rma_no)
    if found.received_at is None:
        _not_open(found)
        lines = _lines(tx, rma_no)
        came = _came(counted, lines)
        books = books_currency(tx)
        rows = [_received(lines[number], qty, books) for number, qty in sorted(came.items()) if qty]
        if rows:
            tx.execute(_RECEIVE, {"rows": as_json(rows)})
            count(tx, [Change(line_id=row["fulfil_line_id"], returned=row["qty"]) for row in rows])
            tx.execute(_RECEIVED, {"rma_no": rma_no})
            _post(tx, found, "return.received", [(RETURN_INSPECTION, _sum(rows, "value")), (COGS, -_sum(rows, "value"))])
    received: Decimal = tx.execute(_IN_ALL, {"rma_no": rma_no}).scalar_one()
    return received


def inspect(tx: Session, rma_no: str, judged: Sequence[Judged]) -> None:
    """Put on stock what can be sold again and scrap the rest. Again: nothing more. Raises NotFound, Conflict, Refused COUNT_DIFFERS."""
    found = lock_return(tx, rma_no)
    if found.inspected_at is not None:
        return
    if found.received_at is None:
        raise Conflict(f"Nothing of {rma_no} has come back.", code="return_not_received", next_step="Receive the goods first.")
    lines = {number: row for number, row in _lines(tx, rma_no).items() if row.qty_received}
    good = _good(judged, lines)
    books = books_currency(tx)
    rows = [_inspected(row, good[number], books) for number, row in sorted(lines.items())]
    tx.execute(_INSPECT, {"rows": as_json(rows)})
    tx.execute(_INSPECTED, {"rma_no": rma_no})
    kept = _sum(rows, "value_restocked")
    gone = _sum(rows, "value") - kept
    _post(tx, found, "return.inspected", [(INVENTORY, kept), (INVENTORY_ADJUSTMENT, gone), (RETURN_INSPECTION, -kept - gone)])
    if receipts := _receipts(found, rows):
        put_on_stock(tx, receipts, books)


def _not_open(found: Row[Any]) -> None:
    if found.accepted_at is None or found.closed_at is not None:
        raise Conflict(
            f"Return {found.rma_no} is not open: it was {'closed' if found.closed_at else 'not accepted'}.",
            code="return_not_open",
            next_step="Ask for another return of these goods.",
        )


def _lines(tx: Session, rma_no: str) -> dict[int, Row[Any]]:
    return {row.line_no: row for row in tx.execute(_LINES, {"rma_no": rma_no})}


def _came(counted: Sequence[Counted], lines: Mapping[int, Row[Any]]) -> dict[int, Decimal]:
    came = {each.line_no: each.qty for each in counted}
    wrong = [
        f"Of line {number} {qty.normalize():f} came, where {lines[number].qty.normalize():f} may."
        if number in lines
        else f"Line {number} is not part of the return."
        for number, qty in sorted(came.items())
        if number not in lines or not ZERO <= qty <= lines[number].qty
    ]
    if wrong or len(came) < len(counted):
        raise Refused(COUNT_DIFFERS, " ".join(wrong) or "A line is named twice.")
    return came


def _good(judged: Sequence[Judged], lines: Mapping[int, Row[Any]]) -> dict[int, Decimal]:
    good = {each.line_no: each.restocked for each in judged}
    wrong = [
        f"Of line {number} {lines[number].qty_received.normalize():f} came back: between none and all of it can be sold again."
        for number in sorted(lines)
        if not ZERO <= good.get(number, Decimal(-1)) <= lines[number].qty_received
    ]
    if wrong or len(good) < len(judged):
        raise Refused(COUNT_DIFFERS, " ".join(wrong) or "A line is named twice.")
    return good


def _received(line: Row[Any], qty: Decimal, books: str) -> dict[str, Any]:
    value = worth(line.cogs, line.qty_sent, (line.qty_before, line.value_before), qty, books)
    return {"id": line.id, "fulfil_line_id": line.fulfil_line_id, "qty": qty, "value": value}


def _inspected(line: Row[Any], good: Decimal, books: str) -> dict[str, Any]:
    kept = worth(line.value, line.qty_received, (ZERO, ZERO), good, books)
    return {
        "id": line.id,
        "sku": line.sku,
        "line_no": line.line_no,
        "restocked": good,
        "scrapped": line.qty_received - good,
        "value": line.value,
        "value_restocked": kept,
    }


def _receipts(found: Row[Any], rows: Sequence[Mapping[str, Any]]) -> list[Receipt]:
    """One receipt an item: two lines of one item come to one movement."""
    by_item: dict[str, tuple[Decimal, Decimal]] = {}
    for row in rows:
        qty, value = by_item.get(row["sku"], (ZERO, ZERO))
        by_item[row["sku"]] = (qty + row["restocked"], value + row["value_restocked"])
    return [
        Receipt(
            sku=sku,
            warehouse_code=found.warehouse_code,
            qty=qty,
            unit_cost=value / qty,
            reference=found.rma_no,
            kind="RETURN",
        )
        for sku, (qty, value) in sorted(by_item.items())
        if qty
    ]


def _post(tx: Session, found: Row[Any], event_type: str, amounts: Sequence[tuple[str, Decimal]]) -> None:
    lines = [
        posting.debit(account, amount, reference=found.rma_no) if amount > 0 else posting.credit(account, -amount, reference=found.rma_no)
        for account, amount in amounts
        if amount
    ]
    if lines:
        entry = posting.Entry(
            event_type=event_type,
            source_id=found.rma_no,
            currency=books_currency(tx),
            lines=lines,
            narration=f"Goods of {found.invoice_no} that came back under {found.rma_no}",
        )
        posting.post(tx, entry)


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    return sum((row[name] for row in rows), ZERO)


_LINES = text("""
SELECT line.*, sent.qty AS qty_sent, sent.cogs, coalesce(before.qty, 0) AS qty_before, coalesce(before.value, 0) AS value_before
FROM return_line AS line JOIN invoice_line AS charged ON charged.id = line.invoice_line_id
JOIN shipment_line AS sent ON sent.id = charged.shipment_line_id
LEFT JOIN LATERAL (
  SELECT sum(other.qty_received) AS qty, sum(other.value) AS value FROM return_line AS other
  WHERE other.invoice_line_id = line.invoice_line_id AND other.id <> line.id) AS before ON true
WHERE line.rma_no = :rma_no
""")
_RECEIVE = text("""
UPDATE return_line SET qty_received = given.qty, value = given.value
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, qty numeric, value numeric) WHERE return_line.id = given.id
""")
_RECEIVED = text("UPDATE return_authorization SET received_at = business_now() WHERE rma_no = :rma_no")
_IN_ALL = text("SELECT coalesce(sum(qty_received), 0) FROM return_line WHERE rma_no = :rma_no")
_INSPECT = text("""
UPDATE return_line SET qty_restocked = given.restocked, qty_scrapped = given.scrapped, value_restocked = given.value_restocked
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, restocked numeric, scrapped numeric, value_restocked numeric)
WHERE return_line.id = given.id
""")
_INSPECTED = text("UPDATE return_authorization SET inspected_at = business_now() WHERE rma_no = :rma_no")
