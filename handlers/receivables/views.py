"""Bank statements, and receipts with what is left of each: the amount less what was applied, written off or kept on account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, String, and_, case, cast, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by, array
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.paging import Asked, Key, Page, read_page
from handlers.receivables.model import Application, BankFile, BankLine, BankNotice, BankNoticeLine, BankStatement, Receipt


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """Money that came in, in `currency`, from whom and with which text; `rest` is what is left to apply."""

    receipt_no: str
    statement_no: str
    bank_line_id: int
    customer_no: str | None
    identified_by: str
    amount: Decimal
    currency: str
    received_on: date
    on_account: Decimal
    written_off: Decimal
    journal_id: int | None
    reversed_at: datetime | None
    created_at: datetime
    payer_name: str
    remittance: str
    rest: Decimal


@dataclass(frozen=True, slots=True)
class StatementSummary:
    """A bank statement; `faults` say in words why it cannot be trusted."""

    statement_no: str
    file_id: int
    file_position: int
    account: str
    bank_ref: str
    currency: str
    opening: Decimal
    closing: Decimal
    opened_on: date
    closed_on: date
    faults: list[Any]
    received_at: datetime
    read_at: datetime | None
    applied_at: datetime | None
    refused_at: datetime | None
    refused_because: str


@dataclass(frozen=True, slots=True)
class BankLineRow:
    """One entry of a statement, credits positive, and what became of it: `outcome` is empty while it waits for a person."""

    position: int
    account: str
    bank_ref: str
    amount: Decimal
    currency: str
    booked_on: date
    value_on: date
    payer_name: str
    payer_iban: str
    structured_refs: list[Any]
    remittance: str
    reversal: bool
    transaction_code: str
    outcome: str
    document_no: str
    journal_id: int | None
    duplicate_of: int | None
    asked_group: str
    note: str


@dataclass(frozen=True, slots=True)
class ShownStatement(StatementSummary):
    """One statement with its lines."""

    lines: Sequence[BankLineRow]


@dataclass(frozen=True, slots=True)
class BankFileRow:
    """A bank's file: its format, what it brought, and what of it was not taken (where, why, what to do)."""

    id: int
    format: str
    received_at: datetime
    taken_in_by: str | None
    statement_nos: list[str]
    notice_nos: list[str]
    #: Entries that were announced and are on no statement yet.
    awaited: int
    refusals: list[Any]


def list_bank_files(tx: Session, asked: Asked) -> Page[BankFileRow]:
    """The banks' files, the latest first."""
    return read_page(tx, _BANK_FILES, (Key(BankFile.id, descending=True),), asked).typed(BankFileRow)


def list_receipts(tx: Session, asked: Asked) -> Page[ReceiptRow]:
    """Every receipt, the latest first."""
    keys = (Key(Receipt.created_at, descending=True), Key(Receipt.receipt_no, descending=True))
    return read_page(tx, _RECEIPTS, keys, asked).typed(ReceiptRow)


#: Which receipts a list holds: with something left of a known payer, of a payer nobody knows, or with money kept for the customer.
UNAPPLIED, UNIDENTIFIED, ON_ACCOUNT = "unapplied", "unidentified", "on-account"


