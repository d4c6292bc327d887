"""The ledger's tables. Journals are only ever added: the database itself refuses to change or delete them."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import JsonList, Moment, Written

Amount = Numeric(18, 4)


class Book(Base):
    """The one row that says in which currency the books are kept."""

    __tablename__ = "ledger_book"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    currency: Mapped[str] = mapped_column(String(3))


class Account(Base):
    """One account of the chart."""

    __tablename__ = "account"

    number: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(12))
    needs_party: Mapped[bool]


class HouseBankAccount(Base):
    """A bank account of ours in one currency. Its own account of the ledger always stands at its last closing balance."""

    __tablename__ = "house_bank_account"

    iban: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    ledger_account: Mapped[str] = mapped_column(ForeignKey("account.number"), unique=True)
    bic: Mapped[str] = mapped_column(server_default=text("''"))
    name: Mapped[str] = mapped_column(server_default=text("''"))


class Period(Base):
    """A stretch of days that is closed for posting. Days in no period are open."""

    __tablename__ = "ledger_period"
    __table_args__ = (CheckConstraint("starts_on <= ends_on", name="order"),)

    starts_on: Mapped[date] = mapped_column(Date, primary_key=True)
    ends_on: Mapped[date] = mapped_column(Date)
    closed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    closed_by: Mapped[str]


class PeriodBalance(Base):
    """What was posted in a closed period, by account, currency and party: added up once, because nothing is posted there any more."""

    __tablename__ = "period_balance"

    starts_on: Mapped[date] = mapped_column(ForeignKey("ledger_period.starts_on", ondelete="CASCADE"), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.number"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    #: Empty where the lines name nobody.
    party_no: Mapped[str] = mapped_column(primary_key=True)
    #: Debits and credits, in the currency of the books.
    debits: Mapped[Decimal] = mapped_column(Amount)
    credits: Mapped[Decimal] = mapped_column(Amount)
    #: Debits less credits, in the row's currency.
    entered: Mapped[Decimal] = mapped_column(Amount)


class FxRate(Base):
    """What one unit of a currency is worth in the currency of the books from a day on."""

    __tablename__ = "fx_rate"
    __table_args__ = (CheckConstraint("rate > 0", name="positive"),)

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))


class Journal(Base):
    """One posted business event."""

    __tablename__ = "journal"
    __table_args__ = (UniqueConstraint("event_type", "source_id", "sequence", name="journal_event_key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_type: Mapped[str]
    source_id: Mapped[str] = mapped_column(index=True)
    sequence: Mapped[int]
    gl_date: Mapped[date] = mapped_column(Date, index=True)
    currency: Mapped[str] = mapped_column(String(3))
    fx_rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))
    narration: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("journal.id"), unique=True)
    posted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))


class JournalLine(Base):
    """One line of a journal: entered in the journal's currency, accounted (signed, debit positive) in the currency of the books."""

    __tablename__ = "journal_line"
    __table_args__ = (
        CheckConstraint("debit >= 0 AND credit >= 0 AND (debit = 0 OR credit = 0)", name="one_side"),
        Index("journal_line_party_ix", "party_no", "account"),
        Index("journal_line_reference_ix", "reference", "account"),
    )

    journal_id: Mapped[int] = mapped_column(ForeignKey("journal.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.number"), index=True)
    debit: Mapped[Decimal] = mapped_column(Amount)
    credit: Mapped[Decimal] = mapped_column(Amount)
    accounted: Mapped[Decimal] = mapped_column(Amount)
    party_no: Mapped[str | None]
    reference: Mapped[str | None]


