"""Open items: what is still owed on each document. Amounts change only through `add_open_item` and `reduce_open_items`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.store import locks
from engine.store.locks import Lock
from engine.store.memo import read_once
from handlers.ledger.accounts import PAYABLES, RECEIVABLES
from handlers.ledger.books import books_currency
from handlers.ledger.model import OpenItem
from handlers.rowsets import as_json
from handlers.values import round_currency

_CONTROL_ACCOUNT = {"AR": RECEIVABLES, "AP": PAYABLES}


@dataclass(frozen=True, slots=True)
class Instalment:
    """A part of what is owed, and the day it is due."""

    due_date: date
    amount: Decimal


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
    #: Where it is owed in instalments: they come to its amount, in the order they are due, and `due_date` is that of the first.
    instalments: Sequence[Instalment] = ()


def add_open_item(tx: Session, item: NewOpenItem) -> None:
    """Open an item for its whole amount, after its journal was posted; opening it again does nothing.

    In the currency of the books it is open with what the journal has on the control account, to the cent. Raises Invalid for an amount
    below zero.
    """
    add_open_items(tx, item.kind, [item])


def add_open_items(tx: Session, kind: str, items: Sequence[NewOpenItem]) -> None:
    """Open items of one kind like `add_open_item`, all in one statement. One that was taken back is open again."""
    books = books_currency(tx)
    rows = []
    parts: list[dict[str, object]] = []
    for item in items:
        if item.amount < 0:
            raise Invalid(
                f"{item.document_no} would be owed {item.amount} {item.currency}.",
                code="open_item_amount",
                next_step="Post a credit memo for amounts below zero.",
            )
        given = asdict(item)
        amount = given.pop("amount")
        given.pop("instalments")
        parts += _parts(item)
        in_books = round_currency(amount * item.fx_rate, books)
        rows.append(given | {"original": amount, "open_amount": amount, "open_in_books": in_books})
    tx.execute(_ADD, {"rows": as_json(rows), "control": _CONTROL_ACCOUNT[kind]})
    if parts:
        tx.execute(_ADD_PARTS, {"kind": kind, "rows": as_json(parts)})


def _parts(item: NewOpenItem) -> list[dict[str, object]]:
    later = Decimal(0)
    rows: list[dict[str, object]] = []
    for number, each in reversed(list(enumerate(item.instalments, start=1))):
        rows.append({"document_no": item.document_no, "party_no": item.party_no, "part_no": number, "later": later, **asdict(each)})
        later += each.amount
    return rows


def overdue_amount(tx: Session, document_no: str, today: date) -> Decimal:
    """What of a receivable was due before a day and is open: all of it, or the instalments that were."""
    amount: Decimal = tx.execute(_OVERDUE, {"document_no": document_no, "today": today}).scalar_one()
    return amount


def take_back_open_items(tx: Session, kind: str, document_nos: Sequence[str]) -> list[str]:
    """Take back items that were opened by mistake, after their journals were: nothing is owed on them, nor ever was.

    Where something was done with one (paid, disputed, reminded of), those are answered and nothing is done.
    """
    items = lock_open_items(tx, kind, document_nos)
    used = [
        number for number, item in items.items() if item["open_amount"] != item["original"] or item["disputed"] or item["dunning_level"]
    ]
    if not used:
        tx.execute(_TAKE_BACK, {"ids": [item["id"] for item in items.values()]})
    return used


def lock_open_items(tx: Session, kind: str, document_nos: Sequence[str]) -> dict[str, RowMapping]:
    """The open items of some documents, locked and then read, by document. Those that do not exist are left out. Two statements."""
    if not document_nos:
        return {}
    wanted = sorted(set(document_nos))
    ids = read_once(tx, ("open_item", kind, *wanted), lambda: _ids_of(tx, kind, wanted), of=[OpenItem.__tablename__])
    locks.take(tx, Lock.OPEN_ITEM, ids)
    rows = read_once(tx, ("open_items", *ids), lambda: tx.execute(_ITEMS, {"ids": list(ids)}).mappings().all(), of=[OpenItem.__tablename__])
    return {row["document_no"]: row for row in rows}


def _ids_of(tx: Session, kind: str, document_nos: Sequence[str]) -> Sequence[int]:
    return tx.execute(_IDS, {"kind": kind, "numbers": list(document_nos)}).scalars().all()


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken off an item, in its own currency and in that of the books; negative amounts open it again."""

    amount: Decimal
    in_books: Decimal


def share_in_books(amount: Decimal, open_amount: Decimal, open_in_books: Decimal, fx_rate: Decimal, books: str) -> Decimal:
    """What a part of an item is worth in the books: at the document's rate, and for the last part whatever is left."""
    return open_in_books if amount == open_amount else min(round_currency(amount * fx_rate, books), open_in_books)


def reduce_open_items(tx: Session, kind: str, amounts: Mapping[str, Decimal | Taken]) -> dict[str, Taken]:
    """Take amounts off the open items of some documents, all in one statement; answer what was taken, in the books too.

    A plain amount takes its share of the books' amount. Raises Conflict, before anything is changed, when a document is unknown, or less
    is open, or less was owed, than is taken or given back.
    """
    if not amounts:
        return {}
    items = lock_open_items(tx, kind, list(amounts))
    books = books_currency(tx)
    taken = {number: _taken(number, given, items.get(number), books) for number, given in amounts.items()}
    rows = [{"id": items[number]["id"], "amount": one.amount, "in_books": one.in_books} for number, one in taken.items()]
    tx.execute(_REDUCE, {"rows": as_json(rows)})
    return taken


