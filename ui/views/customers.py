"""What belongs to a customer: its addresses, and its bank accounts which a second person confirms."""

from urllib.parse import quote

from flask import make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.store.clock import business_now
from handlers.changes import Author
from handlers.parties import changes
from handlers.parties.bank_accounts import AccountChange
from handlers.parties.master_data import AddressDraft, BankAccountDraft
from handlers.receivables.account_statement import print_account_statement, send_account_statement
from ui.forms import read_form
from ui.product import COLLECT, ORDER, SEE_CREDIT, needs, person, product
from ui.second_person import do_or_ask, page_of

_ADDRESS = ("kind", "name", "street", "postal_code", "city", "region", "country", "gln", "is_default")


@needs(SEE_CREDIT)
def show_statement(customer_no: str) -> AnyResponse:
    """The statement of account as a paper."""
    with product().database.transaction() as tx:
        paper = print_account_statement(tx, customer_no, business_now(tx))
    headers = {"Content-Type": "application/pdf", "Content-Disposition": f'inline; filename="statement-{quote(customer_no, safe="")}.pdf"'}
    return make_response(bytes(paper), 200, headers)


@needs(COLLECT)
def send_statement(customer_no: str) -> AnyResponse:
    """Send the statement of account by mail."""
    product().database.run(lambda tx: send_account_statement(tx, customer_no, person().name))
    return _back(customer_no, "statement")


@needs(ORDER)
def add_address(customer_no: str) -> AnyResponse:
    """Add an address."""
    typed = read_form(AddressDraft, request.form, _ADDRESS)
    product().database.run(lambda tx: changes.add_address(tx, customer_no, AddressDraft(**typed), _author()))
    return _back(customer_no, "address")


@needs(ORDER)
def change_address(customer_no: str, address_id: int) -> AnyResponse:
    """Correct an address; orders taken before keep theirs."""
    typed = read_form(AddressDraft, request.form, _ADDRESS)
    product().database.run(lambda tx: changes.change_address(tx, address_id, typed, _author()))
    return _back(customer_no, "address")


@needs(ORDER)
def ask_account(customer_no: str) -> AnyResponse:
    """Ask that an account be known as the customer's, or forgotten."""
    typed = read_form(BankAccountDraft, request.form, ("iban", "bic", "holder"))
    draft = BankAccountDraft(customer_no=customer_no, **typed)
    asked = do_or_ask("customer.bank_account", AccountChange(account=draft, removes=request.form.get("removes") == "on"))
    return _back(customer_no, "changed") if asked.pending is None else page_of(asked)


def _author() -> Author:
    return Author(person().name, request.form.get("reason", "").strip()[:2000])


def _back(customer_no: str, done: str) -> AnyResponse:
    return redirect(f"/master-data/customers/{customer_no}?done={done}", 303)
