"""The books as people and programs are shown them: journals, balances, our bank accounts, rates, closed periods, what customers owe."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.store.paging import Asked, Key, Page, read_page
from handlers.ledger.model import FxRate, HouseBankAccount, Journal, JournalLine, ManualEntry, Period


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in the currency of the books from a day on."""

    currency: str
    valid_from: date
    rate: Decimal


def list_rates(tx: Session, asked: Asked, *, count: bool = False) -> Page[Rate]:
    """Exchange rates by currency, the latest first."""
    statement: Select[Any] = select(*FxRate.__table__.c)
    return read_page(tx, statement, (Key(FxRate.currency), Key(FxRate.valid_from, descending=True)), asked, count=count).typed(Rate)


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """A stretch of days that is closed for posting."""

    starts_on: date
    ends_on: date
    closed_by: str
    closed_at: datetime


def list_periods(tx: Session, asked: Asked) -> Page[ClosedPeriod]:
    """Closed periods, the latest first."""
    statement: Select[Any] = select(*(getattr(Period, name) for name in ClosedPeriod.__dataclass_fields__))
    return read_page(tx, statement, (Key(Period.starts_on, descending=True),), asked).typed(ClosedPeriod)


@dataclass(frozen=True, slots=True)
class JournalLineRow:
    """One side of an account: debit or credit in the journal's currency, `accounted` (debit positive) in that of the books."""

    line_no: int
    account: str
    debit: Decimal
    credit: Decimal
    accounted: Decimal
    party_no: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One posted event with its lines."""

    id: int
    event_type: str
    source_id: str
    sequence: int
    gl_date: date
    currency: str
    fx_rate: Decimal
    narration: str
    digest: str
    reverses_id: int | None
    posted_at: datetime
    lines: Sequence[JournalLineRow] = ()


def list_journals(tx: Session, source_id: str, asked: Asked, *, event_type: str = "", count: bool = False) -> Page[JournalRow]:
    """Journals with their lines, the latest first; of one source or one kind of event where one is named. Two statements."""
    statement = select(*(getattr(Journal, name) for name in JournalRow.__dataclass_fields__ if name != "lines"))
    if source_id:
        statement = statement.where(Journal.source_id == source_id)
    if event_type:
        statement = statement.where(Journal.event_type == event_type)
    shown = read_page(tx, statement, (Key(Journal.id, descending=True),), asked, count=count).typed(JournalRow)
    lines: dict[int, list[JournalLineRow]] = {journal.id: [] for journal in shown.rows}
    for row in tx.execute(_JOURNAL_LINES.where(JournalLine.journal_id.in_(lines))).mappings():
        lines[row["journal_id"]].append(JournalLineRow(**{name: row[name] for name in JournalLineRow.__dataclass_fields__}))
    return replace(shown, rows=[replace(journal, lines=lines[journal.id]) for journal in shown.rows])


@dataclass(frozen=True, slots=True)
class ManualEntryRow:
    """A journal that was written by hand: WRITTEN while it waits for a second person, then POSTED or WITHDRAWN."""

    reference: str
    state: str
    currency: str
    gl_date: date
    narration: str
    lines: list[Any]
    authors: list[Any]
    written_at: datetime
    approved_by: str | None
    closed_at: datetime | None
    journal_id: int | None


def list_manual_entries(tx: Session, state: str, asked: Asked) -> Page[ManualEntryRow]:
    """Journals that were written by hand, the latest first; of one state where it is named."""
    statement = select(*(getattr(ManualEntry, name) for name in ManualEntryRow.__dataclass_fields__))
    if state:
        statement = statement.where(ManualEntry.state == state)
    keys = (Key(ManualEntry.written_at, descending=True), Key(ManualEntry.reference, descending=True))
    return read_page(tx, statement, keys, asked).typed(ManualEntryRow)


@dataclass(frozen=True, slots=True)
class BankAccountRow:
    """A bank account of ours, with its account of the ledger."""

    iban: str
    currency: str
    ledger_account: str
    bic: str
    name: str


def list_bank_accounts(tx: Session, asked: Asked) -> Page[BankAccountRow]:
    """Our bank accounts by their account of the ledger."""
    statement = select(*(getattr(HouseBankAccount, name) for name in BankAccountRow.__dataclass_fields__))
    return read_page(tx, statement, (Key(HouseBankAccount.ledger_account),), asked).typed(BankAccountRow)


_JOURNAL_LINES = select(JournalLine.journal_id, *(getattr(JournalLine, name) for name in JournalLineRow.__dataclass_fields__)).order_by(
    JournalLine.journal_id, JournalLine.line_no
)
