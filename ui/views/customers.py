"""What belongs to a customer: its addresses, and its bank accounts under four eyes."""

from flask import redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from handlers.changes import Author
from handlers.parties import bank_accounts, changes
from handlers.parties.master_data import AddressDraft, BankAccountDraft
from ui.forms import read_form
from ui.product import COLLECT, ORDER, needs, person, product

_ADDRESS = ("kind", "name", "street", "postal_code", "city", "region", "country", "gln", "is_default")


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
    """Let a new account be known as the customer's; ask that a known one be moved or forgotten."""
    typed = read_form(BankAccountDraft, request.form, ("iban", "bic", "holder"))
    draft = BankAccountDraft(customer_no=customer_no, **typed)
    removes = request.form.get("removes") == "on"
    change = product().database.run(lambda tx: bank_accounts.keep_or_ask(tx, draft, _author(), removes=removes))
    return _back(customer_no, "changed" if change is None else "asked")


@needs(COLLECT)
def decide_account(customer_no: str, change_id: int, decision: str) -> AnyResponse:
    """Agree to a change of an account, or refuse it; never one's own."""

    def decide(tx: Session) -> None:
        bank_accounts.decide_change(tx, change_id, _author(), approve=decision == "approve")

    product().database.run(decide)
    return _back(customer_no, "decided")


def _author() -> Author:
    return Author(person().name, request.form.get("reason", "").strip()[:2000])


def _back(customer_no: str, done: str) -> AnyResponse:
    return redirect(f"/master-data/customers/{customer_no}?done={done}", 303)