def list_unapplied(tx: Session, asked: Asked, which: str = "") -> Page[ReceiptRow]:
    """Receipts of which something is left, the oldest first: all of them, or those of one list."""
    keys = (Key(Receipt.received_on), Key(Receipt.receipt_no))
    wanted = _LISTS.get(which, _LEFT > 0)
    return read_page(tx, _RECEIPTS.where(wanted), keys, asked, count=True).typed(ReceiptRow)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Invoices that a receipt could pay, by which rule, with a score of 100 at most, and why. Rank 0 was applied, 1 is the likeliest."""

    receipt_no: str
    rank: int
    rule: str
    score: Decimal
    why: str
    invoices: list[str]


def suggestions_of(tx: Session, receipt_nos: Sequence[str]) -> dict[str, list[Suggestion]]:
    """What receipts could pay, by receipt, the likeliest first. One statement."""
    found: dict[str, list[Suggestion]] = {}
    for row in tx.execute(_SUGGESTIONS, {"numbers": list(receipt_nos)}).mappings() if receipt_nos else ():
        found.setdefault(row["receipt_no"], []).append(Suggestion(**row))
    return found


def list_statements(tx: Session, asked: Asked) -> Page[StatementSummary]:
    """Bank statements with their balances, the latest first."""
    keys = (Key(BankStatement.received_at, descending=True), Key(BankStatement.statement_no, descending=True))
    return read_page(tx, _STATEMENTS, keys, asked).typed(StatementSummary)


def show_statement(tx: Session, statement_no: str) -> ShownStatement:
    """One bank statement with its lines. Raises NotFound."""
    header = tx.execute(_STATEMENTS.where(BankStatement.statement_no == statement_no)).mappings().one_or_none()
    if header is None:
        raise NotFound(
            f"There is no bank statement {statement_no}.", code="statement_unknown", next_step="Check the number in the list of statements."
        )
    lines = tx.execute(_BANK_LINES.where(BankLine.statement_no == statement_no)).mappings()
    return ShownStatement(**dict(header), lines=[BankLineRow(**dict(row)) for row in lines])


_NONE = cast(array([]), ARRAY(String))
_APPLIED = (
    select(func.coalesce(func.sum(Application.cash), 0))
    .where(Application.receipt_no == Receipt.receipt_no, Application.unapplied_at.is_(None))
    .scalar_subquery()
)
_LEFT = case((Receipt.reversed_at.is_(None), Receipt.amount - Receipt.on_account - Receipt.written_off - _APPLIED), else_=0)
_LISTS = {
    UNAPPLIED: and_(_LEFT > 0, Receipt.customer_no.is_not(None)),
    UNIDENTIFIED: and_(_LEFT > 0, Receipt.customer_no.is_(None)),
    ON_ACCOUNT: and_(Receipt.on_account > 0, Receipt.reversed_at.is_(None)),
}
_SUGGESTIONS = text("""
SELECT receipt_no, rank, min(rule) AS rule, max(score) AS score, min(why) AS why, array_agg(invoice_no ORDER BY invoice_no) AS invoices
FROM receipt_proposal WHERE receipt_no = ANY(:numbers) AND rank > 0 GROUP BY receipt_no, rank ORDER BY receipt_no, rank
""")
_OWN = [name for name in ReceiptRow.__dataclass_fields__ if name not in {"payer_name", "remittance", "rest"}]
_RECEIPTS = select(*(getattr(Receipt, name) for name in _OWN), BankLine.payer_name, BankLine.remittance, _LEFT.label("rest")).join(
    BankLine, BankLine.id == Receipt.bank_line_id
)
_NUMBERS_OF_FILE = (
    select(func.coalesce(func.array_agg(aggregate_order_by(BankStatement.statement_no, BankStatement.file_position)), _NONE))
    .where(BankStatement.file_id == BankFile.id)
    .scalar_subquery()
)
_NOTICES_OF_FILE = (
    select(func.coalesce(func.array_agg(aggregate_order_by(BankNotice.notice_no, BankNotice.file_position)), _NONE))
    .where(BankNotice.file_id == BankFile.id)
    .scalar_subquery()
)
_AWAITED = (
    select(func.count())
    .select_from(BankNoticeLine)
    .join(BankNotice, BankNotice.notice_no == BankNoticeLine.notice_no)
    .where(BankNotice.file_id == BankFile.id, BankNoticeLine.bank_line_id.is_(None), BankNotice.given_up_at.is_(None))
    .scalar_subquery()
)
_BANK_FILES = select(
    BankFile.id,
    BankFile.format,
    BankFile.received_at,
    BankFile.taken_in_by,
    _NUMBERS_OF_FILE.label("statement_nos"),
    _NOTICES_OF_FILE.label("notice_nos"),
    _AWAITED.label("awaited"),
    BankFile.refusals,
)
_STATEMENTS = select(*(getattr(BankStatement, name) for name in StatementSummary.__dataclass_fields__))
_BANK_LINES = select(*(getattr(BankLine, name) for name in BankLineRow.__dataclass_fields__)).order_by(BankLine.position)
