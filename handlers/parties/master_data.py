"""Adds and changes our company, customers and suppliers. Every number is checked before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.patterns import BadPattern, compiled
from engine.problems import Invalid, NotFound
from engine.store.memo import read_once
from handlers.identifiers import (
    Amount,
    Bic,
    Country,
    Currency,
    Gln,
    Iban,
    Name,
    Number,
    Percentage,
    Reference,
    VatNumber,
    canonical,
    together,
)
from handlers.parties.model import Address, BankAccount, Company, Customer, Supplier
from handlers.rowsets import add_once, complete, insert_rows, put

ZERO = Decimal(0)
HUNDRED = Decimal(100)
#: Ten years: a longer term of payment is a typing error.
MOST_DAYS = 3653


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyDraft:
    """Ourselves, as printed on documents. `currency` is the one the books are kept in."""

    name: Name
    country: Country
    currency: Currency
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    legal_id: str = ""
    vat_no: VatNumber = ""
    gln: Gln = ""
    peppol_id: str = ""
    email: str = ""
    phone: str = ""
    iban: Iban = ""
    bic: Bic = ""
    bank_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A customer to add. Limits are in the customer's currency; terms are days from the invoice."""

    customer_no: Number
    name: Name
    country: Country
    currency: Currency
    customer_class: str = "B"
    customer_group: str = ""
    channel: str = ""
    region: str = ""
    language: str = "en"
    vat_no: VatNumber = ""
    legal_id: str = ""
    gln: Gln = ""
    peppol_id: str = ""
    email: str = ""
    invoice_channel: str = "mail"
    invoice_cycle: str = "SHIPMENT"
    invoice_pdf: str = "PLAIN"
    credit_limit: Amount = ZERO
    order_limit: Amount = ZERO
    credit_tolerance_pct: Percentage = ZERO
    secured_amount: Amount = ZERO
    net_days: int = 30
    discount_pct: Percentage = ZERO
    discount_days: int = 0
    payment_term: str = ""
    incoterm: str = "FCA"
    requires_po: bool = False
    po_pattern: str = ""
    min_order_value: Amount = ZERO
    ship_complete: bool = False
    oldest_first: bool = False
    paid_by_customer_no: Reference = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierDraft:
    """A supplier to add."""

    supplier_no: Number
    name: Name
    country: Country
    currency: Currency
    region: str = ""
    vat_no: VatNumber = ""
    gln: Gln = ""
    peppol_id: str = ""
    email: str = ""
    order_channel: str = "mail"
    net_days: int = 30
    discount_pct: Percentage = ZERO
    discount_days: int = 0
    freight_per_order: Amount = ZERO
    min_order_value: Amount = ZERO
    rating: Percentage = ZERO
    neutral_packing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDraft:
    """An address of a customer or of a supplier. `kind` is BILL or SHIP."""

    name: Name
    country: Country
    kind: str = "SHIP"
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    gln: Gln = ""
    is_default: bool = True


def set_company(tx: Session, draft: CompanyDraft) -> None:
    """Say who we are; again to change it. Raises Invalid."""
    values = complete(draft)
    tx.execute(insert(Company).values(code="MAIN", **values).on_conflict_do_update(index_elements=["code"], set_=values))


def company(tx: Session) -> Company:
    """Ourselves. Raises NotFound while nobody has said who we are."""
    found = read_once(tx, Company, lambda: tx.get(Company, "MAIN", populate_existing=True), of=[Company.__tablename__])
    if found is None:
        raise NotFound("The company is not set up.", code="company_missing", next_step="Enter the company's name, address and currency.")
    return found


def add_customer(tx: Session, draft: CustomerDraft, addresses: Sequence[AddressDraft] = ()) -> None:
    """Add a customer with its addresses; without any, bill and ship to the name in its country. Raises Invalid, NotFound, Conflict."""
    draft = canonical(draft)
    check_customer(draft)
    if draft.paid_by_customer_no is not None:
        find_customer(tx, draft.paid_by_customer_no)
    given = list(addresses) or [AddressDraft(name=draft.name, country=draft.country, region=draft.region)]
    rows = _address_rows(given)
    if not any(row["kind"] == "BILL" for row in rows):
        rows.append({**rows[0], "kind": "BILL", "is_default": True})
    add_once(tx, Customer, draft, f"Customer {draft.customer_no}")
    insert_rows(tx, Address, [{"customer_no": draft.customer_no, **row} for row in rows])


def add_supplier(tx: Session, draft: SupplierDraft, addresses: Sequence[AddressDraft] = ()) -> None:
    """Add a supplier with its addresses. Raises Invalid, Conflict."""
    draft = canonical(draft)
    check_supplier(draft)
    rows = _address_rows(addresses)
    add_once(tx, Supplier, draft, f"Supplier {draft.supplier_no}")
    insert_rows(tx, Address, [{"supplier_no": draft.supplier_no, **row} for row in rows])


