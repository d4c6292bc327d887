"""Invoices, bank statements, journals, balances, invariants."""

from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy import select, text

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody, Listing, NumberPath, Order, Page, Shape, found, page
from engine.runtime.post.mailbox import Message
from engine.runtime.verbs import messages
from handlers.billing.model import Invoice
from handlers.invariants import check_all
from handlers.ledger.bank_accounts import HouseBankAccountDraft, add_bank_account
from handlers.ledger.model import Account, HouseBankAccount, Journal, JournalLine, OpenItem
from handlers.ledger.posting import balances
from handlers.receivables.model import BankLine, BankStatement
from handlers.receivables.statements import store_statements

api = APIBlueprint("finance", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="finance")])

_XML_BODY = {"requestBody": {"required": True, "content": {"application/xml": {"schema": {"type": "string", "format": "binary"}}}}}


class InvoiceQuery(Listing):
    """Which invoices to list."""

    order_no: str | None = Field(None, max_length=40)
    customer_no: str | None = Field(None, max_length=40)


class JournalQuery(Listing):
    """Which journals to list: of one event's source, such as an invoice's number."""

    source_id: str | None = Field(None, max_length=100)


class StatementOut(Shape):
    """The numbers of the file's bank statements in our books, the first one by itself; their processes have begun."""

    statement_no: str
    statement_nos: list[str]


class HouseBankAccountIn(DraftBody[HouseBankAccountDraft]):
    """A bank account of ours."""


class AccountBalance(BaseModel):
    """What an account stands at, debit positive, in the currency of the books."""

    account: str
    name: str
    balance: str


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


@api.get("/invoices")
@operation(Role.READ)
def list_invoices(query: InvoiceQuery) -> Page[dict[str, Any]]:
    """List invoices with what is still open of them, the latest first."""
    open_amount = (
        select(OpenItem.open_amount).where(
            OpenItem.kind == "AR", OpenItem.document_no == Invoice.invoice_no, OpenItem.party_no == Invoice.customer_no
        )
    ).scalar_subquery()
    statement = select(*Invoice.__table__.c, open_amount.label("open_amount"))
    if query.order_no:
        statement = statement.where(Invoice.order_no == query.order_no)
    if query.customer_no:
        statement = statement.where(Invoice.customer_no == query.customer_no)
    return page(transaction(), statement, Order((Invoice.created_at, Invoice.invoice_no)), query, dict)


@api.get("/invoices/<number>")
@operation(Role.READ)
def get_invoice(path: NumberPath) -> dict[str, Any]:
    """One invoice with its lines and taxes."""
    tx = transaction()
    header = found(
        tx.execute(select(*Invoice.__table__.c).where(Invoice.invoice_no == path.number)).mappings().first(), "invoice", path.number
    )
    lines = tx.execute(text("SELECT * FROM invoice_line WHERE invoice_no = :no ORDER BY line_no"), {"no": path.number}).mappings().all()
    taxes = tx.execute(text("SELECT * FROM invoice_tax WHERE invoice_no = :no ORDER BY id"), {"no": path.number}).mappings().all()
    return {**header, "lines": [dict(line) for line in lines], "taxes": [dict(tax) for tax in taxes]}


@api.post("/statements", responses={202: StatementOut}, openapi_extensions=_XML_BODY)
@operation(Role.COLLECT)
def post_statement() -> tuple[StatementOut, int]:
    """Take in a camt.053 file; each of its statements is booked, its receipts are matched and applied, by `statement-intake`."""
    numbers = store_statements(transaction(), request.get_data())
    for statement_no in numbers:
        message = Message(
            name="statement.received",
            correlation={"statement_no": statement_no},
            payload={"statement_no": statement_no},
            message_id=f"statement.received:{statement_no}",
            business_key=statement_no,
            actor=person().name,
        )
        messages.note(product().runtime, transaction(), message)
    return StatementOut(statement_no=numbers[0], statement_nos=numbers), 202


@api.get("/statements")
@operation(Role.READ)
def list_statements(query: Listing) -> Page[dict[str, Any]]:
    """List bank statements with their balances, the latest first."""
    columns = BankStatement.__table__.c
    return page(transaction(), select(*columns), Order((BankStatement.received_at, BankStatement.statement_no)), query, dict)


@api.get("/statements/<number>")
@operation(Role.READ)
def get_statement(path: NumberPath) -> dict[str, Any]:
    """One bank statement with its lines and what became of each."""
    tx = transaction()
    statement = select(*BankStatement.__table__.c).where(BankStatement.statement_no == path.number)
    header = found(tx.execute(statement).mappings().first(), "bank statement", path.number)
    lines = select(*BankLine.__table__.c).where(BankLine.statement_no == path.number).order_by(BankLine.position)
    return {**header, "lines": [dict(line) for line in tx.execute(lines).mappings()]}


@api.post("/bank-accounts", responses={201: Done})
@operation(Role.ADMINISTER)
def add_our_bank_account(body: HouseBankAccountIn) -> tuple[Done, int]:
    """Add a bank account of ours with its account of the ledger; statements of other accounts are refused."""
    added = add_bank_account(transaction(), body.root)
    return Done(id=f"{added.iban}/{added.currency}", state="stored"), 201


@api.get("/bank-accounts")
@operation(Role.READ)
def list_our_bank_accounts(query: Listing) -> Page[dict[str, Any]]:
    """List our bank accounts by their account of the ledger."""
    columns = HouseBankAccount.__table__.c
    return page(transaction(), select(*columns), Order((HouseBankAccount.ledger_account,), newest_first=False), query, dict)


@api.get("/journals")
@operation(Role.READ)
def list_journals(query: JournalQuery) -> Page[dict[str, Any]]:
    """List journals with their lines, the latest first."""
    statement = select(*Journal.__table__.c)
    if query.source_id:
        statement = statement.where(Journal.source_id == query.source_id)
    found_page = page(transaction(), statement, Order((Journal.id,)), query, dict)
    ids = [journal["id"] for journal in found_page.items]
    lines: dict[int, list[dict[str, Any]]] = {}
    rows = select(*JournalLine.__table__.c).where(JournalLine.journal_id.in_(ids)).order_by(JournalLine.journal_id, JournalLine.line_no)
    for line in transaction().execute(rows).mappings():
        lines.setdefault(line["journal_id"], []).append(dict(line))
    for journal in found_page.items:
        journal["lines"] = lines.get(journal["id"], [])
    return found_page


@api.get("/reports/trial-balance")
@operation(Role.READ)
def trial_balance() -> list[dict[str, Any]]:
    """What every account that was posted to stands at; it adds up to zero."""
    names: dict[str, str] = {row.number: row.name for row in transaction().execute(select(Account.number, Account.name))}
    found = balances(transaction()).items()
    return [AccountBalance(account=number, name=names[number], balance=str(balance)).model_dump(mode="json") for number, balance in found]


@api.get("/invariants", responses={200: CheckOut})
@operation(Role.READ)
def check_invariants() -> CheckOut:
    """Run every invariant of books, stock and orders."""
    results = check_all(transaction())
    return CheckOut(
        ok=all(result.ok for result in results),
        invariants=[InvariantOut(id=each.id, ok=each.ok, violations=each.violations, sentence=each.sentence) for each in results],
    )