def _taken(number: str, given: Decimal | Taken, item: RowMapping | None, books: str) -> Taken:
    amount = given.amount if isinstance(given, Taken) else given
    if item is None or item["open_amount"] < amount or item["open_amount"] - amount > item["original"]:
        raise Conflict(
            f"{amount} was to be taken off {number}, but {item['open_amount'] if item else 'nothing'} is open there.",
            code="open_item_short",
            next_step="Look at what has been applied to the document since, and apply at most what is open.",
        )
    if isinstance(given, Taken):
        return given
    return Taken(amount, share_in_books(amount, item["open_amount"], item["open_in_books"], item["fx_rate"], books))


def lower_discount(tx: Session, document_no: str, left: Decimal) -> None:
    """So much of the discount for paying a receivable early is left, because a part of it was credited; it never rises."""
    tx.execute(_LOWER_DISCOUNT, {"document_no": document_no, "left": left})


def set_dunning_level(tx: Session, document_no: str, level: int) -> None:
    """Note on a receivable how often its customer was reminded of it."""
    tx.execute(_DUNNED, {"document_no": document_no, "level": level})


def set_disputed(tx: Session, document_no: str, *, disputed: bool) -> None:
    """Note on a receivable whether something of it is in an open dispute."""
    tx.execute(_DISPUTED, {"document_no": document_no, "disputed": disputed})


def highest_dunning_level(tx: Session, customer_no: str) -> int:
    """How often a customer was reminded of what is still open: the highest level of its open receivables."""
    level: int = tx.execute(_HIGHEST, {"customer_no": customer_no}).scalar_one()
    return level


_ADD = text("""
INSERT INTO open_item (kind, party_no, document_no, document_date, due_date, discount_date, discount_amount, tax_amount, original,
  open_amount, currency, fx_rate, open_in_books)
SELECT kind, party_no, document_no, document_date, due_date, discount_date, discount_amount, tax_amount, original,
  open_amount, currency, fx_rate, coalesce((
    SELECT abs(sum(line.accounted)) FROM journal_line AS line
    WHERE line.reference = given.document_no AND line.account = :control AND line.party_no = given.party_no), given.open_in_books)
FROM jsonb_populate_recordset(NULL::open_item, CAST(:rows AS jsonb)) AS given
ON CONFLICT (kind, party_no, document_no) DO UPDATE
SET document_date = excluded.document_date, due_date = excluded.due_date, original = excluded.original, open_amount = excluded.open_amount,
  tax_amount = excluded.tax_amount, currency = excluded.currency, fx_rate = excluded.fx_rate, open_in_books = excluded.open_in_books,
  closed_at = NULL
WHERE open_item.original = 0 AND excluded.original > 0
""")
_ADD_PARTS = text("""
INSERT INTO open_item_part (item_id, part_no, due_date, amount, later)
SELECT item.id, given.part_no, given.due_date, given.amount, given.later
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS given(document_no text, party_no text, part_no int, due_date date, amount numeric, later numeric)
JOIN open_item AS item ON item.kind = :kind AND item.document_no = given.document_no AND item.party_no = given.party_no
ON CONFLICT DO NOTHING
""")
_OVERDUE = text("""
SELECT coalesce(sum(open_amount), 0) FROM open_due WHERE kind = 'AR' AND document_no = :document_no AND due_date < :today
""")
_TAKE_BACK = text("""
UPDATE open_item SET original = 0, open_amount = 0, open_in_books = 0, discount_amount = 0, tax_amount = 0, closed_at = business_now()
WHERE id = ANY(:ids)
""")
_IDS = text("SELECT id FROM open_item WHERE kind = :kind AND document_no = ANY(:numbers)")
_ITEMS = text("SELECT * FROM open_item WHERE id = ANY(:ids)")
_REDUCE = text("""
UPDATE open_item AS item SET open_amount = item.open_amount - given.amount, open_in_books = item.open_in_books - given.in_books,
  closed_at = CASE WHEN item.open_amount = given.amount THEN business_now() END,
  due_date = coalesce((
    SELECT min(part.due_date) FROM open_item_part AS part
    WHERE part.item_id = item.id AND part.later < item.open_amount - given.amount), item.due_date)
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, amount numeric, in_books numeric) WHERE item.id = given.id
""")
_DISPUTED = text("UPDATE open_item SET disputed = :disputed WHERE kind = 'AR' AND document_no = :document_no")
_LOWER_DISCOUNT = text("""
UPDATE open_item SET discount_amount = CAST(:left AS numeric) WHERE kind = 'AR' AND document_no = :document_no AND discount_amount > :left
""")
_DUNNED = text("UPDATE open_item SET dunning_level = :level WHERE kind = 'AR' AND document_no = :document_no")
_HIGHEST = text("""
SELECT coalesce(max(dunning_level), 0) FROM open_item WHERE kind = 'AR' AND party_no = :customer_no AND open_amount > 0
""")
