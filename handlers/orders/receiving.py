"""Goods come in: stock and the ledger move together (inventory against goods received, not invoiced)."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from handlers.inventory.stock import Receipt, receive
from handlers.inventory.supply import SupplyArrival, take_from_supply
from handlers.ledger import posting
from handlers.ledger.accounts import GOODS_RECEIVED_NOT_INVOICED, INVENTORY
from handlers.ledger.books import books_currency


def receive_stock(tx: Session, receipts: Sequence[Receipt]) -> None:
    """Book receipts that share one reference: balances, movements and one journal. The same reference again is refused.

    Raises Invalid, NotFound, Conflict.
    """
    currency = books_currency(tx)
    value = receive(tx, receipts, currency)
    if not value:
        return
    reference = receipts[0].reference
    posting.post(
        tx,
        posting.Entry(
            event_type="goods_received",
            source_id=reference,
            currency=currency,
            lines=[
                posting.debit(INVENTORY, value, reference=reference),
                posting.credit(GOODS_RECEIVED_NOT_INVOICED, value, reference=reference),
            ],
            narration=f"Goods received under {reference}",
        ),
    )


def receive_supply(tx: Session, arrival: SupplyArrival) -> None:
    """Book expected goods that came in. Raises Invalid, NotFound, Conflict when more arrives than is open."""
    receive_stock(tx, [take_from_supply(tx, arrival)])
