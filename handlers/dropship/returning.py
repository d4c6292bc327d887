"""Goods that go straight back to the supplier: asked for, told the supplier with a paper of ours, and matched with its credit note.

The books change with the credit note alone (`credit_notes.py`): until then the goods are expected to be credited, which is no claim yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.runtime.post.mailbox import Message
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.documents.numbers import next_number
from handlers.documents.pdf import print_pdf
from handlers.documents.seller import quantity, seller
from handlers.documents.store import save_document
from handlers.dropship.model import SupplierReturn, SupplierReturnLine
from handlers.dropship.papers import order_lines, some
from handlers.dropship.purchasing import lock_any_order
from handlers.identifiers import Prose, Quantity, canonical
from handlers.rowsets import insert_rows
from handlers.values import percent, round_currency, total

ZERO: Final = Decimal(0)
REQUESTED: Final = "supplier_return.requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingBack:
    """How much of a line of the purchase order goes back."""

    line_no: int
    qty: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnToSupplier:
    """What of a purchase order goes back, and why."""

    po_no: str
    lines: Sequence[GoingBack]
    reason: Prose


@dataclass(frozen=True, slots=True)
class Standing:
    """What the supplier has credited of a return: whether all of its goods are, and by how many percent the amounts fall short."""

    return_no: str
    po_no: str
    supplier_no: str
    expected: Decimal
    credited: Decimal
    currency: str
    complete: bool
    missing_pct: Decimal
    days: int


def request_return(runtime: Runtime, tx: Session, draft: ReturnToSupplier, by: str) -> str:
    """Keep a return and begin its process; answers our number for it.

    Raises NotFound for an order that we do not know, Invalid with the errors by field (a line it does not have, more than has been received
    and has not gone back already).
    """
    wanted = canonical(draft)
    order = lock_any_order(tx, wanted.po_no)
    some(wanted.lines, "return")
    if not wanted.reason:
        raise Invalid(
            "Nobody knows why the goods go back.", code="return_reason", next_step="Say why.", errors={"reason": ["must not be blank"]}
        )
    lines = order_lines(tx, wanted.po_no, wanted.lines)
    _check_left(tx, wanted, lines)
    return_no = next_number(tx, "RTS")
    rows = []
    for line in wanted.lines:
        price = lines[line.line_no].confirmed_price if lines[line.line_no].confirmed_price is not None else lines[line.line_no].unit_price
        amount = round_currency(line.qty * price, order.currency)
        rows.append({"return_no": return_no, "po_line_id": lines[line.line_no].id, "qty": line.qty, "unit_price": price, "amount": amount})
    head = {"return_no": return_no, "po_no": wanted.po_no, "reason": wanted.reason, "currency": order.currency, "created_by": by}
    insert_rows(tx, SupplierReturn, [head | {"expected": total(row["amount"] for row in rows)}])
    insert_rows(tx, SupplierReturnLine, rows)
    payload = {"return_no": return_no, "po_no": wanted.po_no}
    message = Message(REQUESTED, {"return_no": return_no}, payload, business_key=return_no, message_id=f"{REQUESTED}:{return_no}", actor=by)
    messages.note(runtime, tx, message)
    return return_no


def returnable(tx: Session, po_no: str) -> list[Row[Any]]:
    """The lines of an order with how much of each was received and may still go back. Raises NotFound."""
    found = list(tx.execute(_RETURNABLE, {"po_no": po_no}).all())
    if not found:
        raise NotFound(f"There is no purchase order {po_no}.", code="po_unknown", next_step="Look the number up in the list.")
    return found


def print_return(tx: Session, return_no: str, now: datetime) -> tuple[int, Row[Any]]:
    """Print the paper that goes with the goods and keep it; marks the return as told. Answers the document and whose return it is.

    Again: the same paper. Raises NotFound.
    """
    row = _head(tx, return_no)
    lines = tx.execute(_PAPER_LINES, {"return_no": return_no}).all()
    data = {
        "seller": seller(tx),
        "return_no": return_no,
        "to": {"name": row.supplier_name, "country": row.supplier_country},
        "from": row.ship_to,
        "reason": row.reason,
        "facts": [("Purchase order", row.po_no), ("Date", str(row.created_at.date())), ("Currency", row.currency)],
        "lines": [
            {
                "line_no": str(line.line_no),
                "sku": line.supplier_sku or line.sku,
                "description": line.description,
                "qty": f"{quantity(line.qty)} {line.uom}",
                "amount": f"{round_currency(line.amount, row.currency)}",
            }
            for line in lines
        ],
        "total": f"{round_currency(row.expected, row.currency)} {row.currency}",
    }
    printed = print_pdf(Path(__file__).parent / "supplier-return.typ", data, row.created_at)
    document_id = save_document(tx, "SUPPLIER_RETURN", return_no, "application/pdf", printed)
    tx.execute(_SENT, {"return_no": return_no, "now": now})
    return document_id, row


def read_standing(tx: Session, return_no: str) -> Standing:
    """What the supplier's credit notes on goods that went back credit of a return; the older one is served first. Raises NotFound."""
    row = _head(tx, return_no)
    lines = tx.execute(_CREDITED, {"return_no": return_no}).all()
    credited = round_currency(total(line.credited_amount for line in lines), row.currency)
    return Standing(
        return_no=return_no,
        po_no=row.po_no,
        supplier_no=row.supplier_no,
        expected=round_currency(row.expected, row.currency),
        credited=credited,
        currency=row.currency,
        complete=all(line.credited_qty >= line.qty for line in lines),
        missing_pct=max(percent(row.expected - credited, row.expected), ZERO),
        days=row.days,
    )


