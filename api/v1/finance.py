"""Invoices, our bank accounts, journals, balances, invariants."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.requests import operation, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import Done, DraftBody, Listing, NumberPath, Page, listed
from engine.store.patience import REPORT
from handlers.billing import views as invoices
from handlers.invariants import check_all
from handlers.ledger import views as ledger
from handlers.ledger.bank_accounts import HouseBankAccountDraft

api = APIBlueprint("finance", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="finance")])


class InvoiceQuery(Listing):
    """Which invoices to list."""

    order_no: str | None = Field(None, max_length=40)
    customer_no: str | None = Field(None, max_length=40)


class JournalQuery(Listing):
    """Which journals to list: of one event's source, such as an invoice's number."""

    source_id: str | None = Field(None, max_length=100)


class HouseBankAccountIn(DraftBody[HouseBankAccountDraft]):
    """A bank account of ours."""


class InvoiceOut(RootModel[invoices.ShownInvoice]):
    """One invoice with its lines and taxes."""


class InvariantOut(BaseModel):
    """An invariant and how many rows break it."""

    id: str
    ok: bool
    violations: int
    sentence: str


class CheckOut(BaseModel):
    """Whether every invariant holds."""

    ok: bool
    invariants: list[InvariantOut]


@api.get("/invoices", responses={200: Page[invoices.InvoiceSummary]})
@operation(Role.READ)
def list_invoices(query: InvoiceQuery) -> Page[invoices.InvoiceSummary]:
    """List invoices with what is still open of them, the latest first."""
    wanted = invoices.InvoiceFilter(query.order_no or "", query.customer_no or "")
    return listed(invoices.list_invoices(transaction(), wanted, query.asked))


@api.get("/invoices/<number>", responses={200: InvoiceOut})
@operation(Role.READ)
def get_invoice(path: NumberPath) -> InvoiceOut:
    """One invoice with its lines and taxes."""
    return InvoiceOut(invoices.show_invoice(transaction(), path.number))


@api.post("/bank-accounts", responses={201: Done, 202: PendingOut})
@operation(Role.ADMINISTER)
def add_our_bank_account(body: HouseBankAccountIn) -> Answer:
    """Add a bank account of ours with its account of the ledger; a second person confirms any but the first.

    Statements of other accounts are refused.
    """
    return act("house.bank_account", body.root, "", lambda key: (Done(id=key, state="stored"), 201))


@api.get("/bank-accounts", responses={200: Page[ledger.BankAccountRow]})
@operation(Role.SEE_BANK)
def list_our_bank_accounts(query: Listing) -> Page[ledger.BankAccountRow]:
    """List our bank accounts by their account of the ledger."""
    return listed(ledger.list_bank_accounts(transaction(), query.asked))


@api.get("/journals", responses={200: Page[ledger.JournalRow]})
@operation(Role.SEE_BOOKS)
def list_journals(query: JournalQuery) -> Page[ledger.JournalRow]:
    """List journals with their lines, the latest first."""
    return listed(ledger.list_journals(transaction(), query.source_id or "", query.asked))


@api.get("/invariants", responses={200: CheckOut})
@operation(Role.READ, patience=REPORT)
def check_invariants() -> CheckOut:
    """Run every invariant of books, stock and orders."""
    results = check_all(transaction())
    return CheckOut(
        ok=all(result.ok for result in results),
        invariants=[InvariantOut(id=each.id, ok=each.ok, violations=each.violations, sentence=each.sentence) for each in results],
    )