def check_supplier(draft: SupplierDraft) -> None:
    """Whether the terms of a supplier can be meant. Raises Invalid."""
    _check_days("net_days", draft.net_days)
    _check_days("discount_days", draft.discount_days)
    _check_discount(draft.discount_pct)


def check_customer(draft: CustomerDraft) -> None:
    """Whether the class and the terms of a customer can be meant. Raises Invalid."""
    if draft.customer_class not in {"A", "B", "C"}:
        raise _one_of("customer_class", "A, B or C")
    if draft.invoice_cycle not in {"SHIPMENT", "WEEKLY", "MONTHLY"}:
        raise _one_of("invoice_cycle", "SHIPMENT, WEEKLY or MONTHLY")
    if draft.invoice_pdf not in {"PLAIN", "FACTUR_X"}:
        raise _one_of("invoice_pdf", "PLAIN or FACTUR_X")
    _check_days("net_days", draft.net_days)
    _check_days("discount_days", draft.discount_days)
    _check_discount(draft.discount_pct)
    try:
        compiled(draft.po_pattern)
    except BadPattern as error:
        raise Invalid(
            f"po_pattern is no pattern: {error}.",
            code="pattern",
            next_step="Correct the regular expression, or leave it empty.",
            errors={"po_pattern": ["must be a regular expression"]},
        ) from None


def _check_discount(pct: Decimal) -> None:
    if pct == HUNDRED:
        raise Invalid(
            "discount_pct is 100 %: nothing would be left to pay.",
            code="percentage",
            next_step="Give a discount below 100.",
            errors={"discount_pct": ["must be below 100"]},
        )


def _check_days(field: str, days: int) -> None:
    if not 0 <= days <= MOST_DAYS:
        raise Invalid(
            f"{field} is {days}.", code="days", next_step=f"Correct {field}.", errors={field: [f"must be between 0 and {MOST_DAYS}"]}
        )


def _address_rows(addresses: Sequence[AddressDraft]) -> list[dict[str, Any]]:
    """The addresses as rows; an error names its address by its position in what was sent. Raises Invalid."""
    rows, wrong = [], []
    for position, address in enumerate(addresses):
        try:
            rows.append(complete(address))
            if address.kind not in {"BILL", "SHIP"}:
                raise _one_of("kind", "BILL or SHIP")
        except Invalid as problem:
            problem.errors = {f"addresses.{position}.{name}": messages for name, messages in problem.errors.items()}
            wrong.append(problem)
    if wrong:
        raise together(wrong)
    return rows


def _one_of(field: str, values: str) -> Invalid:
    return Invalid(f"{field} must be {values}.", code=field, next_step=f"Use {values}.", errors={field: [f"must be {values}"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDraft:
    """A person at a customer or supplier."""

    name: Name
    customer_no: Reference = None
    supplier_no: Reference = None
    role: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountDraft:
    """An account a customer pays from."""

    iban: Iban
    customer_no: Number
    bic: Bic = ""
    holder: str = ""


def set_bank_account(tx: Session, draft: BankAccountDraft) -> str:
    """Say which customer pays from an account and answer its IBAN as it is kept. Raises Invalid (no IBAN), NotFound (customer)."""
    draft = canonical(draft)
    find_customer(tx, draft.customer_no)
    put(tx, BankAccount, draft, ["iban"])
    return draft.iban


def find_customer(tx: Session, customer_no: str) -> Customer:
    """The customer. Raises NotFound."""
    found = read_once(
        tx, (Customer, customer_no), lambda: tx.get(Customer, customer_no, populate_existing=True), of=[Customer.__tablename__]
    )
    if found is None:
        raise NotFound(
            f"There is no customer {customer_no}.",
            code="customer_unknown",
            next_step="Check the number, or add the customer first.",
        )
    return found


def default_address(tx: Session, customer_no: str, kind: str) -> dict[str, str]:
    """The customer's usual address of a kind, as it is copied onto an order; empty when none is known."""
    found = tx.scalars(
        select(Address).where(Address.customer_no == customer_no, Address.kind == kind).order_by(Address.is_default.desc(), Address.id)
    ).first()
    return as_ordered(found) if found else {}


def as_ordered(address: Address) -> dict[str, str]:
    """An address as it is copied onto an order."""
    return {name: getattr(address, name) for name in ADDRESS_PARTS}


#: What an order keeps of an address.
ADDRESS_PARTS = ("name", "street", "city", "postal_code", "region", "country", "gln")
