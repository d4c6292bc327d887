"""Open items: what is still owed on each document. Amounts change only through `add_open_item` and `reduce_open_items`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.store import json_text
from handlers.ledger.model import OpenItem


@dataclass(frozen=True, slots=True)
class NewOpenItem:
    """A document that is owed from now on."""

    kind: str
    party_no: str
    document_no: str
    document_date: date
    due_date: date
    amount: Decimal
    currency: str
    discount_date: date | None = None
    discount_amount: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)
    fx_rate: Decimal = Decimal(1)


def add_open_item(tx: Session, item: NewOpenItem) -> None:
    """Open an item for its whole amount; opening it again does nothing. Raises Invalid for an amount below zero."""
    if item.amount < 0:
        raise Invalid(
            f"{item.document_no} would be owed {item.amount} {item.currency}.",
            code="open_item_amount",
            next_step="Post a credit memo for amounts below zero.",
        )
    values = asdict(item)
    amount = values.pop("amount")
    tx.execute(insert(OpenItem).values(**values, original=amount, open_amount=amount).on_conflict_do_nothing())


def reduce_open_items(tx: Session, kind: str, amounts: Mapping[str, Decimal]) -> None:
    """Take amounts off the open items of some documents, all in one statement; a negative amount opens them again.

    Raises Conflict, before anything is changed, when a document is unknown or less is open than is taken.
    """
    if not amounts:
        return
    rows = [{"document_no": number, "amount": amount} for number, amount in sorted(amounts.items())]
    given = {"kind": kind, "rows": json_text.encode(rows).decode()}
    known = {row.document_no: row.open_amount for row in tx.execute(_LOCK, given)}
    for number, amount in amounts.items():
        if number not in known or known[number] < amount:
            raise Conflict(
                f"{amount} was to be taken off {number}, but {known.get(number, 'nothing')} is open there.",
                code="open_item_short",
                next_step="Look at what has been applied to the document since, and apply at most what is open.",
            )
    tx.execute(_REDUCE, given)


_ROWS = "jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(document_no text, amount numeric)"
_LOCK = text(f"""
SELECT item.document_no, item.open_amount FROM open_item AS item JOIN {_ROWS} USING (document_no)
WHERE item.kind = :kind ORDER BY item.id FOR UPDATE OF item
""")
_REDUCE = text(f"""
UPDATE open_item AS item SET open_amount = item.open_amount - given.amount,
  closed_at = CASE WHEN item.open_amount = given.amount THEN now() END
FROM {_ROWS} WHERE item.kind = :kind AND item.document_no = given.document_no
""")
