"""Bank statements, receipts, what they were applied to, and reminders."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Active, Amount, Counter, Flag, JsonList, Key, Label, Moment, Reference, SerialId, Written
from handlers.receivables import dispute_model, late_model  # noqa: F401  # join by import


class BankFile(Base):
    """A file of the bank as it came. It holds one statement or more; its hash tells it from others."""

    __tablename__ = "bank_file"

    id: Mapped[SerialId]
    sha256: Mapped[str] = mapped_column(unique=True)
    content: Mapped[bytes]
    #: camt, BAI2, MT940 or CSV; empty for what came before formats were told apart.
    format: Mapped[Label]
    #: Who brought it; none where it came by itself.
    taken_in_by: Mapped[str | None]
    #: What of it was not taken: where, why, and what to do.
    refusals: Mapped[JsonList]
    received_at: Mapped[Written]


class BankLayout(Base):
    """How a bank's CSV of one account is written: which column is what. Empty names are columns that it has not."""

    __tablename__ = "bank_layout"
    __table_args__ = (CheckConstraint("(amount = '') <> (money_in = '' OR money_out = '')", name="amounts"),)

    layout_no: Mapped[Key]
    #: The account of ours whose entries it lists.
    account: Mapped[str]
    currency: Mapped[str]
    delimiter: Mapped[str]
    decimal_sign: Mapped[str]
    date_format: Mapped[str]
    booked_on: Mapped[str]
    amount: Mapped[Label]
    money_in: Mapped[Label]
    money_out: Mapped[Label]
    value_on: Mapped[Label]
    payer_name: Mapped[Label]
    payer_account: Mapped[Label]
    #: One column or several, by `+`.
    remittance: Mapped[Label]
    reference: Mapped[Label]
    bank_ref: Mapped[Label]
    code: Mapped[Label]
    balance: Mapped[Label]
    active: Mapped[Active]
    created_at: Mapped[Written]


class BankNotice(Base):
    """What a bank announced before its statement: a report of the day (camt.052) or notifications (camt.054). Nothing of it is booked."""

    __tablename__ = "bank_notice"
    __table_args__ = (UniqueConstraint("file_id", "file_position"), Index("bank_notice_account_ix", "account", "notice_no"))

    notice_no: Mapped[Key]
    file_id: Mapped[Reference] = mapped_column(ForeignKey("bank_file.id"))
    file_position: Mapped[int]
    account: Mapped[str]
    bank_ref: Mapped[Label]
    message: Mapped[str]
    received_at: Mapped[Written]
    #: When treasury was told that the rest of it will not come, and why.
    given_up_at: Mapped[Moment | None]
    given_up_because: Mapped[Label]


class BankNoticeLine(Base):
    """One entry that was announced; `bank_line_id` is the line of a statement that booked it."""

    __tablename__ = "bank_notice_line"
    __table_args__ = (
        UniqueConstraint("notice_no", "position"),
        Index("bank_notice_line_ref_ix", "bank_ref"),
        Index("bank_notice_line_met_ix", "bank_line_id"),
        Index("bank_notice_line_open_ix", "notice_no", postgresql_where=text("bank_line_id IS NULL")),
    )

    id: Mapped[SerialId]
    notice_no: Mapped[str] = mapped_column(ForeignKey("bank_notice.notice_no"))
    position: Mapped[int]
    bank_ref: Mapped[Label]
    amount: Mapped[Amount]
    currency: Mapped[str]
    booked_on: Mapped[date]
    value_on: Mapped[date]
    payer_name: Mapped[Label]
    payer_iban: Mapped[Label]
    structured_refs: Mapped[JsonList]
    remittance: Mapped[Label]
    bank_line_id: Mapped[Reference | None] = mapped_column(ForeignKey("bank_line.id"))


