"""The service tasks of credit memos, as the diagrams name them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import Kind, ServiceTasks
from engine.store.unit_of_work import Database
from handlers.billing import credit_memos, validity
from handlers.billing.edi_invoice import invoice_by_edi
from handlers.billing.facts import read_facts
from handlers.billing.paper import print_invoice
from handlers.billing.validity import NOT_BILLABLE
from handlers.documents.store import save_document
from handlers.ledger.books import books_currency
from handlers.parties.master_data import find_customer
from handlers.values import round_currency

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class CreditedGoods:
    """A line of the invoice by its number there, and how much of it is credited."""

    line_no: int
    qty: Decimal


@dataclass(frozen=True, slots=True)
class DraftCredit:
    """What is credited for a return; of its worth `restocking_fee_pct` is kept back. `reason` is printed on the paper."""

    rma_no: str
    invoice_no: str
    lines: Sequence[CreditedGoods]
    restocking_fee_pct: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class DraftedCredit:
    """The credit memo as it would be posted; `gross_in_books` is its gross in the currency of the books."""

    credit_memo_no: str
    net_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    currency: str
    gross_in_books: Decimal


@dataclass(frozen=True, slots=True)
class OfCreditMemo:
    """A credit memo by its number."""

    credit_memo_no: str


@dataclass(frozen=True, slots=True)
class SettledInvoice:
    """An invoice on which nothing is owed any more."""

    invoice_no: str


@dataclass(frozen=True, slots=True)
class PostedCredit:
    """What is given back: `settled_total` of it was still owed on the invoice and no longer is, `refund` is left for the customer."""

    gross_total: Decimal
    settled_total: Decimal
    refund: Decimal
    currency: str
    #: The invoice where nothing is owed on it any more by that.
    settled: list[SettledInvoice] = field(default_factory=list)
    credit_memo_no: str = ""
    #: `refund` in the currency of the books.
    refund_in_books: Decimal = Decimal(0)


@tasks.register("billing.draft_credit_memo")
def draft_credit_memo(given: DraftCredit, tx: Session) -> DraftedCredit:
    """Write the credit memo of a return, or write its draft anew."""
    lines = [credit_memos.CreditedLine(line.line_no, line.qty) for line in given.lines]
    memo = credit_memos.draft(tx, credit_memos.Credit(given.rma_no, given.invoice_no, lines, given.restocking_fee_pct, given.reason))
    in_books = round_currency(memo.gross_total * (memo.fx_rate or 1), books_currency(tx))
    return DraftedCredit(memo.invoice_no, memo.net_total, memo.tax_total, memo.gross_total, memo.currency, in_books)


@tasks.register("billing.prepare_credit_memo", kind=Kind.EXTERNAL, errors=(NOT_BILLABLE,))
def prepare_credit_memo(given: OfCreditMemo, database: Database) -> None:
    """Write the draft of a credit memo or debit note as UBL, let the rules judge it, and print it; nothing invalid is ever kept.

    Refused NOT_BILLABLE when it breaks a rule of e-invoices; the reason says what to complete.
    """
    with database.transaction() as tx:
        facts = read_facts(tx, given.credit_memo_no)
    ubl = validity.e_invoice_of(facts)
    pdf = print_invoice(facts)
    with database.transaction() as tx:
        kind = "CREDIT_MEMO" if facts.is_credit_memo else "INVOICE"
        pdf_id = save_document(tx, f"{kind}_PDF", given.credit_memo_no, "application/pdf", pdf)
        ubl_id = save_document(tx, f"{kind}_UBL", given.credit_memo_no, "application/xml", ubl) if ubl else None
        tx.execute(_PREPARED, {"pdf": pdf_id, "ubl": ubl_id, "no": given.credit_memo_no})


@tasks.register("billing.post_credit_memo", moves_money=True)
def post_credit_memo(given: OfCreditMemo, tx: Session) -> PostedCredit:
    """Give the amount back: first off what the invoice still owes, the rest is owed to the customer."""
    posted = credit_memos.post(tx, given.credit_memo_no)
    in_books = round_currency(posted.refund * posted.fx_rate, books_currency(tx))
    settled = [SettledInvoice(posted.settles)] if posted.settles else []
    return PostedCredit(posted.gross_total, posted.settled_total, posted.refund, posted.currency, settled, given.credit_memo_no, in_books)


@tasks.register("billing.deliver_credit_memo")
def deliver_credit_memo(given: OfCreditMemo, tx: Session, effects: EffectLedger) -> None:
    """Send the credit memo the way the customer wants its invoices."""
    row = credit_memos.locked_memo(tx, given.credit_memo_no)
    if row.pdf_document_id is None:
        raise Conflict(
            f"Credit memo {given.credit_memo_no} was not printed.", code="not_rendered", next_step="Run the step that prepares it first."
        )
    customer = find_customer(tx, row.customer_no)
    payload = {
        "credit_memo_no": given.credit_memo_no,
        "invoice_no": row.credits_invoice_no,
        "channel": customer.invoice_channel,
        "gross_total": row.gross_total,
        "currency": row.currency,
        "pdf_document_id": row.pdf_document_id,
        "ubl_document_id": row.ubl_document_id,
    }
    told = invoice_by_edi(tx, given.credit_memo_no)
    target = told.pop("target", "") or customer.peppol_id or customer.email or f"customer {row.customer_no}"
    effects.record("credit_memo", target, payload | told, once=given.credit_memo_no)
    tx.execute(_DELIVERED, {"no": given.credit_memo_no})


_PREPARED = text("UPDATE invoice SET pdf_document_id = :pdf, ubl_document_id = :ubl WHERE invoice_no = :no AND kind <> 'INV'")
_DELIVERED = text("UPDATE invoice SET delivered_at = coalesce(delivered_at, business_now()) WHERE invoice_no = :no AND kind = 'CM'")