class ManualEntry(Base):
    """A journal that a person wrote by hand; it is posted when a second person has agreed. Its lines are those of its latest version."""

    __tablename__ = "manual_entry"
    __table_args__ = (
        CheckConstraint("state IN ('WRITTEN', 'POSTED', 'WITHDRAWN')", name="state"),
        CheckConstraint("(state = 'POSTED') = (journal_id IS NOT NULL)", name="posted"),
        CheckConstraint("approved_by IS NULL OR NOT authors @> to_jsonb(CAST(approved_by AS text))", name="four_eyes"),
        Index("manual_entry_journal_ix", "journal_id"),
        Index("manual_entry_written_ix", "written_at", "reference"),
    )

    reference: Mapped[str] = mapped_column(String, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    gl_date: Mapped[date] = mapped_column(Date)
    narration: Mapped[str]
    #: Each an object of account, debit, credit (as text) and reference.
    lines: Mapped[JsonList]
    #: Whoever wrote or corrected it; none of them may agree to it.
    authors: Mapped[JsonList]
    written_at: Mapped[Written]
    state: Mapped[str] = mapped_column(server_default=text("'WRITTEN'"))
    approved_by: Mapped[str | None]
    closed_at: Mapped[Moment | None]
    journal_id: Mapped[int | None] = mapped_column(ForeignKey("journal.id"))


class OpenItem(Base):
    """What a customer owes us (AR) or we owe a supplier (AP) on one document."""

    __tablename__ = "open_item"
    __table_args__ = (
        UniqueConstraint("kind", "party_no", "document_no", name="open_item_document_key"),
        CheckConstraint("kind IN ('AR', 'AP')", name="kind"),
        CheckConstraint("open_amount >= 0 AND open_amount <= original", name="open_amount"),
        CheckConstraint("open_in_books >= 0", name="open_in_books"),
        Index("open_item_open_ix", "kind", "party_no", "due_date", postgresql_where=text("open_amount > 0")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String(2))
    party_no: Mapped[str]
    document_no: Mapped[str] = mapped_column(index=True)
    document_date: Mapped[date] = mapped_column(Date)
    due_date: Mapped[date] = mapped_column(Date)
    discount_date: Mapped[date | None] = mapped_column(Date)
    discount_amount: Mapped[Decimal] = mapped_column(Amount, server_default=text("0"))
    #: The tax inside `original`: an earned discount gives its share of it back.
    tax_amount: Mapped[Decimal] = mapped_column(Amount, server_default=text("0"))
    original: Mapped[Decimal] = mapped_column(Amount)
    open_amount: Mapped[Decimal] = mapped_column(Amount)
    currency: Mapped[str] = mapped_column(String(3))
    #: What is open, in the currency of the books, as the control account has it: a part is taken off at the document's rate, the last
    #: part takes what is left.
    open_in_books: Mapped[Decimal] = mapped_column(Amount)
    #: The rate at which the document was posted; the difference to the receipt's rate is realised on settlement.
    fx_rate: Mapped[Decimal] = mapped_column(Numeric(18, 8), server_default=text("1"))
    disputed: Mapped[bool] = mapped_column(server_default=text("false"))
    dunning_level: Mapped[int] = mapped_column(server_default=text("0"))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OpenItemPart(Base):
    """An instalment of an open item. Money pays what is due first: a part is open with what is open beyond all `later` ones."""

    __tablename__ = "open_item_part"
    __table_args__ = (CheckConstraint("amount > 0 AND later >= 0", name="amount"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("open_item.id"), primary_key=True)
    part_no: Mapped[int] = mapped_column(primary_key=True)
    due_date: Mapped[date] = mapped_column(Date)
    amount: Mapped[Decimal] = mapped_column(Amount)
    #: What all parts after it come to.
    later: Mapped[Decimal] = mapped_column(Amount)


def _ddl(statement: str) -> DDL:
    return DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves DDL untyped


_REFUSE_CHANGE = _ddl("""
CREATE OR REPLACE FUNCTION refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Journals are never changed or deleted: post a reversal instead.' USING ERRCODE = 'restrict_violation';
END $$
""")
_REFUSE_UNBALANCED = _ddl("""
CREATE OR REPLACE FUNCTION refuse_unbalanced_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM journal_line WHERE journal_id IN (SELECT journal_id FROM added)
    GROUP BY journal_id HAVING sum(debit) <> sum(credit) OR sum(accounted) <> 0
  ) THEN
    RAISE EXCEPTION 'The journal does not balance.' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
""")


_REFUSE_CLOSED = _ddl("""
CREATE OR REPLACE FUNCTION refuse_closed_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added JOIN ledger_period ON added.gl_date BETWEEN starts_on AND ends_on) THEN
    RAISE EXCEPTION 'The period is closed: post on a day that is open.' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$
""")


def _guard(table: str) -> DDL:
    return _ddl(
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_journal_change()"
    )


_GUARD_BALANCE = _ddl(
    "CREATE TRIGGER journal_line_balances AFTER INSERT ON journal_line REFERENCING NEW TABLE AS added "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced_journal()"
)

_GUARD_PERIODS = _ddl(
    "CREATE TRIGGER journal_stays_out_of_closed_periods AFTER INSERT ON journal REFERENCING NEW TABLE AS added "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_period()"
)

#: What is open, by the day it is due: an item of instalments has a row for each that is open, any other has one.
_OPEN_DUE = _ddl("""
CREATE OR REPLACE VIEW open_due AS
SELECT item.id AS item_id, item.kind, item.party_no, item.document_no, item.currency, coalesce(part.due_date, item.due_date) AS due_date,
  coalesce(part.later, 0) AS later, CASE WHEN part.item_id IS NULL THEN item.open_amount
    ELSE least(part.amount, item.open_amount - part.later) END AS open_amount
FROM open_item AS item LEFT JOIN open_item_part AS part ON part.item_id = item.id
WHERE item.open_amount > coalesce(part.later, 0)
""")
event.listen(OpenItemPart.__table__, "after_create", _OPEN_DUE)
event.listen(Journal.__table__, "after_create", _REFUSE_CHANGE)
event.listen(Journal.__table__, "after_create", _guard("journal"))
event.listen(Journal.__table__, "after_create", _REFUSE_CLOSED)
event.listen(Journal.__table__, "after_create", _GUARD_PERIODS)
event.listen(JournalLine.__table__, "after_create", _REFUSE_UNBALANCED)
event.listen(JournalLine.__table__, "after_create", _guard("journal_line"))
event.listen(JournalLine.__table__, "after_create", _GUARD_BALANCE)
