"""Goods come in: stock and the ledger move together (inventory against what the goods came from).

Nobody bills these goods: what a supplier will bill is received on its purchase order, against goods received, not invoiced. Stock that
was there when the books were opened stands against the opening balance equity, everything else against inventory adjustment.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from engine.problems import Invalid
from handlers.inventory.stock import Receipt, receive, take_back
from handlers.inventory.supply import SupplyArrival, take_from_supply
from handlers.ledger import posting
from handlers.ledger.accounts import INVENTORY, INVENTORY_ADJUSTMENT, OPENING_BALANCE_EQUITY
from handlers.ledger.books import books_currency

#: What the value of received goods is credited to, by the kind of receipt.
_SOURCES: Final[Mapping[str, str]] = {
    "OPENING": OPENING_BALANCE_EQUITY,
    "RECEIPT": INVENTORY_ADJUSTMENT,
    "ADJUSTMENT": INVENTORY_ADJUSTMENT,
}


def receive_stock(tx: Session, receipts: Sequence[Receipt]) -> None:
    """Book receipts that share one kind and one reference: balances, movements and one journal. The same reference again is refused.

    Raises Invalid, NotFound, Conflict.
    """
    source = _source(receipts)
    currency = books_currency(tx)
    value = receive(tx, receipts, currency)
    if value:
        posting.post(tx, _entry(receipts[0], source, value, currency))


def receive_supply(tx: Session, arrival: SupplyArrival) -> None:
    """Book expected goods that came in. Raises Invalid, NotFound, Conflict when more arrives than is open."""
    receive_stock(tx, [take_from_supply(tx, arrival)])


def take_back_stock(tx: Session, reference: str) -> list[str]:
    """Take back what was opened under a reference; or answer what has moved since or is reserved, and leave all as it is."""
    obstacles, taken = take_back(tx, reference)
    if taken:
        posting.reverse_posted(tx, "goods_received", reference)
    return obstacles


def _source(receipts: Sequence[Receipt]) -> str:
    papers = {(receipt.kind, receipt.reference) for receipt in receipts}
    kind = receipts[0].kind if len(papers) == 1 else ""
    if kind not in _SOURCES:
        raise Invalid(
            f"{', '.join(sorted({receipt.kind for receipt in receipts}))} under {len(papers)} kinds and references is no receipt.",
            code="receipt_kind",
            next_step=f"Book goods of one kind ({', '.join(_SOURCES)}) and one reference together.",
            errors={"receipts.0.kind": [f"must be one of {', '.join(_SOURCES)}, the same for all, under one reference"]},
        )
    return _SOURCES[kind]


def _entry(receipt: Receipt, source: str, value: Decimal, currency: str) -> posting.Entry:
    return posting.Entry(
        event_type="goods_received",
        source_id=receipt.reference,
        currency=currency,
        lines=[
            posting.debit(INVENTORY, value, reference=receipt.reference),
            posting.credit(source, value, reference=receipt.reference),
        ],
        narration=f"Goods received under {receipt.reference}",
    )