class BankStatement(Base):
    """One statement of one of our bank accounts: what the bank booked between two balances.

    A statement of a file is taken once; one that treasury refused stands in nobody's way.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (
        Index("bank_statement_file_once", "file_id", "file_position", unique=True, postgresql_where=text("refused_at IS NULL")),
        Index("bank_statement_account_ix", "account", "closed_on", "statement_no"),
    )

    statement_no: Mapped[Key]
    file_id: Mapped[Reference] = mapped_column(ForeignKey("bank_file.id"))
    #: Its place in the file, from 1.
    file_position: Mapped[int]
    account: Mapped[str]
    bank_ref: Mapped[str]
    currency: Mapped[str]
    opening: Mapped[Amount]
    closing: Mapped[Amount]
    opened_on: Mapped[date]
    closed_on: Mapped[date]
    #: Who brought the file; none where it came by itself.
    taken_in_by: Mapped[str | None]
    #: Why the file cannot be trusted, in words; empty when it balances.
    faults: Mapped[JsonList]
    #: A hash of the lines as they came, so that a changed or missing one is noticed.
    lines_sha256: Mapped[Label]
    received_at: Mapped[Written]
    #: When it was found to balance and to follow the one before.
    read_at: Mapped[Moment | None]
    applied_at: Mapped[Moment | None]
    refused_at: Mapped[Moment | None]
    refused_because: Mapped[Label]


_ONCE = "outcome IN ('RECEIPT', 'PAYMENT', 'RETURN', 'REFUND')"


class BankLine(Base):
    """One booked entry of a statement, known by its place in it; credits are positive.

    The bank's reference is kept, but names nothing: banks leave it out, write NONREF, or begin again at 1.
    """

    __tablename__ = "bank_line"
    __table_args__ = (
        UniqueConstraint("statement_no", "position"),
        # A receipt is returned, a supplier is paid and a customer is refunded by one line.
        Index(
            "bank_line_outcome_once",
            "outcome",
            "document_no",
            unique=True,
            postgresql_where=text(_ONCE),
        ),
        Index("bank_line_waiting_ix", "statement_no", "asked_group", postgresql_where=text("outcome = ''")),
        Index("bank_line_journal_ix", "journal_id"),
        Index("bank_line_duplicate_ix", "duplicate_of"),
        Index("bank_line_account_ix", "account", "booked_on", "amount"),
    )

    id: Mapped[SerialId]
    statement_no: Mapped[str] = mapped_column(ForeignKey("bank_statement.statement_no"))
    #: Its place in the statement, from 1.
    position: Mapped[int]
    account: Mapped[str]
    bank_ref: Mapped[str]
    amount: Mapped[Amount]
    currency: Mapped[str]
    booked_on: Mapped[date]
    value_on: Mapped[date]
    payer_name: Mapped[Label]
    payer_iban: Mapped[Label]
    structured_refs: Mapped[JsonList]
    #: What the payer wrote, its lines as the bank broke them.
    remittance: Mapped[Label]
    reversal: Mapped[Flag]
    #: What kind of entry the bank says it is (ISO 20022 external code: domain, family, sub-family), such as PMNT/MCOP/CHRG.
    transaction_code: Mapped[Label]
    #: What became of it: RECEIPT, PAYMENT, RETURN, REFUND, ACCOUNT, DUPLICATE or NOTHING (an entry of 0.00).
    #: Empty while it waits for a person.
    outcome: Mapped[Label]
    #: The receipt, the supplier's invoice, the credit memo or the account of the ledger it was booked for.
    document_no: Mapped[Label]
    journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))
    #: The line of an earlier statement that says the same; nothing is booked twice.
    duplicate_of: Mapped[Reference | None] = mapped_column(ForeignKey("bank_line.id"))
    #: Whose task it is while it waits, and why it could not be booked as they said.
    asked_group: Mapped[Label]
    note: Mapped[Label]


class Receipt(Base):
    """Money that came in. It lands unapplied, and is applied afterwards."""

    __tablename__ = "receipt"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("on_account >= 0 AND written_off >= 0", name="parts"),
        Index("receipt_statement_ix", "statement_no"),
        Index("receipt_customer_ix", "customer_no"),
        Index("receipt_received_ix", "received_on"),
        Index("receipt_journal_ix", "journal_id"),
    )

    receipt_no: Mapped[Key]
    statement_no: Mapped[str] = mapped_column(ForeignKey("bank_statement.statement_no"))
    bank_line_id: Mapped[Reference] = mapped_column(ForeignKey("bank_line.id"), unique=True)
    #: Empty until the payer is known.
    customer_no: Mapped[str | None] = mapped_column(ForeignKey("customer.customer_no"))
    identified_by: Mapped[Label]
    amount: Mapped[Amount]
    currency: Mapped[str]
    received_on: Mapped[date]
    on_account: Mapped[Counter]
    #: What was taken as income, or booked to another account because it is no customer's payment.
    written_off: Mapped[Counter]
    journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))
    reversed_at: Mapped[Moment | None]
    created_at: Mapped[Written]


class Proposal(Base):
    """Which invoice a receipt seems to pay, by which rule, and why. Rank 0 is applied by itself; the others are shown to a person.

    What was proposed is kept: it says later why a receipt was applied as it was, and what else it could have been.
    """

    __tablename__ = "receipt_proposal"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"), Index("receipt_proposal_invoice_ix", "invoice_no"))

    receipt_no: Mapped[str] = mapped_column(ForeignKey("receipt.receipt_no"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, server_default=text("0"))
    invoice_no: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str]
    amount: Mapped[Amount]
    #: How sure it is, of 100, and why in words.
    score: Mapped[Counter]
    why: Mapped[Label]
    #: What is open on the invoice less what the receipt brings; zero needs no decision.
    difference: Mapped[Amount]


class PayerAlias(Base):
    """A name that a payer has at its bank, small and trimmed, and the customer that a person said it is."""

    __tablename__ = "payer_alias"
    __table_args__ = (Index("payer_alias_customer_ix", "customer_no"),)

    name: Mapped[Key]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    learned_at: Mapped[Written]


class Application(Base):
    """A receipt paid an invoice: cash, discount and written-off difference together reduced what was open."""

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("receipt_no", "invoice_no", "sequence"),
        CheckConstraint("cash >= 0 AND discount >= 0 AND discount_tax >= 0 AND written_off >= 0", name="parts"),
        Index("application_invoice_ix", "invoice_no"),
        Index("application_journal_ix", "journal_id"),
    )

    id: Mapped[SerialId]
    receipt_no: Mapped[str] = mapped_column(ForeignKey("receipt.receipt_no"))
    invoice_no: Mapped[str]
    sequence: Mapped[int] = mapped_column(server_default=text("1"))
    cash: Mapped[Amount]
    discount: Mapped[Counter]
    discount_tax: Mapped[Counter]
    written_off: Mapped[Counter]
    action: Mapped[str]
    journal_id: Mapped[Reference | None] = mapped_column(ForeignKey("journal.id"))
    applied_at: Mapped[Written]
    #: Who gave it to the invoice; empty where a rule did.
    applied_by: Mapped[Label]
    unapplied_at: Mapped[Moment | None]


class Reminder(Base):
    """A reminder of one invoice; a level is sent once."""

    __tablename__ = "reminder"
    __table_args__ = (Index("reminder_sent_ix", "sent_at"),)

    invoice_no: Mapped[Key]
    level: Mapped[int] = mapped_column(primary_key=True)
    #: Whether it put the customer's new orders on hold.
    hold_orders: Mapped[bool]
    days_overdue: Mapped[int]
    open_amount: Mapped[Amount]
    document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"), index=True)
    sent_at: Mapped[Written]


class Refund(Base):
    """What is left of a credit memo, on its way back to the customer. It is booked when a statement of the bank shows it."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount > 0 AND attempt > 0", name="numbers"),
        Index("refund_under_way_ix", "amount", postgresql_where=text("paid_at IS NULL")),
        Index("refund_customer_ix", "customer_no"),
    )

    credit_memo_no: Mapped[Key] = mapped_column(ForeignKey("invoice.invoice_no"))
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    amount: Mapped[Amount]
    currency: Mapped[str]
    iban: Mapped[Label]
    #: How often the bank was told, counting the first time.
    attempt: Mapped[int] = mapped_column(server_default=text("1"))
    ordered_at: Mapped[Written]
    paid_at: Mapped[Moment | None]


class RemittanceAdvice(Base):
    """What a customer says a payment of its is for, before the bank shows the payment. `reference` is folded."""

    __tablename__ = "remittance_advice"
    __table_args__ = (Index("remittance_advice_amount_ix", "currency", "amount"), Index("remittance_advice_customer_ix", "customer_no"))

    id: Mapped[SerialId]
    transaction_id: Mapped[Reference] = mapped_column(ForeignKey("edi_transaction.id"), unique=True)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    reference: Mapped[str]
    amount: Mapped[Amount]
    currency: Mapped[str]
    paid_on: Mapped[date | None]
    received_at: Mapped[Written]


class RemittanceLine(Base):
    """An invoice that an advice names, as `named` there; `invoice_no` where it is one of the payer's."""

    __tablename__ = "remittance_line"

    advice_id: Mapped[Reference] = mapped_column(ForeignKey("remittance_advice.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    named: Mapped[str]
    invoice_no: Mapped[str | None]
    amount: Mapped[Amount]