def close_return(tx: Session, return_no: str, reason: str) -> None:
    """Nothing more is expected of a return; again: the first reason stays. Raises NotFound."""
    _head(tx, return_no)
    tx.execute(_CLOSE, {"return_no": return_no, "reason": reason.strip()})


def _check_left(tx: Session, wanted: ReturnToSupplier, lines: dict[int, Row[Any]]) -> None:
    left = {row.line_no: row.left for row in returnable(tx, wanted.po_no)}
    errors = {
        f"lines.{place}.qty": [f"must be at most {left[line.line_no].normalize():f} {lines[line.line_no].uom}"]
        for place, line in enumerate(wanted.lines)
        if line.qty > left[line.line_no]
    }
    if errors:
        raise Invalid(
            "More is to go back than has been received and has not gone back already.",
            code="return_quantity",
            next_step="Correct the marked quantities.",
            errors=errors,
        )


def _head(tx: Session, return_no: str) -> Row[Any]:
    row = tx.execute(_HEAD, {"return_no": return_no}).one_or_none()
    if row is None:
        raise NotFound(f"There is no return {return_no} to a supplier.", code="supplier_return_unknown", next_step="Look its order up.")
    return row


_RETURNABLE = text("""
SELECT line.line_no, line.sku, line.description, line.uom, line.qty_received AS received, line.unit_price, ordered.currency,
  line.qty_received - coalesce((SELECT sum(back.qty) FROM supplier_return_line AS back WHERE back.po_line_id = line.id), 0) AS left
FROM po_line AS line JOIN purchase_order AS ordered USING (po_no) WHERE line.po_no = :po_no ORDER BY line.line_no
""")
_HEAD = text("""
SELECT back.*, ordered.supplier_no, ordered.ship_to, ordered.order_no, supplier.name AS supplier_name, supplier.country AS supplier_country,
  coalesce(nullif(supplier.email, ''), 'supplier ' || supplier.supplier_no) AS target,
  business_today() - CAST(back.created_at AS date) AS days
FROM supplier_return AS back JOIN purchase_order AS ordered USING (po_no) JOIN supplier USING (supplier_no)
WHERE back.return_no = :return_no
""")
_PAPER_LINES = text("""
SELECT line.line_no, line.sku, line.supplier_sku, line.description, line.uom, back.qty, back.amount
FROM supplier_return_line AS back JOIN po_line AS line ON line.id = back.po_line_id WHERE back.return_no = :return_no ORDER BY line.line_no
""")
_SENT = text("UPDATE supplier_return SET sent_at = coalesce(sent_at, :now) WHERE return_no = :return_no")
_CLOSE = text("""
UPDATE supplier_return SET closed_at = business_now(), close_reason = :reason WHERE return_no = :return_no AND closed_at IS NULL
""")
#: What earlier returns of the same line still wait for is theirs; of the rest, this return has what it asks for.
_CREDITED = text("""
SELECT mine.po_line_id, mine.qty, taken.qty AS credited_qty,
  CASE WHEN noted.qty > 0 THEN noted.amount * taken.qty / noted.qty ELSE 0 END AS credited_amount
FROM supplier_return_line AS mine JOIN supplier_return AS head USING (return_no)
CROSS JOIN LATERAL (
  SELECT coalesce(sum(line.qty), 0) AS qty, coalesce(sum(line.amount), 0) AS amount
  FROM supplier_credit_line AS line JOIN supplier_credit AS note USING (supplier_credit_no)
  WHERE line.po_line_id = mine.po_line_id AND note.reason = 'RETURN' AND note.approved_at IS NOT NULL
) AS noted
CROSS JOIN LATERAL (
  SELECT coalesce(sum(other.qty), 0) AS qty FROM supplier_return_line AS other
  WHERE other.po_line_id = mine.po_line_id AND other.return_no < mine.return_no
) AS earlier
CROSS JOIN LATERAL (SELECT greatest(least(mine.qty, noted.qty - earlier.qty), 0) AS qty) AS taken
WHERE mine.return_no = :return_no ORDER BY mine.po_line_id
""")
